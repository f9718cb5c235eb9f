package frontiertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

func testBackoff(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, append(tasks("a:1", "a1", "a2"), tasks("b:1", "b1")...), 3)
	l := s.lease()
	s.check(s.Backoff(s.ctx(), job, []string{"a:1", frontier.AssetLane("a:1")}, frontier.Backoff{For: 30 * time.Second, Why: "Retry-After"}))
	if got := s.claim(l, job, 9, 1); got[0].Key != "b1" {
		t.Errorf("claimed %s of a host in backoff", got[0].Key)
	}
	if turn, err := s.Reserve(s.ctx(), job, frontier.AssetLane("a:1"), 0, time.Minute); err != nil || turn.Wait != 30*time.Second {
		t.Errorf("its assets wait %v, %v; want 30s", turn.Wait, err)
	}
	s.check(s.Backoff(s.ctx(), job, []string{"a:1"}, frontier.Backoff{For: time.Second, Why: "shorter"}))
	s.clock.Move(29 * time.Second)
	s.claim(l, job, 9, 0)
	s.clock.Move(time.Second)
	s.claim(l, job, 9, 2)
}

// A host that refuses requests gets half of its pace from every worker. Refusals of requests in
// flight together count once. The pace recovers slowly.
func testSlow(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Delay: each(time.Second), Inflight: 4})
	s.add(job, tasks("h:80", keysOf(300)...), 300)
	l := s.lease()
	slow := func() float64 {
		t.Helper()
		st, err := s.Status(s.ctx(), job)
		s.check(err)
		for _, h := range st.Hosts {
			if h.Host == "h:80" {
				return h.Slow
			}
		}
		return 0
	}
	// next claims one task when it is due and returns the time until then.
	next := func() (frontier.Claimed, time.Duration) {
		t.Helper()
		for waited := time.Duration(0); waited < time.Hour; waited += 100 * time.Millisecond {
			got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 1})
			s.check(err)
			if len(got) == 1 {
				return got[0], waited
			}
			s.clock.Move(100 * time.Millisecond)
		}
		t.Fatal("nothing is due in an hour")
		return frontier.Claimed{}, 0
	}
	refuse := func(ago time.Duration) {
		t.Helper()
		s.check(s.Backoff(s.ctx(), job, []string{"h:80", frontier.AssetLane("h:80")}, frontier.Backoff{Why: "HTTP 429", Slow: true, Ago: ago}))
	}
	first, _ := next()
	if got := slow(); got != 1 {
		t.Errorf("slow %g at first; want 1", got)
	}
	refuse(time.Second)
	refuse(time.Second) // in flight together with the first one
	if got := slow(); got != 2 {
		t.Errorf("slow %g after one refusal; want 2", got)
	}
	s.fail(l, job, failures(seine.Error, time.Hour, first)) // neither good nor bad
	one, _ := next()
	two, waited := next()
	if waited != 2*time.Second {
		t.Errorf("the next start came after %v; want 2s", waited)
	}
	refuse(0)
	if got := slow(); got != 4 {
		t.Errorf("slow %g after the next refusal; want 4", got)
	}
	for i, want := range []frontier.Turn{{Paced: true}, {Wait: 40 * time.Millisecond, Paced: true}} {
		if turn, err := s.Reserve(s.ctx(), job, frontier.AssetLane("h:80"), 0.5, time.Minute); err != nil || turn != want {
			t.Errorf("asset %d has turn %+v, %v; want %+v", i, turn, err, want)
		}
	}
	// Good answers restore the pace in steps.
	s.clock.Move(time.Minute)
	s.complete(l, job, done(one, two), 2)
	if got, want := slow(), 1/(0.25+2*0.02); got < want-0.01 || got > want+0.01 {
		t.Errorf("slow %g after two good answers; want %g", got, want)
	}
	before, n := slow(), 0
	for ; slow() > 1 && n < 200; n++ {
		c, _ := next()
		s.complete(l, job, done(c), 1)
		if now := slow(); now > before {
			t.Fatalf("slow went from %g to %g by a good answer", before, now)
		} else if now > 0 {
			before = now
		}
	}
	if n < 30 || n > 40 {
		t.Errorf("at its pace again after %d good answers; want about 36", n)
	}
	next() // its start was assigned before the last answer
	if _, waited := next(); waited != time.Second {
		t.Errorf("the next start came after %v; want 1s", waited)
	}
	// Starts restore the pace of its assets.
	for range 45 {
		s.clock.Move(time.Second)
		_, err := s.Reserve(s.ctx(), job, frontier.AssetLane("h:80"), 0.5, time.Minute)
		s.check(err)
	}
	if turn, err := s.Reserve(s.ctx(), job, frontier.AssetLane("h:80"), 0.5, time.Minute); err != nil || turn != (frontier.Turn{}) {
		t.Errorf("its assets have %+v, %v; want a turn at once, as all others", turn, err)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	for _, h := range st.Hosts {
		if h.Reason != "" || h.Slow != 1 {
			t.Errorf("host %+v: recovered, and still called slow", h)
		}
	}
}

