package httpfetch

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/testkit"
	"github.com/seinehq/seine/internal/weburl"
)

// local lets tests reach this machine.
var local = fetch.Guard{Allow: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}}

func open(t *testing.T, c Config) *Fetcher {
	t.Helper()
	if c.Guard.Allow == nil {
		c.Guard = local
	}
	f := New(c)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	return testkit.Serve(t, h).Server
}

// get fetches and fails the test when there is no page.
func get(t *testing.T, f *Fetcher, url string) *seine.Page {
	t.Helper()
	p, err := f.Fetch(t.Context(), seine.Request{URL: url})
	if err != nil {
		t.Fatalf("Fetch(%s): %v", url, err)
	}
	return p
}

func TestFetchBringsAPage(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=iso-8859-1")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "caf\xe9")
	})
	f := open(t, Config{})
	start := time.Now()
	p := get(t, f, s.URL+"/%7Ea/../b#top")
	if p.FetchedAt.Before(start) || p.FetchedAt.Location() != time.UTC || p.Took <= 0 {
		t.Errorf("fetched at %v, took %v", p.FetchedAt, p.Took)
	}
	want := &seine.Page{URL: s.URL + "/b", Status: 404, Body: []byte("café"), Type: "text/html", Charset: "windows-1252", Via: seine.ViaHTTP}
	if diff := cmp.Diff(want, p, cmpopts.IgnoreFields(seine.Page{}, "Header", "FetchedAt", "Took")); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
	if got := p.Header.Get("Content-Type"); got != "text/html; charset=iso-8859-1" {
		t.Errorf("header Content-Type = %q", got)
	}
	raw, err := f.Fetch(t.Context(), seine.Request{URL: s.URL, Raw: true})
	if err != nil || string(raw.Body) != "caf\xe9" {
		t.Errorf("raw body = %q, %v; want it as it came", raw.Body, err)
	}
}

func TestFetchSendsWhatItIsGivenAndItsOwn(t *testing.T) {
	t.Parallel()
	seen := make(chan *http.Request, 1)
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r })
	f := open(t, Config{})
	for _, tt := range []struct {
		name string
		req  seine.Request
		want http.Header
	}{
		{"nothing given", seine.Request{}, http.Header{
			"User-Agent": {"Seine"}, "Accept-Encoding": {acceptEncoding},
			"Accept": {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		}},
		{"an asset", seine.Request{Raw: true}, http.Header{
			"User-Agent": {"Seine"}, "Accept-Encoding": {acceptEncoding}, "Accept": {"*/*"},
		}},
		{
			"given, and what is not the job's to say",
			seine.Request{Header: http.Header{
				"accept": {"text/csv"}, "User-Agent": {"X"}, "X-Key": {"1", "2"}, "Accept-Encoding": {"compress"}, "Connection": {"close"},
				"Host": {"other.example"}, "Transfer-Encoding": {"chunked"}, "Content-Length": {"7"},
			}},
			http.Header{"Accept": {"text/csv"}, "User-Agent": {"X"}, "X-Key": {"1", "2"}, "Accept-Encoding": {acceptEncoding}},
		},
	} {
		tt.req.URL = s.URL
		if _, err := f.Fetch(t.Context(), tt.req); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		r := <-seen
		if diff := cmp.Diff(tt.want, r.Header); diff != "" {
			t.Errorf("%s: header (-want +got):\n%s", tt.name, diff)
		}
		if r.Method != http.MethodGet || r.Host != strings.TrimPrefix(s.URL, "http://") || r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
			t.Errorf("%s: %s, host %q, %d bytes, %v", tt.name, r.Method, r.Host, r.ContentLength, r.TransferEncoding)
		}
	}
}

