package sim

import "testing"

// The newest end of a space is explored again when its IDs have grown. A twentieth of the requests
// of the first exploration finds the new IDs.
func TestTheNewestEndIsExploredAgain(t *testing.T) {
	t.Parallel()
	const budget, grown = 10_000, 20_000
	moved, found := 0, 0
	for _, name := range []string{"recent", "live"} {
		for _, workers := range []int{8, 64} {
			for seed := range uint64(3) {
				w := kind(t, name).Make(seed + 1)
				f := NewForager(w, workers, seed)
				Run(w, f, workers, budget, seed)
				w.Newest, w.Growth = w.Newest+budget, 0
				last := w.Newest
				w.Newest += grown
				n := f.Return()
				Run(w, f, workers, budget/20, seed+10)
				for pos := range f.known {
					if pos > last && pos <= w.Newest && w.Wanted(pos) {
						found++
					}
				}
				f.refresh(0)
				e, _ := f.workers[0].Ending()
				if e.Newest > last {
					moved++
				}
				if n == 0 || n > budget/100 || e.Newest > w.Newest {
					t.Errorf("%s, %d workers, seed %d: %d IDs are asked again, the newest is %d; want at most %d and %d", name, workers, seed, n, e.Newest, budget/100, w.Newest)
				}
			}
		}
	}
	// The nearest absent ID may lie beyond all that is new.
	if moved < 10 || found < 200 {
		t.Errorf("the newest ID moved in %d of 12 runs, %d new IDs were found; want 10 and 200", moved, found)
	}
}
