//go:build unix

package chromefetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/testkit"
)

// shared is the browser of all tests that do it no harm.
var shared *Chrome

func TestMain(m *testing.M) {
	if os.Getenv(workerEnv) != "" {
		beWorker()
		return
	}
	if len(os.Args) > 1 && os.Args[1] == triesArg {
		beTaken(os.Args[2:])
		return
	}
	if len(os.Args) > 1 && os.Args[1] == threadsArg {
		beMain()
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	root, err := os.MkdirTemp("", "chromefetch-test-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(root) }()
	// Orphans of the browser become children of this process, as with the first process of a
	// container, and must be reaped.
	if err := beReaper(); err != nil {
		fmt.Println(err)
		return 1
	}
	if shared, err = Open(context.Background(), Config{Root: root, Tabs: 4}); err != nil {
		fmt.Println(err) // no browser is a failure: nothing skips
		return 1
	}
	group := shared.Group()
	code := m.Run()
	_ = shared.Close()
	if left := usersOf(root); len(left) > 0 {
		fmt.Println("processes are left behind:", left)
		return 1
	}
	if n := groupSize(group); n > 0 {
		fmt.Println("processes are left in the browser's group:", n)
		return 1
	}
	if left, _ := filepath.Glob(filepath.Join(root, "*")); len(left) > 0 {
		fmt.Println("files are left behind:", left)
		return 1
	}
	return code
}

// usersOf lists the processes that name a folder.
func usersOf(root string) []string {
	var out []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		if line, err := os.ReadFile(f); err == nil && strings.Contains(string(line), profileFlag+root) {
			out = append(out, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return out
}

func groupSize(group int) int {
	n := 0
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range files {
		if pgid(f) == group {
			n++
		}
	}
	return n
}

// serve starts a site that serves pages by path.
func serve(t *testing.T, pages map[string]http.HandlerFunc) *testkit.Site {
	t.Helper()
	return testkit.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if h := pages[r.URL.Path]; h != nil {
			h(w, r)
			return
		}
		http.NotFound(w, r)
	})
}

func html(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, text)
	}
}

var loopback = fetch.Guard{Allow: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}}

// enough is the time of a page that succeeds. A page takes a part of a second, and many seconds on
// a busy machine.
const enough = 2 * time.Minute

func fetcher(t *testing.T, c *Chrome, job Job) *Fetcher {
	t.Helper()
	if job.Guard.Allow == nil {
		job.Guard = loopback
	}
	f, err := c.Guarded(job)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	f.timeout = enough
	return f
}

func get(t *testing.T, f *Fetcher, url string, waits ...seine.Wait) *seine.Page {
	t.Helper()
	p, err := f.Fetch(t.Context(), seine.Request{URL: url, Wait: waits})
	if err != nil {
		t.Fatalf("Fetch(%s): %v", url, err)
	}
	return p
}

func TestAPageOfScriptsIsRendered(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<!doctype html><title>é</title><img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
<script>
setTimeout(() => { document.body.insertAdjacentHTML("beforeend", "<p class=t>#7 ✓</p>"); }, 80);
setTimeout(() => { document.images[0].src = "/large/a.jpg"; }, 160);
setTimeout(() => { document.querySelector(".t").textContent = "#7 done"; }, 300);
</script>`)})
	p := get(t, fetcher(t, shared, Job{}), s.URL+"/a",
		seine.Wait{CSS: "p.t"}, seine.Wait{CSS: "img", Attr: "src", Matches: regexp.MustCompile(`^https?://`)}, seine.Wait{Stable: 250 * time.Millisecond})
	body := string(p.Body)
	for _, want := range []string{"<!DOCTYPE html>", "<title>é</title>", "#7 done", `src="/large/a.jpg"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s:\n%s", want, body)
		}
	}
	if p.Status != 200 || p.Type != "text/html" || p.URL != s.URL+"/a" || p.Via != seine.ViaChrome || p.Took <= 0 || p.FetchedAt.IsZero() {
		t.Errorf("page %+v", p)
	}
	for i, want := range []string{"css: p.t", "css: img, attr: src, matches: ^https?://", "stable: 250ms"} {
		if w := p.Waits[i]; !w.OK || w.Wait != want || w.Took <= 0 {
			t.Errorf("wait %d: %+v; want %q to hold", i, w, want)
		}
	}
	if s.Count("/large/a.jpg") > 0 {
		t.Error("an image was asked for; src is all that was wanted")
	}
}

func TestAWaitThatRunsOutIsNoError(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<p>here</p><script>setInterval(() => { document.body.dataset.n = Math.random(); }, 20)</script>`)})
	f := fetcher(t, shared, Job{})
	const limit = 6 * time.Second
	start := time.Now()
	p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Timeout: limit, Wait: []seine.Wait{{CSS: "p"}, {Stable: 300 * time.Millisecond}, {CSS: "h1"}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []bool
	for _, w := range p.Waits {
		got = append(got, w.OK)
	}
	if !slices.Equal(got, []bool{true, false, false}) || !strings.Contains(string(p.Body), "here") {
		t.Errorf("waits %v, page %s", got, p.Body)
	}
	if took := time.Since(start); took < limit {
		t.Errorf("ended after %v; the page had %v", took, limit)
	}
}