func TestFetchUndoesEncodings(t *testing.T) {
	t.Parallel()
	const text = "<p>Seine</p>"
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		b := []byte(text)
		for e := range strings.SplitSeq(strings.TrimPrefix(r.URL.Path, "/"), ",") {
			w.Header().Add("Content-Encoding", strings.ToUpper(e))
			if e != "none" {
				b = encoded(t, strings.Replace(e, "deflate", "zlib", 1), b)
			}
		}
		_, _ = w.Write(b)
	})
	f := open(t, Config{})
	for _, e := range []string{"gzip", "br", "zstd", "deflate", "br,gzip", "none"} {
		if p := get(t, f, s.URL+"/"+e); string(p.Body) != text {
			t.Errorf("%s: body = %q; want %q", e, p.Body, text)
		}
	}
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/gzip,gzip,gzip"}); fetch.Reason(err) != fetch.BadEncoding {
		t.Errorf("three encodings: %v; want %q", err, fetch.BadEncoding)
	}
}

func TestFetchBoundsTheBody(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/announced":
			w.Header().Set("Content-Length", "101")
		case "/chunked":
			w.(http.Flusher).Flush()
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(encoded(t, "gzip", make([]byte, 101)))
			return
		}
		if r.Method != http.MethodHead {
			_, _ = w.Write(make([]byte, 101))
		}
	})
	f := open(t, Config{})
	for _, path := range []string{"/announced", "/chunked", "/bomb"} {
		_, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, MaxBody: 100})
		if !errors.Is(err, seine.ErrTooLarge) || fetch.Reason(err) != fetch.TooLarge {
			t.Errorf("%s over its bound: %v; want ErrTooLarge", path, err)
		}
		p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, MaxBody: 101})
		if err != nil || len(p.Body) != 101 {
			t.Errorf("%s at its bound: %v", path, err)
		}
	}
	if p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/announced", MaxBody: 100, Method: http.MethodHead}); err != nil || p.Status != 200 {
		t.Errorf("HEAD of what is over the bound: %v", err)
	}
}

// script answers each request of a connection with the next of its answers, written as they are;
// nil resets the connection. It counts connections and requests.
type script struct {
	url      string
	requests atomic.Int64
	conns    atomic.Int64
}

func play(t *testing.T, answers ...string) *script {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &script{url: "http://" + l.Addr().String() + "/"}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.conns.Add(1)
			wg.Go(func() {
				defer c.Close()
				s.answer(c, answers)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return s
}

func (s *script) answer(c net.Conn, answers []string) {
	r := bufio.NewReader(c)
	for _, a := range answers {
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		s.requests.Add(1)
		if a == "" {
			_ = c.(*net.TCPConn).SetLinger(0) //nolint:forcetypeassert // a reset in place of a close
			return
		}
		_, _ = io.WriteString(c, a)
	}
}

const fine = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\nfine"

func TestFetchNeverSendsARequestTwice(t *testing.T) {
	t.Parallel()

	// http.Transport repeats a GET whose connection is reset. This client must not.
	s := play(t, fine, "")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for range 2 {
		resp, err := (&http.Client{Transport: transport}).Get(s.url)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	if got := s.requests.Load(); got != 3 {
		t.Fatalf("http.Transport sent %d requests for 2; want 3, else this test shows nothing", got)
	}

	s = play(t, fine, "")
	f := open(t, Config{})
	get(t, f, s.url)
	p, err := f.Fetch(t.Context(), seine.Request{URL: s.url})
	if fetch.Reason(err) != fetch.Reset || errors.Is(err, seine.ErrHost) {
		t.Errorf("Fetch on a reset connection = %v, %v; want %q", p, err, fetch.Reset)
	}
	if got, conns := s.requests.Load(), s.conns.Load(); got != 2 || conns != 1 {
		t.Errorf("%d requests on %d connections were seen; want 2 on 1", got, conns)
	}
	if p := get(t, f, s.url); string(p.Body) != "fine" {
		t.Errorf("after the reset: %q", p.Body)
	}
	if got, conns := s.requests.Load(), s.conns.Load(); got != 3 || conns != 2 {
		t.Errorf("%d requests on %d connections were seen in the end; want 3 on 2", got, conns)
	}
}

func TestFetchRefusesHalfAnAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, answer, reason string }{
		{"shorter than announced", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.", fetch.Truncated},
		{"a chunk cut short", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nfive.", fetch.Truncated},
		{"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfive.\r\n", fetch.Truncated},
		{"a header cut short", "HTTP/1.1 200 OK\r\nContent-Le", fetch.BadResponse},
		{"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", fetch.BadResponse},
		{"a header without end", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHeader), fetch.BadResponse},
		{"a bad length", "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n", fetch.BadResponse},
		{"no answer, reset", "", fetch.Reset},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := play(t, tt.answer)
			p, err := open(t, Config{}).Fetch(t.Context(), seine.Request{URL: s.url})
			if p != nil || fetch.Reason(err) != tt.reason || errors.Is(err, seine.ErrHost) {
				t.Errorf("Fetch = %v, %v (%q); want %q", p, err, fetch.Reason(err), tt.reason)
			}
			if got := s.requests.Load(); got != 1 {
				t.Errorf("%d requests were seen; want 1", got)
			}
		})
	}
	s := play(t, "HTTP/1.0 200 OK\r\n\r\nuntil it closes")
	if p := get(t, open(t, Config{}), s.url); string(p.Body) != "until it closes" {
		t.Errorf("a body that ends with the connection = %q", p.Body)
	}
}

