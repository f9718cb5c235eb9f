//go:build unix

package chromefetch

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/fetch/egress"
)

// These are all ways to open a window, and no request of such a window may reach the site.
var windows = []struct{ name, script string }{
	{"open", `window.open("/popped")`},
	{"open without opener", `window.open("/popped", "_blank", "noopener")`},
	{"open, then lead", `const w = window.open("about:blank"); w.location = "/popped"`},
	{"open, then write", `const w = window.open(); w.document.write("<script src=/popped></" + "script>")`},
	{"open, then ask", `const w = window.open(); w.fetch("/popped"); new w.Image().src = "/popped"; w.navigator.sendBeacon("/popped")`},
	{"open a blob", `window.open(URL.createObjectURL(new Blob(["<img src='" + location.origin + "/popped'>"], {type: "text/html"})))`},
	{"a form", `document.body.insertAdjacentHTML("beforeend", "<form action=/popped target=_blank>"); document.forms[0].submit()`},
	{"a form, posted", `document.body.insertAdjacentHTML("beforeend", "<form action=/popped method=post target=there>"); document.forms[0].submit()`},
	{"a link", `const a = document.createElement("a"); a.href = "/popped"; a.target = "_blank"; document.body.append(a); a.click()`},
	{"a link with opener", `const a = document.createElement("a"); a.href = "/popped"; a.target = "_blank"; a.rel = "opener"; document.body.append(a); a.click()`},
	{"in a frame", `document.body.insertAdjacentHTML("beforeend", "<iframe srcdoc='<script>open(&quot;/popped&quot;)</" + "script>'>")`},
}

func TestAWindowAsksForNothing(t *testing.T) {
	t.Parallel()
	for _, ignore := range []bool{false, true} {
		f := fetcher(t, shared, Job{Chrome: seine.Chrome{IgnoreWindows: ignore}})
		for _, w := range windows {
			t.Run(fmt.Sprintf("%s, ignored: %v", w.name, ignore), func(t *testing.T) {
				s := serve(t, map[string]http.HandlerFunc{"/a": html("<body><p>a</p><script>" + w.script + "</script><b>end</b>"), "/popped": html("<p>popped")})
				p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Wait: []seine.Wait{{Stable: 400 * time.Millisecond}}})
				switch {
				case !ignore && fetch.Reason(err) != fetch.OpenedWindow:
					t.Errorf("%v; want %s", err, fetch.OpenedWindow)
				case ignore && (err != nil || !strings.Contains(string(p.Body), "<b>end</b>")):
					t.Errorf("%v, page %+v", err, p)
				}
				if h := s.Header("/popped"); h != nil {
					t.Errorf("the window asked the site, as %s", h.Get("User-Agent"))
				}
			})
		}
	}
}

func script(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = fmt.Fprint(w, text)
	}
}

