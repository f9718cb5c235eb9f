package sim

import (
	"testing"

	"github.com/seinehq/seine/internal/explore"
)

// thrifty is a fleet that asks no more when no block promises so much as least.
type thrifty struct {
	*Foraging
	least float64
}

func (s thrifty) Next(worker int) (Ask, bool) {
	s.refresh(worker)
	if _, most := s.workers[worker].Promise(); s.answers >= 500 && most < s.least {
		return Ask{}, false
	}
	return s.Foraging.Next(worker)
}

// Where all that is wanted lies in one run, it is found before the rest is given
// up, and that is after some tens of requests in each of its blocks.
func TestWorthIt(t *testing.T) {
	t.Parallel()
	const size, wanted = 50_000, 1000
	for seed := range uint64(10) {
		w := Of("one run", size, func(pos int64) explore.Answer {
			if pos < wanted {
				return explore.Hit
			}
			return explore.Absent
		})
		f := NewForager(w, 4, seed)
		for i := range f.workers {
			f.workers[i] = model{Forager: explore.New(w.Size, explore.Options{Blocks: 64})}
		}
		res := Run(w, thrifty{f, 0.1}, 4, size, seed)
		if res.Hits < 0.98*wanted {
			t.Errorf("seed %d: gave up after %d requests with %d of %d wanted ids", seed, res.Requests, res.Hits, wanted)
		}
		if res.Requests > 3900 { // 3520 to 3690 in forty runs
			t.Errorf("seed %d: gave up after %d requests; want at most 3900", seed, res.Requests)
		}
	}
}
