package httpfetch

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

var quiet = log.New(io.Discard, "", 0)

// journal keeps the requests that a server saw, as "METHOD path".
type journal struct {
	mu   sync.Mutex
	seen []string
}

func (j *journal) add(r *http.Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen = append(j.seen, r.Method+" "+r.URL.RequestURI())
}

func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	seen := j.seen
	j.seen = nil
	return seen
}

func to(w http.ResponseWriter, status int, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "elsewhere")
}

func TestFetchFollowsRedirects(t *testing.T) {
	t.Parallel()
	var j journal
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		j.add(r)
		switch r.URL.Path {
		case "/1":
			to(w, 301, "2?x=a+b#part")
		case "/2":
			to(w, 302, "/d/../3")
		case "/3":
			to(w, 303, "?q=%7e")
			if r.URL.RawQuery != "" {
				_, _ = io.WriteString(w, "never")
			}
		case "/308":
			to(w, 308, "/end")
		case "/307":
			to(w, 307, "/end")
		case "/303":
			to(w, 303, "/end")
		case "/302":
			to(w, 302, "/end")
		case "/nowhere":
			w.WriteHeader(http.StatusFound)
			_, _ = io.WriteString(w, "a page")
		case "/300":
			to(w, 300, "/end")
		case "/304":
			to(w, 304, "/end")
		}
	})
	f := open(t, Config{})
	for _, tt := range []struct {
		name, method, path string
		asked, redirects   []string
		status             int
	}{
		{"each its method, POST", "POST", "/307", []string{"POST /307", "POST /end"}, []string{"/307"}, 200},
		{"308", "POST", "/308", []string{"POST /308", "POST /end"}, []string{"/308"}, 200},
		{"303 becomes GET", "POST", "/303", []string{"POST /303", "GET /end"}, []string{"/303"}, 200},
		{"302 of a POST becomes GET", "POST", "/302", []string{"POST /302", "GET /end"}, []string{"/302"}, 200},
		{"HEAD stays", "HEAD", "/303", []string{"HEAD /303", "HEAD /end"}, []string{"/303"}, 200},
		{"no location is a page", "", "/nowhere", []string{"GET /nowhere"}, nil, 302},
		{"300 is a page", "", "/300", []string{"GET /300"}, nil, 300},
		{"304 is a page", "", "/304", []string{"GET /304"}, nil, 304},
	} {
		p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + tt.path, Method: tt.method})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.asked, j.take()); diff != "" {
			t.Errorf("%s: asked (-want +got):\n%s", tt.name, diff)
		}
		var redirects []string
		for _, r := range p.Redirects {
			redirects = append(redirects, strings.TrimPrefix(r, s.URL))
		}
		if diff := cmp.Diff(tt.redirects, redirects); diff != "" || p.Status != tt.status {
			t.Errorf("%s: status %d; redirects (-want +got):\n%s", tt.name, p.Status, diff)
		}
	}

	// A chain of canonical URLs ends in an error when it returns to an earlier URL.
	_, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/1"})
	if fetch.Reason(err) != fetch.ManyRedirects {
		t.Errorf("a circle: %v; want %q", err, fetch.ManyRedirects)
	}
	if diff := cmp.Diff([]string{"GET /1", "GET /2?x=a+b", "GET /3", "GET /3?q=~"}, j.take()); diff != "" {
		t.Errorf("a circle asked (-want +got):\n%s", diff)
	}
}

func TestFetchBoundsRedirects(t *testing.T) {
	t.Parallel()
	var j journal
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		j.add(r)
		if len(r.URL.Path) > 4 {
			return
		}
		to(w, 302, r.URL.Path+"a")
	})
	for _, tt := range []struct{ most, asked int }{{3, 4}, {-1, 1}} {
		_, err := open(t, Config{MaxRedirects: tt.most}).Fetch(t.Context(), seine.Request{URL: s.URL})
		if fetch.Reason(err) != fetch.ManyRedirects {
			t.Errorf("at most %d: %v; want %q", tt.most, err, fetch.ManyRedirects)
		}
		if got := len(j.take()); got != tt.asked {
			t.Errorf("at most %d: %d requests; want %d", tt.most, got, tt.asked)
		}
	}
	for _, most := range []int{4, 0} {
		if p := get(t, open(t, Config{MaxRedirects: most}), s.URL); len(p.Redirects) != 4 {
			t.Errorf("at most %d: %d redirects; want 4", most, len(p.Redirects))
		}
	}
}

