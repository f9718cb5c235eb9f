//go:build unix

package chromefetch

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seinehq/seine/internal/fetch/egress"
)

// All requests of a page go through the job's proxy, which gets addresses.
func TestPagesGoThroughTheProxyOfTheJob(t *testing.T) {
	t.Parallel()
	var (
		mu    sync.Mutex
		asked []string
	)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		asked = append(asked, q.Method+" "+q.Host)
		mu.Unlock()
		out, err := net.Dial("tcp", q.Host)
		if err != nil {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		in, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		_, _ = io.Copy(in, out)
		_ = in.Close()
	}))
	t.Cleanup(upstream.Close)
	s := serve(t, map[string]http.HandlerFunc{
		"/page": html(`<p id=a></p><script src=/a.js></script>`),
		"/a.js": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `document.querySelector("#a").textContent = "from a script"`)
		},
	})
	out, err := egress.New(egress.Config{Guard: loopback, Proxies: []string{upstream.URL}})
	if err != nil {
		t.Fatal(err)
	}
	f := fetcher(t, shared, Job{Egress: out})
	p := get(t, f, strings.Replace(s.URL, "127.0.0.1", "localhost", 1)+"/page")
	if !strings.Contains(string(p.Body), "from a script") {
		t.Errorf("page %s", p.Body)
	}
	want := "CONNECT " + s.Listener.Addr().String()
	if len(asked) != 2 || slices.ContainsFunc(asked, func(a string) bool { return a != want }) {
		t.Errorf("the proxy was asked %q; want twice %s", asked, want)
	}
}
