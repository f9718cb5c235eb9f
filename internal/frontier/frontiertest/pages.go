package frontiertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// paged returns tasks of a page kind.
func paged(page string, tasks []frontier.New) []frontier.New {
	for i := range tasks {
		tasks[i].Page = page
	}
	return tasks
}

// pages lists the page kinds of the status with their states, as "item done=1 pending=2".
func (s *suite) pages(job frontier.JobID) (out []string) {
	s.Helper()
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	for _, p := range st.Pages {
		text := p.Page
		for _, state := range seine.States {
			if n := p.States[state]; n > 0 {
				text += fmt.Sprintf(" %v=%d", state, n)
			}
		}
		out = append(out, text)
	}
	return out
}

// A task keeps its page kind, and every counter moves under it.
func testPageKinds(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "plain"), 1)
	if got := s.pages(job); got != nil {
		t.Errorf("pages %q of a job without page kinds; want none", got)
	}
	s.add(job, append(paged("list", tasks("h:80", "l1", "l2")), paged("item", tasks("h:80", "i1", "i2", "i3", "i4", "i5"))...), 7)
	s.add(job, paged("other", tasks("h:80", "l1")), 0) // the first one stays
	if got, want := s.pages(job), []string{" pending=1", "item pending=5", "list pending=2"}; !slices.Equal(got, want) {
		t.Errorf("pages %q; want %q", got, want)
	}
	l := s.lease()
	kinds := map[string]string{}
	got := s.claim(l, job, 8, 8)
	for _, c := range got {
		kinds[c.Key] = c.Page
	}
	if want := "map[i1:item i2:item i3:item i4:item i5:item l1:list l2:list plain:]"; fmt.Sprint(kinds) != want {
		t.Fatalf("claimed %v; want %s", kinds, want)
	}
	of := func(key string) frontier.Claimed {
		return got[slices.IndexFunc(got, func(c frontier.Claimed) bool { return c.Key == key })]
	}
	s.complete(l, job, done(of("plain"), of("l1"), of("i1")), 3)
	s.fail(l, job, failures(seine.Stale, time.Minute, of("i2")))
	want := []string{" done=1", "item in_progress=3 done=1 stale=1", "list in_progress=1 done=1"}
	if got := s.pages(job); !slices.Equal(got, want) {
		t.Errorf("pages %q; want %q", got, want)
	}
	// A requeued task keeps its page kind, although it has no meta.
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "i1")); err != nil || n != 1 {
		t.Fatalf("requeued %d, %v", n, err)
	}
	list, err := s.Tasks(s.ctx(), job, frontier.Filter{Page: "item"})
	s.check(err)
	if len(list) != 5 || list[0].Page != "item" {
		t.Errorf("listed %+v; want the five of the kind", list)
	}
	// The workers die until i3 and l2 end at their last attempt. Then the host's other tasks end.
	for range 2 {
		s.clock.Move(time.Hour)
		s.rescueAll()
		s.clock.Move(time.Hour)
		_, err := s.Promote(s.ctx(), 10)
		s.check(err)
		l = s.lease()
		got = s.claim(l, job, 9, len(s.openTasks(job)))
	}
	if i := slices.IndexFunc(got, func(c frontier.Claimed) bool { return c.Key == "i1" }); got[i].Page != "item" {
		t.Errorf("claimed %+v; want its page kind", got[i])
	}
	s.clock.Move(time.Hour)
	if _, died := s.rescueAll(); died == 0 {
		t.Error("no task died")
	}
	s.check(s.Backoff(s.ctx(), job, []string{"h:80"}, frontier.Backoff{For: time.Second, Why: "refused", Faults: 1}))
	s.clock.Move(time.Hour)
	_, _, err = s.HostDown(s.ctx(), job, "h:80", time.Minute, "refused")
	s.check(err)
	s.check(s.Fold(s.ctx()))
	if got, want := s.pages(job), []string{" done=1", "item error=5", "list done=1 error=1"}; !slices.Equal(got, want) {
		t.Errorf("pages %q; want %q", got, want)
	}
}

// openTasks lists the open tasks.
func (s *suite) openTasks(job frontier.JobID) []frontier.TaskInfo {
	s.Helper()
	list, err := s.Tasks(s.ctx(), job, frontier.Filter{})
	s.check(err)
	return slices.DeleteFunc(list, func(t frontier.TaskInfo) bool { return t.Final })
}

// Links that were left out are counted in the transaction that completes their page.
func testLeftOut(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, paged("list", tasks("h:80", "a", "b")), 2)
	l := s.lease()
	batch := done(s.claim(l, job, 2, 2)...)
	batch[0].LeftOut = []frontier.LeftOut{{Reason: "out of scope", N: 3}, {Reason: "over the limit", N: 2}}
	batch[1].LeftOut = []frontier.LeftOut{{Reason: "out of scope", N: 1}}
	s.complete(l, job, batch[:1], 1)
	s.complete(l, job, batch, 1) // the first one is lost and counts once
	s.check(s.Fold(s.ctx()))
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if want := []frontier.LeftOut{{Reason: "out of scope", N: 4}, {Reason: "over the limit", N: 2}}; !slices.Equal(st.LeftOut, want) {
		t.Errorf("left out %+v; want %+v", st.LeftOut, want)
	}
	if st.Total != 2 || st.Open != 0 || st.Final[seine.Done] != 2 {
		t.Errorf("counts %+v; want them without the links", st.Counts)
	}
}

// The fetchers of page kinds with several are counted in the transaction that completes their page.
func testFetchers(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, append(paged("item", tasks("h:80", "a", "b", "c")), paged("list", tasks("h:80", "l"))...), 4)
	l := s.lease()
	batch := done(s.claim(l, job, 4, 4)...)
	for i := range batch {
		switch batch[i].Key {
		case "a", "b":
			batch[i].Via = seine.ViaHTTP
		case "c":
			batch[i].Via = seine.ViaChrome
		}
	}
	s.complete(l, job, batch, 4)
	s.check(s.Fold(s.ctx()))
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if want := []frontier.ViaCount{{Page: "item", Via: seine.ViaChrome, N: 1}, {Page: "item", Via: seine.ViaHTTP, N: 2}}; !slices.Equal(st.Via, want) {
		t.Errorf("fetchers %+v; want %+v", st.Via, want)
	}
	if st.Total != 4 || st.Final[seine.Done] != 4 {
		t.Errorf("counts %+v; want them without the fetchers", st.Counts)
	}
}

// The fields without a value are those of a page kind, not of all records.
func testNullFieldsOfPages(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, append(paged("list", tasks("h:80", "l")), paged("item", tasks("h:80", "i", "j"))...), 3)
	l := s.lease()
	batch := done(s.claim(l, job, 3, 3)...)
	for i := range batch {
		if batch[i].Page == "list" {
			batch[i].Records[0].Missing = []string{"next"}
		} else if batch[i].Key == "i" {
			batch[i].Records[0].Missing = []string{"price"}
		}
	}
	s.complete(l, job, batch, 3)
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if want := []frontier.FieldCount{{Page: "list", Field: "next", Missing: 1, Records: 1}}; !slices.Equal(st.NullFields, want) {
		t.Errorf("fields without values %+v; want %+v", st.NullFields, want)
	}
}
