package explore

// Region is a stretch of a space with its statistics.
type Region struct {
	First, Size int64
	Sums

	// Expected is the number of wanted IDs per request of local searches that start in the rest of
	// the region, given the answers so far.
	Expected float64
}

// Map divides the space into at most most regions of equal size, each of whole blocks. best is the
// first result of [Forager.Best].
func (f *Forager) Map(most int) (regions []Region, best float64) {
	expectations := f.tree.expectations()
	best, _ = f.tree.best(expectations)
	return f.regions(expectations, 0, len(f.tree.sums[0])-1, most), best
}

// Part divides the blocks of the positions first to last as Map does. It leaves out positions
// outside of the space.
func (f *Forager) Part(first, last int64, most int) []Region {
	first, last = max(0, first), min(last, f.size-1)
	if first > last {
		return nil
	}
	return f.regions(f.tree.expectations(), int(f.tree.block(first)), int(f.tree.block(last)), most)
}

// regions divides the blocks first to last.
func (f *Forager) regions(expectations []expectation, first, last, most int) (out []Region) {
	leaves := f.tree.sums[0]
	per := (last-first)/most + 1
	for at := first; at <= last; at += per {
		begin, _ := f.tree.bounds(int64(at))
		r := Region{First: begin}
		left := int64(0)
		for i := at; i < min(at+per, last+1); i++ {
			_, n := f.tree.bounds(int64(i))
			r.Size += n
			r.Sums = r.Add(leaves[i])
			r.Expected += expectations[i].rate * float64(expectations[i].left)
			left += expectations[i].left
		}
		r.Expected /= float64(max(1, left))
		out = append(out, r)
	}
	return out
}

// HitRate returns the hit rate of recent probes.
func (f *Forager) HitRate() float64 { return f.steps.hitRate() }
