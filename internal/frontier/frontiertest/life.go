package frontiertest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

func testLife(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, []frontier.New{{Key: "a", Lane: "h:80", Priority: 2, Meta: []byte(`{"set": "base"}`)}}, 1)
	l := s.lease()
	got := s.claim(l, job, 10, 1)[0]
	if got.Key != "a" || got.Attempt != 1 || got.Priority != 2 || got.LaneKey != "h:80" || got.Job != job || string(got.Meta) != `{"set": "base"}` {
		t.Errorf("claimed %+v", got)
	}
	if got.Wait != 0 || !got.StartAt.Equal(s.clock.Now()) {
		t.Errorf("starts at %v, in %v; want now, %v", got.StartAt, got.Wait, s.clock.Now())
	}
	s.claim(l, job, 10, 0)
	s.complete(l, job, done(got), 1)
	if c := s.counts(job); c.Total != 1 || c.Open != 0 || c.Final[seine.Done] != 1 || c.Records != 1 {
		t.Errorf("counts %+v; want one done", c)
	}
	states, err := s.Lookup(s.ctx(), job, []string{"a", "b"})
	s.check(err)
	if len(states) != 1 || states["a"] != seine.Done {
		t.Errorf("states %v; want a done and b unknown", states)
	}
	s.check(s.CloseLease(s.ctx(), l))
	if err := s.Heartbeat(s.ctx(), l, nil); !errors.Is(err, frontier.ErrLeaseLost) {
		t.Errorf("heartbeat of a closed lease: %v; want %v", err, frontier.ErrLeaseLost)
	}
}

func testConcurrent(t *testing.T, s *suite) {
	const n, workers = 600, 6
	job := s.job("j", frontier.LanePace{Inflight: 40})
	for i, key := range keysOf(n) {
		_ = i
		_, err := s.Add(s.ctx(), job, tasks([]string{"a:1", "b:1", "c:1", "d:1"}[i%4], key))
		s.check(err)
	}
	var (
		mu    sync.Mutex
		times = map[string]int{}
		wg    sync.WaitGroup
	)
	for range workers {
		wg.Go(func() {
			l, err := s.OpenLease(s.ctx(), "w", time.Minute)
			if err != nil {
				t.Error(err)
				return
			}
			for {
				got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 7})
				if err != nil {
					t.Error(err)
					return
				}
				if len(got) == 0 {
					if c, err := s.Counts(s.ctx(), job); err != nil || c.Open == 0 {
						return
					}
					continue
				}
				out, err := s.Complete(s.ctx(), l, job, done(got...))
				if err != nil || out.Kept != len(got) {
					t.Errorf("completed %d of %d: %v", out.Kept, len(got), err)
					return
				}
				mu.Lock()
				for _, c := range got {
					times[c.Key]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for key, k := range times {
		if k != 1 {
			t.Errorf("%s was completed %d times", key, k)
		}
	}
	if len(times) != n {
		t.Errorf("%d tasks were completed; want %d", len(times), n)
	}
}

func testRescue(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Inflight: 4})
	s.add(job, tasks("h:80", "a", "b"), 2)
	dead, alive := s.lease(), s.lease()
	s.claim(dead, job, 9, 2)
	s.clock.Move(50 * time.Second)
	s.check(s.Heartbeat(s.ctx(), alive, nil))
	if back, died := s.rescueAll(); back != 0 || died != 0 {
		t.Fatalf("rescued %d, %d died before the lease ended", back, died)
	}
	s.clock.Move(20 * time.Second)
	if back, died := s.rescueAll(); back != 2 || died != 0 {
		t.Fatalf("rescued %d, %d died; want 2, 0", back, died)
	}
	got := s.claim(alive, job, 9, 2)
	if got[0].Attempt != 2 {
		t.Errorf("attempt %d after a rescue; want 2", got[0].Attempt)
	}
	// The tasks of a closed session are rescued without a wait.
	s.check(s.CloseLease(s.ctx(), alive))
	if back, died := s.rescueAll(); back != 2 || died != 0 {
		t.Fatalf("rescued %d of a closed lease, %d died; want 2, 0", back, died)
	}
	alive = s.lease()
	s.apart(2)
	got = s.claim(alive, job, 9, 2)
	s.complete(alive, job, done(got...), 2)
}

// A task that kills its workers does not take its neighbors along: tasks that died together twice
// are separated.
func testApart(t *testing.T, s *suite) {
	id, err := s.Register(s.ctx(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 8, Page: frontier.LanePace{Inflight: 100}}, false)
	s.check(err)
	keys := keysOf(16)
	s.add(id, tasks("h:80", keys...), 16)
	poison := keys[3]
	died := 0
	for round := 0; round < 3000 && s.counts(id).Open > 0; round++ {
		_, err := s.Promote(s.ctx(), 100)
		s.check(err)
		l := s.lease()
		got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: id, N: 16})
		s.check(err)
		if slices.ContainsFunc(got, func(c frontier.Claimed) bool { return c.Key == poison }) {
			s.check(s.CloseLease(s.ctx(), l)) // as if the worker had died
			died++
			s.rescueAll()
		} else if len(got) > 0 {
			s.complete(l, id, done(got...), len(got))
		}
		s.clock.Move(200 * time.Millisecond)
	}
	c := s.counts(id)
	if c.Final[seine.Error] != 1 || c.Final[seine.Done] != 15 || died != 8 {
		t.Errorf("counts %+v after %d dead workers; want 15 done, and one error after 8", c, died)
	}
}

