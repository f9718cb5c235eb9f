package frontiertest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/drift"
	"github.com/seinehq/seine/internal/frontier"
)

func testDriftState(t *testing.T, s *suite) {
	job, other := s.job("j", fast()), s.job("other", fast())
	if got, err := s.Drift(s.ctx(), job); err != nil || got.Version != 0 {
		t.Fatalf("state %+v, %v; want none", got, err)
	}
	set := func(version int64, text string, want bool) {
		t.Helper()
		if ok, err := s.SetDrift(s.ctx(), job, frontier.DriftState{Version: version, State: []byte(text)}); err != nil || ok != want {
			t.Errorf("set version %d: %v, %v; want %v", version, ok, err, want)
		}
	}
	set(2, `{}`, false)
	set(1, `{"digest":"d"}`, true)
	set(1, `{}`, false)
	set(3, `{}`, false)
	set(2, `{"digest":"e","alarms":[{"page":"p","field":"f"}]}`, true)
	got, err := s.Drift(s.ctx(), job)
	if err != nil || got.Version != 2 || got.Watch().Digest != "e" {
		t.Errorf("state %+v, %v", got, err)
	}
	if got, err := s.Drift(s.ctx(), other); err != nil || got.Version != 0 {
		t.Errorf("another job's state %+v, %v", got, err)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	d, err := s.Depth(s.ctx(), job)
	s.check(err)
	if len(st.Drift) != 1 || st.Drift[0].Field != "f" || d.Alarms != 1 {
		t.Errorf("status %+v, depth %d", st.Drift, d.Alarms)
	}
}

func testJudged(t *testing.T, s *suite) {
	job := s.job("j", fast())
	few := tasks("h:80", "a", "b", "c", "d", "e")
	for i := range few {
		few[i].Page = "item"
	}
	s.add(job, few, 5)
	l := s.lease()
	c := s.sortedClaim(l, job, 5)
	digest := []byte{1}
	lacks := record("b", `{"a":null}`)
	lacks.Missing = []string{"a"}
	s.complete(l, job, []frontier.Completion{
		{Claimed: c[0], State: seine.Done, Records: []frontier.Record{record("a", `{"a":1}`)}, Judged: digest, Unmatched: []string{"follow[0]: css i", "follow[1]: css a"}},
		{Claimed: c[1], State: seine.Done, Records: []frontier.Record{lacks}, Judged: digest, Unmatched: []string{"follow[1]: css a"}},
		{Claimed: c[2], State: seine.Skipped, Judged: digest, Unmatched: []string{"follow[1]: css a"}}, {Claimed: c[3], State: seine.Stale, Judged: digest},
		{Claimed: c[4], State: seine.Error, Reason: "HTTP 500"},
	}, 5)
	counters, err := s.FieldCounts(s.ctx(), job)
	s.check(err)
	want := map[string]drift.Counts{"item": {Done: 2, Failed: 1, Skipped: 1, Records: 2, Missing: map[string]int64{"a": 1}}}
	if d := cmp.Diff(want, frontier.DriftCounts(digest, counters)); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	if got := frontier.DriftCounts([]byte{2}, counters); len(got) != 0 {
		t.Errorf("counts of other rules %+v", got)
	}
	if d := cmp.Diff([]frontier.RuleCount{{Page: "item", Rule: "follow[1]: css a", Pages: 2}}, frontier.UnmatchedRules(digest, counters)); d != "" {
		t.Errorf("rules without a link (-want +got):\n%s", d)
	}
}

func testHoldBack(t *testing.T, s *suite) {
	job := s.job("j", fast())
	few := tasks("h:80", "a", "b", "c", "d", "e")
	for i := range few[:4] {
		few[i].Page = "item"
	}
	s.add(job, few, 5)
	l := s.lease()
	c := s.sortedClaim(l, job, 5)
	of := func(c frontier.Claimed, records ...frontier.Record) frontier.Completion {
		out := visited(c, `{"a":1}`, time.Hour)
		out.Records, out.History = records, true
		for _, r := range records {
			out.Assets = append(out.Assets, fileOf(r.Key, "front"))
		}
		return out
	}
	s.complete(l, job, []frontier.Completion{of(c[0], record("a", `{"a":null}`)), of(c[1], record("b", `{"a":7}`))}, 2)
	s.clock.Move(time.Minute)
	since := s.clock.Now()
	s.complete(l, job, []frontier.Completion{
		of(c[2], record("c1", `{"a":null,"x":"\u0001"}`), record("c2", `{"a":0}`), record("c3", `{"b":1}`), record("c4", `{"a":[]}`)),
		of(c[3], record("d", `{"a":false}`)), of(c[4], record("e", `{"b":1}`)),
	}, 3)
	// The second visit of b finds no value.
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "b")); err != nil || n != 1 {
		t.Fatalf("requeued %d, %v", n, err)
	}
	s.complete(l, job, []frontier.Completion{of(s.claim(l, job, 1, 1)[0], record("b", `{"a":null}`))}, 1)
	hold := frontier.HoldBack{Page: "item", Field: "a", Since: since, Reason: "held back: field a lost its value"}
	try := func(h frontier.HoldBack, want int) {
		t.Helper()
		if n, err := s.HoldBack(s.ctx(), job, h); err != nil || n != want {
			t.Errorf("held back %d, %v; want %d", n, err, want)
		}
	}
	only := hold
	only.Keys = []string{"d", "none"}
	try(only, 0)
	only.Keys, only.Digest = []string{"b"}, []byte{2} // other rules judged it
	try(only, 0)
	only.Digest = []byte{1}
	try(only, 1)
	try(hold, 3)
	try(hold, 0)
	want := []string{
		"b b item /a held back: field a lost its value", "c c1 item /a held back: field a lost its value",
		"c c3 item /a held back: field a lost its value", "c c4 item /a held back: field a lost its value",
	}
	if got := s.quarantined(job); !slices.Equal(got, want) {
		t.Errorf("quarantined %q; want %q", got, want)
	}
	// The earlier version of b is current, and the other records stay.
	if got := s.stored(job); !slices.Equal(got, []string{
		`a {"a":null} front=p/afront`, `b {"a":7} front=p/bfront`, `c2 {"a":0} front=p/c2front`, `d {"a":false} front=p/dfront`, `e {"b":1} front=p/efront`,
	}) {
		t.Errorf("stored %q", got)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if st.Records != 5 || st.Assets != 5 || st.Final[seine.Done] != 3 || st.Final[seine.Error] != 2 || st.Open != 0 || st.Quarantined != 4 {
		t.Errorf("status %+v", st.Counts)
	}
	// The tasks can be found by their reason, and the next attempt knows no visit.
	list, err := s.Tasks(s.ctx(), job, frontier.Filter{Reason: "held back", States: []seine.State{seine.Error}})
	s.check(err)
	if len(list) != 2 || list[0].Key != "b" || list[1].Key != "c" {
		t.Errorf("tasks %+v", list)
	}
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "b", "c")); err != nil || n != 2 {
		t.Fatalf("requeued %d, %v", n, err)
	}
	again := s.sortedClaim(l, job, 2)
	if again[0].Visit != nil {
		t.Errorf("visit %+v; want none", again[0].Visit)
	}
	s.complete(l, job, []frontier.Completion{of(again[0], record("b", `{"a":8}`)), of(again[1], record("c1", `{"a":1}`))}, 2)
	if got := s.quarantined(job); got != nil {
		t.Errorf("quarantined %q", got)
	}
}
