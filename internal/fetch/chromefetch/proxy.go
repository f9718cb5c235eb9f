package chromefetch

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/fetch/egress"
)

// proxy is a browser's only connection to the network. It listens on a loopback address and
// connects to the hosts that its guard allows. One without a guard refuses everything.
type proxy struct {
	listener net.Listener
	server   *http.Server
	dialer   *egress.Dialer

	// vendors reports that hosts of the browser's maker are refused, because requests to them are
	// not the page's.
	vendors bool

	mu     sync.Mutex
	faults map[string]error // by host and port: why the last connection failed
	tunnel map[net.Conn]struct{}
	closed bool
}

const (
	// tunnelIdle ends an idle tunnel. The timeouts of pages are shorter.
	tunnelIdle = 5 * time.Minute

	// maxFaults bounds the remembered faults of unreachable hosts.
	maxFaults = 1024
)

// openProxy serves on a listener of doors. dialer nil refuses all.
func openProxy(l net.Listener, dialer *egress.Dialer) *proxy {
	p := &proxy{listener: l, dialer: dialer, faults: map[string]error{}, tunnel: map[net.Conn]struct{}{}}
	p.server = &http.Server{Handler: p, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: 30 * time.Second}
	go func() { _ = p.server.Serve(l) }()
	return p
}

// url is the proxy's address as the browser takes it.
func (p *proxy) url() string { return "http://" + p.listener.Addr().String() }

func (p *proxy) port() uint16 { return portOf(p.listener) }

// ServeHTTP forwards a request, or makes a tunnel.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case p.dialer == nil, p.vendors && vendor(r.URL.Hostname()), isPrefetch(r.Header), r.Header.Get("Service-Worker") != "":
		http.Error(w, "refused", http.StatusForbidden)
	case r.Method == http.MethodConnect:
		p.connect(w, r)
	case r.URL.Scheme != "http" || r.URL.Host == "":
		http.Error(w, "not a proxy request", http.StatusBadRequest)
	default:
		p.forward(w, r)
	}
}

func (p *proxy) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := p.dialer.DialContext(ctx, network, address)
	if err == nil {
		p.note(address, nil)
	}
	return c, err
}

// connect makes a tunnel to a host: TLS, and web sockets.
func (p *proxy) connect(w http.ResponseWriter, r *http.Request) {
	out, err := p.dial(r.Context(), "tcp", r.Host)
	if err != nil {
		p.note(r.Host, err)
		http.Error(w, "no connection", http.StatusBadGateway)
		return
	}
	in, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = out.Close()
		return
	}
	if !p.track(in, out) {
		return
	}
	defer p.forget(in, out)
	if _, err := io.WriteString(in, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{}, 2)
	relay := func(to net.Conn, from io.Reader, own net.Conn) {
		copyIdle(to, from, own)
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		done <- struct{}{}
	}
	go relay(out, buffered, in)
	go relay(in, out, out)
	<-done
	<-done
}

// copyIdle copies until an end is reached, or nothing has moved for tunnelIdle.
func copyIdle(to io.Writer, from io.Reader, own net.Conn) {
	buf := make([]byte, 16<<10)
	for {
		_ = own.SetReadDeadline(time.Now().Add(tunnelIdle))
		n, err := from.Read(buf)
		if n > 0 {
			if _, e := to.Write(buf[:n]); e != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) track(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.closed {
			_ = c.Close()
			continue
		}
		p.tunnel[c] = struct{}{}
	}
	return !p.closed
}

func (p *proxy) forget(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.tunnel, c)
		_ = c.Close()
	}
}

// note records why a host is unreachable, or nil if it is reachable.
func (p *proxy) note(host string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil || errors.Is(err, context.Canceled) {
		delete(p.faults, host)
		return
	}
	if len(p.faults) >= maxFaults {
		clear(p.faults)
	}
	p.faults[host] = err
}

// fault returns why a host, with its port, could not be reached; nil when it
// could, as far as is known.
func (p *proxy) fault(host string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults[host]
}

// close ends the proxy with all that goes through it.
func (p *proxy) close() {
	_ = p.server.Close()
	p.mu.Lock()
	p.closed = true
	open := make([]net.Conn, 0, len(p.tunnel))
	for c := range p.tunnel {
		open = append(open, c)
	}
	p.mu.Unlock()
	p.forget(open...)
}

func hostPort(host, port string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}

// vendorHosts are what full Chromium asks for itself in the name of a page's
// profile, with every quiet flag set.
var vendorHosts = []string{
	"accounts.google.com", "android.clients.google.com", "clients2.google.com", "clients4.google.com", "content-autofill.googleapis.com",
	"edgedl.me.gvt1.com", "optimizationguide-pa.googleapis.com", "redirector.gvt1.com", "safebrowsing.googleapis.com",
	"safebrowsingohttpgateway.googleapis.com", "update.googleapis.com",
}

func vendor(host string) bool {
	for _, v := range vendorHosts {
		if strings.EqualFold(host, v) {
			return true
		}
	}
	return false
}