// apart waits until n rescued tasks that were separated are ready again.
func (s *suite) apart(n int) {
	s.Helper()
	s.clock.Move(10 * time.Second)
	got, err := s.Promote(s.ctx(), 100)
	s.check(err)
	if got != n {
		s.Fatalf("%d rescued tasks waited; want %d", got, n)
	}
}

func testLate(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "c"), 3)
	old := s.lease()
	got := s.claim(old, job, 9, 3)
	s.clock.Move(2 * time.Minute)
	s.rescueAll()
	late := done(got[0])
	late[0].Follow = tasks("h:80", "late")
	if _, err := s.Complete(s.ctx(), old, job, late); !errors.Is(err, frontier.ErrLeaseLost) {
		t.Errorf("late complete: %v; want %v", err, frontier.ErrLeaseLost)
	}
	if _, err := s.Fail(s.ctx(), old, job, failures(seine.Error, time.Second, got[1])); !errors.Is(err, frontier.ErrLeaseLost) {
		t.Errorf("late fail: %v; want %v", err, frontier.ErrLeaseLost)
	}
	if _, err := s.Release(s.ctx(), old, got[2:]); !errors.Is(err, frontier.ErrLeaseLost) {
		t.Errorf("late release: %v; want %v", err, frontier.ErrLeaseLost)
	}
	if err := s.Heartbeat(s.ctx(), old, nil); !errors.Is(err, frontier.ErrLeaseLost) {
		t.Errorf("late heartbeat: %v; want %v", err, frontier.ErrLeaseLost)
	}
	if got, err := s.Claim(s.ctx(), old, frontier.ClaimArgs{Job: job, N: 9}); err != nil || len(got) != 0 {
		t.Errorf("late claim took %d tasks, %v; want none", len(got), err)
	}
	// A live lease cannot end the task of another.
	thief, owner := s.lease(), s.lease()
	held := s.claim(owner, job, 9, 3)
	s.complete(thief, job, done(held[0]), 0)
	if states, err := s.Lookup(s.ctx(), job, []string{"late"}); err != nil || len(states) != 0 {
		t.Errorf("a refused completion's follow-up was admitted: %v %v", states, err)
	}
	if c := s.counts(job); c.Records != 0 || c.Open != 3 {
		t.Errorf("counts %+v after refused writes; want 3 open, no record", c)
	}
	s.complete(owner, job, done(held...), 3)
}

func testLastAttempt(t *testing.T, s *suite) {
	job := s.job("j", fast()) // at most 3 attempts
	s.add(job, tasks("h:80", "a"), 1)
	for attempt := 1; attempt <= 3; attempt++ {
		l := s.lease()
		if got := s.claim(l, job, 1, 1)[0]; got.Attempt != attempt {
			t.Fatalf("attempt %d; want %d", got.Attempt, attempt)
		}
		s.clock.Move(2 * time.Minute)
		back, died := s.rescueAll()
		if want := attempt == 3; (died == 1) != want || (back == 1) == want {
			t.Fatalf("attempt %d: %d back, %d died", attempt, back, died)
		}
		if attempt == 2 {
			s.apart(1)
		}
	}
	list, err := s.Tasks(s.ctx(), job, frontier.Filter{States: []seine.State{seine.Error}})
	s.check(err)
	if len(list) != 1 || !list[0].Final || list[0].Reason != "worker died" || list[0].Attempt != 3 || list[0].Worker != "w" {
		t.Errorf("tasks %+v; want one final error, worker died", list)
	}
	s.claim(s.lease(), job, 1, 0)
	if c := s.counts(job); c.Open != 0 || c.Final[seine.Error] != 1 {
		t.Errorf("counts %+v", c)
	}
}

func testRelease(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Inflight: 2})
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	for range 5 {
		got := s.claim(l, job, 1, 1)
		if got[0].Attempt != 1 {
			t.Fatalf("attempt %d after releases; want 1", got[0].Attempt)
		}
		out, err := s.Release(s.ctx(), l, got)
		s.check(err)
		if out.Kept != 1 {
			t.Fatalf("released %d", out.Kept)
		}
	}
	s.complete(l, job, done(s.claim(l, job, 1, 1)...), 1)
}

