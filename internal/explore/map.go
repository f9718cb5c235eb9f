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
	leaves, expectations := f.tree.sums[0], f.tree.expectations()
	per := (len(leaves) + most - 1) / most
	for at := 0; at < len(leaves); at += per {
		first, _ := f.tree.bounds(int64(at))
		r := Region{First: first}
		left := int64(0)
		for i := at; i < min(at+per, len(leaves)); i++ {
			_, n := f.tree.bounds(int64(i))
			r.Size += n
			r.Sums = r.Add(leaves[i])
			r.Expected += expectations[i].rate * float64(expectations[i].left)
			left += expectations[i].left
		}
		r.Expected /= float64(max(1, left))
		regions = append(regions, r)
	}
	best, _ = f.tree.best(expectations)
	return regions, best
}

// HitRate returns the hit rate of recent probes.
func (f *Forager) HitRate() float64 { return f.steps.hitRate() }