func TestFetchRefusesBadRedirects(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		location, reason string
		is               error
	}{
		{"ftp://a.example/", fetch.BadRedirect, nil},
		{"file:///etc/passwd", fetch.BadRedirect, nil},
		{"javascript:alert(1)", fetch.BadRedirect, nil},
		{"//u:p@127.0.0.1/", fetch.BadRedirect, nil},
		{"http://a b/", fetch.BadRedirect, nil},
		{"/" + strings.Repeat("x", 9000), fetch.BadRedirect, nil},
		{"http://169.254.169.254/latest/meta-data/", fetch.AddressRefused, seine.ErrRefused},
		{"http://[::1]/", fetch.AddressRefused, seine.ErrRefused},
		{"http://[::ffff:10.0.0.1]/", fetch.AddressRefused, seine.ErrRefused},
		{"http://2852039166/", fetch.AddressRefused, seine.ErrRefused},
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) { to(w, 302, tt.location) })
		p, err := open(t, Config{}).Fetch(t.Context(), seine.Request{URL: s.URL})
		if p != nil || fetch.Reason(err) != tt.reason || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("redirect to %.40q = %v, %v; want %q", tt.location, p, err, tt.reason)
		}
	}
}

func TestFetchAsksBeforeItFollows(t *testing.T) {
	t.Parallel()
	var j journal
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		j.add(r)
		if r.URL.Path != "/end" {
			to(w, 302, "/end#x")
		}
	})
	full := errors.New("the host is paused")
	var answer error
	var calls []string
	type key struct{}
	f := open(t, Config{})
	onRedirect := func(ctx context.Context, from, to string) error {
		calls = append(calls, from+" "+to, strings.Join(j.take(), ","))
		if ctx.Value(key{}) != "task" {
			t.Error("OnRedirect has not the caller's context")
		}
		if _, ok := ctx.Deadline(); ok || ctx.Err() != nil {
			t.Error("OnRedirect has the fetch's timeout")
		}
		return answer
	}
	ctx := context.WithValue(t.Context(), key{}, "task")
	if p, err := f.Fetch(ctx, seine.Request{URL: s.URL, Timeout: 5 * time.Second, OnRedirect: onRedirect}); err != nil || p.URL != s.URL+"/end" {
		t.Fatalf("Fetch = %v, %v", p, err)
	}
	want := []string{s.URL + "/ " + s.URL + "/end", "GET /"}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("OnRedirect (-want +got):\n%s", diff)
	}
	j.take()
	answer = full
	if _, err := f.Fetch(ctx, seine.Request{URL: s.URL, OnRedirect: onRedirect}); !errors.Is(err, full) {
		t.Errorf("Fetch = %v; want OnRedirect's error", err)
	}
	if seen := j.take(); len(seen) != 0 {
		t.Errorf("asked all the same: %v", seen)
	}
}

func TestFetchDoesNotCountTheWaitForAnotherHost(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/end" {
			to(w, 302, "/end")
		}
	})
	const timeout = time.Second
	f := open(t, Config{})
	wait := func(context.Context, string, string) error {
		<-time.After(timeout + timeout/10) // a real wait: connections are real
		return nil
	}
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL, Timeout: timeout, OnRedirect: wait}); err != nil {
		t.Errorf("Fetch = %v; want a page", err)
	}
}

