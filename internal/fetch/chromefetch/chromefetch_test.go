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
	start := time.Now()
	p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Timeout: time.Second, Wait: []seine.Wait{{CSS: "p"}, {Stable: 300 * time.Millisecond}, {CSS: "h1"}}})
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
	if took := time.Since(start); took < time.Second {
		t.Errorf("ended after %v; the page had a second", took)
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
		p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + tt.path, Timeout: 5 * time.Second})
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
		case <-time.After(1500 * time.Millisecond):
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Timeout: time.Second, OnRedirect: wait, Wait: []seine.Wait{{CSS: "p"}}}); err != nil {
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

func TestHeadersGoToTheHostThatWasAsked(t *testing.T) {
	t.Parallel()
	other := serve(t, map[string]http.HandlerFunc{"/x.js": html(""), "/landed": html("<p>landed")})
	s := serve(t, map[string]http.HandlerFunc{
		"/a": html(`<p>a</p><script src="/own.js"></script><script src="` + other.URL + `/x.js"></script>`),
		"/away": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/landed", http.StatusFound)
		},
	})
	f := fetcher(t, shared, Job{Chrome: seine.Chrome{Locale: "de-CH"}})
	header := http.Header{"User-Agent": {"Seine/1 (+a@b.example)"}, "Authorization": {"Bearer hush"}, "X-Key": {"hush"}}
	for _, path := range []string{"/a", "/away"} {
		if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, Header: header, Wait: []seine.Wait{{CSS: "p"}}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		at    *testkit.Site
		path  string
		wants string
	}{{s, "/a", "hush"}, {s, "/own.js", "hush"}, {other, "/x.js", ""}, {other, "/landed", ""}} {
		h := tt.at.Header(tt.path)
		if h == nil {
			t.Errorf("%s was not requested", tt.path)
			continue
		}
		if got := h.Get("X-Key"); got != tt.wants || strings.Contains(h.Get("Authorization"), "hush") != (tt.wants != "") {
			t.Errorf("%s: X-Key %q, Authorization %q; want %q", tt.path, got, h.Get("Authorization"), tt.wants)
		}
		if got := h.Get("User-Agent"); got != "Seine/1 (+a@b.example)" {
			t.Errorf("%s: user agent %q", tt.path, got)
		}
		if got := h.Get("Accept-Language"); !strings.HasPrefix(got, "de-CH,de") {
			t.Errorf("%s: language %q", tt.path, got)
		}
	}
}

// Credentials go to the sites that the job names, and to no site in the name of a foreign frame.
func TestCredentialsOfSubrequests(t *testing.T) {
	t.Parallel()
	named := serve(t, map[string]http.HandlerFunc{"/named.js": html(""), "/moved": html("<p>moved")})
	var foreign *testkit.Site
	s := serve(t, map[string]http.HandlerFunc{"/by-frame.js": html(""), "/own-frame": html(`<script src="/in-frame.js"></script>`), "/in-frame.js": html(""), "/a": func(w http.ResponseWriter, r *http.Request) {
		html(`<p>a</p><script src="`+named.URL+`/named.js"></script><iframe src="`+foreign.URL+`/frame"></iframe><iframe src="/own-frame"></iframe>`)(w, r)
	}, "/away": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, named.URL+"/moved", http.StatusFound)
	}})
	foreign = serve(t, map[string]http.HandlerFunc{"/frame": html(`<script src="` + s.URL + `/by-frame.js"></script>`)})
	f := fetcher(t, shared, Job{})
	header := http.Header{"Authorization": {"Bearer hush"}, "Cookie": {"session=hush"}}
	to := []string{s.URL + "/", strings.TrimPrefix(named.URL, "http://")}
	for _, path := range []string{"/a", "/away"} {
		if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, Header: header, CredentialsTo: to, Wait: []seine.Wait{{CSS: "p"}, {Stable: 300 * time.Millisecond}}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		at    *testkit.Site
		path  string
		wants bool
	}{{s, "/a", true}, {named, "/named.js", true}, {named, "/moved", true}, {foreign, "/frame", false}, {s, "/by-frame.js", false}, {s, "/own-frame", true}, {s, "/in-frame.js", true}} {
		h := tt.at.Header(tt.path)
		if h == nil {
			t.Errorf("%s was not requested", tt.path)
			continue
		}
		for _, name := range []string{"Authorization", "Cookie"} {
			if got := h.Get(name); strings.Contains(got, "hush") != tt.wants {
				t.Errorf("%s: %s is %q; want the job's %v", tt.path, name, got, tt.wants)
			}
		}
	}
}

