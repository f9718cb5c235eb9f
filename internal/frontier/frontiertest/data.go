package frontiertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
)

// stored lists the records as "key fields asset-names".
func (s *suite) stored(job frontier.JobID) []string {
	s.Helper()
	var out []string
	s.check(s.Records(s.ctx(), job, func(r frontier.Stored) error {
		var fields any
		if err := json.Unmarshal(r.Fields, &fields); err != nil {
			return err
		}
		flat, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		line := r.Key + " " + string(flat)
		for _, a := range r.Assets {
			line += " " + a.Name + "=" + a.Path
		}
		out = append(out, line)
		return nil
	}))
	return out
}

func testBadRecord(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", keysOf(10)...), 10)
	l := s.lease()
	got := s.claim(l, job, 10, 10)
	batch := done(got...)
	batch[4].Records[0].Fields = []byte(`{"a":`) // invalid JSON
	out, err := s.Complete(s.ctx(), l, job, batch)
	s.check(err)
	if out.Kept != 9 || len(out.Bad) != 1 || out.Bad[got[4].Seq] == nil || len(out.Lost) != 0 {
		t.Fatalf("outcome %+v; want 9 kept and the bad one named", out)
	}
	// The bad task is still the lease's, so it can fail with its reason.
	s.fail(l, job, failures(seine.Error, time.Second, got[4]))
	if c := s.counts(job); c.Final[seine.Done] != 9 || c.Records != 9 {
		t.Errorf("counts %+v; want 9 done", c)
	}
}

func testClean(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	batch := done(s.claim(l, job, 1, 1)...)
	batch[0].Records[0].Fields = []byte("{\"nul\":\"a\\u0000b\",\"bytes\":\"\xff\xfe\",\"half\":\"\\ud800\",\"fine\":\"\\u00e9\"}")
	batch[0].Records[0].URL = "http://a.example/\x00\xff"
	batch[0].Reason = "bad \xff\x00 reason " + strings.Repeat("é", 300)
	batch[0].State = seine.Skipped
	s.complete(l, job, batch, 1)
	want := []string{`a {"bytes":"` + "\uFFFD" + `","fine":"é","half":"` + "\uFFFD" + `","nul":"a` + "\uFFFD" + `b"}`}
	if got := s.stored(job); !slices.Equal(got, want) {
		t.Errorf("stored %q; want %q", got, want)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if len(st.Reasons) != 1 || !strings.HasPrefix(st.Reasons[0].Reason, "bad \uFFFD\uFFFD reason é") || len(st.Reasons[0].Reason) > 200 {
		t.Errorf("reasons %+v", st.Reasons)
	}
}

func testFollow(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b"), 2)
	l := s.lease()
	batch := done(s.claim(l, job, 9, 2)...)
	batch[0].Follow = append(tasks("i:80", "c", "a"), tasks("h:80", "d")...)
	batch[1].Follow = tasks("i:80", "c", "b")
	s.complete(l, job, batch, 2)
	if c := s.counts(job); c.Total != 4 || c.Open != 2 {
		t.Errorf("counts %+v; want 2 follow-ups open", c)
	}
	got := s.claim(l, job, 9, 2)
	s.complete(l, job, done(got...), 2)
}

func testRecords(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "b", "a", "c"), 3)
	l := s.lease()
	for _, c := range s.claim(l, job, 9, 3) {
		batch := done(c)
		batch[0].Assets = []frontier.Asset{
			{Key: c.Key, Stored: assetfile.Stored{Name: "front", Path: "p/" + c.Key + "_front.png", Bytes: 7, SHA256: []byte("sum"), Width: 3, Height: 4, URL: "u", OriginalBytes: 9, OriginalSHA256: []byte("old")}},
			{Key: c.Key, Stored: assetfile.Stored{Name: "back", Path: "p/" + c.Key + "_back.pdf", Bytes: 8, SHA256: []byte("sum"), URL: "u"}},
		}
		batch[0].Records = append(batch[0].Records, record("shared", fmt.Sprintf(`{"by":%q}`, c.Key)))
		batch[0].Records[1].Merge = true
		s.complete(l, job, batch, 1)
	}
	got := s.stored(job)
	if len(got) != 4 || got[0] != `a {"a":1} back=p/a_back.pdf front=p/a_front.png` || !strings.HasPrefix(got[3], `shared {"by":`) {
		t.Errorf("stored %q", got)
	}
	if c := s.counts(job); c.Records != 4 || c.Assets != 6 {
		t.Errorf("%d records, %d assets by the counters; want 4, 6", c.Records, c.Assets)
	}
	s.check(s.Records(s.ctx(), job, func(r frontier.Stored) error {
		if r.Key == "a" {
			a := r.Assets[1]
			if a.Bytes != 7 || string(a.SHA256) != "sum" || a.Width != 3 || a.Height != 4 || a.OriginalBytes != 9 || string(a.OriginalSHA256) != "old" {
				t.Errorf("asset %+v", a)
			}
			if r.URL != "http://a.example/a" || r.Kind != "record" || !r.FetchedAt.Equal(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)) {
				t.Errorf("record %+v", r.Record)
			}
		}
		return nil
	}))
	// The task is done again with other fields, which replace the first ones.
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "a")); err != nil || n != 1 {
		t.Fatalf("sent %d back, %v", n, err)
	}
	batch := done(s.claim(l, job, 9, 1)...)
	batch[0].Records[0].Fields = []byte(`{"a":2}`)
	batch[0].Assets = []frontier.Asset{{Key: "a", Stored: assetfile.Stored{Name: "front", Path: "p/a_front.png", Bytes: 7, SHA256: []byte("sum"), URL: "u"}}}
	batch[0].Records = append(batch[0].Records, record("shared", `{"by":"a"}`))
	batch[0].Records[1].Merge = true
	s.complete(l, job, batch, 1)
	if got := s.stored(job); got[0] != `a {"a":2} front=p/a_front.png` {
		t.Errorf("stored %q; want it replaced, without the file it no longer brings", got[0])
	}
	if c := s.counts(job); c.Records != 4 {
		t.Errorf("%d records by the counters; want 4", c.Records)
	}
}

