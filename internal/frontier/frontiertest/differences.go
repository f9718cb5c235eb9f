package frontiertest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
)

// The drivers differed in these cases, and [Compare] found it.

// adoption is a task that another program finished.
func adoption(job frontier.JobID, seq int64, key string, state seine.State, records ...frontier.Record) frontier.Adoption {
	a := frontier.Adoption{Task: frontier.New{Key: key, Lane: "h:80"}, End: frontier.Completion{State: state, Records: records}}
	a.End.Job, a.End.Seq = job, seq
	return a
}

// No worker ended an adopted task, and it had no attempt, whatever happened before.
func testAdoptRequeued(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	s.complete(l, job, done(s.claim(l, job, 1, 1)...), 1)
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "a")); err != nil || n != 1 {
		t.Fatalf("requeued %d, %v; want 1", n, err)
	}
	out, err := s.Adopt(s.ctx(), job, []frontier.Adoption{adoption(job, 0, "a", seine.Error), adoption(job, 1, "new", seine.Done)})
	s.check(err)
	if out.Kept != 2 {
		t.Fatalf("adopted %+v; want both", out)
	}
	all, err := s.Tasks(s.ctx(), job, frontier.Filter{})
	s.check(err)
	for _, x := range all {
		if !x.Final || x.Worker != "" || x.Attempt != 0 {
			t.Errorf("task %+v; want no worker and no attempt", x)
		}
	}
}

// A task that is lost takes no record. A record that a task drops is still its own for the batch.
func testAdoptOwners(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "finished", "open"), 2)
	l := s.lease()
	both := done(s.claim(l, job, 2, 2)...)
	for i := range both {
		if both[i].Key == "open" {
			both[i].Records = append(both[i].Records, record("dropped", `{"n":1}`))
		}
	}
	s.complete(l, job, both, 2)
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "open")); err != nil || n != 1 {
		t.Fatalf("requeued %d, %v; want 1", n, err)
	}
	out, err := s.Adopt(s.ctx(), job, []frontier.Adoption{
		adoption(job, 0, "finished", seine.Done, record("free", `{"n":1}`)),
		adoption(job, 1, "first", seine.Done, record("free", `{"n":2}`)),
		adoption(job, 2, "open", seine.Done, record("open", `{"n":2}`)),
		adoption(job, 3, "second", seine.Done, record("dropped", `{"n":2}`)),
	})
	s.check(err)
	want := frontier.Outcome{
		Kept: 2, Lost: []int64{0}, Taken: map[int64]frontier.TakenKey{3: {Key: "dropped", Kind: "record", Owner: "open"}},
	}
	if d := cmp.Diff(want, out); d != "" {
		t.Errorf("outcome (-want +got):\n%s", d)
	}
	if got, want := s.stored(job), []string{`finished {"a":1}`, `free {"n":2}`, `open {"n":2}`}; !slices.Equal(got, want) {
		t.Errorf("records %q; want %q", got, want)
	}
}

// A replay is no attempt: it keeps no failed one.
func testReplayIsNoAttempt(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	end := done(s.claim(l, job, 1, 1)...)
	end[0].Recording = recorded("a", "pages/j/1", "a", s.clock.Now())
	s.complete(l, job, end, 1)
	s.clock.Move(time.Minute)
	batch := s.replayOf(job, "a")
	batch[0].State, batch[0].Reason, batch[0].Records = seine.Error, "broken", nil
	if out, err := s.Replay(s.ctx(), job, batch); err != nil || out.Kept != 1 {
		t.Fatalf("replayed %+v, %v; want the task", out, err)
	}
	failed, err := s.Attempts(s.ctx(), job, "a", 9)
	s.check(err)
	if len(failed) != 0 {
		t.Errorf("failed attempts %+v; want none", failed)
	}
}

