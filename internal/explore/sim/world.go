// Package sim requests simulated ID spaces, so that strategies can be compared by wanted items per
// request. It drives package explore itself, with answers outstanding as in a fleet.
package sim

import (
	"math"
	"math/rand/v2"

	"github.com/seinehq/seine/internal/explore"
)

// World is an ID space whose truth is known. Positions count its ids from 0.
type World struct {
	Name string
	Size int64

	// Clusters are the runs that hold wanted ids, for the oracle. Without clusters the oracle knows
	// every wanted ID.
	Clusters []Cluster

	// Hits is the number of wanted ids.
	Hits int64

	// Transient is the share of requests that are not answered.
	Transient float64

	// DarkFrom, if not 0, is the number of requests after which the site gives other pages and
	// nothing is wanted.
	DarkFrom int

	// Newest, if not 0, is the newest ID of a space that is assigned in the order of time. Growth
	// is the number of IDs that are assigned per request of a run.
	Newest int64
	Growth float64

	// StaleFrom, if not 0, is the number of requests after which the share StaleShare of the
	// answers is stale.
	StaleFrom  int
	StaleShare float64

	// Back reports whether the site has recovered. nil means never.
	Back func() bool

	bits  []uint64
	there []uint64 // ids that exist; nil: the wanted ones alone
}

// Of returns a space of size IDs that answers as the function answer does.
func Of(name string, size int64, answer func(pos int64) explore.Answer) *World {
	w := newWorld(name, size)
	w.there = make([]uint64, len(w.bits))
	for pos := range size {
		switch answer(pos) {
		case explore.Hit:
			w.set(pos)
		case explore.Missed:
			w.exist(pos, 1)
		case explore.Absent, explore.NoAnswer, explore.Stale:
		}
	}
	return w
}

// Answer returns the answer to a request of a position.
func (w *World) Answer(pos int64) explore.Answer {
	switch {
	case w.Wanted(pos):
		return explore.Hit
	case w.there != nil && w.there[pos>>6]>>(pos&63)&1 == 1:
		return explore.Missed
	}
	return explore.Absent
}

// After returns the answer to a position after a number of requests.
func (w *World) After(pos int64, requests int) explore.Answer {
	if w.Newest > 0 && pos > w.Newest+int64(w.Growth*float64(requests)) {
		return explore.Absent
	}
	return w.Answer(pos)
}

// exist marks a run of IDs as existing.
func (w *World) exist(from, n int64) {
	for i := from; i < min(from+n, w.Size); i++ {
		w.there[i>>6] |= 1 << (i & 63)
	}
}

// Cluster is a run of positions with its number of wanted ones.
type Cluster struct {
	From, To int64
	Hits     int64
}

// Wanted reports whether a position is wanted.
func (w *World) Wanted(pos int64) bool { return w.bits[pos>>6]>>(pos&63)&1 == 1 }

func newWorld(name string, size int64) *World {
	return &World{Name: name, Size: size, bits: make([]uint64, size>>6+1)}
}

func (w *World) set(pos int64) {
	if pos >= 0 && pos < w.Size && !w.Wanted(pos) {
		w.bits[pos>>6] |= 1 << (pos & 63)
		w.Hits++
	}
}

// run makes a cluster in which each position is wanted with a probability.
func (w *World) run(r *rand.Rand, from, n int64, p float64) {
	c := Cluster{From: from, To: min(from+n, w.Size)}
	before := w.Hits
	for i := from; i < c.To; i++ {
		if r.Float64() < p {
			w.set(i)
		}
	}
	if c.Hits = w.Hits - before; c.Hits > 0 {
		w.Clusters = append(w.Clusters, c)
	}
}

// million is the unit of what follows.
const million = 1_000_000

// size is the size of the original's range of IDs.
const size = 53*million + 371_179

// shape holds the parameters of a realistic space.
type shape struct {
	share        float64 // of orders that are wanted
	regional     float64 // how much the share differs between regions
	length       func(r *rand.Rand) int64
	gap          float64 // mean length of the gap after an order
	purity, leak float64
}

