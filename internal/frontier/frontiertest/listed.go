package frontiertest

import (
	"slices"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// unlisted lists the tasks that no sitemap lists any more, with the age of the mark.
func (s *suite) unlisted(job frontier.JobID) (out []string) {
	s.Helper()
	list, err := s.Tasks(s.ctx(), job, frontier.Filter{Unlisted: true})
	s.check(err)
	for _, t := range list {
		out = append(out, t.Key+" "+s.clock.Now().Sub(t.UnlistedAt).String())
	}
	all, err := s.Tasks(s.ctx(), job, frontier.Filter{})
	s.check(err)
	marked := slices.DeleteFunc(all, func(t frontier.TaskInfo) bool { return t.UnlistedAt.IsZero() })
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	n, err := s.Count(s.ctx(), job, frontier.Filter{Unlisted: true})
	s.check(err)
	if len(marked) != len(out) || st.Fresh.Unlisted != int64(len(out)) || n != int64(len(out)) {
		s.Errorf("%d tasks are unlisted, %d have the mark, status counts %d, Count %d", len(out), len(marked), st.Fresh.Unlisted, n)
	}
	return out
}

// read is a reading of a sitemap that lists keys.
func (s *suite) read(job frontier.JobID, list string, unlisted int, keys ...string) {
	s.Helper()
	var pages []frontier.Listed
	for _, k := range keys {
		pages = append(pages, frontier.Listed{Key: k})
	}
	at := s.clock.Now()
	s.check(s.List(s.ctx(), job, list, at, pages))
	n, err := s.Unlist(s.ctx(), job, list, at)
	s.check(err)
	if n != unlisted {
		s.Errorf("%s: %d pages are unlisted; want %d", list, n, unlisted)
	}
}

// A page is unlisted from when the last sitemap that listed it does not.
func testListed(t *testing.T, s *suite) {
	job, other := s.job("j", fast()), s.job("other", fast())
	s.add(job, tasks("h:80", "a", "b", "c", "d"), 4)
	s.add(other, tasks("h:80", "a"), 1)
	wants := func(what string, want ...string) {
		t.Helper()
		if got := s.unlisted(job); !slices.Equal(got, want) {
			t.Errorf("%s: unlisted %q; want %q", what, got, want)
		}
	}
	s.read(job, "one", 0, "a", "b", "b")
	s.read(job, "two", 0, "b", "c")
	s.read(other, "one", 0, "a")
	wants("at first")
	s.clock.Move(time.Hour)
	s.read(job, "one", 1) // b is in the other one
	wants("the first lists nothing", "a 0s")
	l := s.lease()
	s.complete(l, job, done(s.claim(l, job, 9, 4)...), 4)
	s.clock.Move(time.Hour)
	s.read(job, "two", 2, "unknown")
	wants("neither lists a page", "a 1h0m0s", "b 0s", "c 0s")
	s.read(job, "one", 0, "a")
	wants("a page is back", "b 0s", "c 0s")
	// A page has the mark of the last sitemap that listed it.
	s.clock.Move(time.Hour)
	if got := s.unlisted(other); len(got) > 0 {
		t.Errorf("unlisted %q in the other job", got)
	}
	if _, err := s.Forget(s.ctx(), job, []string{"b"}); err != nil {
		t.Fatal(err)
	}
	wants("a page is forgotten", "c 1h0m0s")
}

// A sitemap that its index no longer lists is not read again, and its pages are unlisted.
func testListedSitemaps(t *testing.T, s *suite) {
	const (
		index = "https://h.example/index.xml" + frontier.SitemapMark
		part  = "https://h.example/part.xml" + frontier.SitemapMark
		inner = "https://h.example/inner.xml" + frontier.SitemapMark
	)
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "c", index, part, inner), 6)
	l := s.lease()
	var end []frontier.Completion
	for _, c := range s.claim(l, job, 9, 6) {
		end = append(end, visited(c, `{}`, time.Hour))
	}
	s.complete(l, job, end, 6)
	s.read(job, "", 0, index)
	s.read(job, index, 0, part, index)
	s.read(job, part, 0, "a", "b", inner)
	s.read(job, inner, 0, "c", index)
	s.clock.Move(time.Minute)
	s.read(job, index, 3)
	if got, want := s.unlisted(job), []string{"a 0s", "b 0s", "c 0s", inner + " 0s", part + " 0s"}; !slices.Equal(got, want) {
		t.Fatalf("unlisted %q; want %q", got, want)
	}
	s.clock.Move(2 * time.Hour)
	s.promote(4) // the pages and the index
	for _, c := range s.claim(l, job, 9, 4) {
		if c.Key == part || c.Key == inner {
			t.Errorf("claimed %s, which no index lists", c.Key)
		}
	}
	// The sitemap is back, and is read at once, without a condition.
	s.read(job, index, 0, part)
	s.promote(1)
	if c := s.claim(l, job, 1, 1)[0]; c.Key != part || c.Visit == nil || len(c.Visit.Hash) > 0 || c.Visit.ETag != "" || c.Visit.Every != time.Hour || c.Priority != 0 {
		t.Errorf("claimed %+v; want the sitemap with the priority 0, as if never read", c)
	}
}

// A page with a later LastMod is visited at once.
func testLastMod(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "c", "d", "e"), 5)
	l := s.lease()
	var end []frontier.Completion
	for _, c := range s.claim(l, job, 9, 5) {
		end = append(end, visited(c, `{}`, 10*time.Hour))
	}
	s.complete(l, job, end, 5)
	read := func(mods map[string]time.Time) {
		t.Helper()
		var pages []frontier.Listed
		for key, mod := range mods {
			p := frontier.Listed{Key: key, LastMod: mod, Least: time.Hour}
			if key == "c" {
				p.Least = 0
			}
			pages = append(pages, p)
		}
		s.check(s.List(s.ctx(), job, "one", s.clock.Now(), pages))
	}
	day := time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)
	read(map[string]time.Time{"a": day, "b": day, "c": day, "d": {}, "e": day})
	s.clock.Move(30 * time.Minute)
	read(map[string]time.Time{"a": day.Add(time.Hour), "b": day, "c": day.Add(time.Hour), "d": day, "e": {}})
	s.promote(0) // a was visited less than an hour ago
	s.clock.Move(30 * time.Minute)
	s.promote(1)
	if c := s.claim(l, job, 9, 1)[0]; c.Key != "a" {
		t.Errorf("claimed %s; want a", c.Key)
	}
	// A reading without a LastMod keeps the one before.
	s.clock.Move(time.Hour)
	read(map[string]time.Time{"e": day.Add(time.Minute), "b": day.Add(-time.Hour)})
	s.promote(1)
	if c := s.claim(l, job, 9, 1)[0]; c.Key != "e" {
		t.Errorf("claimed %s; want e", c.Key)
	}
}
