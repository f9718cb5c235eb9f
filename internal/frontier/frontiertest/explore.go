package frontiertest

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// probed is the contribution of an answer to a probe.
func probed(block int64, hit int) *frontier.Explored {
	return &frontier.Explored{Observation: explore.Observation{
		Block: block, Sums: explore.Sums{Done: 1, Probes: 1, ProbeHits: int64(hit)}, Step: explore.Probes, Trials: 1, Hits: hit,
	}}
}

// A space is explored if tasks could be claimed and none is ready.
func testIdle(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Delay: each(time.Second), Inflight: 1})
	idle := func(want bool, when string) {
		t.Helper()
		if got, err := s.Idle(s.ctx(), job); err != nil || got.Idle != want {
			t.Errorf("idle %v, %v %s; want %v", got, err, when, want)
		}
	}
	explored := func(key string, want int) {
		t.Helper()
		if n, err := s.Explore(s.ctx(), job, 0, tasks("h:80", key)); err != nil || n != want {
			t.Errorf("explored %d, %v; want %d", n, err, want)
		}
	}
	idle(true, "at first")
	explored("a", 1)
	idle(false, "with a ready task")
	explored("b", 0)
	l := s.lease()
	got := s.claim(l, job, 9, 1)
	idle(false, "while its only slot is taken")
	s.complete(l, job, done(got...), 1)
	idle(false, "before the next start")
	s.clock.Move(time.Second)
	idle(true, "when the next start is due")
	explored("a", 0) // known
	s.check(s.PauseJob(s.ctx(), job, true))
	idle(false, "of a paused job")
}

// A job without a pace is explored if at most half of its shards have a ready task. With many
// shards all of them are rarely empty at once. The answer includes the time until a task is due.
func testIdleShards(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Inflight: 1 << 20})
	answer := func(idle, due bool, when string) {
		t.Helper()
		if got, err := s.Idle(s.ctx(), job); err != nil || got != (frontier.IdleState{Idle: idle, Due: due}) {
			t.Errorf("%+v, %v %s; want %v, %v, at once", got, err, when, idle, due)
		}
	}
	explored := func(lane, key string, want int) {
		t.Helper()
		if n, err := s.Explore(s.ctx(), job, 0, tasks(lane, key)); err != nil || n != want {
			t.Errorf("explored %d, %v; want %d", n, err, want)
		}
	}
	answer(true, false, "at first")
	for i, lane := range []string{"shard/00", "shard/01", "shard/02"} {
		s.add(job, tasks(lane, fmt.Sprint("k", i)), 1)
	}
	answer(false, true, "with three of three ready")
	l := s.lease()
	s.claim(l, job, 1, 1)
	answer(false, true, "with two of three ready")
	explored("shard/00", "more", 0)
	s.claim(l, job, 1, 1)
	answer(true, true, "with one of three ready")
	explored("shard/00", "more", 1)
	answer(false, true, "with two of three ready again")
	s.claim(l, job, 2, 2)
	answer(true, false, "with none")
	s.add(job, tasks("h:80", "host"), 1)
	answer(false, true, "with a host's task")
}

// The statistics of an answer are stored with its task, once. If the task belongs to another lease,
// they are not stored.
func testExplored(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "c", "d"), 4)
	old := s.lease()
	got := s.claim(old, job, 9, 4)
	sums := func(want map[int64]explore.Sums) {
		t.Helper()
		blocks, err := s.Blocks(s.ctx(), job, 0, time.Time{})
		s.check(err)
		if fmt.Sprint(blocks) != fmt.Sprint(want) {
			t.Errorf("blocks %v; want %v", blocks, want)
		}
	}
	sums(map[int64]explore.Sums{})
	first := done(got[0], got[1])
	first[0].Explored, first[1].Explored = probed(7, 1), probed(7, 0)
	s.complete(old, job, first, 2)
	want := map[int64]explore.Sums{7: {Done: 2, Probes: 2, ProbeHits: 1}}
	sums(want)
	s.complete(old, job, first, 0) // again, as after a commit in doubt
	sums(want)
	// A task that waits for a retry: the local search continues past it. A stale page counts at
	// once.
	fails := failures(seine.Stale, time.Second, got[2])
	fails[0].Follow, fails[0].Mark, fails[0].Explored = tasks("h:80", "next"), frontier.Counted, probed(8, 0)
	s.fail(old, job, fails)
	want[8] = explore.Sums{Done: 1, Probes: 1}
	sums(want)
	s.clock.Move(2 * time.Minute)
	s.rescueAll()
	late := done(got[3])
	late[0].Explored = probed(9, 1)
	if _, err := s.Complete(s.ctx(), old, job, late); err == nil {
		t.Error("a lost lease completed a task")
	}
	sums(want)
	_, err := s.Promote(s.ctx(), 9)
	s.check(err)
	marks := map[string]frontier.Mark{}
	l := s.lease()
	for _, c := range s.claim(l, job, 9, 3) {
		marks[c.Key] = c.Mark
	}
	if marks["c"] != frontier.Counted || marks["d"] != frontier.Unmarked || len(marks) != 3 {
		t.Errorf("marks %v; want c counted, d and next not", marks)
	}
	if none, err := s.Blocks(s.ctx(), job, 1, time.Time{}); err != nil || len(none) != 0 {
		t.Errorf("another space has %v, %v", none, err)
	}
	if none, err := s.Blocks(s.ctx(), job, 0, s.clock.Now()); err != nil || len(none) != 0 {
		t.Errorf("%v was written just now, %v; want nothing", none, err)
	}
}

