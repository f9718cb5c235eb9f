package frontiertest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// recorded returns the index row of a recording of a key.
func recorded(key, segment, sum string, at time.Time) *frontier.Recording {
	return &frontier.Recording{
		Key: key, At: at, Head: frontier.Frame{Segment: segment, Pos: 7, Bytes: 5}, Body: frontier.Frame{Segment: segment, Pos: 12, Bytes: 30},
		SHA256: []byte(sum), Size: 90, Digest: []byte{1},
	}
}

// replayOf returns a replay of the finished tasks with these keys.
func (s *suite) replayOf(job frontier.JobID, keys ...string) (out []frontier.Completion) {
	s.Helper()
	all, err := s.Tasks(s.ctx(), job, frontier.Filter{Keys: keys})
	s.check(err)
	for i, x := range all {
		out = append(out, frontier.Completion{
			Claimed: frontier.Claimed{Job: job, Seq: int64(i), Key: x.Key, Page: x.Page, Attempt: x.Attempt, Owed: []byte(`{}`)}, State: seine.Done, Replayed: x.UpdatedAt,
		})
	}
	return out
}

func testRecordings(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "c"), 3)
	l := s.lease()
	at := time.Date(2030, 1, 1, 0, 0, 0, 1000, time.UTC)
	batch := done(s.claim(l, job, 3, 3)...)
	slices.SortFunc(batch, func(a, b frontier.Completion) int { return int(a.Seq - b.Seq) })
	a, b := recorded(batch[0].Key, "pages/j/1", "x", at), recorded(batch[1].Key, "pages/j/2", "x", at)
	b.Body = a.Body // an equal content
	batch[0].Recording, batch[1].Recording = a, b
	s.complete(l, job, batch, 3)

	got, err := s.Recorded(s.ctx(), job, []string{"a", "b", "c", "d"})
	s.check(err)
	if d := cmp.Diff(map[string]frontier.Recording{"a": *a, "b": *b}, got); d != "" {
		t.Errorf("recordings (-want +got):\n%s", d)
	}
	bodies, err := s.Bodies(s.ctx(), job, [][]byte{[]byte("x"), []byte("y")})
	s.check(err)
	if d := cmp.Diff(map[string]frontier.Frame{"x": a.Body}, bodies); d != "" {
		t.Errorf("bodies (-want +got):\n%s", d)
	}
	for _, sum := range []string{"x", "y"} { // one alone
		one, err := s.Bodies(s.ctx(), job, [][]byte{[]byte(sum)})
		s.check(err)
		if want := (sum == "x"); one[sum] != bodies[sum] || (len(one) == 1) != want {
			t.Errorf("the body of %s alone is %v; want %v", sum, one, bodies[sum])
		}
	}

	// A later visit has a recording of its own.
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "a")); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	again := done(s.claim(l, job, 1, 1)...)
	again[0].Recording = recorded("a", "pages/j/3", "z", at.Add(time.Hour))
	s.complete(l, job, again, 1)
	if got, err = s.Recorded(s.ctx(), job, []string{"a"}); err != nil || got["a"].Head.Segment != "pages/j/3" {
		t.Errorf("the latest recording is %v, %v; want the one in pages/j/3", got["a"], err)
	}
	var all []string
	s.check(s.Recordings(s.ctx(), job, func(r frontier.Recording) error {
		all = append(all, r.Key+" "+r.Head.Segment)
		return nil
	}))
	if want := []string{"a pages/j/1", "a pages/j/3", "b pages/j/2"}; !slices.Equal(all, want) {
		t.Errorf("recordings %q; want %q", all, want)
	}

	// A record names the content that it was made of, and none that was fetched at another time.
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "a", "b")); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	last := done(s.claim(l, job, 2, 2)...)
	slices.SortFunc(last, func(a, b frontier.Completion) int { return int(a.Seq - b.Seq) })
	for i, c := range last {
		of := func(key string, at time.Time) frontier.Record {
			return frontier.Record{Key: key, Kind: "record", Fields: []byte(`{}`), FetchedAt: at}
		}
		later := at.Add(2 * time.Hour)
		last[i].Recording = recorded(c.Key, "pages/j/3", "later"+c.Key, later)
		last[i].Records = []frontier.Record{of(c.Key, later), of(c.Key+"-item", later), of(c.Key+"-old", at.Add(time.Minute))}
	}
	s.complete(l, job, last, 2)
	want := []string{"a: latera", "a-item: latera", "a-old: ", "b: laterb", "b-item: laterb", "b-old: ", "c: "}
	for name, read := range map[string]func(context.Context, frontier.JobID, func(frontier.Stored) error) error{
		"records": s.Records, "snapshot": s.Snapshot, "versions": s.Versions,
	} {
		var made []string
		s.check(read(s.ctx(), job, func(r frontier.Stored) error {
			made = append(made, r.Key+": "+string(r.Recording))
			return nil
		}))
		if !slices.Equal(made, want) {
			t.Errorf("%s are made of %q; want %q", name, made, want)
		}
	}

	// A sweep leaves the segments that a row names, as a head or as a body.
	s.check(s.EndSweep(s.ctx(), s.sweep([]string{"pages/j/4"}, "pages/j/1", "pages/j/2", "pages/j/3", "pages/j/4")))
}

