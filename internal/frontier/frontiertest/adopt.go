package frontiertest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
)

func testAdopt(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "finished"), 1)
	l := s.lease()
	s.complete(l, job, done(s.claim(l, job, 1, 1)...), 1)
	s.add(job, tasks("h:80", "leased"), 1)
	s.claim(l, job, 1, 1)
	s.add(job, tasks("h:80", "waiting", "other"), 2)
	sweep := s.sweep([]string{"swept.png"}, "swept.png")

	file := func(key, path string) []frontier.Asset {
		return []frontier.Asset{{Key: key, Stored: assetfile.Stored{Name: "front", Path: path, Bytes: 3, SHA256: []byte{1}}}}
	}
	end := func(seq int64, key string, state seine.State, reason string) frontier.Adoption {
		a := frontier.Adoption{Task: frontier.New{Key: key, Lane: "h:80", Priority: 1, Page: "card"}, End: frontier.Completion{State: state, Reason: reason}}
		a.End.Job, a.End.Seq = job, seq
		if state == seine.Done {
			a.End.Records, a.End.Assets = []frontier.Record{record(key, `{"grade":"9"}`)}, file(key, key+".png")
		}
		return a
	}
	batch := []frontier.Adoption{
		end(0, "new", seine.Done, ""), end(1, "waiting", seine.Done, ""), end(2, "leased", seine.Done, ""), end(3, "finished", seine.Error, "broken"),
		end(4, "wrong", seine.Error, "broken"), end(5, "unwanted", seine.Skipped, "no such id"), end(6, "swept", seine.Done, ""), end(7, "new", seine.Error, "twice"),
	}
	batch[0].Task.Meta = []byte(`{"a":1}`)
	batch[6].End.Assets[0].Path = "swept.png"
	out, err := s.Adopt(s.ctx(), job, batch)
	s.check(err)
	slices.Sort(out.Lost)
	if out.Kept != 4 || !slices.Equal(out.Lost, []int64{2, 3, 6}) {
		t.Errorf("adopted %d, lost %v; want 4, and the leased, the finished and the swept one lost", out.Kept, out.Lost)
	}
	s.check(s.EndSweep(s.ctx(), sweep))

	status := func() map[seine.State]int64 {
		got, err := s.Status(s.ctx(), job)
		s.check(err)
		return got.States
	}
	want := map[seine.State]int64{seine.Pending: 1, seine.InProgress: 1, seine.Done: 3, seine.Skipped: 1, seine.Stale: 0, seine.Error: 1}
	if d := cmp.Diff(want, status()); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
	if got, want := s.stored(job), []string{`finished {"a":1}`, `new {"grade":"9"} front=new.png`, `waiting {"grade":"9"} front=waiting.png`}; !slices.Equal(got, want) {
		t.Errorf("records %q; want %q", got, want)
	}
	all, err := s.Tasks(s.ctx(), job, frontier.Filter{Keys: []string{"new", "wrong"}})
	s.check(err)
	if len(all) != 2 || all[0].Page != "card" || string(all[0].Meta) != `{"a":1}` && string(all[0].Meta) != `{"a": 1}` || all[1].Reason != "broken" || !all[1].Final {
		t.Errorf("tasks %+v; want the page kind, the meta and the reason that were adopted", all)
	}

	// Nothing changes the second time, and the queue holds the rest.
	out, err = s.Adopt(s.ctx(), job, batch[:2])
	s.check(err)
	if out.Kept != 0 || len(out.Lost) != 2 {
		t.Errorf("adopted %d again, lost %v; want none", out.Kept, out.Lost)
	}
	if d := cmp.Diff(want, status()); d != "" {
		t.Errorf("states after the second time (-want +got):\n%s", d)
	}
	if got := s.claim(l, job, 2, 1); got[0].Key != "other" {
		t.Errorf("claimed %s; want other", got[0].Key)
	}
	// An adopted error is retried like any other.
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "wrong")); err != nil || n != 1 {
		t.Errorf("requeued %d, %v; want 1", n, err)
	}
	if got := s.claim(l, job, 1, 1); got[0].Key != "wrong" || got[0].Attempt != 1 {
		t.Errorf("claimed %s, attempt %d; want wrong, attempt 1", got[0].Key, got[0].Attempt)
	}
}
