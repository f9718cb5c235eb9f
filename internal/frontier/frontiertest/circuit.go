package frontiertest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// An open circuit stops the exploration of its space for every worker. The job's other spaces
// continue, and the space continues after the circuit closes.
func testCircuit(t *testing.T, s *suite) {
	job, other := s.job("j", fast()), s.job("other", fast())
	explored := func(job frontier.JobID, space int, key string, want int) {
		t.Helper()
		if n, err := s.Explore(s.ctx(), job, space, tasks("h:80", key)); err != nil || n != want {
			t.Errorf("explored %d, %v of space %d; want %d", n, err, space, want)
		}
		for _, c := range s.claim(s.lease(), job, 9, want) {
			s.complete(s.lease(), job, done(c), 0) // another lease's tasks
		}
	}
	circuit := func(want string) frontier.Circuit {
		t.Helper()
		k, err := s.Known(s.ctx(), job, 3, time.Time{})
		s.check(err)
		if got := fmt.Sprint(k.Circuit.Open(), " ", k.Circuit.Reason); got != want || !k.Now.Equal(s.clock.Now()) {
			t.Errorf("circuit %q at %v; want %q at %v", got, k.Now, want, s.clock.Now())
		}
		return k.Circuit
	}
	circuit("false ")
	for i, want := range []bool{true, false} { // of two workers at once, the first one's reason stays
		if opened, err := s.OpenCircuit(s.ctx(), job, 3, fmt.Sprintf("dark %d", i)); err != nil || opened != want {
			t.Errorf("opened %v, %v; want %v", opened, err, want)
		}
	}
	if c := circuit("true dark 0"); !c.OpenedAt.Equal(s.clock.Now()) {
		t.Errorf("opened at %v; want %v", c.OpenedAt, s.clock.Now())
	}
	explored(job, 3, "a", 0)
	explored(other, 3, "a", 1)
	explored(job, 4, "a", 1)
	for _, want := range []int{1, 0} {
		s.clock.Move(time.Minute)
		if n, err := s.CloseCircuits(s.ctx(), job); err != nil || n != want {
			t.Errorf("closed %d, %v; want %d", n, err, want)
		}
	}
	if c := circuit("false dark 0"); !c.ClosedAt.Equal(s.clock.Now().Add(-time.Minute)) {
		t.Errorf("closed at %v; want %v", c.ClosedAt, s.clock.Now().Add(-time.Minute))
	}
	if opened, err := s.OpenCircuit(s.ctx(), job, 3, strings.Repeat("again ", 1000)); err != nil || !opened {
		t.Errorf("opened again: %v, %v", opened, err)
	}
	all, err := s.Circuits(s.ctx(), job)
	if err != nil || len(all) != 1 || all[0].Space != 3 || !all[0].Open() || !strings.HasPrefix(all[0].Reason, "again again") {
		t.Errorf("circuits %+v, %v", all, err)
	}
}

