package explore

import "container/heap"

// planShare is the share of a block's rest that is planned at once. Each further hit lowers the
// yield of the requests that follow.
const planShare = 0.05

// Plan returns the number of further requests that reach hits, if each request goes to the block
// with the best expectation at that time. found is smaller than hits if the spaces do not hold as
// many.
func Plan(models []*Forager, hits float64) (requests, found float64) {
	var left stretches
	for _, f := range models {
		left = append(left, f.tree.stretches()...)
	}
	heap.Init(&left)
	for found < hits && len(left) > 0 && left[0].rate > 0 {
		s := &left[0]
		n := min(hits-found, max(1, s.first*planShare), s.hits)
		spent := min(n/s.rate, s.ids)
		found, requests = found+n, requests+spent
		s.hits, s.ids = s.hits-n, s.ids-spent
		s.rate = 0
		if s.hits > 1e-9 && s.ids > 0 {
			s.rate = s.prior.rate(min(1, s.hits/s.ids))
		}
		heap.Fix(&left, 0)
	}
	return requests, found
}

// stretch is the rest of a block that is not planned yet.
type stretch struct {
	prior
	first, hits, ids float64 // hits at first and now, ids now
	rate             float64
}

type stretches []stretch

// Len and the others are container/heap's.
func (s stretches) Len() int           { return len(s) }
func (s stretches) Less(i, j int) bool { return s[i].rate > s[j].rate }
func (s stretches) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *stretches) Push(x any)        { *s = append(*s, x.(stretch)) }
func (s *stretches) Pop() any          { panic("nothing is taken out") }

// stretches are the blocks of which something is left. The expectation for each is that of the
// surrounding part of the space, corrected by the block's own answers.
func (t *tree) stretches() (out []stretch) {
	level := []prior{t.whole()}
	for l := len(t.levels) - 1; l >= 0; l-- {
		next := make([]prior, len(t.sums[l]))
		for i, s := range t.sums[l] {
			b := level[0]
			if l < len(t.levels)-1 {
				b = level[i>>fan]
			}
			next[i] = b.of(s)
			if n := t.sizeAt(l, int64(i)); l == 0 && n > s.Done {
				x, left := next[i], float64(n-s.Done)
				v := min(1, x.density(s, n))
				out = append(out, stretch{prior: x, first: v * left, hits: v * left, ids: left, rate: x.rate(v)})
			}
		}
		level = next
	}
	return out
}
