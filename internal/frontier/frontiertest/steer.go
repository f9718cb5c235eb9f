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

// A changed pace holds at once, for hosts without a lane too, and outlives a registration.
func testTune(t *testing.T, s *suite) {
	slow := each(time.Hour)
	job := s.job("j", frontier.LanePace{Delay: slow, Inflight: 1})
	s.add(job, append(tasks("a:1", "a1", "a2", "a3"), tasks("b:1", "b1", "b2", "b3")...), 6)
	l := s.lease()
	s.complete(l, job, done(s.claim(l, job, 9, 2)...), 2)
	s.claim(l, job, 9, 0)
	second, half := each(time.Second), each(time.Second/2)
	s.check(s.Tune(s.ctx(), job, "", frontier.Tuning{Delay: &second}))
	s.check(s.Tune(s.ctx(), job, "b:1", frontier.Tuning{Delay: &half, Concurrency: 8}))
	s.check(s.Tune(s.ctx(), job, "c:1", frontier.Tuning{Delay: &half, Concurrency: 8}))
	s.job("j", frontier.LanePace{Delay: slow, Inflight: 1}) // as a worker does that starts
	s.add(job, append(tasks("c:1", "c1", "c2"), tasks("d:1", "d1", "d2")...), 4)
	s.clock.Move(time.Hour)
	apart := map[string]time.Duration{}
	var last = map[string]time.Time{}
	for len(last) < 10 && s.counts(job).Open > 0 {
		got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 9})
		s.check(err)
		for _, c := range got {
			if at, ok := last[c.LaneKey]; ok {
				apart[c.LaneKey] = c.StartAt.Sub(at)
			}
			last[c.LaneKey] = c.StartAt
		}
		s.complete(l, job, done(got...), len(got))
		s.clock.Move(100 * time.Millisecond)
	}
	want := map[string]time.Duration{"a:1": time.Second, "b:1": time.Second / 2, "c:1": time.Second / 2, "d:1": time.Second}
	if d := cmp.Diff(want, apart); d != "" {
		t.Errorf("times between starts (-want +got):\n%s", d)
	}
	got, err := s.Tunings(s.ctx(), job)
	s.check(err)
	if d := cmp.Diff(frontier.Tunings{{Delay: &second}, {Host: "b:1", Delay: &half, Concurrency: 8}, {Host: "c:1", Delay: &half, Concurrency: 8}}, got); d != "" {
		t.Errorf("tunings (-want +got):\n%s", d)
	}
	s.check(s.Tune(s.ctx(), job, "", frontier.Tuning{}))
	s.add(job, tasks("a:1", "a4", "a5"), 2)
	s.clock.Move(time.Hour)
	if c := s.claim(l, job, 1, 1); c[0].LaneKey != "a:1" {
		t.Fatalf("claimed %+v", c)
	}
	if wait, ok, err := s.Due(s.ctx(), []frontier.JobID{job}); err != nil || ok {
		t.Errorf("with the pace of the job file the next start is due in %v, %v, %v; want none, because the slot is taken", wait, ok, err)
	}
	for _, bad := range []frontier.Tuning{
		{Delay: &seine.Span{Min: 2, Max: 1}}, {Delay: &seine.Span{Min: -1}}, {Concurrency: -1}, {Limit: &seine.Limit{Tasks: -1}}, {Host: "a:1", Limit: &seine.Limit{Tasks: 1}},
		{Host: frontier.AssetLane("a:1"), Concurrency: 2},
	} {
		if err := s.Tune(s.ctx(), job, bad.Host, bad); !errors.Is(err, frontier.ErrTuning) {
			t.Errorf("%+v: %v; want %v", bad, err, frontier.ErrTuning)
		}
	}
	if err := s.Tune(s.ctx(), job+99, "", frontier.Tuning{Concurrency: 1}); !errors.Is(err, frontier.ErrNoJob) {
		t.Errorf("a job that is not there: %v", err)
	}
}

