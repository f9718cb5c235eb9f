package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/testkit"
)

// documentation serves Debian's libboost1.81-doc: about 3,900 pages, with links to files that the
// package leaves out. Folders without an index are absent, as on most sites.
func documentation(t *testing.T) http.HandlerFunc {
	t.Helper()
	dir := documentationDir(t)
	server := http.FileServer(http.Dir(dir))
	return func(w http.ResponseWriter, q *http.Request) {
		at := filepath.Join(dir, filepath.FromSlash(path.Clean("/"+q.URL.Path)))
		info, err := os.Stat(at)
		switch {
		case err != nil:
			http.NotFound(w, q)
		case path.Base(q.URL.Path) == "index.html": // which http.FileServer redirects to its folder
			http.ServeFileFS(w, &http.Request{Method: q.Method, URL: &url.URL{Path: "/"}, Header: q.Header}, only{at}, "page")
		case info.IsDir() && !exists(filepath.Join(at, "index.html")):
			http.NotFound(w, q)
		default:
			server.ServeHTTP(w, q)
		}
	}
}

func documentationDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SEINE_TEST_DOCUMENTATION")
	if dir == "" {
		dir = "/usr/share/doc/libboost1.81-doc"
	}
	if _, err := os.Stat(filepath.Join(dir, startPath)); err != nil {
		t.Fatalf("%v: `make test` installs libboost1.81-doc, or name its folder by SEINE_TEST_DOCUMENTATION", err)
	}
	return dir
}

// only is a file system of one file.
type only struct{ at string }

func (o only) Open(string) (fs.File, error) { return os.Open(o.at) }

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

const startPath = "/doc/html/index.html"

// crawl is the truth about a crawl: the requests by path, and the tasks by their page's status.
type crawl struct {
	requests      map[string]int
	found, absent int64
}

// walk follows all links breadth first. It shares no code with Seine.
func walk(t *testing.T, site http.Handler, start string) crawl {
	t.Helper()
	out := crawl{requests: map[string]int{}}
	queue, seen := []*url.URL{}, map[string]bool{}
	add := func(u *url.URL) {
		u.Fragment, u.RawFragment = "", ""
		if key := u.Path + "?" + u.RawQuery; u.Host == "site" && u.Scheme == "http" && !seen[key] {
			seen[key] = true
			queue = append(queue, u)
		}
	}
	first, err := url.Parse("http://site" + start)
	if err != nil {
		t.Fatal(err)
	}
	add(first)
	for ; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		answer := ask(site, at)
		out.requests[at.Path]++
		for hops := 0; answer.Code == http.StatusMovedPermanently && hops < 10; hops++ {
			next, err := at.Parse(answer.Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			at, answer = next, ask(site, next)
			out.requests[at.Path]++
		}
		if answer.Code != http.StatusOK {
			out.absent++
			continue
		}
		out.found++
		if strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
			for _, link := range linksOf(t, answer.Body.Bytes(), at) {
				add(link)
			}
		}
	}
	return out
}

func ask(site http.Handler, at *url.URL) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, at.String(), nil))
	return w
}

// linksOf returns the targets of the links of a page.
func linksOf(t *testing.T, body []byte, at *url.URL) (out []*url.URL) {
	t.Helper()
	z := html.NewTokenizer(bytes.NewReader(body))
	base := at
	for {
		switch z.Next() {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) {
				t.Fatal(z.Err())
			}
			return out
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			if token.Data != "a" && token.Data != "area" && token.Data != "base" {
				continue
			}
			for _, a := range token.Attr {
				if a.Key != "href" {
					continue
				}
				link, err := join(base, strings.TrimSpace(a.Val))
				if err == nil && token.Data == "base" {
					base = link
				} else if err == nil {
					out = append(out, link)
				}
			}
		}
	}
}

// join resolves a reference as browsers do. Package net/url differs for a percent sign that begins
// no escape, a colon in the first segment, and an empty segment behind "..".
func join(base *url.URL, ref string) (*url.URL, error) {
	ref = badEscape.ReplaceAllString(ref+"  ", "%25$1")
	ref = strings.TrimSpace(ref)
	u, err := url.Parse(ref)
	if err != nil {
		if u, err = url.Parse("./" + ref); err != nil {
			return nil, err
		}
	}
	if u.Scheme != "" || u.Host != "" || u.Path == "" {
		return base.ResolveReference(u), nil
	}
	full := u.Path
	if !strings.HasPrefix(full, "/") {
		full = base.Path[:strings.LastIndexByte(base.Path, '/')+1] + full
	}
	var kept []string // RFC 3986, section 5.2.4
	segments := strings.Split(full[1:], "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s == ".." && len(kept) > 0:
			kept = kept[:len(kept)-1]
		case s != "." && s != "..":
			kept = append(kept, s)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: "/" + strings.Join(kept, "/"), RawQuery: u.RawQuery}, nil
}

