//go:build unix

package chromefetch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// alone is a browser that a test may harm.
func alone(t *testing.T, c Config) *Chrome {
	t.Helper()
	if c.Root == "" {
		c.Root = t.TempDir()
	}
	ch, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = ch.Close()
		if left := usersOf(c.Root); len(left) > 0 {
			t.Errorf("processes are left behind: %v", left)
		}
		if left, _ := filepath.Glob(filepath.Join(c.Root, "*")); len(left) > 0 {
			t.Errorf("files are left behind: %v", left)
		}
	})
	return ch
}

// Each fault fails its own page, and a concurrent page succeeds.
func TestWhatGoesWrongIsOnePagesFailure(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := serve(t, map[string]http.HandlerFunc{
		"/good": html(`<script>setTimeout(() => document.write("<p>well</p>"), 1500)</script>`),
		"/spin": html(`<p>x</p><script>setTimeout(() => { for (;;); }, 50)</script>`),
		"/hang": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-release:
			}
		},
		"/dialog": html(`<p>a</p><script>alert("hello")</script><p>b</p>`),
		"/window": html(`<p>a</p><script>window.open("/popup")</script>`),
		"/file": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Disposition", "attachment; filename=a.bin")
			_, _ = w.Write([]byte("bytes"))
		},
		"/starts": html(`<p>a</p><script>location.href = "/file"</script>`),
		"/crash":  html(`<p>a</p><script>setTimeout(() => { location.href = "/crash2" }, 50)</script>`),
		"/reset":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	})
	t.Cleanup(func() { close(release) })
	c := alone(t, Config{Tabs: 4})
	f := fetcher(t, c, Job{})
	for _, tt := range []struct {
		path, reason string
		waits        []seine.Wait
	}{
		{"/spin", fetch.Hangs, []seine.Wait{{CSS: "h1"}}},
		{"/hang", fetch.Timeout, nil},
		{"/dialog", fetch.OpenedDialog, nil},
		{"/window", fetch.OpenedWindow, []seine.Wait{{Stable: 300 * time.Millisecond}}},
		{"/file", fetch.IsDownload, nil},
		{"/starts", fetch.IsDownload, []seine.Wait{{Stable: time.Second}}},
		{"/reset", fetch.Reset, nil},
	} {
		t.Run(tt.path, func(t *testing.T) {
			var wg sync.WaitGroup
			wg.Go(func() {
				if p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/good", Wait: []seine.Wait{{CSS: "p"}}}); err != nil || !strings.Contains(string(p.Body), "well") {
					t.Errorf("the page beside it: %v", err)
				}
			})
			limit := enough
			if tt.reason == fetch.Hangs || tt.reason == fetch.Timeout {
				limit = 8 * time.Second
			}
			_, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + tt.path, Timeout: limit, Wait: tt.waits})
			if fetch.Reason(err) != tt.reason {
				t.Errorf("%v; want %s", err, tt.reason)
			}
			wg.Wait()
		})
	}
	if s.Count("/popup") > 0 {
		t.Error("the window asked for its page")
	}
}

func TestDialogsAndWindowsCanBeIgnored(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/a":     html(`<p>a</p><script>const yes = confirm("sure?"); window.open("/popup"); document.write("<b>" + yes + "</b>")</script>`),
		"/popup": html("<p>popup"),
	})
	p := get(t, fetcher(t, shared, Job{Chrome: seine.Chrome{IgnoreDialogs: true, IgnoreWindows: true}}), s.URL+"/a", seine.Wait{CSS: "b"})
	if !strings.Contains(string(p.Body), "<b>false</b>") {
		t.Errorf("page %s", p.Body)
	}
}