// A host of a job without a pace gets a lane that keeps its pace.
func testTuneShards(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("shard/00", "a"), 1)
	second := each(time.Second)
	s.check(s.Tune(s.ctx(), job, "h:80", frontier.Tuning{Delay: &second}))
	hosts, err := s.Unhealthy(s.ctx(), job)
	if err != nil || len(hosts) != 1 || hosts[0] != "h:80" {
		t.Errorf("hosts with lanes of their own %v, %v; want h:80", hosts, err)
	}
}

// Open tasks are dropped and can be requeued. Tasks in progress stay.
func testDrop(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, append(tasks("a:1", keysOf(25)...), tasks("b:1", "b1", "b2", "b3")...), 28)
	l := s.lease()
	held := s.claim(l, job, 4, 4)
	s.fail(l, job, failures(seine.Error, time.Hour, held[0]))
	s.complete(l, job, done(held[1]), 1)
	_, err := s.Retry(s.ctx(), job, []frontier.New{{Key: held[1].Key, Lane: "a:1", Priority: 1}})
	s.check(err)
	all := frontier.Filter{Host: "a:1"}
	if n, err := s.Count(s.ctx(), job, all.Waiting()); err != nil || n != 23 {
		t.Errorf("%d tasks match, %v; want 23", n, err)
	}
	steps := 0
	total, after := 0, int64(0)
	for {
		step, err := s.Drop(s.ctx(), job, all, after, 10)
		s.check(err)
		total, steps = total+step.Changed, steps+1
		if after = step.Next; after == 0 {
			break
		}
	}
	if total != 23 || steps != 3 {
		t.Errorf("dropped %d tasks in %d steps; want 23 in 3", total, steps)
	}
	c := s.counts(job)
	if c.Final[seine.Skipped] != 22 || c.Final[seine.Done] != 1 || c.Open != 5 {
		t.Errorf("counts %+v; want 22 skipped, 1 done as before, 5 open", c)
	}
	if n, err := s.Count(s.ctx(), job, frontier.Filter{States: []seine.State{seine.Skipped}, Reason: frontier.WhyDropped}); err != nil || n != 22 {
		t.Errorf("%d tasks are dropped, %v; want 22", n, err)
	}
	got := s.claim(l, job, 50, 3)
	for _, g := range got {
		if g.LaneKey != "b:1" {
			t.Errorf("claimed %s, which was dropped", g.Key)
		}
	}
	s.complete(l, job, done(append(got, held[2:]...)...), 5)
	list, err := s.Tasks(s.ctx(), job, frontier.Filter{States: []seine.State{seine.Skipped}, Limit: 1})
	s.check(err)
	n, err := s.Retry(s.ctx(), job, []frontier.New{{Key: list[0].Key, Lane: "a:1", Priority: 1}})
	if err != nil || n != 1 {
		t.Errorf("requeued %d, %v", n, err)
	}
	s.claim(l, job, 50, 1)
	if n, err := s.Drop(s.ctx(), job, frontier.Filter{}, 0, 10); err != nil || n.Changed != 0 {
		t.Errorf("dropped %+v of nothing that waits, %v", n, err)
	}
}

// Another priority holds at once, up and down.
func testPrioritize(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Inflight: 100})
	s.add(job, append(tasks("a:1", "a1", "a2"), tasks("b:1", "b1", "b2")...), 4)
	l := s.lease()
	n, err := frontier.PrioritizeAll(s.ctx(), s, job, frontier.Filter{Keys: []string{"b2"}}, 0, nil)
	if err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	if c := s.claim(l, job, 1, 1); c[0].Key != "b2" || c[0].Priority != 0 {
		t.Errorf("claimed %s of priority %d; want b2 of 0", c[0].Key, c[0].Priority)
	}
	n, err = frontier.PrioritizeAll(s.ctx(), s, job, frontier.Filter{Host: "a:1"}, 3, nil)
	if err != nil || n != 2 {
		t.Fatalf("%d, %v", n, err)
	}
	var order string
	for range 3 {
		order += s.claim(l, job, 1, 1)[0].Key + " "
	}
	if order != "b1 a1 a2 " {
		t.Errorf("claimed %s; want b1 a1 a2", order)
	}
}

