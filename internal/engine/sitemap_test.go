package engine_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/scope"
	"github.com/seinehq/seine/internal/testkit"
)

// urlset returns a sitemap of paths. HOST stands for the site.
func urlset(paths ...string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
	for _, p := range paths {
		fmt.Fprintf(&b, "<url><loc>%s</loc></url>", p)
	}
	return b.String() + "</urlset>"
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

// answers serves contents by path. HOST stands for the site, and a content "404" for a status.
func answers(contents map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		text, ok := contents[q.URL.Path]
		if !ok && strings.HasPrefix(q.URL.Path, "/p/") {
			text, ok = "page", true
		}
		var status int
		if n, _ := fmt.Sscanf(text, "status %d", &status); n == 1 {
			w.WriteHeader(status)
			return
		}
		if !ok {
			http.NotFound(w, q)
			return
		}
		text = strings.ReplaceAll(text, "HOST", "http://"+q.Host)
		if strings.HasSuffix(q.URL.Path, ".gz") {
			text = zipped(text)
		}
		_, _ = w.Write([]byte(text))
	}
}

// withSitemaps makes a job of sitemaps at paths of the site, whose scope is the site.
func withSitemaps(r *rig, paths ...string) func(j *seine.Job) {
	return func(j *seine.Job) {
		var urls []string
		for _, p := range paths {
			urls = append(urls, r.site.URL+p)
		}
		within, err := scope.New([]string{r.site.URL + "/"}, scope.Options{})
		if err != nil {
			r.Fatal(err)
		}
		j.Seeds = seine.Seeds{Sitemaps: urls}
		j.Scope.Leave = within.Reason
		j.Retry.Error = 2
	}
}

// ends returns the states of a job's tasks without the site's address.
func (r *rig) ends(j *engine.Job) []string {
	all := strings.ReplaceAll(r.states(j), r.site.URL, "")
	var out []string
	for _, line := range strings.SplitAfter(all, " /") {
		out = append(out, "/"+strings.TrimPrefix(strings.TrimSuffix(line, " /"), "/"))
	}
	return out
}

func TestSitemaps(t *testing.T) {
	t.Parallel()
	feed := `<rss version="2.0"><channel><title>t</title><item><link>HOST/p/rss</link></item></channel></rss>`
	atom := `<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/p/atom"/></entry></feed>`
	index := `<sitemapindex><sitemap><loc>HOST/a.xml.gz</loc></sitemap><sitemap><loc>HOST/gone.xml</loc></sitemap></sitemapindex>`
	tests := []struct {
		name     string
		contents map[string]string
		seeds    []string
		want     []string
		left     []frontier.LeftOut
	}{
		{"a list of pages", map[string]string{"/s.xml": urlset("HOST/p/1", "HOST/p/2", "HOST/p/1#again")}, []string{"/s.xml"},
			[]string{"/p/1:done", "/p/2:done", "/s.xml#_sitemap:done"}, nil},
		{"an index and gzip", map[string]string{"/i.xml": index, "/a.xml.gz": urlset("HOST/p/1")}, []string{"/i.xml"},
			[]string{"/a.xml.gz#_sitemap:done", "/gone.xml#_sitemap:skipped(HTTP 404)", "/i.xml#_sitemap:done", "/p/1:done"}, nil},
		{"text, RSS and Atom", map[string]string{"/s.txt": "HOST/p/text\n", "/rss": feed, "/atom": atom}, []string{"/s.txt", "/rss", "/atom"},
			[]string{"/atom#_sitemap:done", "/p/atom:done", "/p/rss:done", "/p/text:done", "/rss#_sitemap:done", "/s.txt#_sitemap:done"}, nil},
		{"entries out of scope, and none at all", map[string]string{"/s.xml": urlset("HOST/p/1", "https://elsewhere.example/", "mailto:x")}, []string{"/s.xml"},
			[]string{"/p/1:done", "/s.xml#_sitemap:done"}, []frontier.LeftOut{{Reason: "no task key", N: 1}, {Reason: "out of scope", N: 1}}},
		{"a sitemap that lists itself as a page", map[string]string{"/s.xml": urlset("HOST/s.xml")}, []string{"/s.xml"},
			[]string{"/s.xml:done", "/s.xml#_sitemap:done"}, nil},
		{"an index that lists itself", map[string]string{"/i.xml": "<sitemapindex><sitemap><loc>HOST/i.xml</loc></sitemap></sitemapindex>"}, []string{"/i.xml"},
			[]string{"/i.xml#_sitemap:done"}, nil},
		{"a sitemap that ends early", map[string]string{"/s.xml": "<urlset><url><loc>HOST/p/1</loc></url><url><loc>HOST/p"}, []string{"/s.xml"},
			[]string{"/p/1:done", "/s.xml#_sitemap:done(the sitemap ends within an element)"}, []frontier.LeftOut{{Reason: "no task key", N: 1}}},
		{"HTML", map[string]string{"/s.xml": "<!DOCTYPE html><html><body>no</body></html>"}, []string{"/s.xml"},
			[]string{"/s.xml#_sitemap:error(is HTML, not a sitemap)"}, nil},
		{"no sitemap", map[string]string{"/s.xml": "{}"}, []string{"/s.xml"}, []string{"/s.xml#_sitemap:error(is no sitemap)"}, nil},
		{"an empty answer", map[string]string{"/s.xml": ""}, []string{"/s.xml"}, []string{"/s.xml#_sitemap:error(is no sitemap)"}, nil},
		{"damaged gzip", map[string]string{"/s.xml": zipped(urlset("HOST/p/1"))[:30]}, []string{"/s.xml"},
			[]string{"/s.xml#_sitemap:error(the sitemap can't be read)"}, nil},
		{"a missing sitemap", nil, []string{"/s.xml"}, []string{"/s.xml#_sitemap:error(HTTP 404)"}, nil},
		{"a failing host", map[string]string{"/s.xml": "status 500"}, []string{"/s.xml"}, []string{"/s.xml#_sitemap:error(HTTP 500)"}, nil},
		{"a robots.txt", map[string]string{"/robots.txt": "Sitemap: HOST/s.xml\nSitemap: /t.txt\n", "/s.xml": urlset("HOST/p/1"), "/t.txt": "HOST/p/2"}, []string{"/robots.txt"},
			[]string{"/p/1:done", "/p/2:done", "/robots.txt#_sitemap:done", "/s.xml#_sitemap:done", "/t.txt#_sitemap:done"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			testkit.Frontiers(t, func(t *testing.T, f drivers.Frontier) {
				r := newRigOn(t, f, answers(tt.contents))
				r.site.Robots(answers(tt.contents))
				j := r.register(r.job(withSitemaps(r, tt.seeds...)))
				r.run(j)
				if diff := cmp.Diff(tt.want, r.ends(j)); diff != "" {
					t.Errorf("(-want +got)\n%s\n%s", diff, r.log)
				}
				if got := r.left(j); !slices.Equal(got, tt.left) {
					t.Errorf("left out %+v; want %+v", got, tt.left)
				}
			})
		})
	}
}

