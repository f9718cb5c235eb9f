package frontier

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	of := func(pending, inProgress, waitError, stale int64) map[seine.State]int64 {
		return map[seine.State]int64{seine.Pending: pending, seine.InProgress: inProgress, seine.Error: waitError, seine.Stale: stale, seine.Done: 5, seine.Skipped: 0}
	}
	for _, tt := range []struct {
		name       string
		open       int64
		inProgress int64
		sample     Sample
		want       map[seine.State]int64
		held       int64
	}{
		{"few wait: counted", 100, 10, Sample{Error: 20, Stale: 5}, of(65, 10, 20, 5), 0},
		{"many wait, few are ready: the rest waits, as the sample does", 10_000_010, 0, Sample{Error: 750, Stale: 250, Full: true, Ready: 10}, of(10, 0, 7_500_000, 2_500_000), 0},
		{"many wait, those of other jobs", 50, 0, Sample{Full: true, Ready: 50}, of(50, 0, 0, 0), 0},
		{"many wait beyond those that are seen", 70, 0, Sample{Full: true, Ready: 50}, of(50, 0, 20, 0), 0},
		{"many wait and many are ready: at least the sample", 100_000, 0, Sample{Error: 1000, Full: true, Ready: SampleRows}, of(99_000, 0, 1000, 0), 0},
		{"some wait for another host", 100, 0, Sample{Error: 10, Pending: 20}, of(90, 0, 10, 0), 20},
		{"read at two moments", 5, 9, Sample{Error: 3}, of(0, 5, 0, 0), 0},
	} {
		c := NewCounts()
		c.Add(StatTotal, tt.open+5)
		c.Add(int(seine.Done), 5)
		d := Depth{Counts: c}
		d.Split(tt.inProgress, tt.sample)
		if diff := cmp.Diff(tt.want, d.States); diff != "" || d.Delayed != tt.held || d.Ready() != tt.want[seine.Pending]-tt.held {
			t.Errorf("%s: %d held, %d ready (-want +got):\n%s", tt.name, d.Delayed, d.Ready(), diff)
		}
	}
}
