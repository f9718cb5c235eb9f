package arena

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// proxy is the connection of one worker to the server. It can reset connections, or hold them for a
// while without loss.
type proxy struct {
	l  net.Listener
	to string
	wg sync.WaitGroup

	mu    sync.Mutex
	conns map[*net.TCPConn]bool
	open  chan struct{} // closed: traffic flows
}

func startProxy(ctx context.Context, port int) (*proxy, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{l: l, to: fmt.Sprintf("127.0.0.1:%d", port), conns: map[*net.TCPConn]bool{}, open: make(chan struct{})}
	close(p.open)
	p.wg.Go(p.accept)
	return p, nil
}

func (p *proxy) port() int { return p.l.Addr().(*net.TCPAddr).Port }

func (p *proxy) accept() {
	for {
		c, err := p.l.Accept()
		if err != nil {
			return
		}
		client := c.(*net.TCPConn)
		p.keep(client)
		p.wg.Go(func() {
			defer p.drop(client)
			p.flow()
			var d net.Dialer
			c, err := d.Dial("tcp", p.to)
			if err != nil {
				return
			}
			server := c.(*net.TCPConn)
			p.keep(server)
			defer p.drop(server)
			var both sync.WaitGroup
			both.Go(func() { p.copy(server, client) })
			both.Go(func() { p.copy(client, server) })
			both.Wait()
		})
	}
}

// copy carries one direction until either end is gone.
func (p *proxy) copy(to, from *net.TCPConn) {
	defer func() { _ = to.CloseWrite() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.flow()
		if n > 0 {
			if _, e := to.Write(buf[:n]); e != nil {
				_ = from.Close()
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// flow waits while the proxy is held.
func (p *proxy) flow() {
	p.mu.Lock()
	open := p.open
	p.mu.Unlock()
	<-open
}

// hold stops the traffic, or resumes it.
func (p *proxy) hold(held bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
		if held {
			p.open = make(chan struct{})
		}
	default:
		if !held {
			close(p.open)
		}
	}
}

// cut resets every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.SetLinger(0)
		_ = c.Close()
	}
}

func (p *proxy) keep(c *net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = true
}

func (p *proxy) drop(c *net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	_ = c.Close()
}

func (p *proxy) close() error {
	err := p.l.Close()
	p.hold(false)
	p.cut()
	p.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