func TestFetchKeepsSecretsOnTheirSite(t *testing.T) {
	t.Parallel()
	type hop struct{ auth, key, cookie, agent, language string }
	hops := make(chan hop, 4)
	see := func(r *http.Request) {
		h := r.Header
		hops <- hop{h.Get("Authorization"), h.Get("X-Api-Key"), h.Get("Cookie"), h.Get("User-Agent"), h.Get("Accept-Language")}
	}
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		see(r)
		if back := r.URL.Query().Get("back"); back != "" {
			to(w, 302, back)
		}
	})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		see(r)
		if next := r.URL.Query().Get("to"); next != "" {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "1", Path: "/"})
			to(w, 302, next)
		}
	})
	byName := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	whole := hop{"Bearer s", "s", "given=1", "agent", "en"}
	bare := hop{agent: "agent", language: "en"}
	withSession := whole
	withSession.cookie = "given=1; session=1"
	for _, tt := range []struct {
		name, url string
		want      []hop
	}{
		{"the same site keeps them, and a cookie of the way", s.URL + "/?to=/x", []hop{whole, withSession}},
		{"another port", s.URL + "/?to=" + other.URL, []hop{whole, {agent: "agent", language: "en", cookie: "session=1"}}},
		{"another name of the same address", s.URL + "/?to=" + byName, []hop{whole, bare}},
		{"what is dropped does not come back", s.URL + "/?to=" + other.URL + "/%3Fback=" + byName, []hop{whole, {agent: "agent", language: "en", cookie: "session=1"}, bare}},
		{"no cookie is kept for the next fetch", s.URL + "/", []hop{whole}},
	} {
		_, err := open(t, Config{}).Fetch(t.Context(), seine.Request{URL: tt.url, Header: http.Header{
			"Authorization": {"Bearer s"}, "X-Api-Key": {"s"}, "Cookie": {"given=1"}, "User-Agent": {"agent"}, "Accept-Language": {"en"},
		}})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		var got []hop
		for range len(hops) {
			got = append(got, <-hops)
		}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(hop{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestFetchPassesACookieCheck(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("checked"); err != nil {
			http.SetCookie(w, &http.Cookie{Name: "checked", Value: "1"})
			to(w, 302, r.URL.Path)
		}
	})
	if p := get(t, open(t, Config{}), s.URL+"/p"); p.Status != 200 || len(p.Redirects) != 1 {
		t.Errorf("status %d after %v; want 200 after one redirect to itself", p.Status, p.Redirects)
	}
}

func TestOtherSite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, from, to string
		want           bool
	}{
		{"same", "https://a.example/1", "https://a.example/2", false},
		{"made secure", "http://a.example/", "https://a.example/", false},
		{"made insecure", "https://a.example/", "http://a.example/", true},
		{"made insecure on one port", "https://a.example:8080/", "http://a.example:8080/", true},
		{"another host", "https://a.example/", "https://b.example/", true},
		{"a subdomain", "https://a.example/", "https://www.a.example/", true},
		{"a parent", "https://www.a.example/", "https://a.example/", true},
		{"another port", "https://a.example/", "https://a.example:8443/", true},
		{"made secure on another port", "http://a.example/", "https://a.example:8443/", true},
		{"secure port without TLS", "http://a.example/", "http://a.example:443/", true},
		{"a name that begins the same", "http://a.example/", "https://a.example.b.example/", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := !fetch.SameSite(tt.from, tt.to); got != tt.want {
				t.Errorf("another site than %s: %s is %v; want %v", tt.from, tt.to, got, tt.want)
			}
		})
	}
}

// A job that may ask one port of this machine is led to no other one.
func TestFetchStaysOnAllowedPorts(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	other := serve(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			to(w, http.StatusFound, other.URL)
		case "/refresh":
			w.Header().Set("Refresh", "0;url="+other.URL)
		}
	})
	allowed, err := seine.ParsePrivateNet(strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, Config{Guard: fetch.Guard{Allow: []seine.PrivateNet{allowed}}})
	get(t, f, s.URL)
	for _, path := range []string{"/redirect", "/refresh"} {
		if p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path}); fetch.Reason(err) != fetch.AddressRefused || !strings.Contains(err.Error(), "another port") {
			t.Errorf("%s to another port = %v, %v; want %q", path, p, err, fetch.AddressRefused)
		}
	}
	if p, err := f.Fetch(t.Context(), seine.Request{URL: other.URL, Raw: true}); fetch.Reason(err) != fetch.AddressRefused {
		t.Errorf("an asset at another port = %v, %v; want %q", p, err, fetch.AddressRefused)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the other port was asked %d times", n)
	}
}