// Counts equal the length of lists.
func testCount(t *testing.T, s *suite) {
	job := s.job("j", fast())
	var add []frontier.New
	for i, k := range keysOf(30) {
		add = append(add, frontier.New{Key: k, Lane: fmt.Sprintf("h%d:80", i%3), Priority: 1, Page: []string{"", "item"}[i%2]})
	}
	s.add(job, add, 30)
	l := s.lease()
	got := s.claim(l, job, 12, 12)
	s.complete(l, job, done(got[:3]...), 3)
	s.fail(l, job, failures(seine.Error, time.Hour, got[3:6]...))
	var ends []frontier.Completion
	for _, c := range got[6:9] {
		ends = append(ends, frontier.Completion{Claimed: c, State: seine.Stale, Reason: "no title"})
	}
	s.complete(l, job, ends, 3)
	for _, by := range []frontier.Filter{
		{}, {States: []seine.State{seine.Error}}, {States: []seine.State{seine.Done, seine.InProgress}}, {Reason: "boo"}, {Reason: "title"}, {Host: "h1:80"}, {Page: "item"},
		{Page: "item", States: []seine.State{seine.Done}}, {Keys: []string{"k00001", "k00029", "none"}}, {Before: s.clock.Now().Add(time.Hour)},
		{Part: frontier.OpenTasks}, {Part: frontier.FinalTasks}, frontier.Filter{}.Waiting(), frontier.Filter{}.Requeued(),
		frontier.Filter{States: []seine.State{seine.InProgress}}.Waiting(), frontier.Filter{States: []seine.State{seine.Pending}}.Requeued(),
	} {
		list, err := s.Tasks(s.ctx(), job, by)
		s.check(err)
		if n, err := s.Count(s.ctx(), job, by); err != nil || n != int64(len(list)) {
			t.Errorf("%+v: counted %d, %v; the list has %d", by, n, err, len(list))
		}
	}
}

// A worker is asked to stop, and learns of changed paces.
func testOrders(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("a:1", "a1", "a2"), 2)
	l, err := s.OpenLease(s.ctx(), "w1", time.Minute)
	s.check(err)
	other, err := s.OpenLease(s.ctx(), "w2", time.Minute)
	s.check(err)
	s.check(s.Heartbeat(s.ctx(), l, map[frontier.JobID]float64{job: 1.5}))
	s.claim(l, job, 2, 2)
	if n, err := s.StopWorker(s.ctx(), "w1"); err != nil || n != 1 {
		t.Errorf("stopped %d sessions, %v; want 1", n, err)
	}
	if n, err := s.StopWorker(s.ctx(), "w3"); err != nil || n != 0 {
		t.Errorf("stopped %d sessions of no worker, %v", n, err)
	}
	s.check(s.Tune(s.ctx(), job, "", frontier.Tuning{Limit: &seine.Limit{Tasks: 5}}))
	for lease, want := range map[frontier.Lease]bool{l: true, other: false, {Token: 1}: false} {
		o, err := s.Orders(s.ctx(), lease, []frontier.JobID{job, job + 1})
		if err != nil || o.Stop != want || o.Tunings[job].Limit(seine.Limit{Yield: 2}) != (seine.Limit{Tasks: 5, Yield: 2}) || len(o.Tunings) != 1 {
			t.Errorf("orders %+v, %v; want stop %v and the limit", o, err, want)
		}
	}
	workers, err := s.Workers(s.ctx())
	s.check(err)
	at := s.clock.Now().Add(time.Minute)
	want := []frontier.WorkerStatus{
		{Worker: "w1", ExpiresAt: at, Rates: map[frontier.JobID]float64{job: 1.5}, Tasks: 2, Stopping: true},
		{Worker: "w2", ExpiresAt: at, Rates: map[frontier.JobID]float64{}},
	}
	if d := cmp.Diff(want, workers); d != "" {
		t.Errorf("workers (-want +got):\n%s", d)
	}
	s.clock.Move(2 * time.Minute)
	if workers, err := s.Workers(s.ctx()); err != nil || len(workers) != 0 {
		t.Errorf("workers %v, %v; want none, because their leases expired", workers, err)
	}
}

