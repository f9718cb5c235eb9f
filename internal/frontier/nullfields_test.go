package frontier

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

// A field is listed if all records lack it, or nearly all of at least twenty. Records of other
// rules do not count.
func TestNullFields(t *testing.T) {
	t.Parallel()
	now, before := []byte{1, 2, 3}, []byte{9}
	sums := map[ReasonCount]int64{}
	add := func(records []Record) {
		FieldDeltas(Completion{Records: records}, func(state int, reason string) { sums[ReasonCount{State: seine.State(state), Reason: reason}]++ })
	}
	for i := range 40 {
		r := Record{Digest: now, Missing: []string{"always"}}
		if i > 0 {
			r.Missing = append(r.Missing, "nearly")
		}
		if i > 5 {
			r.Missing = append(r.Missing, "often")
		}
		add([]Record{r, {Digest: before, Missing: []string{"old"}}})
	}
	var counters []ReasonCount
	for c, n := range sums {
		c.Count = n
		counters = append(counters, c)
	}
	want := []FieldCount{{Field: "always", Missing: 40, Records: 40}, {Field: "nearly", Missing: 39, Records: 40}}
	if diff := cmp.Diff(NullFields(now, counters), want); diff != "" {
		t.Errorf("null fields (-got +want):\n%s", diff)
	}
}
