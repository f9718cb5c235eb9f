package explore

// Region is a stretch of a space and what is known of it.
type Region struct {
	First, Size int64
	Sums

	// Expected is how many wanted ids a request brings of excursions that begin
	// here, by what is known so far.
	Expected float64
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
