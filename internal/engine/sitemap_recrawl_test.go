package engine_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// newListed returns the visits of a job with a sitemap at /s.xml, beside the page a, which no
// sitemap lists.
func newListed(t *testing.T, postgres bool, r seine.Recrawl) *visits {
	t.Helper()
	return newVisits(t, postgres, func(j *seine.Job) {
		j.Seeds.Sitemaps = []string{strings.TrimSuffix(j.Seeds.URL, "/p/{id}") + "/s.xml"}
		j.Pages[0].Recrawl = r
	})
}

// tasks lists the tasks but a, and which are unlisted.
func (v *visits) tasks() string {
	v.Helper()
	list, err := v.f.Tasks(v.Context(), v.job.ID, frontier.Filter{})
	if err != nil {
		v.Fatal(err)
	}
	var out []string
	for _, t := range list {
		if t.Key == "a" {
			continue
		}
		line := strings.TrimPrefix(t.Key, v.site.URL) + ":" + t.State.String()
		switch {
		case t.UnlistedAt.IsZero():
		case frontier.IsSitemap(t.Key): // it may be read before its index, or skipped after it
			line = strings.TrimPrefix(t.Key, v.site.URL) + ":unlisted"
		default:
			line += " unlisted"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (v *visits) has(what, want string) {
	v.Helper()
	if got := v.tasks(); got != want {
		v.Errorf("%s:\n got %s\nwant %s\n%s", what, got, want, v.log)
	}
}

// tagged answers with an ETag, and with 304 if the request has it.
func tagged(tag string, contents map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		if strings.HasSuffix(q.URL.Path, ".xml") && tag != "" {
			w.Header().Set("ETag", tag)
			if q.Header.Get("If-None-Match") == tag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		answers(contents)(w, q)
	}
}

// A sitemap is read as often as the pages are visited. It brings new pages, and marks those that it
// no longer lists.
func TestASitemapIsReadAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		v := newListed(t, postgres, seine.Recrawl{Every: time.Hour})
		reads := func(want int) {
			t.Helper()
			if n := strings.Count(v.log.String(), "sitemap read"); n != want {
				t.Errorf("%d readings; want %d", n, want)
			}
		}
		one := urlset("HOST/p/1", "HOST/p/2")
		v.visit(0, tagged(`"1"`, map[string]string{"/s.xml": one}))
		v.has("first", "/p/1:done, /p/2:done, /s.xml#_sitemap:done")
		v.visit(30*time.Minute, tagged(`"2"`, map[string]string{"/s.xml": urlset()}))
		v.has("too early", "/p/1:done, /p/2:done, /s.xml#_sitemap:done")

		v.visit(30*time.Minute, tagged(`"1"`, map[string]string{"/s.xml": urlset()}))
		v.has("304", "/p/1:done, /p/2:done, /s.xml#_sitemap:done")
		v.visit(time.Hour, tagged("", map[string]string{"/s.xml": one}))
		v.has("equal", "/p/1:done, /p/2:done, /s.xml#_sitemap:done")
		reads(1)

		v.visit(time.Hour, tagged(`"3"`, map[string]string{"/s.xml": urlset("HOST/p/2", "HOST/p/3")}))
		v.has("changed", "/p/1:done unlisted, /p/2:done, /p/3:done, /s.xml#_sitemap:done")
		reads(2)
		if n := v.site.Count("/p/1"); n != 4 {
			t.Errorf("%d requests of an unlisted page; want 4: the site may have it", n)
		}

		// A sitemap that fails, or ends within an element, says nothing of the rest.
		v.visit(time.Hour, tagged("", map[string]string{"/s.xml": "status 500"}))
		v.has("an error", "/p/1:done unlisted, /p/2:done, /p/3:done, /s.xml#_sitemap:error")
		v.visit(time.Hour, tagged("", map[string]string{"/s.xml": `<urlset><url><loc>HOST/p/4</loc></url><url><lo`}))
		v.has("incomplete", "/p/1:done unlisted, /p/2:done, /p/3:done, /p/4:done, /s.xml#_sitemap:done")

		v.visit(time.Hour, tagged("", map[string]string{"/s.xml": one}))
		v.has("as at first", "/p/1:done, /p/2:done, /p/3:done unlisted, /p/4:done unlisted, /s.xml#_sitemap:done")
	})
}

