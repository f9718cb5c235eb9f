package explore

import (
	"math"
	"math/rand/v2"
	"sort"
)

// In a space whose IDs are assigned in the order of time, no ID exists beyond a newest ID. The
// model searches that end by probabilistic bisection (Horstein 1963). Each absent answer above the
// last ID that exists divides the weight of the ends beyond it, by the share of absent IDs that is
// usual below. A probe at the middle of the weight halves what is left.

const (
	// bisecting is the share of probes that search the end of the assigned IDs until the end is
	// known to a block.
	bisecting = 0.3

	// following is the share of probes that lie beyond the end once it is known, because the newest
	// ID moves.
	following = 0.02

	// assignedShare is the least share of IDs that exist around the newest ID. In a space with
	// fewer, absent answers do not tell where the assigned IDs end.
	assignedShare = 0.25

	// around is how many probes at and below the newest ID tell that share.
	around = 4

	// negligible is the weight of a block from which on no end is considered.
	negligible = 1e-9

	// settled is the share of the weight that must lie in the block of the newest ID or the next.
	settled = 0.9
)

// Ending is the estimate of the end of the assigned IDs.
type Ending struct {
	// Newest is the last position that is known to exist.
	Newest int64

	// Low and High bound the end with a probability of 90 %, to a block.
	Low, High int64
}

// Ending returns the estimate of the end of the assigned IDs. ok is false if no ID is known to
// exist or absent IDs are too usual to tell.
func (f *Forager) Ending() (e Ending, ok bool) {
	w, first := f.tree.ends()
	if w == nil {
		return e, false
	}
	e.Newest = f.tree.total().Newest - 1
	last := func(share float64) int64 {
		from, n := f.tree.bounds(first + int64(sort.SearchFloat64s(w, share*w[len(w)-1])))
		return from + n - 1
	}
	return Ending{Newest: e.Newest, Low: max(e.Newest, last(0.05)-int64(1)<<f.tree.shift+1), High: last(0.95)}, true
}

// Of the absent IDs above the newest ID about nearEnd are asked again, and as many for each e-fold
// of their number. After many answers there are more: one for askedPer answers.
const (
	nearEnd  = 2
	askedPer = 800
)

// MayCome reports whether an absent ID may come to exist and is worth asking again: it lies above
// the newest ID, and not behind many others that were asked. end is the first position above an ID
// that is known to exist, which the model may not know yet.
func (f *Forager) MayCome(pos, end int64) bool {
	all := f.tree.total()
	end = max(end, all.Newest)
	if pos < end {
		return false
	}
	keep := max(nearEnd, float64(all.Done)/askedPer) / f.tree.between(end, pos)
	return float64(mix(uint64(pos))>>11)/(1<<53) < keep
}

// between estimates how many positions from end to pos were asked.
func (t *tree) between(end, pos int64) float64 {
	first, last := t.block(end), t.block(pos)
	from, n := t.bounds(first)
	asked := float64(min(pos+1, from+n)-end) * float64(t.asked(0, first).Done) / float64(n)
	for b := first + 1; b <= last; b++ {
		asked += float64(t.asked(0, b).Done)
	}
	return asked
}

// Beyond returns the first position above the newest ID that is known to exist, 0 if none is.
func (f *Forager) Beyond() int64 { return f.tree.total().Newest }

// Nearer draws a position between the newest ID and an absent ID that was asked again in vain. All
// distances are as likely, so that repeated returns close in on the end. ok is false if there is
// none.
func (f *Forager) Nearer(pos int64, r *rand.Rand) (nearer int64, ok bool) {
	newest := f.tree.total().Newest
	if newest == 0 || pos <= newest {
		return 0, false
	}
	return min(beyond(newest, pos, r), pos-1), true
}

// beyond draws a position from newest to below end. All distances are as likely, as a step of a
// search that doubles.
func beyond(newest, end int64, r *rand.Rand) int64 {
	return newest + int64(math.Exp(r.Float64()*math.Log(float64(end-newest)+1))) - 1
}

// mix is the finalizer of SplitMix64: equal positions have the same place in every worker.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// ends returns the cumulated weights of the blocks that may hold the end, from the block first on.
func (t *tree) ends() (w []float64, first int64) {
	all := t.total()
	if all.Newest == 0 || all.Absent == 0 {
		return nil, 0
	}
	first = t.block(all.Newest - 1)
	var probes, there int64
	for b := first; b >= 0 && probes < around; b-- {
		probes, there = probes+t.sums[0][b].Probes, there+t.sums[0][b].there()
	}
	// The newest ID itself exists.
	share := (float64(there) + 1) / (float64(probes) + 2)
	if share < assignedShare {
		return nil, 0
	}
	sum, weight := 0.0, 1.0
	for b := first; b < int64(len(t.sums[0])) && weight > negligible; b++ {
		half := 1.0
		if n := t.sums[0][b].Absent; n > 0 && b > first {
			half = math.Pow(1-share, float64(n)/2)
		}
		sum += weight * half
		w, weight = append(w, sum), weight*half*half
	}
	return w, first
}

// beyond draws a position above the newest ID now and then. ok is false if the probe is an ordinary
// one.
func (f *Forager) beyond(r *rand.Rand) (pos int64, ok bool) {
	u := r.Float64()
	if u >= bisecting {
		return 0, false
	}
	w, first := f.tree.ends()
	if len(w) < 2 {
		return 0, false
	}
	newest := f.tree.total().Newest
	if w[1] < settled*w[len(w)-1] {
		// Workers that choose at the same time divide the weight into several parts.
		at := (0.25 + 0.5*r.Float64()) * w[len(w)-1]
		from, n := f.tree.bounds(first + int64(sort.SearchFloat64s(w, at)))
		pos = max(newest, from+r.Int64N(n))
		return pos, pos < f.size
	}
	if u >= following {
		return 0, false
	}
	pos = beyond(newest, f.size, r)
	return pos, pos < f.size
}

// scout draws the middle of one of the coarsest nodes without a probe, as long as no ID is known to
// exist. Probes at even distances find a short range of assigned IDs sooner than random ones.
func (f *Forager) scout(r *rand.Rand, free func(pos int64) bool) (pos int64, ok bool) {
	t := f.tree
	if all := t.total(); all.Newest > 0 || all.ProbeHits+all.WalkHits > 0 || all.Probes < firstProbes {
		return 0, false
	}
	for l := len(t.levels) - 1; l >= 0; l-- {
		var unknown []int64
		for x, s := range t.sums[l] {
			if s.Probes == 0 && some(t.asked(l, int64(x)), t.sizeAt(l, int64(x)), 0) {
				unknown = append(unknown, int64(x))
			}
		}
		for range min(drawTries, len(unknown)) {
			x := unknown[r.IntN(len(unknown))]
			if pos := x<<t.levels[l] + t.sizeAt(l, x)/2; free(pos) {
				return pos, true
			}
		}
	}
	return 0, false
}
