package sim

import (
	"testing"

	"github.com/seinehq/seine/internal/explore"
)

func kind(t *testing.T, name string) Kind {
	t.Helper()
	for _, k := range Kinds {
		if k.Name == name {
			return k
		}
	}
	t.Fatalf("no space %s", name)
	return Kind{}
}

// If IDs end at a newest ID, the forager finds them within a small budget. The means are those of
// five spaces.
func TestNewestID(t *testing.T) {
	t.Parallel()
	const seeds, budget = 5, 1000
	for _, name := range []string{"recent", "live"} {
		yields := map[int]float64{}
		k := kind(t, name)
		for seed := range uint64(seeds) {
			w := k.Make(seed + 1)
			for _, workers := range []int{8, 64} {
				f := NewForager(w, workers, seed)
				yields[workers] += Run(w, f, workers, budget, seed).Yield() / seeds
				f.refresh(0)
				e, ok := f.workers[0].Ending()
				if newest := w.Newest + budget; !ok || e.Newest > newest || e.High < newest || e.High-e.Low > size/20 {
					t.Errorf("%s, seed %d, %d workers: the end is %+v, %v; want %d", name, seed, workers, e, ok, newest)
				}
			}
		}
		if yields[8] < 0.60 || yields[64] < 0.50 {
			t.Errorf("%s: %.3f by request with 8 workers, %.3f with 64; want .60 and .50", name, yields[8], yields[64])
		}
	}
}

// Batches of customers are walked to their end and not beyond, and a pattern is still followed.
func TestWhenToStop(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind  string
		least float64 // share of the oracle's yield
	}{{"batch", 1}, {"every-tenth", 0.9}} {
		w := kind(t, tt.kind).Make(2)
		const workers, budget = 8, 6000
		if got, oracle := Run(w, NewForager(w, workers, 2), workers, budget, 2).Yield(), Oracle(w, budget, 2); got < tt.least*oracle {
			t.Errorf("%s: %.3f by request; the oracle %.3f", tt.kind, got, oracle)
		}
	}
}

// A site that degrades is detected by its stale answers, which are no evidence about blocks. A site
// that recovers at the resume is not stopped again.
func TestDegraded(t *testing.T) {
	t.Parallel()
	w := kind(t, "real25").Make(1)
	for _, tt := range []struct {
		share float64
		most  int
	}{{0.5, 400}, {0.7, 200}} {
		for seed := range uint64(5) {
			degraded := *w
			degraded.StaleFrom, degraded.StaleShare = 1500, tt.share
			f := NewForager(&degraded, 8, seed)
			Run(&degraded, f, 8, 2500, seed)
			if f.Dark == "" || f.DarkAt < 1400 || f.DarkAt > 1500+tt.most {
				t.Errorf("%.0f %% stale, seed %d: stopped at %d (%s), want within %d after 1500", 100*tt.share, seed, f.DarkAt, f.Dark, tt.most)
			}
		}
	}
	usual := *w
	usual.StaleFrom, usual.StaleShare = 1, 0.15
	f := NewForager(&usual, 8, 1)
	if Run(&usual, f, 8, 3000, 1); f.Dark != "" {
		t.Errorf("where 15 %% are stale from the start: stopped at %d: %s", f.DarkAt, f.Dark)
	}
	o := explore.New(1000, explore.Options{}).Observe(5, explore.Probed, nil, false, false, explore.Stale)
	if want := (explore.Sums{Stale: 1}); o.Sums != want || o.Trials != 0 {
		t.Errorf("a stale answer adds %+v and %d trials; want %+v", o.Sums, o.Trials, want)
	}
}