func testCounters(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", keysOf(12)...), 12)
	l := s.lease()
	got := s.claim(l, job, 12, 12)
	s.complete(l, job, done(got[:3]...), 3)
	end := done(got[3], got[4])
	end[0].State, end[0].Reason, end[0].Records = seine.Skipped, "not wanted", nil
	end[1].State, end[1].Reason, end[1].Records = seine.Error, "HTTP 500", nil
	s.complete(l, job, end, 2)
	s.fail(l, job, failures(seine.Error, time.Hour, got[5], got[6]))
	_, err := s.Release(s.ctx(), l, got[7:9])
	s.check(err)
	s.check(s.Fold(s.ctx()))
	// A worker of another job does not count here.
	s.check(s.Heartbeat(s.ctx(), l, map[frontier.JobID]float64{job: 1.5}))
	s.check(s.Heartbeat(s.ctx(), s.lease(), map[frontier.JobID]float64{job + 1: 3}))
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if st.Workers != 1 || st.Rate != 1.5 {
		t.Errorf("%d workers at %v a second; want 1 at 1.5", st.Workers, st.Rate)
	}
	want := map[seine.State]int64{seine.Pending: 2, seine.InProgress: 3, seine.Done: 3, seine.Skipped: 1, seine.Error: 3, seine.Stale: 0}
	for state, n := range want {
		if st.States[state] != n {
			t.Errorf("%d tasks %s; want %d", st.States[state], state, n)
		}
	}
	s.clock.Move(2 * time.Minute)
	if back, _ := s.rescueAll(); back != 3 {
		t.Errorf("rescued %d; want 3", back)
	}
	s.clock.Move(time.Hour)
	_, err = s.Promote(s.ctx(), 100)
	s.check(err)
	l = s.lease()
	s.complete(l, job, done(s.claim(l, job, 20, 7)...), 7)
	s.check(s.Fold(s.ctx()))
	st, err = s.Status(s.ctx(), job)
	s.check(err)
	if st.Open != 0 || st.States[seine.InProgress] != 0 || st.States[seine.Done] != 10 || st.Total != 12 || len(st.Hosts) != 0 {
		t.Errorf("status %+v; want all finished", st)
	}
}

