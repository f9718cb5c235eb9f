package frontiertest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// visited completes a page with one record that is visited again.
func visited(c frontier.Claimed, fields string, next time.Duration) frontier.Completion {
	return frontier.Completion{
		Claimed: c, State: seine.Done, Records: []frontier.Record{record(c.Key, fields)},
		Visit: &frontier.Visit{ETag: `"1"`, LastModified: "today", Hash: []byte{1, 2}, Every: time.Hour, Next: next},
	}
}

// promote makes due retries and visits ready.
func (s *suite) promote(want int) {
	s.Helper()
	n, err := s.Promote(s.ctx(), 100)
	s.check(err)
	if n != want {
		s.Fatalf("promoted %d; want %d", n, want)
	}
}

// versions lists all versions as "key version fields", with the age of what is gone.
func (s *suite) versions(job frontier.JobID) (out []string) {
	s.Helper()
	s.check(s.Versions(s.ctx(), job, func(r frontier.Stored) error {
		var fields any
		if err := json.Unmarshal(r.Fields, &fields); err != nil {
			return err
		}
		text, err := json.Marshal(fields)
		line := fmt.Sprintf("%s v%d %s", r.Key, r.Version, text)
		if !r.GoneAt.IsZero() {
			line += " gone " + s.clock.Now().Sub(r.GoneAt).String()
		}
		if r.Superseded {
			line += " superseded"
		}
		for _, a := range r.Assets {
			line += " " + a.Name
		}
		out = append(out, line)
		return err
	}))
	return out
}

func testRecrawl(t *testing.T, s *suite) {
	job, other := s.job("j", fast()), s.job("other", fast())
	few := tasks("h:80", "a", "b")
	few[0].Priority, few[0].Page = 2, "item"
	s.add(job, few, 2)
	l := s.lease()
	got := s.sortedClaim(l, job, 2)
	start := s.clock.Now()
	s.complete(l, job, []frontier.Completion{visited(got[0], `{"a":1}`, time.Hour), visited(got[1], `{"a":1}`, 0)}, 2)
	next := func(job frontier.JobID, want time.Time) {
		s.Helper()
		at, ok, err := s.NextRecrawl(s.ctx(), job)
		s.check(err)
		if ok != !want.IsZero() || !at.Equal(want) {
			s.Errorf("the next visit is at %v, %v; want %v", at, ok, want)
		}
	}
	next(job, start.Add(time.Hour))
	next(other, time.Time{})
	// The run may end: nothing of the queue waits.
	if _, ok, err := s.Due(s.ctx(), []frontier.JobID{job}); err != nil || ok {
		t.Errorf("due: %v, %v; want no open task", ok, err)
	}
	s.clock.Move(time.Hour - time.Second)
	s.promote(0)
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	want := frontier.FreshStatus{Tracked: 2, Fresh: 2, Oldest: start, Next: start.Add(time.Hour)}
	if d := cmp.Diff(want, st.Fresh); d != "" || st.Open != 0 {
		t.Errorf("fresh (-want +got):\n%s", d)
	}
	s.clock.Move(time.Second)
	s.promote(1)
	s.promote(0)
	st, err = s.Status(s.ctx(), job)
	s.check(err)
	want.Fresh, want.Next = 0, start.Add(2*time.Hour) // if the visit comes to nothing
	if d := cmp.Diff(want, st.Fresh); d != "" {
		t.Errorf("fresh (-want +got):\n%s", d)
	}
	if st.Open != 1 || st.Final[seine.Done] != 1 || st.Records != 2 {
		t.Errorf("status %+v; want an open task, and its record", st.Counts)
	}
	c := s.claim(l, job, 9, 1)[0]
	if c.Key != "a" || c.Priority != 2 || c.Attempt != 1 || c.Mark != frontier.Known || c.Page != "item" || c.LaneKey != "h:80" {
		t.Errorf("claimed %+v", c)
	}
	// A visit that is due while its task is open is put off.
	s.clock.Move(time.Hour)
	s.promote(0)
	s.complete(l, job, []frontier.Completion{visited(c, `{"a":2}`, 30*time.Minute)}, 1)
	next(job, s.clock.Now().Add(30*time.Minute))
	// Without a visit it is not visited again.
	s.clock.Move(time.Hour)
	s.promote(1)
	s.complete(l, job, done(s.claim(l, job, 9, 1)...), 1)
	next(job, time.Time{})
	s.clock.Move(100 * time.Hour)
	s.promote(0)
	// A person's requeue reads the visit too.
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "b")); err != nil || n != 1 {
		t.Fatalf("requeued %d, %v", n, err)
	}
	if c := s.claim(l, job, 9, 1)[0]; c.Visit == nil || c.Visit.ETag != `"1"` {
		t.Errorf("claimed %+v; want its visit", c)
	}
}