// Changes are listed, the newest first, with texts of any kind.
func testChanges(t *testing.T, s *suite) {
	a, b := s.job("a", fast()), s.job("b", fast())
	for i, job := range []frontier.JobID{a, b, a, 0, a} {
		s.check(s.Note(s.ctx(), frontier.Change{Job: job, Who: "me", What: fmt.Sprintf("%d \x00\xff", i)}))
		s.clock.Move(time.Second)
	}
	at := s.clock.Now()
	all, err := s.Changes(s.ctx(), 0, 0, 10)
	s.check(err)
	own, err := s.Changes(s.ctx(), a, 0, 2)
	s.check(err)
	if len(all) != 5 || len(own) != 2 || own[0].What != "4 \uFFFD\uFFFD" || !own[0].At.Equal(at.Add(-time.Second)) || own[0].Who != "me" || own[1].What[0] != '2' {
		t.Fatalf("changes %+v, of one job %+v", all, own)
	}
	rest, err := s.Changes(s.ctx(), a, own[1].ID, 10)
	if err != nil || len(rest) != 1 || rest[0].What[0] != '0' {
		t.Errorf("before them %+v, %v", rest, err)
	}
	s.check(s.Tend(s.ctx()))
	if again, err := s.Changes(s.ctx(), 0, 0, 10); err != nil || len(again) != 5 {
		t.Errorf("after tending %d changes, %v", len(again), err)
	}
}

// Counters are kept by minute and hour, in bounded space.
func testMoments(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.job("idle", fast())
	s.add(job, tasks("a:1", keysOf(40)...), 40)
	l := s.lease()
	s.check(s.Heartbeat(s.ctx(), l, map[frontier.JobID]float64{job: 1}))
	began := s.clock.Now()
	for range 3 {
		s.check(s.Sample(s.ctx()))
		s.complete(l, job, done(s.claim(l, job, 10, 10)...), 10)
		s.clock.Move(30 * time.Second)
		s.check(s.Sample(s.ctx())) // of the same minute
		s.clock.Move(30 * time.Second)
		s.check(s.Heartbeat(s.ctx(), l, map[frontier.JobID]float64{job: 1}))
	}
	read := func(step time.Duration) []frontier.Moment {
		t.Helper()
		got, err := s.History(s.ctx(), job, step, began)
		s.check(err)
		return got
	}
	want := []frontier.Moment{
		{At: began, Open: 40, Workers: 1}, {At: began.Add(time.Minute), Done: 10, Open: 30, Records: 10, Workers: 1},
		{At: began.Add(2 * time.Minute), Done: 20, Open: 20, Records: 20, Workers: 1},
	}
	if d := cmp.Diff(want, read(time.Minute)); d != "" {
		t.Errorf("minutes (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want[:1], read(time.Hour)); d != "" {
		t.Errorf("hours (-want +got):\n%s", d)
	}
	rates := frontier.Rates(read(time.Minute), time.Minute)
	if len(rates) != 2 || rates[0].Done != 10 || !rates[0].At.Equal(began) {
		t.Errorf("rates %+v", rates)
	}
	// Nothing changes and nobody works: one more row, and then none.
	s.clock.Move(time.Hour)
	for range 5 {
		s.clock.Move(time.Minute)
		s.check(s.Sample(s.ctx()))
	}
	if got := read(time.Minute); len(got) != 4 || got[3].Done != 30 {
		t.Errorf("%d samples, the last %+v; want 4", len(got), got[len(got)-1])
	}
	s.clock.Move(frontier.KeptMinutes)
	s.check(s.Sample(s.ctx()))
	if n := len(read(time.Minute)); n != 0 {
		t.Errorf("%d samples of minutes after %v", n, frontier.KeptMinutes)
	}
	if n := len(read(time.Hour)); n != 2 {
		t.Errorf("%d samples of hours; want 2", n)
	}
	s.clock.Move(frontier.KeptHours)
	s.check(s.Sample(s.ctx()))
	if n := len(read(time.Hour)); n != 0 {
		t.Errorf("%d samples of hours after %v", n, frontier.KeptHours)
	}
}