func TestABusyPageDoesNotGoOnAfterItsFetch(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/spin": html(`<p>x</p><script>setTimeout(() => { for (;;); }, 50)</script>`), "/ok": html("<p>ok")})
	c := alone(t, Config{})
	f := fetcher(t, c, Job{})
	_, _ = f.Fetch(t.Context(), seine.Request{URL: s.URL + "/spin", Timeout: time.Second, Wait: []seine.Wait{{CSS: "h1"}}})
	get(t, f, s.URL+"/ok")
	group := c.Group()
	before := busy(group)
	<-time.After(time.Second)
	if used := busy(group) - before; used > 500*time.Millisecond {
		t.Errorf("the browser used %v of CPU in a second with no page", used)
	}
}

// busy is the CPU time of a process group.
func busy(group int) time.Duration {
	var ticks int64
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		if pgid(file) != group {
			continue
		}
		text, _ := os.ReadFile(file)
		f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		for _, v := range f[11:13] {
			n, _ := strconv.ParseInt(v, 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func TestAKilledRendererIsItsPagesFailure(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<p>x</p>`), "/b": html(`<p>x</p>`)})
	c := alone(t, Config{})
	f := fetcher(t, c, Job{})
	done := make(chan error, 1)
	go func() {
		_, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Timeout: time.Minute, Wait: []seine.Wait{{CSS: "h1"}}})
		done <- err
	}()
	// A page that hung to its deadline would have another reason.
	for killed := 0; killed == 0 && len(done) == 0; {
		<-time.After(100 * time.Millisecond)
		if s.Count("/a") > 0 {
			<-time.After(300 * time.Millisecond)
			killed = killIn(c.Group(), "renderer")
		}
	}
	if err := <-done; fetch.Reason(err) != fetch.Crashed {
		t.Errorf("%v; want %s", err, fetch.Crashed)
	}
	get(t, f, s.URL+"/b")
}

// killIn kills the processes of a type in a group, "" being the browser itself,
// and returns how many there were.
func killIn(group int, kind string) int {
	n := 0
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		_, is, _ := strings.Cut(string(line), "--type=")
		// A renderer rewrites its arguments, with spaces.
		if end := strings.IndexAny(is, " \x00"); end >= 0 {
			is = is[:end]
		}
		if pgid(file) == group && is == kind && len(line) > 0 {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			_ = syscall.Kill(pid, syscall.SIGKILL)
			n++
		}
	}
	return n
}

// A page whose timeout is shorter than the opening of a tab used up its own time, and its browser
// continues.
func TestTheTimeOfATabIsNotThePages(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<p>x</p>`), "/hang": func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}})
	t.Cleanup(func() { close(release) })
	c := alone(t, Config{})
	f := fetcher(t, c, Job{})
	get(t, f, s.URL+"/a")
	first := c.Group()
	for range 3 {
		if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/hang", Timeout: 2 * time.Millisecond}); fetch.Reason(err) != fetch.Timeout {
			t.Errorf("%v; want %s", err, fetch.Timeout)
		}
	}
	get(t, f, s.URL+"/a")
	if c.Group() != first {
		t.Error("the browser was replaced")
	}
}

