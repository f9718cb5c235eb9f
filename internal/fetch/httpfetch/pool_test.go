package httpfetch

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
)

// A server that closes each connection behind its answer, without a word, loses no request.
func TestFetchWaitsForAnUnannouncedClose(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			req, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil {
				t.Error(err)
				return
			}
			answer := fine
			if req.URL.Path == "/away" {
				answer = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
			}
			_, _ = io.WriteString(c, answer)
			time.Sleep(5 * time.Millisecond) // a client that does not wait sends its next request now
			c.Close()
		}
	}()
	defer func() {
		l.Close()
		<-ended
	}()
	f := open(t, Config{})
	f.pool.settleTime = time.Hour // the close ends the wait
	for _, path := range []string{"/", "/away", "/"} {
		get(t, f, "http://"+l.Addr().String()+path)
	}
	if got := conns.Load(); got != 4 {
		t.Errorf("%d connections for 3 fetches with one redirect; want 4", got)
	}
}

// A connection is not used for longer than the server promises to keep it.
func TestFetchHeedsKeepAlive(t *testing.T) {
	t.Parallel()
	const promise = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nKeep-Alive: max=9, Timeout=10\r\n\r\nfine"
	s := play(t, promise, promise, promise)
	f := open(t, Config{})
	f.pool.settleTime = 0
	get(t, f, s.url)
	get(t, f, s.url)
	if got := s.conns.Load(); got != 1 {
		t.Errorf("%d connections before the time ends; want 1", got)
	}
	f.pool.mu.Lock()
	one := f.pool.idle.Front().Value.(*conn).cc.(*http1)
	f.pool.mu.Unlock()
	one.mu.Lock()
	one.since = one.since.Add(-9*time.Second - time.Millisecond)
	one.mu.Unlock()
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.url}); err != nil {
		t.Fatal(err)
	}
	if got := s.conns.Load(); got != 2 {
		t.Errorf("%d connections after the time; want 2", got)
	}
}