var badEscape = regexp.MustCompile(`%([^0-9A-Fa-f]|.[^0-9A-Fa-f])`)

const documentationJob = `job: documentation
permission: "the Boost Software License"
seeds: {%s}
fetch: {via: http, allow_private: [127.0.0.0/8]}
pace: {delay: 0s, concurrency: 0}
concurrency: 16
retry: {error: 2}
max_failures: 0
fields:
  title: {css: title}
%s`

// seenBy returns the requests of pages by path.
func seenBy(site *testkit.Site) map[string]int {
	got := site.Counts()
	delete(got, "/robots.txt")
	return got
}

func (c crawl) check(t *testing.T, s status) {
	t.Helper()
	if s.States["done"] != c.found || s.States["skipped"] != c.absent || s.left() != 0 || s.States["error"] != 0 {
		t.Errorf("status %v; want %d done and %d skipped", s.States, c.found, c.absent)
	}
}

// A whole site by its links alone, in one process.
func TestDocumentationByLinks(t *testing.T) {
	t.Parallel()
	handler := documentation(t)
	want := walk(t, handler, startPath)
	if want.found < 3000 {
		t.Fatalf("the site has %d pages; want about 3,900", want.found)
	}
	site, dir := testkit.Serve(t, handler), t.TempDir()
	job := writeDocumentationJob(t, dir, fmt.Sprintf("urls: [%q]", site.URL+startPath), "follow: all\n")
	run(t, dir, 0, "run", job)
	if diff := cmp.Diff(want.requests, seenBy(site)); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
	want.check(t, readStatus(t, dir, "sqlite:"+filepath.Join(dir, "data", "seine.db"), "documentation"))
}

func writeDocumentationJob(t *testing.T, dir, seeds, more string) string {
	t.Helper()
	job := filepath.Join(dir, "job.yaml")
	if err := os.WriteFile(job, fmt.Appendf(nil, documentationJob, seeds, more), 0o600); err != nil {
		t.Fatal(err)
	}
	return job
}

// The same with three workers on PostgreSQL, of which one is killed. Only the pages that it held
// are requested again.
func TestDocumentationWithAKilledWorker(t *testing.T) {
	t.Parallel()
	handler := documentation(t)
	want := walk(t, handler, startPath)
	site, dir, at := testkit.Serve(t, handler), t.TempDir(), pgtest.Empty(t)
	job := writeDocumentationJob(t, dir, fmt.Sprintf("urls: [%q]", site.URL+startPath), "follow: all\n")
	run(t, dir, 0, "migrate", "--frontier", at)
	work := func() *process { return start(t, dir, nil, "worker", job, "--frontier", at, "--lease", "5s") }
	victim, others := work(), []*process{work(), work()}
	await(t, "the middle of the run", func() bool { return len(site.Requests()) > len(want.requests)/3 })
	if err := victim.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait()
	await(t, "the end of the run", func() bool {
		s := readStatus(t, dir, at, "documentation")
		return s.left() == 0 && s.States["done"] > 0
	})
	for _, p := range others {
		p.stop(t)
	}
	got, again := seenBy(site), 0
	for p, n := range got {
		if extra := n - want.requests[p]; extra > 0 && want.requests[p] > 0 {
			again += extra
			got[p] = want.requests[p]
		}
	}
	if diff := cmp.Diff(want.requests, got); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
	const held = 4 * 16 // tasks of the killed worker, most of which wait for their commit
	if again > held {
		t.Errorf("%d requests were repeated; want at most %d", again, held)
	}
	want.check(t, readStatus(t, dir, at, "documentation"))
}

// The same site by a sitemap of its files, without a link.
func TestDocumentationBySitemap(t *testing.T) {
	t.Parallel()
	handler := documentation(t)
	var files []string
	root := documentationDir(t)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(name, ".html") && exists(name) {
			files = append(files, strings.TrimPrefix(filepath.ToSlash(name), root))
		}
		return err
	})
	if err != nil || len(files) < 3000 {
		t.Fatalf("%d pages, %v; want about 3,900", len(files), err)
	}
	site := testkit.Serve(t, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/sitemap.xml" {
			handler(w, q)
			return
		}
		_, _ = io.WriteString(w, `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
		for _, f := range files {
			u := url.URL{Scheme: "http", Host: q.Host, Path: f}
			_, _ = fmt.Fprintf(w, "<url><loc>%s</loc></url>\n", html.EscapeString(u.String()))
		}
		_, _ = io.WriteString(w, "</urlset>")
	})
	want := map[string]int{"/sitemap.xml": 1}
	for _, f := range files {
		want[f] = 1
	}
	dir := t.TempDir()
	job := writeDocumentationJob(t, dir, fmt.Sprintf("sitemap: [%q]", site.URL+"/sitemap.xml"), "")
	run(t, dir, 0, "run", job)
	if diff := cmp.Diff(want, seenBy(site)); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}
