package frontiertest

import (
	"slices"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

func each(d time.Duration) seine.Span { return seine.Span{Min: d, Max: d} }

func testPause(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, append(tasks("a:1", "a"), tasks("b:1", "b")...), 2)
	l := s.lease()
	found, err := s.PauseHost(s.ctx(), job, "a:1", true)
	s.check(err)
	if unknown, err := s.PauseHost(s.ctx(), job, "nowhere:1", true); !found || unknown || err != nil {
		t.Errorf("paused a known host %v, an unknown one %v, %v", found, unknown, err)
	}
	if got := s.claim(l, job, 9, 1); got[0].Key != "b" {
		t.Errorf("claimed %s of a paused host", got[0].Key)
	}
	for host, want := range map[string]int64{"": 1, "a:1": 0, "b:1": 1} {
		if n, err := s.InProgress(s.ctx(), job, host); err != nil || n != want {
			t.Errorf("%d in progress of host %q, %v; want %d", n, host, err, want)
		}
	}
	_, err = s.PauseHost(s.ctx(), job, "a:1", false)
	s.check(err)
	s.check(s.PauseJob(s.ctx(), job, true))
	s.claim(l, job, 9, 0)
	s.check(s.PauseJob(s.ctx(), job, false))
	s.claim(l, job, 9, 1)
	if err := s.PauseJob(s.ctx(), 4711, true); err == nil {
		t.Error("an unknown job was paused")
	}
}

// starts claims the due tasks and returns their starts.
func (s *suite) starts(l frontier.Lease, job frontier.JobID, early bool) []time.Time {
	s.Helper()
	got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 10})
	s.check(err)
	var at []time.Time
	for _, c := range got {
		at = append(at, c.StartAt)
		if wait := c.StartAt.Sub(s.clock.Now()); wait != c.Wait {
			s.Errorf("wait %v; want %v", c.Wait, wait)
		}
	}
	if early && len(got) > 0 {
		s.complete(l, job, done(got...), len(got))
	}
	return at
}

// gap returns the smallest time between two starts.
func gap(at []time.Time) time.Duration {
	slices.SortFunc(at, time.Time.Compare)
	least := time.Duration(1 << 62)
	for i := 1; i < len(at); i++ {
		least = min(least, at[i].Sub(at[i-1]))
	}
	return least
}

// A paced batch that finishes before its starts, or task by task, never moves the next start
// forward: the delay runs from start to start.
func testPace(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Delay: each(100 * time.Millisecond), Inflight: 10})
	s.add(job, tasks("h:80", keysOf(60)...), 60)
	l := s.lease()
	var at []time.Time
	for range 400 {
		at = append(at, s.starts(l, job, true)...)
		s.clock.Move(20 * time.Millisecond)
	}
	if len(at) != 60 {
		t.Fatalf("%d starts; want 60", len(at))
	}
	if g := gap(at); g < 100*time.Millisecond {
		t.Errorf("smallest gap %v; want 100ms", g)
	}
	if span := at[59].Sub(at[0]); span > 59*120*time.Millisecond {
		t.Errorf("60 starts took %v: the rate is not used", span)
	}
}

func testPaceFleet(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Delay: each(100 * time.Millisecond), Inflight: 4})
	s.add(job, tasks("h:80", keysOf(40)...), 40)
	var at []time.Time
	leases := []frontier.Lease{s.lease(), s.lease(), s.lease()}
	held := make([][]frontier.Claimed, 3)
	for i := 0; len(at) < 40 && i < 1000; i++ {
		w := i % 3
		got, err := s.Claim(s.ctx(), leases[w], frontier.ClaimArgs{Job: job, N: 3, Ahead: 50 * time.Millisecond})
		s.check(err)
		for _, c := range got {
			at = append(at, c.StartAt)
		}
		held[w] = append(held[w], got...)
		if i%2 == 0 && len(held[w]) > 0 { // slow and fast pages
			s.complete(leases[w], job, done(held[w]...), len(held[w]))
			held[w] = nil
		}
		s.clock.Move(30 * time.Millisecond)
	}
	if g := gap(at); len(at) != 40 || g < 100*time.Millisecond {
		t.Errorf("%d starts, smallest gap %v; want 40 and 100ms", len(at), g)
	}
}

