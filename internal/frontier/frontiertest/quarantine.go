package frontiertest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// quarantined lists the quarantined records as "task key page field reason", and compares their
// number with the status.
func (s *suite) quarantined(job frontier.JobID) (out []string) {
	s.Helper()
	s.check(s.Quarantined(s.ctx(), job, func(q frontier.Quarantined) error {
		out = append(out, fmt.Sprintf("%s %s %s %s %s", q.Task, q.Key, q.Page, q.Field, q.Reason))
		if q.Kind != "record" || q.At.IsZero() || q.FetchedAt.IsZero() || len(q.Fields) == 0 || len(q.Digest) == 0 {
			s.Errorf("quarantined %+v", q)
		}
		return nil
	}))
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if st.Quarantined != int64(len(out)) {
		s.Errorf("status counts %d quarantined records; want %d", st.Quarantined, len(out))
	}
	return out
}

// fails returns a completion of which the records with keys fail the check.
func fails(c frontier.Claimed, keys ...string) frontier.Completion {
	out := frontier.Completion{Claimed: c, State: seine.Error, Reason: frontier.FailsCheck + ": /a: type"}
	for _, key := range keys {
		r := record(key, `{"a":null}`)
		r.Missing = []string{"a"}
		out.Quarantined = append(out.Quarantined, frontier.Quarantined{Record: r, Page: "item", Field: "/a", Reason: "got null"})
	}
	return out
}

func testQuarantine(t *testing.T, s *suite) {
	job, other := s.job("j", fast()), s.job("other", fast())
	s.add(job, tasks("h:80", "a", "b", "c"), 3)
	l := s.lease()
	got := s.sortedClaim(l, job, 3)
	// A whole batch, and a page that keeps its other record.
	mixed := fails(got[1], "b1", "b\x00")
	mixed.Records = []frontier.Record{record("b2", `{"a":2}`)}
	s.complete(l, job, []frontier.Completion{fails(got[0], "a"), mixed, done(got[2])[0]}, 3)
	s.complete(l, job, []frontier.Completion{fails(got[2], "late")}, 0) // no longer the lease's
	want := []string{"a a item /a got null", "b b1 item /a got null", "b b\uFFFD item /a got null"}
	if got := s.quarantined(job); !slices.Equal(got, want) {
		t.Errorf("quarantined %q; want %q", got, want)
	}
	if got := s.stored(job); !slices.Equal(got, []string{`b2 {"a":2}`, `c {"a":1}`}) {
		t.Errorf("stored %q", got)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if st.Records != 2 || st.Final[seine.Error] != 2 || st.Open != 0 {
		t.Errorf("status %+v", st.Counts)
	}
	if got := s.quarantined(other); got != nil {
		t.Errorf("another job has %q", got)
	}
	// They stay while the tasks are open, and if an attempt ends in error without a judgement.
	again := func(keys ...string) []frontier.Claimed {
		if n, err := s.Retry(s.ctx(), job, tasks("h:80", keys...)); err != nil || n != len(keys) {
			t.Fatalf("requeued %d, %v", n, err)
		}
		return s.sortedClaim(l, job, len(keys))
	}
	s.complete(l, job, []frontier.Completion{{Claimed: again("a")[0], State: seine.Error, Reason: "HTTP 500"}}, 1)
	if got := s.quarantined(job); !slices.Equal(got, want) {
		t.Errorf("quarantined %q after an error; want %q", got, want)
	}
	// The next judgement replaces them.
	both := again("a", "b")
	s.complete(l, job, []frontier.Completion{done(both[0])[0], fails(both[1], "b3")}, 2)
	if got := s.quarantined(job); !slices.Equal(got, []string{"b b3 item /a got null"}) {
		t.Errorf("quarantined %q after another judgement", got)
	}
	s.complete(l, job, []frontier.Completion{{Claimed: again("b")[0], State: seine.Skipped, Reason: "HTTP 404"}}, 1)
	if got := s.quarantined(job); got != nil {
		t.Errorf("quarantined %q of a page that is gone", got)
	}
	// The record of an earlier visit stays while the later one is in quarantine.
	c := again("a")[0]
	out := fails(c, "a")
	out.Records = []frontier.Record{record("a2", `{"a":1}`)}
	s.complete(l, job, []frontier.Completion{out}, 1)
	if got := s.stored(job); !slices.Contains(got, `a {"a":1}`) || !slices.Contains(got, `a2 {"a":1}`) {
		t.Errorf("stored %q; want the earlier record too", got)
	}
}
