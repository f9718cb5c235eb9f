package frontiertest

import (
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

func testHostDown(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Inflight: 10})
	s.add(job, tasks("h:80", keysOf(9)...), 9)
	s.add(job, tasks("other:80", "x"), 1)
	l := s.lease()
	got := s.claim(l, job, 3, 3)
	fault := func() {
		s.Helper()
		s.check(s.Backoff(s.ctx(), job, []string{"h:80"}, frontier.Backoff{For: time.Second, Why: "connection refused", Faults: 1}))
	}
	want := func(wantDown bool, wantEnded int) {
		s.Helper()
		down, ended, err := s.HostDown(s.ctx(), job, "h:80", 20*time.Minute, "connection refused")
		s.check(err)
		if down != wantDown || ended != wantEnded {
			t.Errorf("down %v, %d ended; want %v, %d", down, ended, wantDown, wantEnded)
		}
	}
	want(false, 0) // no fault
	fault()
	s.clock.Move(19 * time.Minute)
	fault()
	want(false, 0) // too short
	s.check(s.HostUp(s.ctx(), job, "h:80"))
	s.clock.Move(time.Minute)
	fault()
	want(false, 0) // it answered meanwhile
	s.fail(l, job, failures(seine.Error, time.Hour, got[0]))
	_, err := s.Release(s.ctx(), l, got[1:2])
	s.check(err)
	s.clock.Move(20 * time.Minute)
	want(true, 8) // 7 ready, 1 waiting. The leased one stays.
	if c := s.counts(job); c.Final[seine.Error] != 8 {
		t.Errorf("%d tasks ended in error; want 8", c.Final[seine.Error])
	}
	s.complete(l, job, done(got[2]), 1)
	if left := s.claim(l, job, 9, 1); left[0].Key != "x" {
		t.Errorf("claimed %s; want the other host's task", left[0].Key)
	}
	list, err := s.Tasks(s.ctx(), job, frontier.Filter{States: []seine.State{seine.Error}})
	s.check(err)
	for _, task := range list {
		if !task.Final || task.Reason != "connection refused" {
			t.Errorf("task %+v; want it final with the host's reason", task)
		}
	}
	want(false, 0) // the completed task shows that the host is up
}

func testRefused(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	refuse := func(refused bool) {
		s.Helper()
		got := s.claim(l, job, 1, 1)
		_, err := s.Fail(s.ctx(), l, job, []frontier.Failure{{Claimed: got[0], State: seine.Pending, Reason: "HTTP 503", Delay: time.Minute, Free: true, Refused: refused}})
		s.check(err)
		s.clock.Move(time.Minute)
		_, err = s.Promote(s.ctx(), 10)
		s.check(err)
	}
	for i, c := range []struct {
		refused bool
		want    time.Duration // of the previous claims
	}{{true, 0}, {true, time.Minute}, {false, 2 * time.Minute}, {true, 0}, {true, time.Minute}} {
		got := s.claim(l, job, 1, 1)
		if got[0].Refused != c.want || got[0].Attempt != 1 {
			t.Errorf("claim %d: refused for %v, attempt %d; want %v, 1", i, got[0].Refused, got[0].Attempt, c.want)
		}
		_, err := s.Release(s.ctx(), l, got)
		s.check(err)
		refuse(c.refused)
	}
}
