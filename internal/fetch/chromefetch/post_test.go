//go:build unix

package chromefetch

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// The main document alone is sent with the method and the body.
func TestAPageIsPosted(t *testing.T) {
	t.Parallel()
	echo := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<p id=main>%s %s %s %s</p><script>fetch("/data").then((r) => r.text()).then((text) => document.body.insertAdjacentHTML("beforeend", "<i>" + text + "</i>"))</script>`,
			r.Method, r.Header.Get("Content-Type"), r.Header.Get("X-Key"), body)
	}
	s := serve(t, map[string]http.HandlerFunc{
		"/a": echo, "/end": echo,
		"/data": func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprintf(w, "data %s [%s]", r.Method, r.Header.Get("Content-Type"))
		},
		"/303": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/end", http.StatusSeeOther) },
		"/307": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		},
		"/json": func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"method":%q,"body":%q}`, r.Method, body)
		},
	})
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Key": {"k"}}
	for _, tt := range []struct {
		name, path, method, body string
		header                   http.Header
		want                     string
	}{
		{"a form", "/a", "POST", "q=é&n=1", form, "POST application/x-www-form-urlencoded k q=é&amp;n=1"},
		{"another method", "/a", "PUT", "{}", http.Header{"Content-Type": {"application/json"}}, "PUT application/json  {}"},
		{"without a body", "/a", "POST", "", nil, "POST   "},
		{"a redirect that turns it into a GET", "/303", "POST", "q=1", form, "GET"},
		{"a redirect that keeps it", "/307", "POST", "q=1", form, "POST"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := fetcher(t, shared, Job{}).Fetch(t.Context(), seine.Request{
				URL: s.URL + tt.path, Method: tt.method, Body: []byte(tt.body), Header: tt.header, Wait: []seine.Wait{{CSS: "i"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(p.Body), "<p id=\"main\">"+tt.want) || !strings.Contains(string(p.Body), "<i>data GET []</i>") {
				t.Errorf("the page has no %q: %s", tt.want, p.Body)
			}
		})
	}
	p, err := fetcher(t, shared, Job{}).Fetch(t.Context(), seine.Request{URL: s.URL + "/json", Method: "POST", Body: []byte("{}")})
	if err != nil || string(p.Body) != `{"method":"POST","body":"{}"}` {
		t.Errorf("%v, page %+v", err, p)
	}
	for _, req := range []seine.Request{{Method: "HEAD"}, {Method: "CONNECT"}, {Method: "GO ON\r\n"}, {Body: []byte("x")}} {
		req.URL = s.URL + "/a"
		if _, err := fetcher(t, shared, Job{}).Fetch(t.Context(), req); fetch.Reason(err) != fetch.NoFetcher {
			t.Errorf("%q with %d bytes: %v; want %s", req.Method, len(req.Body), err, fetch.NoFetcher)
		}
	}
}

// The user agent names Seine, its version and the contact in each profile, to the site and to
// scripts.
func TestTheBrowserNamesItself(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<body><script>document.body.append(navigator.userAgent); fetch("/b")</script>`), "/b": html("")})
	agent := fetch.UserAgent("1.2.3", "data@lab.example")
	for _, desktop := range []bool{false, true} {
		t.Run(fmt.Sprintf("desktop %v", desktop), func(t *testing.T) {
			p, err := fetcher(t, shared, Job{Chrome: seine.Chrome{Desktop: desktop}}).Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Header: http.Header{"User-Agent": {agent}}})
			if err != nil {
				t.Fatal(err)
			}
			const want = "Seine/1.2.3 (+data@lab.example)"
			if !strings.Contains(string(p.Body), want) {
				t.Errorf("scripts see %s; want %s", p.Body, want)
			}
			for _, path := range []string{"/a", "/b"} {
				if got := s.Header(path).Get("User-Agent"); !strings.Contains(got, want) || strings.HasPrefix(got, "Mozilla/") != desktop {
					t.Errorf("%s was asked as %q; want %s", path, got, want)
				}
			}
		})
	}
}