func testPriorities(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, []frontier.New{
		{Key: "last", Lane: "a:1", Priority: 3}, {Key: "second", Lane: "a:1", Priority: 1},
		{Key: "first", Lane: "b:1", Priority: 0}, {Key: "third", Lane: "b:1", Priority: 2},
	}, 4)
	l := s.lease()
	for _, want := range []string{"first", "second", "third", "last"} {
		if got := s.claim(l, job, 1, 1)[0]; got.Key != want {
			t.Errorf("claimed %s; want %s", got.Key, want)
		}
	}
	s.add(job, []frontier.New{{Key: "low", Lane: "a:1", Priority: 3}}, 1)
	s.add(job, []frontier.New{{Key: "high", Lane: "a:1", Priority: 0}, {Key: "mid", Lane: "c:1", Priority: 1}}, 2)
	if got := s.claim(l, job, 1, 1)[0]; got.Key != "high" {
		t.Errorf("claimed %s; want high: an add raises its lane", got.Key)
	}
	if got := s.claim(l, job, 1, 1)[0]; got.Key != "mid" {
		t.Errorf("claimed %s; want mid: a claim lowers its lane", got.Key)
	}
}

func testRetryTime(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	s.fail(l, job, failures(seine.Stale, 10*time.Second, s.claim(l, job, 1, 1)...))
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if st.States[seine.Stale] != 1 || st.Final[seine.Stale] != 0 || st.Open != 1 {
		t.Errorf("states %v, final %v; want one stale that waits", st.States, st.Final)
	}
	s.clock.Move(9 * time.Second)
	if n, err := s.Promote(s.ctx(), 10); err != nil || n != 0 {
		t.Fatalf("promoted %d, %v before the time", n, err)
	}
	s.claim(l, job, 1, 0)
	s.clock.Move(2 * time.Second)
	if n, err := s.Promote(s.ctx(), 10); err != nil || n != 1 {
		t.Fatalf("promoted %d, %v; want 1", n, err)
	}
	if got := s.claim(l, job, 1, 1)[0]; got.Attempt != 2 {
		t.Errorf("attempt %d; want 2", got.Attempt)
	}
}

func testDedupe(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "a", "a", "b"), 2)
	s.add(job, tasks("h:80", "b", "c"), 1)
	l := s.lease()
	s.complete(l, job, done(s.claim(l, job, 9, 3)...), 3)
	s.add(job, tasks("other:80", "a", "b", "c"), 0)
	s.claim(l, job, 9, 0)
	var wg sync.WaitGroup
	added := make([]int, 4)
	for i := range added {
		wg.Go(func() {
			n, err := s.Add(s.ctx(), job, tasks("h:80", keysOf(200)...))
			if err != nil {
				t.Error(err)
			}
			added[i] = n
		})
	}
	wg.Wait()
	if n := added[0] + added[1] + added[2] + added[3]; n != 200 {
		t.Errorf("four adders of the same 200 keys added %d", n)
	}
	if c := s.counts(job); c.Total != 203 {
		t.Errorf("%d tasks; want 203", c.Total)
	}
}

func testWakeUp(t *testing.T, s *suite) {
	job := s.job("j", fast())
	l := s.lease()
	for i, key := range keysOf(300) {
		s.add(job, tasks("h:80", key+"x"), 1)
		var (
			wg    sync.WaitGroup
			first int // zero if the add has the lane locked
		)
		wg.Go(func() {
			got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 1})
			if err != nil {
				t.Error(err)
			}
			first = len(got)
		})
		wg.Go(func() {
			if _, err := s.Add(s.ctx(), job, tasks("h:80", key)); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		// The next claim always finds the rest ready.
		if got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 9}); err != nil || first+len(got) != 2 {
			t.Fatalf("round %d: %d and %d tasks, %v; want 2 together", i, first, len(got), err)
		}
	}
}

func testDeadlock(t *testing.T, s *suite) {
	job := s.job("j", fast())
	lanes := []string{"a:1", "b:1", "c:1", "d:1", "e:1"}
	task := func(key string, i int) frontier.New {
		return frontier.New{Key: key, Lane: lanes[i%len(lanes)], Priority: i % 4}
	}
	keys := keysOf(400)
	var seeds []frontier.New
	for i, k := range keys {
		seeds = append(seeds, task(k, i))
	}
	s.add(job, seeds, len(seeds))
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			l, err := s.OpenLease(s.ctx(), "w", time.Minute)
			if err != nil {
				t.Error(err)
			}
			for range 40 {
				got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 5})
				if err != nil {
					t.Error(err)
					return
				}
				batch := done(got...)
				for i := range batch {
					batch[i].Follow = []frontier.New{task(batch[i].Key+"f", i), task("shared", i), task(keys[i], i)}
				}
				if _, err := s.Complete(s.ctx(), l, job, batch); err != nil {
					t.Error(err)
					return
				}
			}
		})
		wg.Go(func() {
			for i := range 40 {
				ts := []frontier.New{task(keys[i], i), task("shared", i+w), task(keys[(i*7+w)%400]+"f", i), task(keys[399-i], i)}
				if _, err := s.Add(s.ctx(), job, ts); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