func testVisit(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	first := s.claim(l, job, 1, 1)[0]
	if first.Visit != nil {
		t.Errorf("visit %+v before the first one", first.Visit)
	}
	start := s.clock.Now()
	s.complete(l, job, []frontier.Completion{visited(first, `{"a":1}`, time.Hour)}, 1)
	again := func() frontier.Claimed {
		s.Helper()
		s.clock.Move(time.Hour)
		s.promote(1)
		return s.claim(l, job, 1, 1)[0]
	}
	c := again()
	want := &frontier.Visit{ETag: `"1"`, LastModified: "today", Hash: []byte{1, 2}, Every: time.Hour, CheckedAt: start, ChangedAt: start, Visits: 1}
	if d := cmp.Diff(want, c.Visit); d != "" {
		t.Errorf("visit (-want +got):\n%s", d)
	}
	// Unchanged: the record stays, whatever comes with it.
	same := visited(c, `{"a":7}`, time.Hour)
	same.Unchanged, same.Visit.Every = true, 1500*time.Millisecond
	checked := s.clock.Now()
	s.complete(l, job, []frontier.Completion{same}, 1)
	if got, want := s.versions(job), []string{`a v1 {"a":1}`}; !slices.Equal(got, want) {
		t.Errorf("versions %q; want %q", got, want)
	}
	c = again()
	want.CheckedAt, want.Visits, want.Every = checked, 2, 2*time.Second
	if d := cmp.Diff(want, c.Visit); d != "" {
		t.Errorf("visit (-want +got):\n%s", d)
	}
	// Changed.
	changed := visited(c, `{"a":2}`, time.Hour)
	changed.Visit.ETag, changed.Visit.LastModified, changed.Visit.Hash = "", "", nil
	at := s.clock.Now()
	s.complete(l, job, []frontier.Completion{changed}, 1)
	c = again()
	want = &frontier.Visit{Every: time.Hour, CheckedAt: at, ChangedAt: at, Visits: 3, Changes: 1}
	if d := cmp.Diff(want, c.Visit); d != "" {
		t.Errorf("visit (-want +got):\n%s", d)
	}
	// A failed attempt keeps it.
	s.fail(l, job, failures(seine.Error, 0, c))
	s.promote(1)
	if c = s.claim(l, job, 1, 1)[0]; cmp.Diff(want, c.Visit) != "" {
		t.Errorf("visit %+v after a failure", c.Visit)
	}
	if got, want := s.versions(job), []string{`a v2 {"a":2}`}; !slices.Equal(got, want) {
		t.Errorf("versions %q; want %q", got, want)
	}
}

func testHistory(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	c := s.claim(l, job, 1, 1)[0]
	for _, step := range []struct {
		name    string
		history bool
		records []string
		want    []string
	}{
		{"first", true, []string{`x={"n":1}`, `y={"n":1}`}, []string{`a v1 {"a":1} front`, `x v1 {"n":1}`, `y v1 {"n":1} front`}},
		{"equal", true, []string{`x={"n":1}`, `y={"n":1}`}, []string{`a v1 {"a":1} front`, `x v1 {"n":1}`, `y v1 {"n":1} front`}},
		{"one changed", true, []string{`x={"n":2}`, `y={"n":1}`}, []string{`a v1 {"a":1} front`, `x v1 {"n":1} superseded`, `x v2 {"n":2}`, `y v1 {"n":1} front`}},
		{
			"one left the page", true, []string{`x={"n":3}`},
			[]string{`a v1 {"a":1} front`, `x v1 {"n":1} superseded`, `x v2 {"n":2} superseded`, `x v3 {"n":3}`, `y v1 {"n":1} gone 0s front`},
		},
		{
			"it is there again", true, []string{`x={"n":3}`, `y={"n":1}`},
			[]string{`a v1 {"a":1} front`, `x v1 {"n":1} superseded`, `x v2 {"n":2} superseded`, `x v3 {"n":3}`, `y v1 {"n":1} front`},
		},
		{
			"without history the latest is replaced", false, []string{`x={"n":4}`, `y={"n":5}`},
			[]string{`a v1 {"a":1} front`, `x v1 {"n":1} superseded`, `x v2 {"n":2} superseded`, `x v4 {"n":4}`, `y v2 {"n":5} front`},
		},
		{
			"with history again", true, []string{`x={"n":5}`, `y={"n":6}`},
			[]string{`a v1 {"a":1} front`, `x v1 {"n":1} superseded`, `x v2 {"n":2} superseded`, `x v4 {"n":4} superseded`, `x v5 {"n":5}`, `y v2 {"n":5} superseded`, `y v3 {"n":6} front`},
		},
		{"left without history: all versions go", false, []string{`y={"n":6}`}, []string{`a v1 {"a":1} front`, `y v2 {"n":5} superseded`, `y v3 {"n":6} front`}},
	} {
		s.clock.Move(time.Second)
		end := listed(c, step.records...)
		end.History, end.Assets = step.history, []frontier.Asset{fileOf("a", "front")}
		if last := end.Records[len(end.Records)-1]; last.Key == "y" {
			end.Assets = append(end.Assets, fileOf("y", "front"))
		}
		s.complete(l, job, []frontier.Completion{end}, 1)
		if got := s.versions(job); !slices.Equal(got, step.want) {
			t.Errorf("%s: versions\n%q; want\n%q", step.name, got, step.want)
		}
		latest := slices.DeleteFunc(s.versions(job), func(v string) bool { return len(v) > 10 && v[len(v)-10:] == "superseded" })
		if got := s.stored(job); len(got) != len(latest) {
			t.Errorf("%s: stored %q; want the latest versions alone", step.name, got)
		}
		if n := s.counts(job).Records; n != int64(len(latest)) {
			t.Errorf("%s: %d records by the counters; want %d", step.name, n, len(latest))
		}
		c = s.again(l, job, "a")[0]
	}
}

