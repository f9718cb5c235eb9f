package frontiertest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

func testDepth(t *testing.T, s *suite) {
	slow := frontier.LanePace{Inflight: 2, Delay: seine.Span{Min: 10 * time.Second, Max: 10 * time.Second}}
	job, other := s.job("j", slow), s.job("other", fast())
	depth := func() frontier.Depth {
		t.Helper()
		d, err := s.Depth(s.ctx(), job)
		s.check(err)
		var sum int64
		for _, n := range d.States {
			sum += n
		}
		if sum != d.Total {
			t.Errorf("states %v sum up to %d; want all %d tasks", d.States, sum, d.Total)
		}
		return d
	}
	if d := depth(); d.Ready() != 0 || d.Oldest != 0 || d.Lanes != 0 || d.Workers != 0 {
		t.Errorf("of nothing: %+v", d)
	}
	s.add(other, tasks("h:80", keysOf(50)...), 50)
	s.add(job, append(tasks("h:80", "a", "b", "c", "d"), tasks("i:80", "e", "f", "g")...), 7)
	s.clock.Move(2 * frontier.BusyWithin)
	admitted := depth().Oldest - 2*frontier.BusyWithin // a server may stamp by its own clock
	s.clock.Move(time.Minute - 2*frontier.BusyWithin)
	// Two hosts without requests.
	if d := depth(); d.Ready() != 7 || age(d.Oldest-admitted) != time.Minute || d.Lanes != 2 || d.Busy != 0 {
		t.Errorf("before a claim: %d ready, the oldest due %v old, %d of %d lanes busy; want 7, 1m, 0 of 2", d.Ready(), d.Oldest-admitted, d.Busy, d.Lanes)
	}
	l := s.lease()
	got := s.claim(l, job, 2, 2)
	d := depth()
	if d.Workers != 1 || d.States[seine.InProgress] != 2 || d.Ready() != 5 || d.Busy != d.Lanes || d.Oldest != 0 {
		t.Errorf("each host was asked: %d workers, %v, %d of %d lanes busy, the oldest due %v old; want 1, 2 of 2, 0s", d.Workers, d.States, d.Busy, d.Lanes, d.Oldest)
	}
	s.clock.Move(30 * time.Second)
	got = append(got, s.claim(l, job, 1, 1)...)
	// The age of the due host's tasks does not depend on the time of its last request.
	if d := depth(); d.Busy != 1 || d.Lanes != 2 || age(d.Oldest-admitted) != 90*time.Second {
		t.Errorf("one host was left: %d of %d lanes busy, the oldest due %v old; want 1 of 2, 90s", d.Busy, d.Lanes, d.Oldest-admitted)
	}
	end := done(got[0])
	end[0].State, end[0].Reason, end[0].Records = seine.Skipped, "not english", nil
	s.complete(l, job, end, 1)
	s.fail(l, job, failures(seine.Error, time.Hour, got[1]))
	s.fail(l, job, failures(seine.Stale, time.Hour, got[2]))
	d = depth()
	want := map[seine.State]int64{seine.Pending: 4, seine.InProgress: 0, seine.Done: 0, seine.Skipped: 1, seine.Error: 1, seine.Stale: 1}
	if diff := cmp.Diff(want, d.States); diff != "" {
		t.Errorf("states differ (-want +got):\n%s", diff)
	}
	if len(d.Reasons) != 1 || d.Reasons[0] != (frontier.ReasonCount{State: seine.Skipped, Reason: "not english", Count: 1}) {
		t.Errorf("reasons %v", d.Reasons)
	}
	// A paused job has no task for a worker.
	s.check(s.PauseJob(s.ctx(), job, true))
	s.clock.Move(time.Hour)
	if d := depth(); d.Ready() != 0 || d.Oldest != 0 || !d.Paused || d.States[seine.Pending] != 4 {
		t.Errorf("of a paused job: %d ready, due for %v, %v", d.Ready(), d.Oldest, d.States)
	}
	if _, err := s.Depth(s.ctx(), 4711); !errors.Is(err, frontier.ErrNoJob) {
		t.Errorf("of an unknown job: %v; want %v", err, frontier.ErrNoJob)
	}
	testDeepWaits(t, s)
	testOldest(t, s)
}

// testOldest uses too few workers for a lane without a pace. The tasks age although the lane was
// just claimed.
func testOldest(t *testing.T, s *suite) {
	job := s.job("backlog", frontier.LanePace{Inflight: 1 << 20})
	oldest := func() time.Duration {
		t.Helper()
		d, err := s.Depth(s.ctx(), job)
		s.check(err)
		return d.Oldest
	}
	l := s.lease()
	s.add(job, tasks("shard/01", keysOf(20)...), 20)
	admitted := oldest()
	for i := range 5 {
		if got, want := age(oldest()-admitted), time.Duration(i)*time.Hour; got != want {
			t.Errorf("after %d claims the oldest due task is %v old; want %v", i, got, want)
		}
		s.complete(l, job, done(s.claim(l, job, 2, 2)...), 2)
		s.clock.Move(time.Hour)
		s.check(s.Heartbeat(s.ctx(), l, nil))
	}
	// Tasks of a lower priority count while better ones delay them.
	s.add(job, []frontier.New{{Key: "first", Lane: "shard/01", Priority: 0}}, 1)
	if got := age(oldest() - admitted); got != 5*time.Hour {
		t.Errorf("behind a better priority the oldest due task is %v old; want 5h", got)
	}
	rest := s.claim(l, job, 11, 11)
	if got := oldest(); got != 0 {
		t.Errorf("everything is claimed, and the oldest due task is %v old", got)
	}
	// A task that waits for its time is not due. Later its age includes the wait.
	s.fail(l, job, failures(seine.Error, time.Hour, rest...))
	if got := oldest(); got != 0 {
		t.Errorf("everything waits for its time, and the oldest due task is %v old", got)
	}
}

// age compares two ages, because a server stamps admissions by a clock that a test cannot stop.
func age(d time.Duration) time.Duration { return d.Round(time.Second) }

// testDeepWaits has more waiting tasks than a depth reads: the site was down.
func testDeepWaits(t *testing.T, s *suite) {
	job := s.job("away", frontier.LanePace{Inflight: 1 << 20})
	var all []frontier.New
	for i := range 1500 {
		all = append(all, frontier.New{Key: fmt.Sprintf("w%05d", i), Lane: "w:80", Priority: 1})
	}
	s.add(job, all, len(all))
	l := s.lease()
	s.fail(l, job, failures(seine.Error, 2*time.Hour, s.claim(l, job, 1490, 1490)...))
	d, err := s.Depth(s.ctx(), job)
	s.check(err)
	if d.Ready() != 10 || d.States[seine.Error] != 1490 {
		t.Errorf("10 ready beside 1490 that wait: %v", d.States)
	}
}