// A worker that belongs to no single page carries none of the page's settings.
func TestThereAreNoWorkersWithoutAPage(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/a": html(`<p>a</p><script>
const tell = (text) => document.body.insertAdjacentHTML("beforeend", "<i>" + text + "</i>");
navigator.serviceWorker.register("/service.js").then(() => tell("registered"), (e) => tell("refused"));
tell(typeof SharedWorker);
new Worker("/w.js").onmessage = (e) => tell("nested " + e.data);
</script>`),
		"/w.js":       script(`new Worker("/nested.js").onerror = () => postMessage("refused")`),
		"/nested.js":  script(`fetch("/from-nested")`),
		"/service.js": script(`fetch("/from-service")`),
	})
	p := get(t, fetcher(t, shared, Job{}), s.URL+"/a", seine.Wait{CSS: "i ~ i ~ i"})
	for _, want := range []string{"<i>refused</i>", "<i>undefined</i>", "<i>nested refused</i>"} {
		if !strings.Contains(string(p.Body), want) {
			t.Errorf("no %s in %s", want, p.Body)
		}
	}
	for _, path := range []string{"/service.js", "/from-service", "/nested.js", "/from-nested"} {
		if h := s.Header(path); h != nil {
			t.Errorf("%s was requested, as %s", path, h.Get("User-Agent"))
		}
	}
}

func TestAWorkerIsAsItsPage(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/a": html(`<p>a</p><script>
new Worker("/w.js").onmessage = (e) => document.body.insertAdjacentHTML("beforeend", "<i>" + e.data + "</i>");
</script>`),
		"/w.js":      script(`importScripts("/import.js"); fetch("/data").then(() => postMessage([navigator.language, navigator.languages, new Intl.NumberFormat().format(1234.5), navigator.userAgent].join()))`),
		"/import.js": script(""), "/data": html(""),
	})
	f := fetcher(t, shared, Job{Chrome: seine.Chrome{Locale: "de-CH"}})
	p, err := f.Fetch(t.Context(), seine.Request{
		URL: s.URL + "/a", Header: http.Header{"User-Agent": {"Seine/1 (+a@b.example)"}, "X-Key": {"hush"}}, Wait: []seine.Wait{{CSS: "i"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "<i>de-CH,de-CH,de,1’234.5,Seine/1 (+a@b.example)</i>"; !strings.Contains(strings.ReplaceAll(string(p.Body), "'", "’"), want) {
		t.Errorf("no %s in %s", want, p.Body)
	}
	for _, path := range []string{"/w.js", "/import.js", "/data"} {
		if h := s.Header(path); h.Get("User-Agent") != "Seine/1 (+a@b.example)" || !strings.HasPrefix(h.Get("Accept-Language"), "de-CH,de") || h.Get("X-Key") != "hush" {
			t.Errorf("%s: header %v", path, h)
		}
	}
}

func TestNothingIsFetchedAhead(t *testing.T) {
	t.Parallel()
	const rules = `{"prefetch": [{"urls": ["/ruled", "/next"], "eagerness": "immediate"}, {"where": {"href_matches": "/*"}, "eagerness": "immediate"}],
"prerender": [{"urls": ["/rendered"], "eagerness": "immediate"}]}`
	s := serve(t, map[string]http.HandlerFunc{
		"/a": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</header>; rel=prefetch")
			html(`<!doctype html><head>
<link rel=prefetch href=/prefetch><link rel=prefetch as=script href=/prefetch.js><link rel=prefetch as=document href=/prefetch.html>
<link rel=prerender href=/prerender><link rel=preload as=image href=/preload.png><link rel=preload as=style href=/preload.css>
<link rel=modulepreload href=/module.js><link rel=manifest href=/manifest.json><link rel=icon href=/icon.png>
<script type=speculationrules>`+rules+`</script></head><body><a href=/linked>linked</a><script type=module src=/module.js></script></body>`)(w, r)
		},
		"/module.js": script(`document.head.insertAdjacentHTML("beforeend", "<link rel=prefetch href=/later>");
fetch("/data.json"); setTimeout(() => { location.href = "/next" }, 1000)`),
		"/next": html("<b>next</b>"),
	})
	if p := get(t, fetcher(t, shared, Job{}), s.URL+"/a", seine.Wait{CSS: "b"}); !p.Waits[0].OK || p.URL != s.URL+"/next" {
		t.Errorf("the page did not lead to the next: %s: %s", p.URL, p.Body)
	}
	paths := s.Paths()
	slices.Sort(paths)
	if want := []string{"/a", "/data.json", "/module.js", "/next"}; !slices.Equal(paths, want) {
		t.Errorf("requests %v; want %v", paths, want)
	}
	if s.Header("/next").Get("Sec-Purpose") != "" {
		t.Error("the next page was fetched ahead")
	}
}

func TestUnasked(t *testing.T) {
	t.Parallel()
	const agent = "Seine/1"
	for _, tt := range []struct {
		name string
		kind network.ResourceType
		head http.Header
		want bool
	}{
		{"a worker's script", network.ResourceTypeOther, http.Header{"Accept": {"*/*"}, "User-Agent": {agent}}, false},
		{"data", network.ResourceTypeFetch, http.Header{"Accept": {"image/webp"}, "User-Agent": {agent}}, false},
		{"link rel=prefetch", network.ResourceTypeFetch, http.Header{"Sec-Purpose": {"prefetch"}, "User-Agent": {agent}}, true},
		{"rules of speculation", network.ResourceTypeOther, http.Header{"Sec-Purpose": {"prefetch;prerender"}, "User-Agent": {agent}}, true},
		{"a service worker's script", network.ResourceTypeOther, http.Header{"Service-Worker": {"script"}, "User-Agent": {agent}}, true},
		{"an icon", network.ResourceTypeOther, http.Header{"Accept": {"image/avif,image/webp,*/*;q=0.8"}, "User-Agent": {agent}}, true},
		{"nobody's", network.ResourceTypeOther, http.Header{"Accept": {"*/*"}}, true},
	} {
		if got := unasked(tt.kind, tt.head); got != tt.want {
			t.Errorf("%s: unasked(%s, %v) = %v; want %v", tt.name, tt.kind, tt.head, got, tt.want)
		}
	}
}

// The proxy refuses a prefetch that the browser's own check may miss.
func TestTheProxyRefusesWhatIsFetchedAhead(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html("a")})
	out, err := egress.New(egress.Config{Guard: loopback})
	if err != nil {
		t.Fatal(err)
	}
	l, err := listenLocal()
	if err != nil {
		t.Fatal(err)
	}
	p := openProxy(l, out)
	defer p.close()
	at, err := url.Parse(p.url())
	if err != nil {
		t.Fatal(err)
	}
	c := http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(at), DisableKeepAlives: true}}
	for header, want := range map[string]int{"Accept": http.StatusOK, "Sec-Purpose": http.StatusForbidden, "Service-Worker": http.StatusForbidden} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/a", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(header, "prefetch;prerender")
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: status %d; want %d", header, res.StatusCode, want)
		}
	}
}