func TestAWaitThatTheBrowserDoesNotKnowIsTold(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<p>Foo</p>`)})
	_, err := fetcher(t, shared, Job{}).Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Wait: []seine.Wait{{CSS: "p"}, {CSS: "p:contains(Foo)"}}})
	if fetch.Reason(err) != fetch.BadWait || !strings.Contains(err.Error(), "bad wait: css: p:contains(Foo): SyntaxError: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v; want %s with what the browser says", err, fetch.BadWait)
	}
}

const components = `<!doctype html><body><my-card id=one><span slot=name>own</span><b>free</b></my-card><my-list></my-list><my-closed></my-closed><script>
class Card extends HTMLElement {
  static made = 0;
  constructor() { super(); Card.made++; }
  connectedCallback() {
    this.attachShadow({ mode: "open" }).innerHTML = "<style>p { color: red }</style><p class=title>Title of " + this.id + "</p><slot name=name>no name</slot><slot name=other>empty</slot><img src=shown.png>";
  }
}
class Late extends HTMLElement {
  connectedCallback() {
    setTimeout(() => {
      const root = this.attachShadow({ mode: "open" });
      setTimeout(() => { root.innerHTML = "<my-card id=two></my-card><i>later</i>"; }, 200);
      setTimeout(() => { root.querySelector("i").textContent = "last"; }, 400);
    }, 200);
  }
}
class Closed extends HTMLElement { connectedCallback() { this.attachShadow({ mode: "closed" }).innerHTML = "<u>secret</u>"; } }
customElements.define("my-card", Card); customElements.define("my-list", Late); customElements.define("my-closed", Closed);
setTimeout(() => document.body.dataset.made = Card.made, 1500);
</script></body>`

func TestWhatComponentsShowIsRead(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html(components)})
	f := fetcher(t, shared, Job{})
	p := get(t, f, s.URL+"/a",
		seine.Wait{CSS: "my-list my-card .title", Matches: regexp.MustCompile("^Title of two$")},
		seine.Wait{CSS: "#one > img", Attr: "src", Matches: regexp.MustCompile("^" + regexp.QuoteMeta(s.URL) + "/shown.png$")},
		seine.Wait{Stable: 300 * time.Millisecond}, seine.Wait{CSS: "[data-made]"})
	for _, w := range p.Waits {
		if !w.OK {
			t.Errorf("%s ran out", w.Wait)
		}
	}
	body := string(p.Body)
	for _, want := range []string{
		`<my-card id="one"><span slot="name">own</span><b>free</b><style>p { color: red }</style><p class="title">Title of one</p>` +
			`<slot name="name"></slot><slot name="other">empty</slot><img src="shown.png"></my-card>`,
		`<my-list><my-card id="two"><style>p { color: red }</style><p class="title">Title of two</p><slot name="name">no name</slot>`,
		`<i>last</i></my-list>`, `data-made="2"`, "<!DOCTYPE html>",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s:\n%s", want, body)
		}
	}
	if !strings.Contains(body, "<my-closed></my-closed>") {
		t.Error("a closed root was read")
	}
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a", MaxBody: int64(len(components) + 200), Wait: []seine.Wait{{CSS: "#two"}}}); !errors.Is(err, seine.ErrTooLarge) {
		t.Errorf("%v; want %v", err, seine.ErrTooLarge)
	}
}

func TestStableLooksAtTheHTML(t *testing.T) {
	t.Parallel()
	// A value that changes back before the next check counts as unchanged.
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<p id=p>here</p><script>setInterval(() => { p.className = "x"; p.className = ""; }, 10); p.className = ""</script>`)})
	p := get(t, fetcher(t, shared, Job{}), s.URL+"/a", seine.Wait{Stable: 200 * time.Millisecond})
	if !p.Waits[0].OK {
		t.Error("a page whose HTML stays the same is not stable")
	}
}

