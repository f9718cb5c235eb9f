package sim

import "math/rand/v2"

// Kind is a kind of space with the yield that the forager should reach.
type Kind struct {
	Name string

	// Realistic spaces have an aim against the oracle; the others must not be
	// worse than the repaired original.
	Realistic bool

	// Aim is the least share of the oracle's yield.
	Aim float64

	Make func(seed uint64) *World
}

// Kinds are the spaces of the comparison.
var Kinds = []Kind{
	{"real25", true, 0.93, realistic("real25", shape{share: 0.25, regional: 1, length: orders, gap: 4, purity: 0.94, leak: 0.02})},
	{"real10-short", true, 0.80, realistic("real10-short", shape{share: 0.30, regional: 2, length: short, gap: 50, purity: 0.94, leak: 0.02})},
	{"real3-regional", true, 0.93, realistic("real3-regional", shape{share: 0.03, regional: 6, length: orders, gap: 4, purity: 0.94, leak: 0.02})},
	{"impure", true, 0.93, realistic("impure", shape{share: 0.25, regional: 1, length: orders, gap: 4, purity: 0.75, leak: 0.06})},

	{"recent", false, 0, assigned("recent", func(int64) int64 { return 0 }, recent)},
	{"live", false, 0, assigned("live", func(newest int64) int64 { return newest - liveIDs }, func(int64, int64) float64 { return 0.3 })},
	{"batch", false, 0, batches("batch", 1)},
	{"batchflat", false, 0, batches("batchflat", 0)},

	{"independent-15%", false, 0, simple("independent-15%", func(w *World, r *rand.Rand) { scatter(w, r, 0, w.Size, 0.15) })},
	{"dense", false, 0, simple("dense", func(w *World, r *rand.Rand) { scatter(w, r, 0, w.Size, 0.95) })},
	{"needle-0.1%", false, 0, simple("needle-0.1%", func(w *World, r *rand.Rand) { w.run(r, r.Int64N(w.Size*9/10), w.Size/1000, 1) })},
	{"needles-530", false, 0, simple("needles-530", func(w *World, r *rand.Rand) {
		for range 530 {
			w.run(r, r.Int64N(w.Size-100), 100, 1)
		}
	})},
	{"every-tenth", false, 0, simple("every-tenth", func(w *World, _ *rand.Rand) {
		for i := int64(3); i < w.Size; i += 10 {
			w.set(i)
		}
	})},
	{"50-of-1000", false, 0, simple("50-of-1000", func(w *World, r *rand.Rand) {
		for i := int64(500); i+50 < w.Size; i += 1000 {
			w.run(r, i, 50, 1)
		}
	})},
	{"one-run-20%", false, 0, simple("one-run-20%", func(w *World, r *rand.Rand) { w.run(r, w.Size*2/5, w.Size/5, 1) })},
	{"isolated", false, 0, simple("isolated", func(w *World, r *rand.Rand) {
		for i := r.Int64N(20); i < w.Size; i += 10 + r.Int64N(21) {
			w.set(i)
		}
	})},
	{"front-1%", false, 0, simple("front-1%", func(w *World, r *rand.Rand) {
		for i := int64(0); i < w.Size/100; i += 60 {
			w.run(r, i, 35, 0.94)
		}
	})},
	{"pairs", false, 0, simple("pairs", func(w *World, r *rand.Rand) {
		for i := r.Int64N(20); i < w.Size; i += 12 + r.Int64N(17) {
			w.set(i)
			w.set(i + 1)
		}
	})},
	{"switch", false, 0, simple("switch", func(w *World, r *rand.Rand) {
		for i := int64(0); i < w.Size/2; i += 200 + r.Int64N(100) {
			w.run(r, i, 35, 0.94)
		}
		scatter(w, r, w.Size/2, w.Size, 0.25)
	})},
}

func simple(name string, fill func(w *World, r *rand.Rand)) func(seed uint64) *World {
	return func(seed uint64) *World {
		w := newWorld(name, size)
		fill(w, rand.New(rand.NewPCG(seed, 7)))
		return w
	}
}

func scatter(w *World, r *rand.Rand, from, to int64, p float64) {
	for i := from; i < to; i++ {
		if r.Float64() < p {
			w.set(i)
		}
	}
}
