package sim

import "testing"

// `make bench-explore` shows this at length: the forager finds most of the oracle's hits, requests
// nothing twice, and clearly exceeds the original.
func TestForagerBesideOthers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind  string
		least float64 // share of the oracle's yield
	}{{"real25", 0.85}, {"real3-regional", 0.75}, {"every-tenth", 0.8}} {
		t.Run(tt.kind, func(t *testing.T) {
			t.Parallel()
			for _, k := range Kinds {
				if k.Name != tt.kind {
					continue
				}
				w := k.Make(1)
				const workers, budget = 8, 6000
				ours := Run(w, NewForager(w, workers, 1), workers, budget, 1)
				original := Run(w, NewOriginal(w, workers, false, 1), workers, budget, 1)
				oracle := Oracle(w, budget, 1)
				if ours.Yield() < tt.least*oracle || ours.Yield() < 2*original.Yield() {
					t.Errorf("%.3f by request; the oracle %.3f, the original %.3f", ours.Yield(), oracle, original.Yield())
				}
				if ours.Duplicates > 0 || ours.Requests != budget {
					t.Errorf("%d requests, %d duplicates; want %d and none", ours.Requests, ours.Duplicates, budget)
				}
			}
		})
	}
}