func testDelaySpan(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Delay: seine.Span{Min: 50 * time.Millisecond, Max: 150 * time.Millisecond}, Inflight: 1})
	s.add(job, tasks("h:80", keysOf(40)...), 40)
	l := s.lease()
	var at []time.Time
	for range 4000 {
		at = append(at, s.starts(l, job, true)...)
		s.clock.Move(2 * time.Millisecond)
	}
	if len(at) != 40 {
		t.Fatalf("%d starts; want 40", len(at))
	}
	longest := time.Duration(0)
	slices.SortFunc(at, time.Time.Compare)
	for i := 1; i < len(at); i++ {
		longest = max(longest, at[i].Sub(at[i-1]))
	}
	if g := gap(at); g < 50*time.Millisecond || longest > 153*time.Millisecond || longest-g < 20*time.Millisecond {
		t.Errorf("gaps from %v to %v; want them drawn from 50 to 150ms", g, longest)
	}
}

func testConcurrency(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Inflight: 3})
	s.add(job, tasks("h:80", keysOf(9)...), 9)
	a, b := s.lease(), s.lease()
	var held []frontier.Claimed
	for range 5 {
		got, err := s.Claim(s.ctx(), a, frontier.ClaimArgs{Job: job, N: 9})
		s.check(err)
		held = append(held, got...)
	}
	if len(held) != 3 {
		t.Fatalf("%d tasks of one host at once; want 3", len(held))
	}
	s.claim(b, job, 9, 0)
	s.complete(a, job, done(held[0]), 1)
	s.claim(b, job, 9, 1)
	s.claim(b, job, 9, 0)
	// The end of another lease's task frees no slot.
	s.complete(a, job, done(held[0]), 0)
	s.claim(b, job, 9, 0)
}

func testRest(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{
		Delay: each(time.Second), Inflight: 1, Rest: seine.Rest{Every: 5, For: time.Minute},
	})
	s.add(job, tasks("h:80", keysOf(12)...), 12)
	l := s.lease()
	var at []time.Time
	for range 400 {
		at = append(at, s.starts(l, job, true)...)
		s.clock.Move(500 * time.Millisecond)
	}
	if len(at) != 12 {
		t.Fatalf("%d starts; want 12", len(at))
	}
	for i := 1; i < len(at); i++ {
		want := time.Second
		if i%5 == 0 {
			want = time.Minute
		}
		if got := at[i].Sub(at[i-1]); got != want {
			t.Errorf("start %d came %v after the one before; want %v", i+1, got, want)
		}
	}
}

func testCooldown(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Inflight: 1, Cooldown: seine.Cooldown{After: 3, For: 10 * time.Minute}})
	s.add(job, tasks("h:80", keysOf(9)...), 9)
	l := s.lease()
	broken := func() {
		t.Helper()
		s.fail(l, job, failures(seine.Error, time.Hour, s.claim(l, job, 1, 1)...))
	}
	broken()
	broken()
	s.complete(l, job, done(s.claim(l, job, 1, 1)...), 1) // a good one resets the count
	broken()
	s.fail(l, job, failures(seine.Stale, time.Hour, s.claim(l, job, 1, 1)...)) // a stale page does not count as an error
	broken()
	broken()
	s.claim(l, job, 1, 0)
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if len(st.Hosts) != 1 || st.Hosts[0].Reason != "cooldown" || !st.Hosts[0].NextAt.Equal(s.clock.Now().Add(10*time.Minute)) {
		t.Errorf("hosts %+v; want a cooldown of 10 minutes", st.Hosts)
	}
	s.clock.Move(10 * time.Minute)
	s.complete(l, job, done(s.claim(l, job, 1, 1)...), 1)
}

