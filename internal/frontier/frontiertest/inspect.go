package frontiertest

import (
	stderrors "errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
)

// Failed attempts are kept, the last one too, and forgotten with their task.
func testAttempts(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("a:1", "a", "b"), 2)
	l := s.lease()
	at := s.clock.Now()
	got := s.claim(l, job, 2, 2)
	s.fail(l, job, failures(seine.Error, time.Second, got[0]))
	s.complete(l, job, done(got[1]), 1)
	s.clock.Move(time.Minute)
	_, err := s.Promote(s.ctx(), 10)
	s.check(err)
	again := s.claim(l, job, 2, 1)
	s.complete(l, job, []frontier.Completion{{Claimed: again[0], State: seine.Stale, Reason: "no title"}}, 1)
	want := []frontier.Attempt{
		{Key: "a", N: 2, At: at.Add(time.Minute), State: seine.Stale, Reason: "no title", Worker: "w", Final: true},
		{Key: "a", N: 1, At: at, State: seine.Error, Reason: "boom", Worker: "w"},
	}
	for _, key := range []string{"", "a"} {
		list, err := s.Attempts(s.ctx(), job, key, 10)
		s.check(err)
		if d := cmp.Diff(want, list); d != "" {
			t.Errorf("attempts of %q (-want +got):\n%s", key, d)
		}
	}
	if list, err := s.Attempts(s.ctx(), job, "b", 10); err != nil || len(list) != 0 {
		t.Errorf("attempts of a task that was done at once: %v, %v", list, err)
	}
	if list, err := s.Attempts(s.ctx(), job, "", 1); err != nil || len(list) != 1 {
		t.Errorf("%d attempts, %v; want 1", len(list), err)
	}
	s.check(s.Tend(s.ctx()))
	if list, err := s.Attempts(s.ctx(), job, "a", 10); err != nil || len(list) != 2 {
		t.Errorf("after tending %d attempts, %v; want 2", len(list), err)
	}
	s.clock.Move(frontier.AttemptsFor)
	s.check(s.Tend(s.ctx()))
	if list, err := s.Attempts(s.ctx(), job, "a", 10); err != nil || len(list) != 1 {
		t.Errorf("after %v %d attempts, %v; want 1", frontier.AttemptsFor, len(list), err)
	}
	_, err = s.Forget(s.ctx(), job, []string{"a"})
	s.check(err)
	if list, err := s.Attempts(s.ctx(), job, "a", 10); err != nil || len(list) != 0 {
		t.Errorf("attempts of a forgotten task: %v, %v", list, err)
	}
}

// Files are listed in the order in which they came.
func testNewest(t *testing.T, s *suite) {
	job, other := s.job("j", fast()), s.job("other", fast())
	s.add(job, tasks("a:1", "c", "b", "a"), 3)
	s.add(other, tasks("a:1", "x"), 1)
	l := s.lease()
	bring := func(job frontier.JobID, c frontier.Claimed) {
		s.complete(l, job, []frontier.Completion{{
			Claimed: c, State: seine.Done, Records: []frontier.Record{record(c.Key, `{}`)},
			Assets: []frontier.Asset{{Key: c.Key, Stored: assetfile.Stored{Name: "front", Path: c.Key + ".png", Bytes: 7, SHA256: []byte{1}, Width: 3, Height: 4, URL: "u"}}},
		}}, 1)
		s.clock.Move(time.Second)
	}
	var came []string
	for _, c := range s.claim(l, job, 3, 3) {
		came = append(came, c.Key)
		bring(job, c)
	}
	bring(other, s.claim(l, other, 1, 1)[0])
	var keys []string
	for last := (frontier.StoredFile{}); ; {
		list, err := s.Newest(s.ctx(), job, last, 2)
		s.check(err)
		for _, f := range list {
			keys = append(keys, f.Key)
			if f.Path != f.Key+".png" || f.Width != 3 || f.StoredAt.IsZero() {
				t.Errorf("file %+v", f)
			}
		}
		if len(list) < 2 {
			break
		}
		last = list[1]
	}
	slices.Reverse(came)
	if d := cmp.Diff(came, keys); d != "" {
		t.Errorf("files, the newest first (-want +got):\n%s", d)
	}
}