func TestResponsesOfEveryKindArePages(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/gone": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusGone)
			_, _ = fmt.Fprint(w, "<h1>gone")
		},
		"/empty": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"/none": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-One", "a")
			w.WriteHeader(http.StatusNoContent)
		},
		"/reset": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusResetContent) },
		"/to":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/none", http.StatusFound) },
		"/json": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Add("X-Two", "a")
			w.Header().Add("X-Two", "b")
			_, _ = fmt.Fprint(w, `{"a": [1, "<b>"]}`)
		},
		"/text": func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "plain\ntext") },
	})
	f := fetcher(t, shared, Job{})
	for _, tt := range []struct {
		path, media, body string
		status            int
	}{
		{"/gone", "text/html", "gone", 410},
		{"/empty", "", "", 503},
		{"/none", "text/plain", "", 204},
		{"/reset", "text/plain", "", 205},
		{"/to", "text/plain", "", 204},
		{"/missing", "text/plain", "404 page not found\n", 404},
		{"/json", "application/json", `{"a": [1, "<b>"]}`, 200},
		{"/text", "text/plain", "plain\ntext", 200},
	} {
		p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + tt.path})
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		if p.Status != tt.status || tt.media != "" && p.Type != tt.media {
			t.Errorf("%s: status %d, type %s; want %d, %s", tt.path, p.Status, p.Type, tt.status, tt.media)
		}
		if got := string(p.Body); tt.media == "text/html" && !strings.Contains(got, tt.body) || tt.media != "text/html" && tt.media != "" && got != tt.body {
			t.Errorf("%s: body %q; want %q", tt.path, got, tt.body)
		}
		if tt.path == "/json" && !slices.Equal(p.Header.Values("X-Two"), []string{"a, b"}) && !slices.Equal(p.Header.Values("X-Two"), []string{"a", "b"}) {
			t.Errorf("header %v", p.Header)
		}
	}
}

func TestRedirectsAreAskedForFirst(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/a":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/b", http.StatusFound) },
		"/b":    html(`<script>location.href = "/c"</script>`),
		"/c":    html(`<p>end</p>`),
		"/loop": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) },
	})
	var hops []string
	f := fetcher(t, shared, Job{MaxRedirects: 3})
	p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Wait: []seine.Wait{{CSS: "p"}}, OnRedirect: func(_ context.Context, from, to string) error {
		hops = append(hops, strings.TrimPrefix(from, s.URL)+"→"+strings.TrimPrefix(to, s.URL))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"/a→/b", "/b→/c"}; !slices.Equal(hops, want) || p.URL != s.URL+"/c" || !slices.Equal(p.Redirects, []string{s.URL + "/a", s.URL + "/b"}) {
		t.Errorf("hops %v, page %s after %v; want %v", hops, p.URL, p.Redirects, want)
	}
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/loop"}); fetch.Reason(err) != fetch.ManyRedirects {
		t.Errorf("a loop: %v; want %s", err, fetch.ManyRedirects)
	}
	no := errors.New("not this host")
	refuse := func(context.Context, string, string) error { return no }
	before := len(s.Paths())
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a", OnRedirect: refuse}); !errors.Is(err, no) {
		t.Errorf("a refused redirect: %v", err)
	}
	if got := s.Paths()[before:]; !slices.Equal(got, []string{"/a"}) {
		t.Errorf("requests %v; want /a alone", got)
	}
}

func TestTheTimeOfARedirectIsNotThePages(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/a": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/b", http.StatusFound) },
		"/b": html(`<p>end</p>`),
	})
	f := fetcher(t, shared, Job{})
	wait := func(ctx context.Context, _, _ string) error {
		select {
		case <-time.After(11 * time.Second):
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Timeout: 10 * time.Second, OnRedirect: wait, Wait: []seine.Wait{{CSS: "p"}}}); err != nil {
		t.Error(err)
	}
}

func TestEveryPageHasAContextOfItsOwn(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<script>
document.write("<p>" + (document.cookie || "none") + (localStorage.k || "none") + "</p>");
document.cookie = "k=1; max-age=3600"; localStorage.k = 1;
</script>`)})
	f := fetcher(t, shared, Job{})
	for range 2 {
		if p := get(t, f, s.URL+"/a"); !strings.Contains(string(p.Body), "<p>nonenone</p>") {
			t.Errorf("a page knows of another: %s", p.Body)
		}
	}
}
