package frontiertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

func testStatus(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, append(tasks("h:80", "a", "b", "c"), tasks("i:80", "d", "e")...), 5)
	l := s.lease()
	got := s.claim(l, job, 9, 5)
	slices.SortFunc(got, func(a, b frontier.Claimed) int { return strings.Compare(a.Key, b.Key) })
	end := done(got[0], got[1])
	end[1].State, end[1].Reason, end[1].Records = seine.Skipped, "not english", nil
	s.complete(l, job, end, 2)
	s.fail(l, job, failures(seine.Error, time.Hour, got[2]))
	s.check(s.Heartbeat(s.ctx(), l, map[frontier.JobID]float64{job: 2.5}))
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if st.Rate != 2.5 || st.Paused {
		t.Errorf("rate %v, paused %v; want 2.5, false", st.Rate, st.Paused)
	}
	reasons := fmt.Sprint(st.Reasons)
	if len(st.Reasons) != 2 || !strings.Contains(reasons, "not english") || !strings.Contains(reasons, "boom") {
		t.Errorf("reasons %v", st.Reasons)
	}
	list := func(f frontier.Filter) string {
		t.Helper()
		ts, err := s.Tasks(s.ctx(), job, f)
		s.check(err)
		var keys []string
		for _, x := range ts {
			keys = append(keys, x.Key+":"+x.State.String())
		}
		return strings.Join(keys, " ")
	}
	for _, c := range []struct {
		name   string
		filter frontier.Filter
		want   string
	}{
		{"all", frontier.Filter{}, "a:done b:skipped c:error d:in_progress e:in_progress"},
		{"by state", frontier.Filter{States: []seine.State{seine.Done, seine.Error}}, "a:done c:error"},
		{"by reason", frontier.Filter{Reason: "english"}, "b:skipped"},
		{"by host", frontier.Filter{Host: "i:80"}, "d:in_progress e:in_progress"},
		{"by key", frontier.Filter{Keys: []string{"a", "e", "x"}}, "a:done e:in_progress"},
		{"paged", frontier.Filter{After: "b", Limit: 2}, "c:error d:in_progress"},
		{"by age", frontier.Filter{Before: s.clock.Now().Add(-time.Hour), States: []seine.State{seine.Done}}, ""},
	} {
		if got := list(c.filter); got != c.want {
			t.Errorf("%s: %q; want %q", c.name, got, c.want)
		}
	}
	waiting, err := s.Tasks(s.ctx(), job, frontier.Filter{Keys: []string{"c"}})
	s.check(err)
	if w := waiting[0]; w.Final || !w.NextAt.Equal(s.clock.Now().Add(time.Hour)) || w.Reason != "boom" || w.Attempt != 1 {
		t.Errorf("waiting task %+v; want its next try in an hour", w)
	}
	if _, err := s.Status(s.ctx(), 4711); !errors.Is(err, frontier.ErrNoJob) {
		t.Errorf("status of an unknown job: %v; want %v", err, frontier.ErrNoJob)
	}
}

func testSeeded(t *testing.T, s *suite) {
	job := s.job("j", fast())
	is := func(digest string, want bool) {
		t.Helper()
		if got, err := s.Seeded(s.ctx(), job, []byte(digest)); err != nil || got != want {
			t.Errorf("seeds %s admitted: %v, %v; want %v", digest, got, err, want)
		}
	}
	is("one", false)
	s.check(s.MarkSeeded(s.ctx(), job, []byte("one")))
	is("one", true)
	is("two", false)
}
