package chromefetch

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/testkit"
)

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
