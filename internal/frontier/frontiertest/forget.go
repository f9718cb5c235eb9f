package frontiertest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
)

// erasures lists the open erasures as "path pos+bytes shared".
func (s *suite) erasures(job frontier.JobID) (out []string, all []frontier.Erasure) {
	s.Helper()
	all, err := s.Erasures(s.ctx(), job, 100)
	s.check(err)
	for _, e := range all {
		out = append(out, fmt.Sprintf("%s %d+%d %t", e.Path, e.Pos, e.Bytes, e.Shared))
	}
	return out, all
}

func (s *suite) forget(job frontier.JobID, keys ...string) frontier.Forgotten {
	s.Helper()
	out, err := s.Forget(s.ctx(), job, keys)
	s.check(err)
	return out
}

func testForget(t *testing.T, s *suite) {
	job, other := s.job("j", fast()), s.job("other", fast())
	seeds := tasks("h:80", "a", "b", "busy", "c", "open", "waits")
	for i := range seeds {
		seeds[i].Meta = json.RawMessage(`{"name":"someone"}`)
	}
	s.add(job, seeds, 6)
	s.add(other, tasks("h:80", "a"), 1)
	l := s.lease()
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	held := map[string]frontier.Claimed{}
	for _, c := range s.claim(l, job, 6, 6) {
		held[c.Key] = c
	}
	a, b := done(held["a"])[0], done(held["b"])[0]
	a.History, b.History = true, true
	a.Records = append(a.Records, record("a-item", `{"a":2}`))
	file := func(key, path string) frontier.Asset {
		return frontier.Asset{Key: key, Stored: assetfile.Stored{Name: "photo", Path: path, Bytes: 3, SHA256: []byte{1}, URL: "http://a.example/i"}}
	}
	a.Assets = []frontier.Asset{file("a", "a.png"), file("a-item", "item.png")}
	a.Recording, b.Recording = recorded("a", "pages/j/1", "x", at), recorded("b", "pages/j/2", "x", at)
	b.Recording.Body = a.Recording.Body
	refused := fails(held["c"], "c1")
	s.complete(l, job, []frontier.Completion{a, b, refused}, 3)
	s.fail(l, job, failures(seine.Error, time.Hour, held["waits"]))
	if _, err := s.Release(s.ctx(), l, []frontier.Claimed{held["open"]}); err != nil {
		t.Fatal(err)
	}
	mine := s.claim(l, other, 1, 1)
	s.complete(l, other, done(mine...), 1)
	// Another version of a record.
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "a")); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	var again frontier.Completion
	for _, c := range s.claim(l, job, 2, 2) {
		if c.Key == "a" {
			again = done(c)[0]
		} else {
			held["open"] = c
		}
	}
	if _, err := s.Release(s.ctx(), l, []frontier.Claimed{held["open"]}); err != nil {
		t.Fatal(err)
	}
	again.History, again.Records, again.Assets = true, []frontier.Record{record("a", `{"a":9}`), record("a-item", `{"a":2}`)}, a.Assets
	s.complete(l, job, []frontier.Completion{again}, 1)

	got := s.forget(job, "a", "busy", "c", "open", "unknown", "waits")
	want := frontier.Forgotten{Tasks: 4, Records: 2, Versions: 1, Assets: 2, Quarantined: 1, Recordings: 1, Busy: []string{"busy"}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("forgot %+v; want %+v", got, want)
	}
	if got := s.stored(job); !slices.Equal(got, []string{`b {"a":1}`}) {
		t.Errorf("stored %q; want only b", got)
	}
	versions := 0
	s.check(s.Versions(s.ctx(), job, func(frontier.Stored) error { versions++; return nil }))
	if versions != 1 {
		t.Errorf("%d versions; want the one of b", versions)
	}
	if got := s.quarantined(job); got != nil {
		t.Errorf("quarantined %q", got)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if st.Final[seine.Skipped] != 4 || st.Final[seine.Done] != 1 || st.Final[seine.Error] != 0 || st.Open != 1 || st.Records != 1 || st.Assets != 0 {
		t.Errorf("status %+v; want 4 skipped, 1 done, 1 open, 1 record", st.Counts)
	}
	all, err := s.Tasks(s.ctx(), job, frontier.Filter{Reason: frontier.WhyForgotten})
	s.check(err)
	for _, x := range all {
		if x.State != seine.Skipped || !x.Final || len(x.Meta) > 0 {
			t.Errorf("task %+v; want it skipped without metadata", x)
		}
	}
	if len(all) != 4 {
		t.Errorf("%d tasks are forgotten; want 4", len(all))
	}
	if got := s.stored(other); len(got) != 1 {
		t.Errorf("another job has %q", got)
	}
	// Neither the list nor a link brings them back.
	s.add(job, tasks("h:80", "a", "open"), 0)
	s.clock.Move(2 * time.Hour)
	_, err = s.Promote(s.ctx(), 100)
	s.check(err)
	for _, c := range s.claim(l, job, 10, 0) {
		t.Errorf("claimed %s", c.Key)
	}
	busy := done(held["busy"]) // with an equal content in another frame
	busy[0].Recording = recorded("busy", "pages/j/9", "x", at)
	s.complete(l, job, busy, 1)

	// The files are listed until they are erased, the frame that b needs as shared.
	list, erasures := s.erasures(job)
	if want := []string{"a.png 0+0 false", "item.png 0+0 false", "pages/j/1 7+5 false", "pages/j/1 12+30 true"}; !slices.Equal(list, want) {
		t.Errorf("to erase: %q; want %q", list, want)
	}
	s.check(s.Erased(s.ctx(), job, erasures[:3]))
	if list, _ = s.erasures(job); !slices.Equal(list, []string{"pages/j/1 12+30 true"}) {
		t.Errorf("still to erase: %q", list)
	}
	if list, _ = s.erasures(other); list != nil {
		t.Errorf("another job has to erase %q", list)
	}
	// Without b no recording needs the frame.
	s.forget(job, "b")
	if list, _ = s.erasures(job); !slices.Equal(list, []string{"pages/j/1 12+30 false", "pages/j/2 7+5 false"}) {
		t.Errorf("without b to erase: %q", list)
	}
	// A second time nothing is left but the tasks.
	if got := s.forget(job, "a"); got.Tasks != 1 || got.Records+got.Assets+got.Recordings != 0 {
		t.Errorf("forgot again %+v", got)
	}
	if st, err = s.Status(s.ctx(), job); err != nil || st.Final[seine.Skipped] != 5 || st.Final[seine.Done] != 1 {
		t.Errorf("status after the second time %+v, %v", st.Counts, err)
	}
}
