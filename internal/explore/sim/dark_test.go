package sim

import "testing"

// A site that gives other pages is noticed before much is spent, and one that
// answers as it should is not taken for one, however its space is made.
func TestDark(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			w := k.Make(2)
			for _, workers := range []int{1, 8, 64} {
				f := NewForager(w, workers, 2)
				Run(w, f, workers, 8000, 2)
				if f.Dark != "" {
					t.Errorf("%d workers: stopped after %d answers: %s", workers, f.DarkAt, f.Dark)
				}
			}
			dark := *w
			dark.DarkFrom = 4000
			f := NewForager(&dark, 8, 2)
			Run(&dark, f, 8, 8000, 2)
			// Where a needle in a thousand is wanted, nothing is what it mostly gives.
			if needle := k.Name == "needle-0.1%" || k.Name == "needles-530"; !needle && (f.Dark == "" || f.DarkAt > 4400) {
				t.Errorf("dark from answer 4000 on; stopped at %d (%s), want within 400", f.DarkAt, f.Dark)
			} else if !needle && (len(f.Stops) < 2 || f.Stops[1] > f.Stops[0]+500) {
				t.Errorf("resumed while it was still dark; stopped at %v, want again within 500", f.Stops)
			}
		})
	}
}