// A site that redirects a subrequest to another one does not tell it the URL of the page.
func TestRefererOfRedirectedSubrequests(t *testing.T) {
	t.Parallel()
	other := serve(t, map[string]http.HandlerFunc{"/landed.js": html("")})
	s := serve(t, map[string]http.HandlerFunc{
		"/a": html(`<p>a</p><script src="/moved.js"></script>`),
		"/moved.js": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/landed.js", http.StatusFound)
		},
	})
	header := http.Header{"X-Key": {"hush"}}
	if _, err := fetcher(t, shared, Job{}).Fetch(t.Context(), seine.Request{URL: s.URL + "/a?token=hush", Header: header, Wait: []seine.Wait{{CSS: "p"}}}); err != nil {
		t.Fatal(err)
	}
	if got := s.Header("/moved.js").Get("Referer"); got != s.URL+"/" {
		t.Errorf("the page's own site was told the referrer %q; want its origin", got)
	}
	if h := other.Header("/landed.js"); h == nil {
		t.Error("/landed.js was not requested")
	} else if strings.Contains(h.Get("Referer"), "hush") {
		t.Errorf("another site was told the referrer %q", h.Get("Referer"))
	}
}

func TestSettingsOfAJob(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<script>
document.write("<p>" + [innerWidth, screen.height, navigator.webdriver, navigator.language, /Mozilla.*Chrome\/\d+/.test(navigator.userAgent), /Headless/.test(navigator.userAgent), /Seine/.test(navigator.userAgent), Intl.DateTimeFormat().resolvedOptions().locale].join(" ") + "</p>");
</script>`)})
	for _, tt := range []struct {
		name   string
		chrome seine.Chrome
		want   string
	}{
		{"default", seine.Chrome{}, "1920 1080 true en-US false false true en-US"},
		{"desktop", seine.Chrome{Desktop: true}, "1920 1080 false en-US true false true en-US"},
		{"small and Swiss", seine.Chrome{Width: 800, Height: 600, Locale: "de-CH"}, "800 600 true de-CH false false true de-CH"},
	} {
		p, err := fetcher(t, shared, Job{Chrome: tt.chrome}).Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Header: http.Header{"User-Agent": {"Seine/1"}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(p.Body)[strings.LastIndex(string(p.Body), "<p>")+3:]; !strings.HasPrefix(got, tt.want+"<") {
			t.Errorf("%s: %s; want %s", tt.name, got, tt.want)
		}
	}
}

func TestOnlyWhatTheJobNeedsIsLoaded(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/a": html(`<link rel="stylesheet" href="/s.css"><style>@font-face { font-family: F; src: url(/f.woff2) } body { font-family: F }</style>text
<img src="/i.png" onerror="this.src = '/fallback.png'" onload="this.dataset.ok = 1"><video src="/v.mp4" autoplay></video><script src="/j.js"></script>
<script>fetch("/d.json"); navigator.sendBeacon("/ping", "x")</script>`),
		"/j.js": html(""), "/d.json": html("{}"), "/s.css": html(""),
	})
	wanted := func(load []seine.Resource, paths ...string) {
		t.Helper()
		s.Forget()
		p := get(t, fetcher(t, shared, Job{Chrome: seine.Chrome{Load: load}}), s.URL+"/a", seine.Wait{Stable: 300 * time.Millisecond})
		if len(load) == 0 && !strings.Contains(string(p.Body), `src="/i.png"`) {
			t.Errorf("the image's src changed: %s", p.Body)
		}
		for _, path := range []string{"/s.css", "/f.woff2", "/i.png", "/v.mp4", "/j.js", "/d.json", "/ping", "/fallback.png"} {
			if got, want := s.Count(path) > 0, slices.Contains(paths, path); got != want {
				t.Errorf("load %v: %s requested: %v; want %v", load, path, got, want)
			}
		}
	}
	wanted(nil, "/j.js", "/d.json")
	wanted([]seine.Resource{seine.ResourceImage, seine.ResourceStyle, seine.ResourceFont, seine.ResourceMedia},
		"/j.js", "/d.json", "/s.css", "/f.woff2", "/i.png", "/v.mp4", "/fallback.png")
}

func TestAPageIsBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/long": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			for range 1000 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		},
		"/grows": html(`<script>document.write("<p>" + "x".repeat(200000) + "</p>")</script>`),
	})
	f := fetcher(t, shared, Job{})
	for _, path := range []string{"/long", "/grows"} {
		_, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, MaxBody: 100_000})
		if !errors.Is(err, seine.ErrTooLarge) || fetch.Reason(err) != fetch.TooLarge {
			t.Errorf("%s: %v; want %v", path, err, seine.ErrTooLarge)
		}
	}
}
