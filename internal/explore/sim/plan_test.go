package sim

import (
	"math/rand/v2"
	"testing"

	"github.com/seinehq/seine/internal/explore"
)

// The planned number of requests is about right if a goal needs a large share of all hits, where
// the best block runs out.
func TestPlan(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		w := newWorld("small", 200_000)
		r := rand.New(rand.NewPCG(seed, 7))
		for i := int64(0); i < w.Size-100; i += 300 + r.Int64N(600) {
			w.run(r, i, 10+r.Int64N(50), 0.94)
		}
		f := NewForager(w, 8, 2)
		Run(w, f, 8, 2000, 2)
		f.refresh(0)
		known := f.workers[0].Forager
		hits := known.Total().ProbeHits + known.Total().WalkHits
		for _, total := range []int{8000, 16000} {
			goal := Run(w, NewForager(w, 8, 2), 8, total, 2).Hits - hits
			planned, found := explore.Plan([]*explore.Forager{known}, float64(goal))
			t.Logf("%d more hits took %d requests; planned were %.0f", goal, total-2000, planned)
			if took := float64(total - 2000); planned < 0.75*took || planned > 1.35*took || found < float64(goal)-1 {
				t.Errorf("%d more hits (%.0f by the plan) took %.0f requests; planned were %.0f", goal, found, took, planned)
			}
		}
	}
}
