package sim

import (
	"math"
	"math/rand/v2"
)

// Spaces whose IDs are assigned in the order of time end at a newest ID, which moves while the
// space is explored. newestPercent is the part of the range below it at first.
const newestPercent = 60

// growth is the number of IDs that are assigned per request. A fleet that keeps a registry's pace
// sees about as many new IDs.
const growth = 1.0

// maxGrowth is the number of IDs that may be assigned in a run.
const maxGrowth = 200_000

// liveIDs is the number of IDs of the live space that exist, which are the newest IDs.
const liveIDs = 300_000

// assigned makes a space of orders that ends at a newest ID. No ID below oldest exists. share is
// the share of wanted orders at a position.
func assigned(name string, oldest func(newest int64) int64, share func(pos, newest int64) float64) func(seed uint64) *World {
	return func(seed uint64) *World {
		r := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(name, size)
		w.Transient = 0.02
		w.there = make([]uint64, len(w.bits))
		w.Newest, w.Growth = size*newestPercent/100, growth
		// Ranges differ in their end, so that no strategy can know it.
		w.Newest += r.Int64N(4*million) - 2*million
		for pos := oldest(w.Newest); pos < w.Newest+maxGrowth; {
			n := orders(r)
			w.exist(pos, n)
			if r.Float64() < share(pos, w.Newest) {
				w.run(r, pos, n, 0.95*(1-noImages))
			}
			pos += n + int64(4*r.ExpFloat64())
		}
		for len(w.Clusters) > 0 && w.Clusters[len(w.Clusters)-1].To > w.Newest {
			w.Clusters = w.Clusters[:len(w.Clusters)-1]
		}
		return w
	}
}

// recent is a space whose wanted share rises toward the newest ID.
func recent(pos, newest int64) float64 {
	return 0.02 + 0.5*math.Pow(min(1, float64(pos)/float64(newest)), 4)
}

// batches makes a space of batches of 10 or 100 IDs per customer. The last IDs of a batch are
// unfilled, 30 % of all. The share of wanted IDs differs per batch and drifts within it.
func batches(name string, regional float64) func(seed uint64) *World {
	return func(seed uint64) *World {
		r := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(name, size)
		w.Transient = 0.02
		w.there = make([]uint64, len(w.bits))
		f := newField(r, w.Size, []float64{2e6, 3e5, 5e4})
		level := f.level(0.2, regional)
		for pos := int64(0); pos < w.Size; {
			n := int64(10)
			if r.Float64() < 0.5 {
				n = 100
			}
			filled := n * 7 / 10
			w.exist(pos, filled)
			if r.Float64() < logistic(level+regional*f.at(pos)) {
				from := math.Pow(r.Float64(), 0.4)
				w.drifting(r, pos, filled, from, from+0.3*(r.Float64()-0.5))
			}
			pos += n
		}
		return w
	}
}

// drifting makes a cluster whose share of wanted positions changes evenly from its start to its
// end.
func (w *World) drifting(r *rand.Rand, from, n int64, first, last float64) {
	c, before := Cluster{From: from, To: min(from+n, w.Size)}, w.Hits
	for i := c.From; i < c.To; i++ {
		if r.Float64() < first+(last-first)*float64(i-from)/float64(n) {
			w.set(i)
		}
	}
	if c.Hits = w.Hits - before; c.Hits > 0 {
		w.Clusters = append(w.Clusters, c)
	}
}
