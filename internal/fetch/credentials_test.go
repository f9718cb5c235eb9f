package fetch

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

func TestMayCarry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, url string
		allowed   []string
		want      bool
	}{
		{"nothing allowed", "https://a.example/", nil, false},
		{"the site itself", "https://a.example/x", []string{"https://a.example/"}, true},
		{"an origin made secure", "https://a.example/x", []string{"http://a.example/"}, true},
		{"an origin made insecure", "http://a.example/x", []string{"https://a.example/"}, false},
		{"another port", "https://a.example:8443/x", []string{"https://a.example/"}, false},
		{"a subdomain", "https://www.a.example/x", []string{"https://a.example/"}, false},
		{"a longer name", "https://a.example.b.example/", []string{"https://a.example/"}, false},
		{"a named host", "https://b.example/x", []string{"https://a.example/", "b.example"}, true},
		{"a named host in other case", "https://b.example/x", []string{"B.Example"}, true},
		{"a named host, at its default port", "https://b.example/x", []string{"b.example:443"}, true},
		{"a named host, at another port", "https://b.example:8443/x", []string{"b.example"}, false},
		{"a named port", "https://b.example:8443/x", []string{"b.example:8443"}, true},
		{"a named host without TLS, of secure seeds", "http://b.example/x", []string{"https://a.example/", "b.example"}, false},
		{"a named host without TLS, of seeds without", "http://b.example/x", []string{"http://a.example/", "b.example"}, true},
		{"a named address", "http://127.0.0.1:8080/x", []string{"http://127.0.0.1:9/", "127.0.0.1:8080"}, true},
		{"a named IPv6 address", "http://[::1]:8080/x", []string{"http://[::1]:9/", "[::1]:8080"}, true},
		{"a name with a path", "https://b.example/x", []string{"a.example/@b.example"}, false},
		{"no URL", "about:blank", []string{"https://a.example/", "b.example"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := MayCarry(tt.url, tt.allowed); got != tt.want {
				t.Errorf("MayCarry(%s, %q) = %v; want %v", tt.url, tt.allowed, got, tt.want)
			}
		})
	}
}

func TestSites(t *testing.T) {
	t.Parallel()
	job := &seine.Job{
		Seeds: seine.Seeds{URL: "https://cards.example/cert/{id}", URLs: []string{"https://a.example/1", "https://a.example/2", "http://b.example:8080/"},
			Sitemaps: []string{"https://maps.example/sitemap.xml"}, Pages: []seine.SeedPage{{URL: "https://shop.example/all", Page: "category"}}},
		Fetch: seine.Fetch{CredentialsTo: []string{"images.example"}},
	}
	want := []string{"https://cards.example/", "https://a.example/", "http://b.example:8080/", "https://maps.example/", "https://shop.example/", "images.example"}
	if diff := cmp.Diff(want, Sites(job)); diff != "" {
		t.Errorf("sites (-want +got):\n%s", diff)
	}
	job.Seeds = seine.Seeds{URL: "https://{id}.example/"}
	if got := Sites(job); !slices.Equal(got, []string{"images.example"}) {
		t.Errorf("the sites of a template with {id} in its host are %q", got)
	}
}

// Another site gets only the harmless headers of a job. A request's own headers go to its host.
func TestClientKeepsCredentials(t *testing.T) {
	t.Parallel()
	j := job(t, func(j *seine.Job) {
		j.Seeds.URLs = []string{"https://a.example/"}
		j.Fetch.Header = http.Header{"Authorization": {"hush"}, "Cookie": {"s=hush"}, "X-Key": {"hush"}, "Accept-Language": {"de"}, "Accept": {"text/html"}}
	})
	r := &recorder{}
	c := New(j, "1", map[seine.Via]seine.Fetcher{seine.ViaHTTP: r})
	for _, tt := range []struct {
		name string
		req  seine.Request
		want string // of X-Key
	}{
		{"a seed's site", seine.Request{URL: "https://a.example/x"}, "hush"},
		{"an asset of it", seine.Request{URL: "https://a.example/x", Raw: true}, "hush"},
		{"another site", seine.Request{URL: "https://b.example/x"}, ""},
		{"an asset of another site", seine.Request{URL: "https://b.example/x", Raw: true}, ""},
		{"a site that the request allows", seine.Request{URL: "https://b.example/x", CredentialsTo: []string{"https://b.example/"}}, "hush"},
		{"another site, with a header of the request's own", seine.Request{URL: "https://b.example/x", Header: http.Header{"X-Key": {"own"}}}, "own"},
		{"no URL", seine.Request{URL: "::"}, ""},
	} {
		if _, err := c.Fetch(t.Context(), tt.req); err != nil {
			t.Fatal(err)
		}
		h := r.got[len(r.got)-1].Header
		if got := h.Get("X-Key"); got != tt.want {
			t.Errorf("%s: X-Key is %q; want %q", tt.name, got, tt.want)
		}
		if credentialed := h.Get("Authorization") != "" && h.Get("Cookie") != ""; credentialed != (tt.want == "hush") {
			t.Errorf("%s: %v", tt.name, h)
		}
		if h.Get("Accept-Language") != "de" || h.Get("Accept") != "text/html" || h.Get("User-Agent") == "" {
			t.Errorf("%s: harmless headers are missing: %v", tt.name, h)
		}
	}
}