func testFaults(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Inflight: 10})
	s.add(job, tasks("h:80", keysOf(9)...), 9)
	l := s.lease()
	got := s.claim(l, job, 9, 5) // half of the slots
	if got[0].Faults != 0 {
		t.Errorf("%d faults; want none", got[0].Faults)
	}
	_, err := s.Release(s.ctx(), l, got)
	s.check(err)
	s.check(s.Backoff(s.ctx(), job, []string{"h:80"}, frontier.Backoff{For: 5 * time.Second, Why: "connection refused", Faults: 1}))
	s.clock.Move(5 * time.Second)
	one := s.claim(l, job, 9, 1)
	if one[0].Faults != 1 || one[0].Attempt != 1 {
		t.Errorf("faults %d, attempt %d; want 1, 1", one[0].Faults, one[0].Attempt)
	}
	s.claim(l, job, 9, 0)
	s.complete(l, job, done(one...), 1)
	s.claim(l, job, 9, 5)
}

// Unhealthy hosts are listed, including hosts without a task: a job without a pace moves its tasks
// to shards.
func testUnhealthy(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, append(tasks("shard/01", "a"), tasks("fine:80", "b")...), 2)
	if found, err := s.PauseHost(s.ctx(), job, "paused:80", true); err != nil || !found {
		t.Errorf("paused %v, %v; want true: the hosts of a job without a pace are not known", found, err)
	}
	s.check(s.Backoff(s.ctx(), job, []string{"quiet:80", frontier.AssetLane("quiet:80")}, frontier.Backoff{For: time.Minute, Why: "Retry-After"}))
	s.check(s.Backoff(s.ctx(), job, []string{"dead:80"}, frontier.Backoff{For: time.Second, Why: "refused", Faults: 1}))
	s.check(s.Backoff(s.ctx(), job, []string{"slow:80"}, frontier.Backoff{Why: "HTTP 429", Slow: true}))
	list := func() string {
		t.Helper()
		hosts, err := s.Unhealthy(s.ctx(), job)
		s.check(err)
		slices.Sort(hosts)
		return fmt.Sprint(hosts)
	}
	if got, want := list(), "[dead:80 paused:80 quiet:80 slow:80]"; got != want {
		t.Errorf("unhealthy: %s; want %s", got, want)
	}
	s.clock.Move(time.Minute)
	_, err := s.PauseHost(s.ctx(), job, "paused:80", false)
	s.check(err)
	if got, want := list(), "[dead:80 slow:80]"; got != want {
		t.Errorf("unhealthy a minute later: %s; want %s", got, want)
	}
}

// Reserved starts, as of redirects, count for the rest. A claim alone need not reach the number of
// starts.
func testReserveRests(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Delay: each(time.Second), Inflight: 1, Rest: seine.Rest{Every: 4, For: time.Minute}})
	s.add(job, tasks("h:80", keysOf(6)...), 6)
	l := s.lease()
	var at []time.Time
	for len(at) < 12 {
		got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 1})
		s.check(err)
		if len(got) == 0 {
			s.clock.Move(500 * time.Millisecond)
			continue
		}
		turn, err := s.Reserve(s.ctx(), job, "h:80", 0.5, time.Hour)
		s.check(err)
		at = append(at, got[0].StartAt, s.clock.Now().Add(turn.Wait))
		s.complete(l, job, done(got...), 1)
	}
	for i := 1; i < len(at); i++ {
		want := time.Second
		if i%4 == 0 {
			want = time.Minute
		}
		if got := at[i].Sub(at[i-1]); got != want {
			t.Errorf("start %d came %v after the one before; want %v", i+1, got, want)
		}
	}
}