// The table of steps merges as package explore does: recent probes fade, and other cells are
// halved.
func testSteps(t *testing.T, s *suite) {
	job := s.job("j", fast())
	keys := keysOf(120)
	s.add(job, tasks("h:80", keys...), 120)
	l := s.lease()
	want := map[explore.Step]explore.Trial{}
	for i := range 12 {
		batch := done(s.claim(l, job, 10, 10)...)
		n := map[explore.Step][2]int{}
		for k := range batch {
			at, trials, hits := explore.Probes, 1, k%2
			if k > 2 {
				at, trials, hits = explore.Step{Context: explore.Context(k % 3), M: i % 2}, 40, 7
			}
			batch[k].Explored = &frontier.Explored{Observation: explore.Observation{Step: at, Trials: trials, Hits: hits, Answers: 1, Found: k % 2}}
			n[at] = [2]int{n[at][0] + trials, n[at][1] + hits}
			n[explore.Recent] = [2]int{n[explore.Recent][0] + 1, n[explore.Recent][1] + k%2}
		}
		s.complete(l, job, batch, 10)
		for at, x := range n {
			want[at] = want[at].Merge(at, float64(x[0]), float64(x[1]))
		}
	}
	got, err := s.Steps(s.ctx(), job, 0)
	s.check(err)
	if len(got) != len(want) {
		t.Errorf("%d cells; want %d", len(got), len(want))
	}
	for at, w := range want {
		if g := got[at]; math.Abs(g.Trials-w.Trials) > 1e-6 || math.Abs(g.Hits-w.Hits) > 1e-6 {
			t.Errorf("cell %v is %v; want %v", at, g, w)
		}
	}
	// After an hour the recent answers of an absent writer do not count. All other cells do.
	s.clock.Move(2 * time.Hour)
	s.rescueAll()
	other := s.lease()
	for other.Slot() == l.Slot() {
		other = s.lease()
	}
	s.add(job, tasks("h:80", "late"), 1)
	batch := done(s.claim(other, job, 1, 1)...)
	batch[0].Explored = &frontier.Explored{Observation: explore.Observation{Answers: 1}}
	s.complete(other, job, batch, 1)
	got, err = s.Steps(s.ctx(), job, 0)
	s.check(err)
	if r := got[explore.Recent]; r != (explore.Trial{Trials: 1}) {
		t.Errorf("recent %+v; want 1 answer", r)
	}
	if len(got) != len(want) {
		t.Errorf("%d cells; want %d", len(got), len(want))
	}
}

// Many workers complete in one block and explore one space at once. No answer counts twice or is
// lost, and no ID is admitted twice.
func testExploreTogether(t *testing.T, s *suite) {
	job := s.job("j", fast())
	keys := keysOf(400)
	s.add(job, tasks("h:80", keys...), 400)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			l, err := s.OpenLease(s.ctx(), "w", time.Minute)
			if err != nil {
				t.Error(err)
				return
			}
			for range 40 {
				got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 10})
				if err != nil {
					t.Error(err)
					return
				}
				batch := done(got...)
				for i := range batch {
					batch[i].Explored = probed(int64(i%3), i%2)
				}
				if len(batch) > 0 {
					if _, err := s.Complete(s.ctx(), l, job, batch); err != nil {
						t.Error(err)
						return
					}
				}
				if _, err := s.Explore(s.ctx(), job, 0, tasks("h:80", fmt.Sprintf("x%d", w%2))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	l := s.lease()
	rest := func() {
		for {
			got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 50})
			s.check(err)
			if len(got) == 0 {
				return
			}
			batch := done(got...)
			for i := range batch {
				batch[i].Explored = probed(0, 0)
			}
			s.complete(l, job, batch, len(batch))
		}
	}
	rest() // a worker that finds every lane locked would spend its rounds on nothing
	if n, err := s.Explore(s.ctx(), job, 0, tasks("h:80", "last")); err != nil || n != 1 {
		t.Errorf("explored %d, %v when all is done; want 1", n, err)
	}
	rest()
	blocks, err := s.Blocks(s.ctx(), job, 0, time.Time{})
	s.check(err)
	total := explore.Sums{}
	for _, b := range blocks {
		total = total.Add(b)
	}
	c := s.counts(job)
	if total.Done != c.Total || total.Probes != c.Total || c.Open != 0 || c.Total < 401 || c.Total > 403 {
		t.Errorf("%d answers of %d tasks were counted: %+v", total.Done, c.Total, c)
	}
}