// orders returns the length of an order: log-normal with median 35 and sigma 0.9, at most 400.
func orders(r *rand.Rand) int64 {
	return max(1, min(400, int64(35*math.Exp(0.9*r.NormFloat64()))))
}

// short are geometric with a mean of 25.
func short(r *rand.Rand) int64 { return 1 + int64(math.Log(1-r.Float64())/math.Log(1-1.0/25)) }

// noImages is the share of wanted ids without pictures, which count as misses.
const noImages = 0.03

// realistic makes a space of orders, some of them wanted.
func realistic(name string, s shape) func(seed uint64) *World {
	return func(seed uint64) *World {
		r := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(name, size)
		w.Transient = 0.02
		w.there = make([]uint64, len(w.bits))
		f := newField(r, w.Size, []float64{2e6, 3e5, 5e4})
		holes := holes(r, w.Size)
		level := f.level(s.share, s.regional)
		wanted := false
		for pos := int64(0); pos < w.Size; {
			if end, in := inHole(holes, pos); in {
				pos = end
				continue
			}
			n := s.length(r)
			if r.Float64() >= 0.3 {
				wanted = r.Float64() < logistic(level+s.regional*f.at(pos))
			}
			parts := int64(1)
			if r.Float64() < 0.25 {
				parts = 2 + r.Int64N(3)
			}
			each := max(1, n/parts)
			for range parts {
				w.exist(pos, each)
				if wanted {
					w.run(r, pos, each, s.purity*(1-noImages))
				} else {
					for i := pos; i < min(pos+each, w.Size); i++ {
						if r.Float64() < s.leak {
							w.set(i)
						}
					}
				}
				pos += each
				if parts > 1 {
					pos += 1 + r.Int64N(4)
				}
			}
			pos += int64(r.ExpFloat64() * s.gap)
		}
		return w
	}
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// level returns the offset that gives the whole space its mean wanted share, if the field times
// regional is added to it.
func (f *field) level(mean, regional float64) float64 {
	const samples = 4096
	lo, hi := -60.0, 60.0
	for range 60 {
		level, sum := (lo+hi)/2, 0.0
		for i := range samples {
			sum += logistic(level + regional*f.at(int64(i)*(f.size-1)/samples))
		}
		if sum < mean*samples {
			lo = level
		} else {
			hi = level
		}
	}
	return (lo + hi) / 2
}

// holes returns the ranges of unassigned IDs: many long ones, and four of one to four million.
func holes(r *rand.Rand, size int64) [][2]int64 {
	var out [][2]int64
	for range 4 {
		at := r.Int64N(size)
		out = append(out, [2]int64{at, at + million + r.Int64N(3*million)})
	}
	for range 260 {
		at := r.Int64N(size)
		out = append(out, [2]int64{at, at + 10_000 + r.Int64N(140_000)})
	}
	return out
}

func inHole(holes [][2]int64, pos int64) (end int64, in bool) {
	for _, h := range holes {
		if pos >= h[0] && pos < h[1] {
			return h[1], true
		}
	}
	return 0, false
}

// field is smooth noise on several scales, with mean 0 and variance 1.
type field struct {
	size   int64
	scales []float64
	values [][]float64
}

func newField(r *rand.Rand, size int64, scales []float64) *field {
	f := &field{size: size, scales: scales}
	for _, s := range scales {
		v := make([]float64, int(float64(size)/s)+3)
		for i := range v {
			v[i] = r.NormFloat64()
		}
		f.values = append(f.values, v)
	}
	return f
}

func (f *field) at(pos int64) float64 {
	sum := 0.0
	for i, s := range f.scales {
		x := float64(pos) / s
		k := int(x)
		t := x - float64(k)
		t = t * t * (3 - 2*t)
		sum += f.values[i][k]*(1-t) + f.values[i][k+1]*t
	}
	return sum / math.Sqrt(float64(len(f.scales))) * 1.2
}