// The frontier keeps the least doubt and the last answer of all workers from the last time a space
// behaved as expected. When the circuit of a space that was stopped for its answers closes, its
// watch continues from the sums of that time. A worker that does not know of it is ignored. A
// recount deletes the watch.
func testWatched(t *testing.T, s *suite) {
	job := s.job("j", fast())
	var closed time.Time
	now := s.clock.Now()
	at := func(doubt float64, done, errors int64) explore.Watch {
		return explore.Watch{
			Doubt: doubt, Expected: -doubt, Asked: done, Hits: 3, At: now, Done: done, Errors: errors,
			StaleDoubt: doubt / 2, Answers: done + 2, Stale: 2,
		}
	}
	is := func(want explore.Watch) {
		t.Helper()
		k, err := s.Known(s.ctx(), job, 3, time.Time{})
		if err != nil || k.Watch != want {
			t.Errorf("watch %+v, %v; want %+v", k.Watch, err, want)
		}
		closed = k.Circuit.ClosedAt
	}
	say := func(closed time.Time, w, want explore.Watch) {
		t.Helper()
		s.check(s.Watched(s.ctx(), job, 3, closed, w))
		is(want)
	}
	answered, dark := 0, 0
	answer := func(space int, sums explore.Sums) {
		t.Helper()
		answered++
		s.add(job, tasks("h:80", fmt.Sprint("id", answered)), 1)
		l := s.lease()
		batch := done(s.claim(l, job, 1, 1)...)
		batch[0].Explored = &frontier.Explored{Space: space, Observation: explore.Observation{Block: int64(answered), Sums: sums}}
		s.complete(l, job, batch, 1)
	}
	stop := func() {
		t.Helper()
		s.clock.Move(time.Minute)
		opened, err := s.OpenCircuit(s.ctx(), job, 3, "dark")
		n, err2 := s.CloseCircuits(s.ctx(), job)
		if !opened || n != 1 || err != nil || err2 != nil {
			t.Errorf("opened %v, %v; closed %d, %v; want one", opened, err, n, err2)
		}
	}
	first, later := at(-3, 10, 2), at(-1, 20, 5)
	say(closed, first, first)
	both := first
	both.Done, both.Errors = 20, 5
	say(closed, later, both)
	least := at(-9, 15, 4)
	want := least
	want.Done, want.Errors = 20, 5
	say(closed, least, want)
	answer(4, explore.Sums{Done: 1, Doubt: 1000, Errors: 1000})
	for range 2 {
		before := closed
		for range 2 { // two blocks
			answer(3, explore.Sums{Done: 7, Doubt: 8, Errors: 1, Stale: 1, StaleDoubt: 4})
		}
		dark += 2
		want.Doubt, want.Done, want.Errors = float64(dark)*8, int64(dark)*7, int64(answered-1)
		want.StaleDoubt, want.Answers, want.Stale = float64(dark)*4, int64(dark)*8, int64(dark)
		stop()
		is(want)
		for range 2 { // it misbehaved since then, by errors or otherwise
			answer(3, explore.Sums{Errors: 1})
			want.Errors++
			stop()
			is(want)
		}
		say(before, at(-99, 99, 99), want) // from a worker that does not know yet
		now = s.clock.Now()
		low := at(want.Doubt-5, want.Done+3, want.Errors+1)
		say(closed, low, low)
		say(before, at(-99, 99, 99), low)
		want = low
	}
	if k, err := s.Known(s.ctx(), job, 4, time.Time{}); err != nil || k.Watch != (explore.Watch{}) {
		t.Errorf("watch of another space %+v, %v; want none", k.Watch, err)
	}
	// The watch of a space that behaved as expected and was stopped for its errors starts again.
	stop()
	is(explore.Watch{})
	say(closed, at(3, 4, 5), at(3, 4, 5))
	// The watch of a running space stays when another space continues.
	if _, err := s.OpenCircuit(s.ctx(), job, 4, "dark"); err != nil {
		t.Error(err)
	}
	if _, err := s.CloseCircuits(s.ctx(), job); err != nil {
		t.Error(err)
	}
	is(at(3, 4, 5))
	_, err := s.Recount(s.ctx(), job, func(frontier.TaskInfo) *frontier.Explored { return nil })
	s.check(err)
	is(explore.Watch{})
}

// Answers are counted by space, including spaces that the job no longer has.
func testAnswers(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "c", "d"), 4)
	l := s.lease()
	batch := done(s.claim(l, job, 9, 4)...)
	for i := range batch {
		batch[i].Explored = probed(int64(i), 0)
		batch[i].Explored.Space = 5 + i/3
	}
	batch[2].State, batch[2].Records = seine.Error, nil
	batch[2].Explored = &frontier.Explored{Space: 5, Observation: explore.Observation{Block: 2, Sums: explore.Sums{Errors: 1}}}
	s.complete(l, job, batch, 4)
	if got, err := s.Answers(s.ctx(), job); err != nil || fmt.Sprint(got) != "map[5:2 6:1]" {
		t.Errorf("answers %v, %v; want 2 and 1", got, err)
	}
	if got, err := s.Blocks(s.ctx(), job, 5, time.Time{}); err != nil || got[2] != (explore.Sums{Errors: 1}) {
		t.Errorf("blocks %v, %v; want an error in 2", got, err)
	}
}

