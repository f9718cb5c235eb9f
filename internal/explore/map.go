package explore

import "math"

// Region is a stretch of a space and what is known of it.
type Region struct {
	First, Size int64
	Sums

	// Expected is how many wanted ids a request brings of excursions that begin
	// here, by what is known so far.
	Expected float64
}

// Promise is what the block promises that promises most and is not spent: hits by
// answer, as it is to be expected, and as much as it may be by what is known of it.
// 0: all are spent.
func (f *Forager) Promise() (best, most float64) {
	b := f.tree.whole()
	f.tree.open(func(block int64) {
		s := f.tree.sums[0][block]
		if p := b.expect(s, f.tree.sizeAt(0, block)); p > best {
			best, most = p, p+doubtful*b.err(s, p)
		}
	})
	return best, most
}

// doubtful is by how many standard errors a block may promise more than is
// expected of it before it is not worth it any more.
const doubtful = 2

// err is the standard error of what a node promises: that of its own answers, as
// far as they count, and that of all of them.
func (b belief) err(s Sums, p float64) float64 {
	n := float64(s.Probes + s.Walks)
	own := n / (n + prior)
	sd := math.Sqrt(p * max(0, 1-p))
	return own*sd/math.Sqrt(max(1, n)) + (1-own)*sd/math.Sqrt(max(1, b.n))
}

// Map divides the space into at most so many regions of equal size, each of
// whole blocks. best is the highest expectation of a block that is not spent; 0:
// all are.
func (f *Forager) Map(most int) (regions []Region, best float64) {
	leaves := f.tree.sums[0]
	per := (len(leaves) + most - 1) / most
	b := f.tree.whole()
	for at := 0; at < len(leaves); at += per {
		first, _ := f.tree.bounds(int64(at))
		r := Region{First: first}
		for i := at; i < min(at+per, len(leaves)); i++ {
			_, n := f.tree.bounds(int64(i))
			r.Size += n
			r.Sums = r.Add(leaves[i])
			if float64(n-leaves[i].Done) >= spent*float64(n) && n > leaves[i].Done {
				best = max(best, b.expect(leaves[i], n))
			}
		}
		r.Expected = b.expect(r.Sums, r.Size)
		regions = append(regions, r)
	}
	return regions, best
}

// HitRate is that of recent probes.
func (f *Forager) HitRate() float64 { return f.steps.hitRate() }
