package explore

import "testing"

// A space is not given up by chance: what the best block may promise, by what is
// known, counts; with more answers it is what it does.
func TestPromiseByChance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		answers, hits int64
		least         float64
		over          bool
	}{
		{600, 264, 0.45, false}, // 0.44 of 600 is seen one time in ten where 0.47 is true
		{20_000, 8_000, 0.45, true},
		{600, 180, 0.45, true},
	} {
		f := New(1_000_000, Options{Blocks: 16})
		for b := range int64(16) {
			n := tt.answers / 16
			f.SetBlock(b, Sums{Done: n, Probes: n, ProbeHits: tt.hits / 16})
		}
		best, most := f.Promise()
		if over := most < tt.least; over != tt.over || best > most {
			t.Errorf("%d hits of %d: promised %.3f, at most %.3f; less than %.2f: %v, want %v", tt.hits, tt.answers, best, most, tt.least, over, tt.over)
		}
	}
}