// No row comes to name a segment that a sweep deletes.
func testRecordingSwept(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	c := s.claim(l, job, 1, 1)
	sweep := s.sweep([]string{"pages/j/1"}, "pages/j/1")
	batch := done(c...)
	batch[0].Recording = recorded("a", "pages/j/1", "x", s.clock.Now())
	s.complete(l, job, batch, 0)
	s.check(s.EndSweep(s.ctx(), sweep))
	s.clock.Move(time.Second)
	batch = done(s.claim(l, job, 1, 1)...)
	batch[0].Recording = recorded("a", "pages/j/1", "x", s.clock.Now())
	s.complete(l, job, batch, 1)
}

func testReplay(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "c", "open"), 4)
	l := s.lease()
	held := s.claim(l, job, 4, 4)
	var ends []frontier.Completion
	for _, c := range held {
		one := done(c)[0]
		switch c.Key {
		case "open":
			continue
		case "b":
			one = frontier.Completion{Claimed: c, State: seine.Skipped, Reason: "no such id"}
		}
		one.Recording = recorded(c.Key, "pages/j/1", c.Key, s.clock.Now())
		ends = append(ends, one)
	}
	s.complete(l, job, ends, 3)
	before, err := s.Status(s.ctx(), job)
	s.check(err)
	s.clock.Move(time.Minute)

	batch := s.replayOf(job, "a", "b", "c", "open")
	if len(batch) != 4 {
		t.Fatalf("%d tasks; want 4", len(batch))
	}
	for i := range batch {
		c := &batch[i]
		switch c.Key {
		case "a": // other fields, a new link, and judged by other rules
			c.Records = []frontier.Record{record("a", `{"a":2}`)}
			c.Follow = tasks("h:80", "new", "b")
			c.Recording = recorded("a", "pages/j/1", "a", s.clock.Now().Add(-time.Minute))
			c.Recording.Digest = []byte{2}
		case "b": // wanted
			c.Records = []frontier.Record{record("b", `{"a":3}`)}
		case "c": // no longer wanted
			c.State, c.Reason = seine.Skipped, "sold"
		}
	}
	out, err := s.Replay(s.ctx(), job, batch)
	s.check(err)
	if out.Kept != 3 || len(out.Lost) != 1 {
		t.Errorf("replayed %d, lost %v; want 3, and the open task lost", out.Kept, out.Lost)
	}
	// A second replay that read the tasks before the first one is lost.
	if again, err := s.Replay(s.ctx(), job, batch); err != nil || again.Kept != 0 {
		t.Errorf("an old replay stored %d tasks, %v; want none", again.Kept, err)
	}
	if got, want := s.stored(job), []string{`a {"a":2}`, `b {"a":3}`}; !slices.Equal(got, want) {
		t.Errorf("records %q; want %q", got, want)
	}
	after, err := s.Status(s.ctx(), job)
	s.check(err)
	want := map[seine.State]int64{
		seine.Pending: 1, seine.InProgress: before.States[seine.InProgress], seine.Done: 2, seine.Skipped: 1, seine.Stale: 0, seine.Error: 0,
	}
	if d := cmp.Diff(want, after.States); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
	got, err := s.Recorded(s.ctx(), job, []string{"a"})
	s.check(err)
	if !slices.Equal(got["a"].Digest, []byte{2}) {
		t.Errorf("the digest is %v; want that of the rules that judged last", got["a"].Digest)
	}
	if n, err := s.InProgress(s.ctx(), job, ""); err != nil || n != 1 {
		t.Errorf("%d tasks in progress, %v; want 1: lanes stay as they are", n, err)
	}
	owned, err := s.RecordsOf(s.ctx(), job, []string{"a", "b"})
	s.check(err)
	if len(owned) != 2 || owned[0].Key != "a" || owned[1].Key != "b" {
		t.Errorf("records of the tasks: %v; want a and b", owned)
	}
}
