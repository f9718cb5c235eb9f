package discovery

import "testing"

// Refusals by other workers make a worker choose more IDs at once, and admissions fewer again.
func TestACrowdChoosesMoreAtOnce(t *testing.T) {
	t.Parallel()
	var s search
	for i, step := range []struct{ admitted, refused, crowd int }{
		{1, 0, 0}, // a worker alone chooses for itself
		{0, 1, 2}, {0, 2, 4}, {0, 3, 8}, {0, 4, maxCrowd},
		{8, 0, 7}, {7, 0, 6}, {0, 1, maxCrowd}, {1, 0, 7}, {1, 0, 6}, {1, 0, 5}, {1, 0, 4}, {1, 0, 3}, {1, 0, 2}, {1, 0, 1}, {1, 0, 0}, {1, 0, 0},
	} {
		if s.admitted(step.admitted); s.refused != step.refused || s.crowd != step.crowd {
			t.Errorf("step %d: %d refusals and a crowd of %d; want %d and %d", i, s.refused, s.crowd, step.refused, step.crowd)
		}
	}
}
