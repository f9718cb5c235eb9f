package httpfetch

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

func TestFetchKeepsConnections(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	closed := make(chan struct{}, 10)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(append(encoded(t, "gzip", []byte("x")), "behind"...))
		case "/redirect":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/chunked":
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "chunk")
		default:
			_, _ = io.WriteString(w, "plain")
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
		case http.StateClosed:
			closed <- struct{}{}
		default:
		}
	}
	s.Start()
	defer s.Close()
	f := open(t, Config{})
	for _, path := range []string{"/", "/gzip", "/redirect", "/none", "/chunked", "/"} {
		get(t, f, s.URL+path)
	}
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL, Method: http.MethodHead}); err != nil {
		t.Fatal(err)
	}
	get(t, f, s.URL)
	if got := opened.Load(); got != 1 {
		t.Errorf("%d connections for 8 fetches; want 1", got)
	}
	// One whose answer was not read to its end takes no other request.
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL, MaxBody: 1}); !errors.Is(err, seine.ErrTooLarge) {
		t.Fatal(err)
	}
	<-closed
	get(t, f, s.URL)
	if got := opened.Load(); got != 2 {
		t.Errorf("%d connections after an answer was left; want 2", got)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	<-closed
	get(t, f, s.URL)
	<-closed // a closed Fetcher keeps none
}

func TestFetchOverHTTP2(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		_, _ = w.Write(encoded(t, "br", []byte(r.Proto+" "+r.Header.Get("Accept-Encoding"))))
	}))
	s.EnableHTTP2 = true
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.StartTLS()
	defer s.Close()
	f := open(t, Config{RootCAs: roots(s)})
	for range 5 {
		if p := get(t, f, s.URL); string(p.Body) != "HTTP/2.0 "+acceptEncoding {
			t.Errorf("body = %q", p.Body)
		}
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := opened.Load(); got != 1 {
		t.Errorf("%d connections; want 1", got)
	}
}

func TestFetchLeavesAConnectionThatStalls(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stall" {
			<-r.Context().Done()
		}
	}))
	s.EnableHTTP2 = true
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.StartTLS()
	defer s.Close()
	f := open(t, Config{RootCAs: roots(s)})
	get(t, f, s.URL)
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/stall", Timeout: 50 * time.Millisecond}); fetch.Reason(err) != fetch.Timeout {
		t.Fatalf("Fetch = %v; want %q", err, fetch.Timeout)
	}
	get(t, f, s.URL)
	if got := opened.Load(); got != 2 {
		t.Errorf("%d connections; want 2: the first may be dead", got)
	}
}

func roots(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

func TestFetchBoundsRequestsPerHost(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int64
	entered, gate := make(chan struct{}, 6), make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		entered <- struct{}{}
		<-gate
		now.Add(-1)
	})
	f := open(t, Config{ConnsPerHost: 2})
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL}); err != nil {
				t.Error(err)
			}
		})
	}
	<-entered
	for i := range 6 {
		if i < 5 {
			<-entered // two are there: the next one comes when one is gone
		}
		gate <- struct{}{}
	}
	wg.Wait()
	if got := most.Load(); got != 2 {
		t.Errorf("%d requests at once; want 2", got)
	}
	f.pool.mu.Lock()
	defer f.pool.mu.Unlock()
	if h := f.pool.hosts[s.URL]; h == nil || len(h.conns) > 2 || h.refs != 0 || len(h.slots) != 0 {
		t.Errorf("pool is left with %+v", h)
	}
}

func TestPoolBoundsIdleConnections(t *testing.T) {
	t.Parallel()
	closed := make(chan string, 10)
	f := open(t, Config{})
	f.pool.maxIdle = 2
	var urls []string
	for i := range 3 {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				closed <- fmt.Sprint(i)
			}
		}
		s.Start()
		t.Cleanup(s.Close)
		urls = append(urls, s.URL)
	}
	get(t, f, urls[0])
	get(t, f, urls[1])
	get(t, f, urls[0]) // the second is idle for longest now
	get(t, f, urls[2])
	if got := <-closed; got != "1" {
		t.Errorf("connection %s was closed; want 1, idle for longest", got)
	}
	f.pool.mu.Lock()
	hosts, idle := len(f.pool.hosts), f.pool.idle.Len()
	f.pool.mu.Unlock()
	if hosts != 2 || idle != 2 {
		t.Errorf("%d hosts and %d idle connections are kept; want 2 and 2", hosts, idle)
	}
}

func TestPoolClosesWhatIsIdleForLong(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 1)
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	s.Start()
	defer s.Close()
	f := open(t, Config{})
	f.pool.idleTimeout = time.Millisecond
	get(t, f, s.URL)
	<-closed
	f.pool.mu.Lock()
	defer f.pool.mu.Unlock()
	if len(f.pool.hosts) != 0 || f.pool.idle.Len() != 0 {
		t.Errorf("%d hosts and %d idle connections are kept; want none", len(f.pool.hosts), f.pool.idle.Len())
	}
}