// Any number of slow or faulty hosts does not hide the others.
func testNoRoom(t *testing.T, s *suite) {
	job := s.job("j", fast())
	l := s.lease()
	for i := range 20 {
		host := fmt.Sprintf("dead%d:80", i)
		s.add(job, tasks(host, host+"a", host+"b"), 2)
	}
	held := s.claim(l, job, 40, 40)
	out, err := s.Release(s.ctx(), l, held)
	s.check(err)
	var hosts []string
	for _, c := range held[:out.Kept] {
		hosts = append(hosts, c.LaneKey)
	}
	s.check(s.Backoff(s.ctx(), job, hosts, frontier.Backoff{For: time.Second, Why: "connection refused", Faults: 1}))
	s.clock.Move(time.Second)
	s.claim(l, job, 40, 20) // one of each: then each lane has a task and no room
	s.clock.Move(time.Second)
	s.add(job, tasks("h:80", "good"), 1)
	if got := s.claim(l, job, 1, 1); got[0].Key != "good" {
		t.Errorf("claimed %s", got[0].Key)
	}
}

// A claim may take few tasks of each lane. The next claim sees the rest.
func testEach(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, append(tasks("a:1", keysOf(9)...), tasks("b:1", "b1", "b2", "b3")...), 12)
	l := s.lease()
	got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 9, Each: 2})
	s.check(err)
	n := map[string]int{}
	for _, c := range got {
		n[c.LaneKey]++
	}
	if n["a:1"] != 2 || n["b:1"] != 2 {
		t.Errorf("claimed %v; want 2 of each", n)
	}
	a := got[slices.IndexFunc(got, func(c frontier.Claimed) bool { return c.LaneKey == "a:1" })].Lane
	s.clock.Move(time.Hour)
	got, err = s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 9, Not: []frontier.LaneID{a}})
	s.check(err)
	if len(got) != 1 {
		t.Errorf("claimed %d beside a lane that is left alone; want 1", len(got))
	}
	s.claim(l, job, 9, 7)
}

// A task that returns for a fault of another host waits and pays no attempt.
func testFree(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Inflight: 1000, Cooldown: seine.Cooldown{After: 1, For: time.Hour}})
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	for range 5 {
		got := s.claim(l, job, 1, 1)
		if got[0].Attempt != 1 {
			t.Fatalf("attempt %d; want 1", got[0].Attempt)
		}
		s.fail(l, job, []frontier.Failure{{Claimed: got[0], State: seine.Pending, Reason: "img:80: Retry-After", Delay: time.Minute, Free: true}})
		if n, err := s.Promote(s.ctx(), 9); err != nil || n != 0 {
			t.Fatalf("promoted %d, %v before its time", n, err)
		}
		st, err := s.Status(s.ctx(), job)
		s.check(err)
		if st.States[seine.Pending] != 1 || len(st.Reasons) != 1 || st.Reasons[0].Reason != "img:80: Retry-After" {
			t.Fatalf("status %+v; want it pending, and why", st)
		}
		s.clock.Move(time.Minute)
		if n, err := s.Promote(s.ctx(), 9); err != nil || n != 1 {
			t.Fatalf("promoted %d, %v; want 1", n, err)
		}
	}
	s.complete(l, job, done(s.claim(l, job, 1, 1)...), 1)
	if st, err := s.Status(s.ctx(), job); err != nil || len(st.Reasons) != 0 {
		t.Errorf("reasons %+v, %v after it is done; want none", st.Reasons, err)
	}
}

func testBlocked(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, append(tasks("a:1", "a"), tasks("b:1", "b")...), 2)
	got := s.claim(s.lease(), job, 9, 2)
	lanes := []frontier.LaneID{got[0].Lane, got[1].Lane}
	s.check(s.Backoff(s.ctx(), job, []string{got[1].LaneKey}, frontier.Backoff{For: time.Minute, Why: "Retry-After"}))
	_, err := s.PauseHost(s.ctx(), job, got[0].LaneKey, true)
	s.check(err)
	states, err := s.Blocked(s.ctx(), lanes)
	s.check(err)
	byLane := map[frontier.LaneID]frontier.LaneState{}
	for _, st := range states {
		byLane[st.Lane] = st
	}
	if a, b := byLane[lanes[0]], byLane[lanes[1]]; !a.Paused || a.Backoff != 0 || b.Paused || b.Backoff != time.Minute {
		t.Errorf("lanes %+v; want the first paused, the second in backoff for a minute", states)
	}
}