// Files are listed by a value of their record. A list looks at a bounded number of files.
func testNewestWith(t *testing.T, s *suite) {
	job := s.job("j", fast())
	values := []string{`"9"`, `9`, `"a \"b\" <c>"`, `true`, `9.50`, `["x"]`, `null`, `"9"`}
	var keys []string
	for i := range values {
		keys = append(keys, fmt.Sprint(i))
	}
	s.add(job, tasks("a:1", keys...), len(keys))
	l := s.lease()
	asset := func(key, name string) frontier.Asset {
		return frontier.Asset{Key: key, Stored: assetfile.Stored{Name: name, Path: key + name, Bytes: 7, SHA256: []byte{1}, URL: "u"}}
	}
	for _, c := range s.claim(l, job, len(keys), len(keys)) {
		i, err := strconv.Atoi(c.Key)
		s.check(err)
		s.complete(l, job, []frontier.Completion{{Claimed: c, State: seine.Done, Records: []frontier.Record{record(c.Key, `{"other": 1, "gr\"ade": `+values[i]+`}`)}, Assets: []frontier.Asset{asset(c.Key, "a"), asset(c.Key, "b")}}}, 1)
		s.clock.Move(time.Second)
	}
	list := func(value string, n int) (out []string) {
		for last := (frontier.StoredFile{}); ; {
			files, next, err := s.NewestWith(s.ctx(), job, frontier.FieldValue{Field: `gr"ade`, Value: value}, last, n)
			s.check(err)
			for _, f := range files {
				out = append(out, f.Path)
			}
			if last = next; next.StoredAt.IsZero() {
				slices.Sort(out)
				return out
			}
		}
	}
	for value, want := range map[string][]string{
		"9": {"0a", "0b", "1a", "1b", "7a", "7b"}, `a "b" <c>`: {"2a", "2b"}, "true": {"3a", "3b"}, "9.50": {"4a", "4b"}, "none": nil, "": nil,
	} {
		for _, n := range []int{1, 2, 4, 100} {
			if d := cmp.Diff(want, list(value, n)); d != "" {
				t.Errorf("files of %q by %d (-want +got):\n%s", value, n, d)
			}
		}
	}
	// More files than one list looks at.
	c := s.add1(l, job, "many")
	done := frontier.Completion{Claimed: c, State: seine.Done, Records: []frontier.Record{record("many", `{"gr\"ade": "m"}`)}}
	for i := range frontier.NewestWithin {
		done.Assets = append(done.Assets, asset("many", fmt.Sprintf("%05d", i)))
	}
	s.complete(l, job, []frontier.Completion{done}, 1)
	files, next, err := s.NewestWith(s.ctx(), job, frontier.FieldValue{Field: `gr"ade`, Value: "true"}, frontier.StoredFile{}, 5)
	if err != nil || len(files) > 0 || next.Name != "00000" {
		t.Errorf("a list of other files has %d and goes on after %q, %v", len(files), next.Name, err)
	}
	if got := list("true", 5); !slices.Equal(got, []string{"3a", "3b"}) {
		t.Errorf("the list goes on to %q", got)
	}
}

// add1 adds and claims a task.
func (s *suite) add1(l frontier.Lease, job frontier.JobID, key string) frontier.Claimed {
	s.Helper()
	s.add(job, tasks("a:1", key), 1)
	return s.claim(l, job, 1, 1)[0]
}