func (r *rig) left(j *engine.Job) []frontier.LeftOut {
	r.Helper()
	if err := r.f.Fold(r.Context()); err != nil {
		r.Fatal(err)
	}
	s, err := r.f.Status(r.Context(), j.ID)
	if err != nil {
		r.Fatal(err)
	}
	return s.LeftOut
}

// With auto, the sitemaps of each seed's host come from robots.txt, else from /sitemap.xml. A host
// without a sitemap is no failure.
func TestSitemapAuto(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		contents map[string]string
		want     []string
	}{
		{"robots.txt names a sitemap", map[string]string{"/robots.txt": "User-agent: *\nAllow: /\nSitemap: HOST/s.xml", "/s.xml": urlset("HOST/p/1"), "/sitemap.xml": urlset("HOST/p/2")},
			[]string{"/p/0:done", "/p/1:done", "/robots.txt#_sitemap:done", "/s.xml#_sitemap:done"}},
		{"robots.txt names none", map[string]string{"/robots.txt": "User-agent: *\nAllow: /", "/sitemap.xml": urlset("HOST/p/2")},
			[]string{"/p/0:done", "/p/2:done", "/robots.txt#_sitemap:done", "/sitemap.xml#_sitemap:done"}},
		{"no robots.txt", map[string]string{"/sitemap.xml": urlset("HOST/p/2")},
			[]string{"/p/0:done", "/p/2:done", "/robots.txt#_sitemap:skipped(HTTP 404)", "/sitemap.xml#_sitemap:done"}},
		{"no sitemap either", nil,
			[]string{"/p/0:done", "/robots.txt#_sitemap:skipped(HTTP 404)", "/sitemap.xml#_sitemap:skipped(HTTP 404)"}},
		{"a page for every path", map[string]string{"/robots.txt": "<!DOCTYPE html><p>hello", "/sitemap.xml": "<!DOCTYPE html><p>hello"},
			[]string{"/p/0:done", "/robots.txt#_sitemap:done", "/sitemap.xml#_sitemap:skipped(is HTML, not a sitemap)"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, answers(tt.contents))
			r.site.Robots(answers(tt.contents))
			j := r.register(r.job(func(j *seine.Job) {
				withSitemaps(r)(j)
				j.Seeds.URLs, j.Seeds.Auto = []string{r.site.URL + "/p/0"}, true
			}))
			r.run(j)
			if diff := cmp.Diff(tt.want, r.ends(j)); diff != "" {
				t.Errorf("(-want +got)\n%s\n%s", diff, r.log)
			}
		})
	}
}

