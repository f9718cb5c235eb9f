package explore

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Chance alone does not end a space, because the upper bound of the best block counts. With more
// answers the bound approaches the estimate.
func TestPromiseByChance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		answers, hits int64
		least         float64
		over          bool
	}{
		{600, 264, 0.45, false}, // 0.44 of 600 is seen one time in ten where 0.47 is true
		{20_000, 8_000, 0.45, true},
		{600, 180, 0.45, true},
	} {
		f := New(1_000_000, Options{Blocks: 16})
		for b := range int64(16) {
			n := tt.answers / 16
			f.SetBlock(b, Sums{Done: n, Probes: n, ProbeHits: tt.hits / 16})
		}
		best, most := f.Best()
		if over := most < tt.least; over != tt.over || best > most {
			t.Errorf("%d hits of %d: best %.3f, at most %.3f; less than %.2f: %v, want %v", tt.hits, tt.answers, best, most, tt.least, over, tt.over)
		}
	}
}

// The weight of a block's own answers is learned: small if the blocks are alike, large if they
// differ.
func TestLikeness(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		share       func(block int) float64
		answers     int64
		least, most float64
	}{
		{"alike", func(int) float64 { return 0.05 }, 6, 64, math.Inf(1)},
		{"alike, many answers", func(int) float64 { return 0.3 }, 40, 256, math.Inf(1)},
		{"all or nothing", func(b int) float64 { return float64(b % 2) }, 6, 1, 1},
		{"some much richer", func(b int) float64 { return []float64{0.6, 0.05, 0.05, 0.05}[b%4] }, 20, 1, 16},
	} {
		for seed := range uint64(20) {
			r := rand.New(rand.NewPCG(seed, 1))
			hits := make([]int64, 1000)
			var all int64
			for b := range hits {
				for range tt.answers {
					if r.Float64() < tt.share(b) {
						hits[b]++
						all++
					}
				}
			}
			mean := float64(all) / float64(int64(len(hits))*tt.answers)
			got := shrinkage(len(hits), func(b int) (int64, int64, float64) { return hits[b], tt.answers, mean })
			if got < tt.least || got > tt.most {
				t.Errorf("%s, seed %d: of a strength of %.0f; want %.0f to %.0f", tt.name, seed, got, tt.least, tt.most)
			}
		}
	}
}