// A recount replaces the statistics by the contributions of the answered tasks. A block without
// contribution becomes 0, and readers of changes see it. The watch starts again.
func testRecount(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "c", "d", "e"), 5)
	l := s.lease()
	got := s.claim(l, job, 4, 4) // one stays unanswered
	batch := done(got[0], got[1])
	batch[0].Explored, batch[1].Explored = probed(7, 1), probed(9, 0)
	batch[0].Explored.Sums.Doubt, batch[0].Explored.Sums.Expected, batch[0].Explored.Sums.Wanted = -3, 0.25, 1
	batch[1].State, batch[1].Reason, batch[1].Records = seine.Skipped, "not wanted", nil
	s.complete(l, job, batch, 2)
	stale := failures(seine.Stale, time.Hour, got[2])
	stale[0].Mark, stale[0].Explored = frontier.Counted, probed(7, 0)
	s.fail(l, job, append(failures(seine.Error, time.Hour, got[3]), stale...))
	s.clock.Move(time.Minute)
	said := map[string]string{}
	n, err := s.Recount(s.ctx(), job, func(x frontier.TaskInfo) *frontier.Explored {
		said[x.Key] = fmt.Sprint(x.State, " ", x.Final, " ", x.Mark, " ", x.Attempt, " ", x.Reason)
		if x.Key == "a" {
			return nil
		}
		return probed(8, 1)
	})
	want := map[string]string{got[0].Key: "done true 0 1 ", got[1].Key: "skipped true 0 1 not wanted", got[2].Key: "stale false 2 1 boom"}
	if err != nil || n != 3 || fmt.Sprint(said) != fmt.Sprint(want) {
		t.Errorf("recounted %d, %v: %v; want %v", n, err, said, want)
	}
	k, err := s.Known(s.ctx(), job, 0, s.clock.Now())
	s.check(err)
	hits := int64(3)
	if _, there := said["a"]; there {
		hits--
	}
	if fmt.Sprint(k.Blocks) != fmt.Sprint(map[int64]explore.Sums{7: {Doubt: -3, Expected: 0.25}, 8: {Done: hits, Probes: hits, ProbeHits: hits}, 9: {}}) {
		t.Errorf("blocks %v; want %d hits in 8, nothing in 7 and 9", k.Blocks, hits)
	}
	steps, err := s.Steps(s.ctx(), job, 0)
	s.check(err)
	if p := steps[explore.Probes]; math.Abs(p.Trials-float64(hits)) > 1e-9 || p.Hits != p.Trials {
		t.Errorf("probes %+v; want %d of %d", p, hits, hits)
	}
}

// A worker whose next step belongs to another task learns so. Completions without a local search do
// not pay for that.
func testRefusedSteps(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "c", "d"), 4)
	l := s.lease()
	got := s.claim(l, job, 4, 4)
	batch := done(got[0], got[1])
	batch[0].Explored, batch[0].Follow = probed(1, 1), tasks("h:80", "new", "d")
	batch[1].Follow = tasks("h:80", "c", "other")
	out, err := s.Complete(s.ctx(), l, job, batch)
	s.check(err)
	if !slices.Contains(out.Refused, "d") || slices.Contains(out.Refused, "new") || slices.Contains(out.Refused, "other") {
		t.Errorf("refused %v; want d, and none that was new", out.Refused)
	}
	again := failures(seine.Error, time.Second, got[2])
	again[0].Explored, again[0].Follow = &frontier.Explored{}, tasks("h:80", "a", "newer")
	if out, err = s.Fail(s.ctx(), l, job, again); err != nil || fmt.Sprint(out.Refused) != "[a]" {
		t.Errorf("refused %v, %v; want a", out.Refused, err)
	}
	if c := s.counts(job); c.Total != 7 {
		t.Errorf("%d tasks; want 7", c.Total)
	}
}

// A requeued task remembers how its answer was counted.
func testRequeuedAnswers(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "done", "error", "skipped", "stale"), 4)
	l := s.lease()
	batch := done(s.claim(l, job, 9, 4)...)
	states := map[string]seine.State{"done": seine.Done, "error": seine.Error, "skipped": seine.Skipped, "stale": seine.Stale}
	for i := range batch {
		batch[i].State = states[batch[i].Key]
	}
	s.complete(l, job, batch, 4)
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "done", "error", "skipped", "stale")); err != nil || n != 4 {
		t.Fatalf("requeued %d, %v", n, err)
	}
	want := map[string]frontier.Mark{"done": frontier.Known, "error": frontier.Passed, "skipped": frontier.Counted, "stale": frontier.Passed}
	for _, c := range s.claim(l, job, 9, 4) {
		if c.Mark != want[c.Key] || c.Mark != frontier.MarkOf(states[c.Key]) {
			t.Errorf("%s is marked %d; want %d", c.Key, c.Mark, want[c.Key])
		}
	}
}