// The page kinds, priorities and meta of listed pages.
func TestSitemapPagesHaveKindAndMeta(t *testing.T) {
	t.Parallel()
	text := `<urlset><url><loc>HOST/p/1?utm_source=x</loc><lastmod>2026-02-03T04:05:06+01:00</lastmod><changefreq>Daily</changefreq></url>
<url><loc>HOST/c/2</loc></url></urlset>`
	r := newRig(t, answers(map[string]string{"/s.xml": text, "/c/2": "list"}))
	low := 3
	var metas = make(chan string, 2)
	j := r.register(r.job(func(j *seine.Job) {
		withSitemaps(r, "/s.xml")(j)
		j.URLs.Drop = []string{"utm_*"}
		j.Pages = []seine.PageKind{{Name: "list"}, {Name: "product", Priority: &low, Match: func(url string) bool { return strings.Contains(url, "/p/") }}}
		j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
			metas <- fmt.Sprintf("%s %s %d depth %d %v", strings.TrimPrefix(task.URL, r.site.URL), task.Page, task.Priority, task.Depth, task.Meta)
			return seine.Result{}, nil
		})
	}))
	r.run(j)
	got := []string{<-metas, <-metas}
	slices.Sort(got)
	want := []string{"/c/2 list 1 depth 0 map[]", "/p/1 product 3 depth 0 map[changefreq:daily lastmod:2026-02-03T03:05:06Z]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A page cannot name a sitemap task: the mark of its key is a fragment like any other.
func TestLinkIsNoSitemap(t *testing.T) {
	t.Parallel()
	r := newRig(t, answers(nil))
	j := r.register(r.job(nil))
	for _, l := range discovery.Links(&j.Job, discovery.Finished{Follow: []seine.Follow{{URL: r.site.URL + "/p/1#_sitemap"}}}) {
		if l.Key != r.site.URL+"/p/1" || l.Page != "" {
			t.Errorf("the link is %+v", l)
		}
	}
}

// dying is a frontier whose worker dies after some calls of Add.
type dying struct {
	frontier.Frontier
	left atomic.Int64
	die  func()
}

func (d *dying) Add(ctx context.Context, job frontier.JobID, tasks []frontier.New) (int, error) {
	if d.left.Add(-1) < 0 {
		d.die()
		return 0, errors.New("killed")
	}
	return d.Frontier.Add(ctx, job, tasks)
}

// A worker that stops in the middle of a sitemap loses no page. Only a page in flight is fetched
// twice.
func TestSitemapSurvivesItsWorker(t *testing.T) {
	t.Parallel()
	const pages = 2500
	paths := []string{"https://elsewhere.example/"}
	want := map[string]int{}
	for i := range pages {
		paths = append(paths, fmt.Sprintf("HOST/p/%d", i))
		want[fmt.Sprintf("/p/%d", i)] = 1
	}
	testkit.Frontiers(t, func(t *testing.T, f drivers.Frontier) {
		r := newRigOn(t, f, answers(map[string]string{"/s.xml": urlset(paths...)}))
		j := r.register(r.job(func(j *seine.Job) {
			withSitemaps(r, "/s.xml")(j)
			j.Concurrency = 1
		}))
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		release := make(chan struct{})
		d := &dying{Frontier: f}
		d.left.Store(2)
		d.die = func() {
			cancel()
			close(release)
		}
		if err := r.engine(j, func(c *engine.Config) { c.Frontier, c.Release = d, release }).Run(ctx); err != nil {
			t.Fatal(err)
		}
		r.run(j)
		got, again := r.site.Counts(), 0
		if got["/s.xml"] != 2 {
			t.Errorf("the sitemap was read %d times; want 2", got["/s.xml"])
		}
		delete(got, "/s.xml")
		for path, n := range got {
			if n == 2 {
				got[path] = 1
				again++
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || again > 1 {
			t.Errorf("%d pages were fetched twice; want at most 1 (-want +got)\n%s", again, diff)
		}
		if got := r.left(j); !slices.Equal(got, []frontier.LeftOut{{Reason: "out of scope", N: 1}}) {
			t.Errorf("left out %+v; want one", got)
		}
	})
}