func testReserve(t *testing.T, s *suite) {
	id, err := s.Register(s.ctx(), frontier.Spec{
		Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: fast(),
		Asset: frontier.LanePace{Delay: each(200 * time.Millisecond), Inflight: 1},
	}, false)
	s.check(err)
	lane := frontier.AssetLane("img:80")
	for i := range 4 {
		turn, err := s.Reserve(s.ctx(), id, lane, 0.3, time.Minute)
		s.check(err)
		if want := time.Duration(i) * 200 * time.Millisecond; turn.Wait != want || turn.Paused {
			t.Errorf("reservation %d waits %v (paused %v); want %v", i, turn.Wait, turn.Paused, want)
		}
	}
	s.clock.Move(10 * time.Second)
	if turn, err := s.Reserve(s.ctx(), id, lane, 0.3, time.Minute); err != nil || turn.Wait != 0 {
		t.Errorf("a reservation after a while waits %v, %v; want none", turn.Wait, err)
	}
	if _, err := s.PauseHost(s.ctx(), id, "img:80", true); err != nil {
		t.Fatal(err)
	}
	if turn, err := s.Reserve(s.ctx(), id, lane, 0.3, time.Minute); err != nil || !turn.Paused {
		t.Errorf("paused %v, %v on a paused host", turn.Paused, err)
	}
	// A caller that will not wait takes no start, and no caller takes a start of a paused host.
	_, err = s.PauseHost(s.ctx(), id, "img:80", false)
	s.check(err)
	s.check(s.Backoff(s.ctx(), id, []string{lane}, frontier.Backoff{For: time.Hour, Why: "Retry-After"}))
	for range 3 {
		if turn, err := s.Reserve(s.ctx(), id, lane, 0.3, time.Minute); err != nil || turn.Wait != time.Hour {
			t.Errorf("a start is %v away, %v; want 1h each time", turn.Wait, err)
		}
	}
	if turn, err := s.Reserve(s.ctx(), id, lane, 0.3, time.Hour); err != nil || turn.Wait != time.Hour {
		t.Errorf("who waits has a start in %v, %v; want 1h", turn.Wait, err)
	}
}

func testSkip(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, append(tasks("a:1", "a1", "a2"), tasks("b:1", "b1")...), 3)
	l := s.lease()
	first := s.claim(l, job, 1, 1)[0]
	got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 9, Not: []frontier.LaneID{first.Lane}})
	s.check(err)
	for _, c := range got {
		if c.Lane == first.Lane {
			t.Errorf("claimed %s of a lane to leave alone", c.Key)
		}
	}
	if len(got) == 0 {
		t.Error("claimed nothing of the other lane")
	}
}

func testRepace(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Delay: each(time.Hour), Inflight: 1})
	s.add(job, tasks("h:80", keysOf(9)...), 9)
	l := s.lease()
	s.complete(l, job, done(s.claim(l, job, 9, 1)...), 1)
	s.claim(l, job, 9, 0)
	if again := s.job("j", frontier.LanePace{Delay: each(time.Second), Inflight: 4}); again != job {
		t.Fatalf("registered as %d; want %d", again, job)
	}
	s.clock.Move(time.Hour)
	got := s.claim(l, job, 9, 2)
	if d := got[1].StartAt.Sub(got[0].StartAt); d != time.Second {
		t.Errorf("starts are %v apart; want 1s", d)
	}
	s.job("j", frontier.LanePace{Inflight: 2}) // fewer slots than are taken
	s.clock.Move(time.Hour)
	s.claim(l, job, 9, 0)
	s.complete(l, job, done(got...), 2)
	s.claim(l, job, 9, 1)
}

func testDue(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Delay: each(10 * time.Second), Inflight: 2})
	if wait, ok, err := s.Due(s.ctx(), []frontier.JobID{job}); err != nil || ok {
		t.Errorf("an empty frontier is due in %v, %v, %v", wait, ok, err)
	}
	s.add(job, tasks("h:80", "a", "b"), 2)
	l := s.lease()
	got := s.claim(l, job, 1, 1)
	if wait, ok, err := s.Due(s.ctx(), []frontier.JobID{job}); err != nil || !ok || wait != 10*time.Second {
		t.Errorf("due in %v, %v, %v; want 10s", wait, ok, err)
	}
	s.fail(l, job, failures(seine.Error, 3*time.Second, got...))
	if wait, ok, err := s.Due(s.ctx(), []frontier.JobID{job}); err != nil || !ok || wait != 3*time.Second {
		t.Errorf("due in %v, %v, %v; want 3s, when the retry is", wait, ok, err)
	}
}