func testSpace(t *testing.T, s *suite) {
	job := s.job("j", fast())
	admit := func(id int64) (frontier.New, error) {
		return frontier.New{Key: fmt.Sprint(id), Lane: "h:80", Priority: 1}, nil
	}
	s.check(s.SetSpace(s.ctx(), job, 10, 34))
	s.check(s.SetSpace(s.ctx(), job, 10, 34))
	if c := s.counts(job); c.Unseen != 25 {
		t.Errorf("%d ids unseen; want 25", c.Unseen)
	}
	s.add(job, tasks("h:80", "12"), 1) // a known ID is not enumerated again
	l := s.lease()
	seen := map[string]int{}
	for _, c := range s.claim(l, job, 100, 1) {
		seen[c.Key]++
		s.complete(l, job, done(c), 1)
	}
	for range 10 {
		taken, left, err := s.Fill(s.ctx(), job, 10, admit)
		s.check(err)
		if taken > 0 {
			// As long as a task is ready, no ID is admitted.
			if again, _, err := s.Fill(s.ctx(), job, 10, admit); err != nil || again != 0 {
				t.Fatalf("took %d more ids, %v, while tasks were ready", again, err)
			}
		}
		got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 100})
		s.check(err)
		for _, c := range got {
			seen[c.Key]++
		}
		s.complete(l, job, done(got...), len(got))
		// Another claim parks the lane.
		s.claim(l, job, 1, 0)
		if !left {
			break
		}
	}
	if len(seen) != 25 {
		t.Errorf("%d ids; want 25", len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("id %s was claimed %d times", id, n)
		}
	}
	if c := s.counts(job); c.Unseen != 0 || c.Open != 0 {
		t.Errorf("counts %+v at the end", c)
	}
	// A changed range replaces the old one. IDs that the old one enumerated are not enumerated
	// again.
	for _, r := range []struct{ from, to, unseen int64 }{{10, 44, 10}, {10, 40, 6}, {20, 36, 2}, {5, 36, 32}, {100, 109, 10}} {
		s.check(s.SetSpace(s.ctx(), job, r.from, r.to))
		if c := s.counts(job); c.Unseen != r.unseen {
			t.Errorf("ids %d to %d: %d unseen; want %d", r.from, r.to, c.Unseen, r.unseen)
		}
	}
}

func testRequeue(t *testing.T, s *suite) {
	job := s.job("j", fast())
	all := tasks("h:80", "done", "wait", "open")
	for i := range all {
		all[i].Meta = []byte(`{"set": "` + all[i].Key + `"}`)
	}
	s.add(job, all, 3)
	l := s.lease()
	for _, c := range s.claim(l, job, 9, 3) {
		switch c.Key {
		case "done":
			s.complete(l, job, done(c), 1)
		case "wait":
			s.fail(l, job, failures(seine.Error, time.Hour, c))
		default:
			_, err := s.Release(s.ctx(), l, []frontier.Claimed{c})
			s.check(err)
		}
	}
	n, err := s.Retry(s.ctx(), job, append(tasks("h:80", "wait", "open", "unknown"), tasks("elsewhere:80", "done")...))
	s.check(err)
	if n != 2 {
		t.Errorf("sent %d back; want the finished and the waiting one", n)
	}
	if c := s.counts(job); c.Open != 3 || c.Final[seine.Done] != 0 || c.Total != 3 {
		t.Errorf("counts %+v; want 3 open", c)
	}
	got := s.claim(l, job, 9, 3)
	for _, c := range got {
		if c.Attempt != 1 {
			t.Errorf("%s: attempt %d; want 1", c.Key, c.Attempt)
		}
		if want := `{"set": "` + c.Key + `"}`; string(c.Meta) != want {
			t.Errorf("%s came back with the meta %s; want %s", c.Key, c.Meta, want)
		}
		if c.Key == "done" && c.LaneKey != "elsewhere:80" {
			t.Errorf("%s came back in lane %s; want elsewhere:80", c.Key, c.LaneKey)
		}
	}
	s.complete(l, job, done(got...), 3)
}

