package frontier

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

// A rule is listed if it found no link on any done page of its kind. Pages of other rules and other
// verdicts do not count.
func TestUnmatchedRules(t *testing.T) {
	t.Parallel()
	now, before := []byte{1, 2, 3}, []byte{9}
	sums := map[ReasonCount]int64{}
	add := func(c Completion) {
		FieldDeltas(c, func(state int, reason string) { sums[ReasonCount{State: seine.State(state), Reason: reason}]++ })
	}
	for i := range 3 {
		c := Completion{State: seine.Done, Judged: now, Unmatched: []string{"follow[0]: css a/b", "follow[1]: css i"}}
		c.Page = "list"
		if i == 2 {
			c.Unmatched = c.Unmatched[:1]
		}
		add(c)
		c.Judged, c.Unmatched = before, nil // a page of other rules
		add(c)
		c.Judged, c.Page = now, "item"
		add(c)
		c.State = seine.Skipped
		add(c)
	}
	var counters []ReasonCount
	for c, n := range sums {
		c.Count = n
		counters = append(counters, c)
	}
	if diff := cmp.Diff([]RuleCount{{"list", "follow[0]: css a/b", 3}}, UnmatchedRules(now, counters)); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if got := NullFields(now, counters); got != nil {
		t.Errorf("fields %+v; want none", got)
	}
	if got := DriftCounts(now, counters)["list"]; got.Done != 3 || got.Failed != 0 || got.Missing != nil {
		t.Errorf("counts of the windows %+v; want 3 done pages", got)
	}
}