func TestOnlyTheGuardsAddressesAreReached(t *testing.T) {
	t.Parallel()
	inner := serve(t, map[string]http.HandlerFunc{"/secret": html("secret"), "/s.js": html("document.title = 'reached'")})
	s := serve(t, map[string]http.HandlerFunc{
		"/away": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, inner.URL+"/secret", http.StatusFound)
		},
		"/embed": html(`<p>a</p><script src="` + inner.URL + `/s.js"></script><iframe src="` + inner.URL + `/secret"></iframe>`),
	})
	// 127.0.0.1 is allowed for the site, so the inner host has another address, which is refused.
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	second := &httptest.Server{Listener: l, Config: &http.Server{Handler: s.Config.Handler}}
	second.Start()
	t.Cleanup(second.Close)
	f := fetcher(t, shared, Job{Guard: fetch.Guard{Allow: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.2/32")}}})
	for _, url := range []string{inner.URL + "/secret", second.URL + "/away", strings.Replace(inner.URL, "127.0.0.1", "localhost", 1) + "/secret"} {
		if _, err := f.Fetch(t.Context(), seine.Request{URL: url}); !errors.Is(err, seine.ErrRefused) || fetch.Reason(err) != fetch.AddressRefused {
			t.Errorf("%s: %v; want %v", url, err, seine.ErrRefused)
		}
	}
	get(t, f, second.URL+"/embed", seine.Wait{Stable: 200 * time.Millisecond})
	if inner.Count("/secret") > 0 || inner.Count("/s.js") > 0 {
		t.Errorf("the inner site got the requests %v", inner.Paths())
	}
}

func TestFaultsOfHosts(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + l.Addr().String()
	_ = l.Close()
	tls := httptest.NewTLSServer(html("<p>x"))
	t.Cleanup(tls.Close)
	tls.Config.ErrorLog = nil
	f := fetcher(t, shared, Job{})
	for _, tt := range []struct{ url, reason string }{
		{closed, fetch.RefusedConn},
		{strings.Replace(closed, "http:", "https:", 1), fetch.RefusedConn},
		{"http://no-such-host.invalid/", fetch.NoName},
		{tls.URL, fetch.BadCertificate},
		{"ftp://h/", fetch.BadURL},
	} {
		_, err := f.Fetch(t.Context(), seine.Request{URL: tt.url})
		if fetch.Reason(err) != tt.reason {
			t.Errorf("%s: %v; want %s", tt.url, err, tt.reason)
		}
		if want := tt.reason != fetch.BadURL; errors.Is(err, seine.ErrHost) != want {
			t.Errorf("%s: a fault of the host: %v; want %v", tt.url, !want, want)
		}
	}
}

func TestAStoppedFetchEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html("<p>x")})
	f := fetcher(t, shared, Job{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for s.Count("/a") == 0 {
			<-time.After(10 * time.Millisecond)
		}
		cancel()
	}()
	// A fetch that waits to its deadline would outlast the test.
	_, err := f.Fetch(ctx, seine.Request{URL: s.URL + "/a", Timeout: 24 * time.Hour, Wait: []seine.Wait{{CSS: "h1"}}})
	if fetch.Reason(err) != fetch.Canceled {
		t.Errorf("%v; want %s", err, fetch.Canceled)
	}
}

func TestCloseWithPagesInFlight(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html("<p>x")})
	root := t.TempDir()
	c, err := Open(t.Context(), Config{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	f := fetcher(t, c, Job{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Timeout: time.Minute, Wait: []seine.Wait{{CSS: "h1"}}}); err == nil {
				t.Error("a page of a closed browser came")
			}
		})
	}
	for s.Count("/a") == 0 {
		<-time.After(10 * time.Millisecond)
	}
	_ = c.Close()
	wg.Wait() // each page has a minute: a Close that waits for pages lets them end without an error
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a"}); err == nil {
		t.Error("a closed browser renders")
	}
	if left := usersOf(root); len(left) > 0 {
		t.Errorf("processes are left behind: %v", left)
	}
}

// Nothing but the page's own requests goes out in its name, or the browser's.
func TestTheBrowserAsksForNothingItself(t *testing.T) {
	t.Parallel()
	c := alone(t, Config{})
	var mu sync.Mutex
	var out []string
	record := func(p *proxy) {
		inner := p.server.Handler
		p.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			out = append(out, r.Method+" "+r.Host+r.URL.Path)
			mu.Unlock()
			inner.ServeHTTP(w, r)
		})
	}
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<p>x</p><form><input name=email><input type=password></form>`)})
	f := fetcher(t, c, Job{})
	record(c.deny)
	record(f.proxy)
	get(t, f, s.URL+"/a")
	<-time.After(2 * time.Second)
	mu.Lock()
	defer mu.Unlock()
	if want := "GET " + strings.TrimPrefix(s.URL, "http://") + "/a"; len(out) != 1 || out[0] != want {
		t.Errorf("went out: %v; want %s alone", out, want)
	}
}