func testGone(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	end := visited(s.claim(l, job, 1, 1)[0], `{"a":1}`, time.Hour)
	end.Records = append(end.Records, record("x", `{"n":1}`), record("y", `{"n":1}`))
	s.complete(l, job, []frontier.Completion{end}, 1)
	next := func() frontier.Claimed {
		s.Helper()
		s.clock.Move(time.Hour)
		s.promote(1)
		return s.claim(l, job, 1, 1)[0]
	}
	// y leaves the page, and an hour later the page is gone.
	end = visited(next(), `{"a":1}`, time.Hour)
	end.Records, end.History = append(end.Records, record("x", `{"n":1}`)), true
	s.complete(l, job, []frontier.Completion{end}, 1)
	for range 2 {
		gone := frontier.Completion{Claimed: next(), State: seine.Skipped, Reason: "HTTP 404", Gone: true, Visit: &frontier.Visit{ETag: `"1"`, Every: time.Hour, Next: time.Hour}}
		s.complete(l, job, []frontier.Completion{gone}, 1)
	}
	if got, want := s.versions(job), []string{`a v1 {"a":1} gone 1h0m0s`, `x v1 {"n":1} gone 1h0m0s`, `y v1 {"n":1} gone 2h0m0s`}; !slices.Equal(got, want) {
		t.Errorf("versions %q; want %q", got, want)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if st.Fresh.Gone != 1 || st.Records != 3 || st.Final[seine.Skipped] != 1 {
		t.Errorf("status %+v, fresh %+v", st.Counts, st.Fresh)
	}
	// The page is there again, unchanged. What left it before stays gone.
	c := next()
	if c.Visit == nil || !c.Visit.GoneAt.Equal(s.clock.Now().Add(-2*time.Hour)) {
		t.Errorf("visit %+v; want the first time it was gone", c.Visit)
	}
	back := visited(c, ``, time.Hour)
	back.Unchanged, back.Records = true, nil
	s.complete(l, job, []frontier.Completion{back}, 1)
	if got, want := s.versions(job), []string{`a v1 {"a":1}`, `x v1 {"n":1}`, `y v1 {"n":1} gone 3h0m0s`}; !slices.Equal(got, want) {
		t.Errorf("versions %q; want %q", got, want)
	}
	// Gone once more, and then there with other content.
	s.complete(l, job, []frontier.Completion{{Claimed: next(), State: seine.Skipped, Gone: true, Visit: &frontier.Visit{Next: time.Hour}}}, 1)
	end = visited(next(), `{"a":2}`, time.Hour)
	s.complete(l, job, []frontier.Completion{end}, 1)
	if got, want := s.versions(job), []string{`a v2 {"a":2}`}; !slices.Equal(got, want) {
		t.Errorf("versions %q; want %q", got, want)
	}
	if c := s.counts(job); c.Records != 1 {
		t.Errorf("%d records by the counters; want 1", c.Records)
	}
}

// A task whose visit was ended by its host's failure is visited after its interval.
func testRecrawlDown(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	s.complete(l, job, []frontier.Completion{visited(s.claim(l, job, 1, 1)[0], `{"a":1}`, time.Minute)}, 1)
	s.check(s.Backoff(s.ctx(), job, []string{"h:80"}, frontier.Backoff{For: time.Second, Why: "refused", Faults: 1}))
	s.clock.Move(30 * time.Minute)
	s.promote(1)
	if _, n, err := s.HostDown(s.ctx(), job, "h:80", time.Minute, "refused"); err != nil || n != 1 {
		t.Fatalf("ended %d, %v", n, err)
	}
	s.clock.Move(time.Hour)
	s.promote(1)
	c := s.claim(l, job, 1, 1)[0]
	if c.Mark != frontier.Passed || c.Visit == nil {
		t.Errorf("claimed %+v", c)
	}
	// An error ends the attempt and not the visits.
	s.complete(l, job, []frontier.Completion{{Claimed: c, State: seine.Error, Reason: "HTTP 500"}}, 1)
	s.clock.Move(time.Hour)
	s.promote(1)
	if c := s.claim(l, job, 1, 1)[0]; c.Visit == nil || c.Visit.Visits != 1 {
		t.Errorf("claimed %+v after an error", c)
	}
	if got, want := s.stored(job), []string{`a {"a":1}`}; !slices.Equal(got, want) {
		t.Errorf("stored %q; want %q", got, want)
	}
}