func testMove(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("shard/01", keysOf(5)...), 5)
	l := s.lease()
	s.fail(l, job, failures(seine.Error, time.Minute, s.claim(l, job, 1, 1)...))
	held := s.claim(l, job, 1, 1)
	open, err := s.Waiting(s.ctx(), job, true, 0, 100)
	s.check(err)
	if len(open) != 4 {
		t.Fatalf("%d tasks to move; want the 4 that are not leased", len(open))
	}
	if rest, err := s.Waiting(s.ctx(), job, true, open[1].Seq, 1); err != nil || len(rest) != 1 || rest[0].Seq != open[2].Seq {
		t.Errorf("after %d comes %+v, %v; want %d", open[1].Seq, rest, err, open[2].Seq)
	}
	if hosts, err := s.Waiting(s.ctx(), job, false, 0, 100); err != nil || len(hosts) != 0 {
		t.Errorf("%d tasks wait in lanes of hosts, %v; want none", len(hosts), err)
	}
	to := []string{"a:1", "b:1", "a:1", "b:1"}
	s.check(s.Move(s.ctx(), job, open, to))
	want := map[string]string{}
	for i, c := range open {
		want[c.Key] = to[i]
	}
	s.complete(l, job, done(held...), 1)
	s.clock.Move(time.Minute)
	_, err = s.Promote(s.ctx(), 9)
	s.check(err)
	for _, c := range s.claim(l, job, 9, 4) {
		if c.LaneKey != want[c.Key] {
			t.Errorf("%s is in lane %s; want %s", c.Key, c.LaneKey, want[c.Key])
		}
	}
	s.claim(l, job, 9, 0)
}

func testJobs(t *testing.T, s *suite) {
	a, b := s.job("a", fast()), s.job("b", fast())
	s.add(a, tasks("h:80", "k"), 1)
	s.add(b, tasks("h:80", "k"), 1)
	l := s.lease()
	s.check(s.PauseJob(s.ctx(), a, true))
	s.claim(l, a, 9, 0)
	s.complete(l, b, done(s.claim(l, b, 9, 1)...), 1)
	jobs, err := s.Jobs(s.ctx())
	s.check(err)
	if len(jobs) != 2 || jobs[0].Name != "a" || !jobs[0].Paused || jobs[1].ID != b || jobs[1].Paused {
		t.Errorf("jobs %+v", jobs)
	}
	if c := s.counts(a); c.Open != 1 || c.Records != 0 {
		t.Errorf("counts of a %+v; want its task untouched", c)
	}
	if got := s.stored(b); len(got) != 1 {
		t.Errorf("records of b %q", got)
	}
}

func testIdentity(t *testing.T, s *suite) {
	spec := frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, SeedURL: "u", StoreKey: "k", MaxAttempts: 3, Page: fast(), Asset: fast()}
	id, err := s.Register(s.ctx(), spec, false)
	s.check(err)
	spec.Digest = []byte{2}
	again, err := s.Register(s.ctx(), spec, false)
	s.check(err)
	if again != id {
		t.Errorf("registered again as %d; want %d", again, id)
	}
	spec.StoreKey = "other/{id}"
	if _, err := s.Register(s.ctx(), spec, false); !errors.Is(err, frontier.ErrChanged) || !strings.Contains(err.Error(), "store.key") {
		t.Errorf("changed store.key: %v; want %v", err, frontier.ErrChanged)
	}
	if _, err := s.Register(s.ctx(), spec, true); err != nil {
		t.Errorf("accepted change: %v", err)
	}
	if _, err := s.Register(s.ctx(), spec, false); err != nil {
		t.Errorf("after the change was accepted: %v", err)
	}
}
