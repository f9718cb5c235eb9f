package pgtest

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy forwards between a client and the server and can be cut.
type Proxy struct {
	// DSN connects through the proxy.
	DSN string

	slow atomic.Int64

	mu      sync.Mutex
	cut     bool
	swallow string
	conns   map[net.Conn]struct{}
}

// Through returns a proxy before a DSN's server.
func Through(t testing.TB, dsn string) *Proxy {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{conns: map[net.Conn]struct{}{}}
	to := u.Host
	u.Host = l.Addr().String()
	p.DSN = u.String()
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.carry(ctx, c, to) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.Cut()
		cancel()
		wg.Wait()
	})
	return p
}

// Slow delays the requests to the server.
func (p *Proxy) Slow(d time.Duration) { p.slow.Store(int64(d)) }

// Cut closes every connection and rejects new ones.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for c := range p.conns {
		_ = c.Close()
	}
}

// Mend accepts connections again.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
}

// Swallow forwards the next request that contains a text, and closes the connection in place of the
// reply.
func (p *Proxy) Swallow(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallow = text
}

// swallows reports whether the reply to a request is to be dropped.
func (p *Proxy) swallows(request []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.swallow == "" || !bytes.Contains(request, []byte(p.swallow)) {
		return false
	}
	p.swallow = ""
	return true
}

// hold records connections, and closes them if the proxy is cut.
func (p *Proxy) hold(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.cut {
			_ = c.Close()
			continue
		}
		p.conns[c] = struct{}{}
	}
	return !p.cut
}

func (p *Proxy) carry(ctx context.Context, client net.Conn, to string) {
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", to)
	if err != nil {
		_ = client.Close()
		return
	}
	if !p.hold(client, server) {
		return
	}
	var (
		wg     sync.WaitGroup
		silent atomic.Bool
	)
	ends := func() {
		_ = client.Close()
		_ = server.Close()
	}
	wg.Go(func() {
		defer ends()
		for buf := make([]byte, 64<<10); ; {
			n, err := client.Read(buf)
			if n > 0 && p.swallows(buf[:n]) {
				silent.Store(true)
			}
			if n > 0 {
				if d := p.slow.Load(); d > 0 {
					<-time.After(time.Duration(d))
				}
				if _, err := server.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	})
	wg.Go(func() {
		defer ends()
		for buf := make([]byte, 64<<10); ; {
			n, err := server.Read(buf)
			if silent.Load() || err != nil {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	wg.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, client)
	delete(p.conns, server)
}