// A sitemap that left its index is not read again, until it is back.
func TestASitemapLeavesItsIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		v := newListed(t, postgres, seine.Recrawl{Every: time.Hour})
		index := func(parts ...string) string {
			text := "<sitemapindex>"
			for _, p := range parts {
				text += "<sitemap><loc>HOST/" + p + "</loc></sitemap>"
			}
			return text + "</sitemapindex>"
		}
		site := map[string]string{"/s.xml": index("x.xml", "y.xml"), "/x.xml": urlset("HOST/p/1", "HOST/p/2"), "/y.xml": urlset("HOST/p/2", "HOST/p/3")}
		v.visit(0, answers(site))
		site["/s.xml"] = index("y.xml")
		v.visit(time.Hour, answers(site))
		v.has("without x", "/p/1:done unlisted, /p/2:done, /p/3:done, /s.xml#_sitemap:done, /x.xml#_sitemap:unlisted, /y.xml#_sitemap:done")
		before := v.site.Count("/x.xml")
		v.visit(time.Hour, answers(site))
		if n := v.site.Count("/x.xml"); n != before {
			t.Errorf("a sitemap that left its index was requested %d times, and then %d times", before, n)
		}
		site["/s.xml"] = index("x.xml")
		v.visit(time.Hour, answers(site))
		v.has("x in place of y", "/p/1:done, /p/2:done, /p/3:done unlisted, /s.xml#_sitemap:done, /x.xml#_sitemap:done, /y.xml#_sitemap:unlisted")
	})
}

// changefreq is the first interval of a page, and a later lastmod ends an interval.
func TestTheSitemapKnowsOfChanges(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		v := newListed(t, postgres, seine.Recrawl{Min: time.Hour, Max: 16 * time.Hour})
		site := func(mod string) http.HandlerFunc {
			text := "<urlset>"
			for i, more := range []string{"<changefreq>yearly</changefreq>", "<changefreq>hourly</changefreq>", ""} {
				day := "2020-01-01"
				if i == 0 {
					day = mod
				}
				text += fmt.Sprintf("<url><loc>HOST/p/%d</loc><lastmod>%s</lastmod>%s</url>", i, day, more)
			}
			return answers(map[string]string{"/s.xml": text + "</urlset>"})
		}
		counts := func(what string, want ...int) {
			t.Helper()
			got := []int{v.site.Count("/s.xml"), v.site.Count("/p/0"), v.site.Count("/p/1"), v.site.Count("/p/2")}
			if !slices.Equal(got, want) {
				t.Errorf("%s: requests %v; want %v", what, got, want)
			}
		}
		v.visit(0, site("2020-01-01"))
		counts("at first", 1, 1, 1, 1)
		v.visit(time.Hour, site("2020-01-01"))
		counts("after an hour", 1, 1, 2, 1)
		v.visit(3*time.Hour, site("2020-01-02")) // the geometric mean of the job's intervals
		counts("with another lastmod", 2, 2, 3, 2)
		v.visit(2*time.Hour, site("2020-01-02")) // the sitemap's interval is half
		counts("with the same lastmod", 3, 2, 3, 2)
	})
}

// A robots.txt that fails unlists no sitemap, and a sitemap that robots.txt forbids for a time is
// read again afterwards.
func TestARobotsFileThatFailsUnlistsNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		v := newVisits(t, postgres, func(j *seine.Job) {
			j.Seeds.Auto = true
			j.Pages[0].Recrawl = seine.Recrawl{Every: 48 * time.Hour} // robots.txt counts for a day
		})
		day := func(what, robots, listed, want string) {
			t.Helper()
			site := answers(map[string]string{"/robots.txt": robots, "/s.xml": listed})
			v.site.Robots(site)
			v.visit(48*time.Hour, site)
			v.visit(48*time.Hour, site) // the rules of before may have counted for the first one
			v.has(what, want)
		}
		const named = "User-agent: *\nAllow: /\nSitemap: HOST/s.xml"
		one, two, three := urlset("HOST/p/1"), urlset("HOST/p/1", "HOST/p/2"), urlset("HOST/p/1", "HOST/p/2", "HOST/p/3")
		day("at first", named, one, "/p/1:done, /robots.txt#_sitemap:done, /s.xml#_sitemap:done")
		day("no robots.txt", "status 404", one, "/p/1:done, /robots.txt#_sitemap:skipped, /s.xml#_sitemap:done, /sitemap.xml#_sitemap:skipped")
		day("it is back", named, two, "/p/1:done, /p/2:done, /robots.txt#_sitemap:done, /s.xml#_sitemap:done, /sitemap.xml#_sitemap:skipped")
		day("the sitemap is forbidden", "User-agent: *\nDisallow: /s.xml\nSitemap: HOST/s.xml", two,
			"/p/1:done, /p/2:done, /robots.txt#_sitemap:done, /s.xml#_sitemap:skipped, /sitemap.xml#_sitemap:unlisted")
		day("it is allowed", named, three,
			"/p/1:done, /p/2:done, /p/3:done, /robots.txt#_sitemap:done, /s.xml#_sitemap:done, /sitemap.xml#_sitemap:unlisted")
	})
}