// A sweep deleted a file, and a worker with an older claim may still find it in place. The seq of a
// replayed task is that of a task that was claimed later.
func testReplaySwept(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "old", "new"), 3)
	l := s.lease()
	first := s.claim(l, job, 1, 1)
	end := done(first...)
	end[0].Recording = recorded(first[0].Key, "pages/j/1", "a", s.clock.Now())
	s.complete(l, job, end, 1)
	s.claim(l, job, 1, 1)
	s.clock.Move(time.Second)
	s.check(s.EndSweep(s.ctx(), s.sweep([]string{"swept.png"}, "swept.png")))
	s.clock.Move(time.Second)
	later := s.claim(l, job, 1, 1)
	file := []frontier.Asset{{Key: first[0].Key, Stored: assetfile.Stored{Name: "front", Path: "swept.png", Bytes: 3, SHA256: []byte{1}}}}

	batch := s.replayOf(job, first[0].Key)
	batch[0].Seq, batch[0].Assets = later[0].Seq, file
	if out, err := s.Replay(s.ctx(), job, batch); err != nil || out.Kept != 0 || len(out.Lost) != 1 {
		t.Errorf("replayed %+v, %v; want the task lost", out, err)
	}
	a := adoption(job, later[0].Seq, "adopted", seine.Done, record("adopted", `{"n":1}`))
	a.End.Assets = slices.Clone(file)
	a.End.Assets[0].Key = "adopted"
	if out, err := s.Adopt(s.ctx(), job, []frontier.Adoption{a}); err != nil || out.Kept != 0 || len(out.Lost) != 1 {
		t.Errorf("adopted %+v, %v; want the task lost", out, err)
	}
}

// A sitemap that only itself listed is not read again if it does not any more.
func testListedItself(t *testing.T, s *suite) {
	const part = "https://h.example/part.xml" + frontier.SitemapMark
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", part), 2)
	l := s.lease()
	var end []frontier.Completion
	for _, c := range s.claim(l, job, 2, 2) {
		end = append(end, visited(c, `{}`, time.Hour))
	}
	s.complete(l, job, end, 2)
	s.read(job, part, 0, "a", part)
	s.clock.Move(time.Minute)
	s.read(job, part, 0, "a")
	s.clock.Move(2 * time.Hour)
	s.promote(1)
	if c := s.claim(l, job, 2, 1); c[0].Key != "a" {
		t.Errorf("claimed %s; want a", c[0].Key)
	}
}

// A record of a page that is gone is there if a later page of the batch brings it. Its earlier
// version keeps the time.
func testGoneAndBrought(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "before", "page", "after"), 3)
	l := s.lease()
	var end []frontier.Completion
	for _, c := range s.claim(l, job, 3, 3) {
		e := visited(c, `{"a":1}`, time.Hour)
		if c.Key == "page" {
			e.Records = append(e.Records, record("x", `{"n":1}`), record("y", `{"n":1}`))
		}
		end = append(end, e)
	}
	s.complete(l, job, end, 3)
	s.clock.Move(time.Hour)
	s.promote(3)
	byKey := map[string]frontier.Claimed{}
	for _, c := range s.claim(l, job, 3, 3) {
		byKey[c.Key] = c
	}
	merged := func(key, of, fields string) frontier.Completion {
		e := visited(byKey[key], `{"a":1}`, time.Hour)
		r := record(of, fields)
		r.Merge = true
		e.Records = append(e.Records, r)
		return e
	}
	gone := frontier.Completion{Claimed: byKey["page"], State: seine.Skipped, Reason: "HTTP 404", Gone: true, Visit: &frontier.Visit{Every: time.Hour, Next: time.Hour}}
	after := merged("after", "x", `{"n":2}`)
	after.History = true
	s.complete(l, job, []frontier.Completion{merged("before", "y", `{"n":2}`), gone, after}, 3)
	want := []string{`after v1 {"a":1}`, `before v1 {"a":1}`, `page v1 {"a":1} gone 0s`, `x v1 {"n":1} gone 0s superseded`, `x v2 {"n":2}`, `y v2 {"n":2} gone 0s`}
	if got := s.versions(job); !slices.Equal(got, want) {
		t.Errorf("versions %q; want %q", got, want)
	}
}