// A key is found by its place, a list ends at a key, and few failed tasks are listed by their
// attempts.
func testSearch(t *testing.T, s *suite) {
	job, other := s.job("j", fast()), s.job("other", fast())
	s.add(job, tasks("a:1", "a", "b", "c", "d", "e"), 5)
	s.add(other, tasks("a:1", "b2"), 1)
	for _, x := range []struct {
		after, want string
		n           int
	}{{"", "a", 1}, {"", "c", 3}, {"b", "d", 2}, {"bb", "e", 3}, {"", "e", 5}, {"", "", 6}, {"d", "", 2}, {"e", "", 1}} {
		got, err := s.KeyAfter(s.ctx(), job, x.after, x.n)
		if err != nil || got != x.want {
			t.Errorf("%d places after %q is %q, %v; want %q", x.n, x.after, got, err, x.want)
		}
	}
	keys := func(list []frontier.TaskInfo) (out []string) {
		for _, x := range list {
			out = append(out, x.Key)
		}
		return out
	}
	l := s.lease()
	for _, c := range s.claim(l, job, 4, 4) {
		state := map[string]seine.State{"a": seine.Done, "b": seine.Error, "c": seine.Stale, "d": seine.Error}[c.Key]
		s.complete(l, job, []frontier.Completion{{Claimed: c, State: state, Reason: "why " + c.Key}}, 1)
	}
	waits := s.claim(l, job, 1, 1)[0]
	_, err := s.Fail(s.ctx(), l, job, []frontier.Failure{{Claimed: waits, State: seine.Stale, Reason: "later", Delay: time.Hour}})
	s.check(err)
	s.check(s.Heartbeat(s.ctx(), l, map[frontier.JobID]float64{job: 2.5}))
	list, err := s.Tasks(s.ctx(), job, frontier.Filter{After: "a", Until: "c"})
	if d := cmp.Diff([]string{"b", "c"}, keys(list)); err != nil || d != "" {
		t.Errorf("a part of the list (-want +got):\n%s, %v", d, err)
	}
	search := frontier.Filter{States: []seine.State{seine.Error}, Limit: 1}
	list, next, err := frontier.Search(s.ctx(), s, s, job, search)
	if d := cmp.Diff([]string{"b"}, keys(list)); err != nil || d != "" || next != "b" {
		t.Errorf("a search goes on after %q, %v (-want +got):\n%s", next, err, d)
	}
	search.After = "d"
	if list, next, err = frontier.Search(s.ctx(), s, s, job, search); err != nil || len(list) > 0 || next != "" {
		t.Errorf("the end of a search has %q and goes on after %q, %v", keys(list), next, err)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	numbers, err := s.Numbers(s.ctx(), job)
	s.check(err)
	want := frontier.Status{Counts: st.Counts, Paused: st.Paused, States: st.States, Rate: st.Rate, Workers: st.Workers, LastRetry: st.LastRetry, Drift: st.Drift}
	if d := cmp.Diff(want, numbers, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("numbers (-status +got):\n%s", d)
	}
	if _, err := s.Numbers(s.ctx(), 999); !stderrors.Is(err, frontier.ErrNoJob) {
		t.Errorf("numbers of no job: %v", err)
	}
	failed := func(by frontier.Filter, n int64) ([]string, bool) {
		list, ok, err := frontier.Failed(s.ctx(), s, s, job, by, n)
		s.check(err)
		return keys(list), ok
	}
	errors := frontier.Filter{States: []seine.State{seine.Error}}
	n := st.Final[seine.Error]
	if got, ok := failed(errors, n); !ok || !slices.Equal(got, []string{"b", "d"}) || n != 2 {
		t.Errorf("%d failed tasks: %q, %v", n, got, ok)
	}
	errors.Reason, errors.After = "why", "b"
	if got, ok := failed(errors, n); !ok || !slices.Equal(got, []string{"d"}) {
		t.Errorf("failed tasks of a reason: %q, %v", got, ok)
	}
	for _, n := range []int64{3, 5000} {
		if got, ok := failed(errors, n); ok {
			t.Errorf("of %d failed tasks it lists %q as all", n, got)
		}
	}
	if got, ok := failed(frontier.Filter{States: []seine.State{seine.Stale}, Reason: "other"}, 1); !ok || len(got) > 0 {
		t.Errorf("stale tasks of another reason: %q, %v", got, ok)
	}
}

// Lanes are listed with their paces.
func testLaneList(t *testing.T, s *suite) {
	pace := frontier.LanePace{Delay: each(time.Second), Inflight: 2}
	job := s.job("j", pace)
	s.add(job, append(tasks("a:1", "a1", "a2"), append(tasks("b:1", "b1"), tasks("c:1", "c1")...)...), 4)
	l := s.lease()
	s.claim(l, job, 1, 1)
	_, err := s.PauseHost(s.ctx(), job, "b:1", true)
	s.check(err)
	list, err := s.LaneList(s.ctx(), job, "", 2)
	s.check(err)
	rest, err := s.LaneList(s.ctx(), job, list[1].Host, 9)
	s.check(err)
	now := s.clock.Now()
	want := []frontier.LaneInfo{
		{HostStatus: frontier.HostStatus{Host: "a:1", Slow: 1}, Pace: pace, Ready: true},
		{HostStatus: frontier.HostStatus{Host: "b:1", Slow: 1, Blocked: true, Reason: "paused"}, Pace: pace, Paused: true, Ready: true},
		{HostStatus: frontier.HostStatus{Host: "c:1", Slow: 1}, Pace: pace, Ready: true},
	}
	busy := 0
	for _, x := range append(list, rest...) {
		busy += x.Inflight
		if x.NextAt.Before(now) {
			t.Errorf("lane %s is due at %v", x.Host, x.NextAt)
		}
	}
	if d := cmp.Diff(want, append(list, rest...), cmpopts.IgnoreFields(frontier.LaneInfo{}, "NextAt", "Inflight")); d != "" || busy != 1 {
		t.Errorf("lanes with %d tasks in progress (-want +got):\n%s", busy, d)
	}
}