func TestFetchTellsHostFaultsFromOthers(t *testing.T) {
	t.Parallel()
	tlsServer := httptest.NewTLSServer(http.NotFoundHandler())
	tlsServer.Config.ErrorLog = quiet
	t.Cleanup(tlsServer.Close)
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, tt := range []struct {
		name, url, reason string
		host              bool
	}{
		{"refused", gone.URL, fetch.RefusedConn, true},
		{"unknown authority", tlsServer.URL, fetch.BadCertificate, true},
		{"no TLS there", strings.Replace(plain.URL, "http:", "https:", 1), fetch.BadTLS, true},
		{"name that can't be", "http://" + strings.Repeat("a", 64) + ".example/", fetch.NoName, true},
		{"address refused", "http://169.254.169.254/latest/meta-data/", fetch.AddressRefused, false},
		{"no URL", "mailto:a@b.example", fetch.BadURL, false},
		{"user in the URL", "http://u:p@127.0.0.1/", fetch.BadURL, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := open(t, Config{}).Fetch(t.Context(), seine.Request{URL: tt.url})
			if p != nil || fetch.Reason(err) != tt.reason || errors.Is(err, seine.ErrHost) != tt.host {
				t.Fatalf("Fetch(%s) = %v, %v (%q); want %q, host fault %v", tt.url, p, err, fetch.Reason(err), tt.reason, tt.host)
			}
			if f, ok := errors.AsType[fetch.Fault](err); !ok || tt.host && f.Host != weburl.Host(mustCanonical(t, tt.url)) {
				t.Errorf("Fetch(%s) = %#v; want the host in it", tt.url, err)
			}
		})
	}
}

func mustCanonical(t *testing.T, url string) string {
	t.Helper()
	c, err := weburl.Canonical(url)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFetchEndsInTime(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = io.WriteString(w, "half of ")
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	})
	f := open(t, Config{})
	for _, path := range []string{"/", "/body"} {
		_, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, Timeout: 30 * time.Millisecond})
		if fetch.Reason(err) != fetch.Timeout || errors.Is(err, seine.ErrHost) {
			t.Errorf("%s: %v; want %q", path, err, fetch.Timeout)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		if _, err := f.Fetch(ctx, seine.Request{URL: s.URL + path}); fetch.Reason(err) != fetch.Timeout || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s with the caller's deadline: %v; want %q", path, err, fetch.Timeout)
		}
		cancel()
	}
	lost := errors.New("lease lost")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(lost)
	if _, err := f.Fetch(ctx, seine.Request{URL: s.URL}); !errors.Is(err, lost) || fetch.Reason(err) != fetch.Canceled {
		t.Errorf("canceled: %v; want the cause", err)
	}
}
