// Package egress connects a job to hosts, directly or through the job's proxies, and never past its
// [fetch.Guard].
//
// A name resolves on this machine. The guard checks each address, and a proxy gets the checked
// address in place of the name. A proxy thus reaches nothing that the guard refuses, and a name
// that resolves at the proxy only is not reached. The guard also checks the address of the proxy.
//
// A proxy that fails rests, and the next one is taken. If a proxy reports that the host does not
// answer, the next one is asked too, and none rests.
package egress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// Config describes the connections of a job.
type Config struct {
	Guard fetch.Guard

	// Proxies lists URLs with the schemes http, https and socks5. Default none: connections are
	// direct.
	Proxies []string

	// Lookup resolves a name. Default: the system's resolver.
	Lookup func(ctx context.Context, name string) ([]netip.Addr, error)

	Log *slog.Logger
}

// Dialer makes connections. It is safe for concurrent use.
type Dialer struct {
	guard   fetch.Guard
	direct  *net.Dialer
	names   *names
	proxies []*proxy
	log     *slog.Logger

	mu sync.Mutex // of the health of the proxies
}

const (
	// dialTimeout bounds the time to connect. A host that does not answer in that time is
	// unreachable, which is the host's fault and not the page's.
	dialTimeout = 15 * time.Second

	// firstRest is the rest of a proxy after its first failure. It doubles to lastRest.
	firstRest = 10 * time.Second
	lastRest  = 10 * time.Minute

	// maxAddresses is the number of a host's addresses that a proxy is asked for.
	maxAddresses = 3
)

// New returns a dialer. It fails on a URL that is no proxy.
func New(c Config) (*Dialer, error) {
	d := &Dialer{guard: c.Guard, log: c.Log, names: newNames(c.Lookup), direct: &net.Dialer{ControlContext: c.Guard.ControlContext, Timeout: dialTimeout}}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	for _, at := range c.Proxies {
		u, err := Parse(at)
		if err != nil {
			return nil, fmt.Errorf("fetch.proxy: %w", err)
		}
		d.proxies = append(d.proxies, &proxy{url: u})
	}
	return d, nil
}

// ports are the default ports of the schemes of proxies.
var ports = map[string]string{"http": "80", "https": "443", "socks5": "1080"}

// Parse reads the URL of a proxy. Its errors contain no user info.
func Parse(at string) (*url.URL, error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, errors.New("it is not a URL; write http://HOST:PORT")
	}
	port, known := ports[u.Scheme]
	switch {
	case u.Scheme == "socks5h", u.Scheme == "socks", u.Scheme == "socks4":
		return nil, fmt.Errorf("the scheme %q is not supported; begin with socks5://, where names resolve on this machine", u.Scheme)
	case !known:
		return nil, fmt.Errorf("the scheme %q is unknown; begin with http://, https:// or socks5://", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("it has no host; write " + u.Scheme + "://HOST:PORT")
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("it has more than a host and a port; leave out what follows")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	u.Path = ""
	return u, nil
}

// DialContext connects to a host and port behind the guard, through a proxy if the job has some.
// The answers of the name server are remembered for a minute. The guard checks the address of each
// connection.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if len(d.proxies) == 0 {
		return d.dialDirect(ctx, network, address)
	}
	targets, err := d.targets(ctx, address)
	if err != nil {
		return nil, err
	}
	var last, host, refused error
	for _, p := range d.order() {
		for _, to := range targets {
			conn, err := p.connect(ctx, d.direct, to)
			if err == nil {
				d.works(ctx, p)
				return conn, nil
			}
			last = fmt.Errorf("proxy %s: %w", p.name(), err)
			if ctx.Err() != nil {
				return nil, &net.OpError{Op: "dial", Net: network, Err: last}
			}
			var of *hostError
			if errors.Is(err, seine.ErrRefused) {
				if op, ok := errors.AsType[*net.OpError](err); ok {
					err = op.Err // the sentence alone
				}
				refused = fmt.Errorf("%w (proxy %s)", err, p.name())
				last = refused
				break
			}
			if errors.As(err, &of) {
				host = &net.OpError{Op: "dial", Net: network, Err: last}
				continue
			}
			d.fails(ctx, p, err)
			break
		}
	}
	switch {
	case host != nil:
		return nil, host
	case refused != nil && refused == last: //nolint:errorlint // the same value
		return nil, refused
	}
	return nil, fetch.Fault{Reason: fetch.NoProxy, Err: last}
}

// dialDirect connects to a host without a proxy.
func (d *Dialer) dialDirect(ctx context.Context, network, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	found, err := d.names.of(ctx, name)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	return dialAny(ctx, found, func(ctx context.Context, a netip.Addr) (net.Conn, error) {
		return d.direct.DialContext(ctx, network, net.JoinHostPort(a.String(), port))
	})
}

// targets returns the addresses of a host that the guard allows.
func (d *Dialer) targets(ctx context.Context, address string) ([]netip.AddrPort, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return nil, err
	}
	found, err := d.names.of(ctx, name)
	if err != nil {
		return nil, err
	}
	var out []netip.AddrPort
	var refused error
	for _, a := range found {
		to := netip.AddrPortFrom(a.Unmap(), uint16(number))
		if err := d.guard.Check(to); err != nil {
			refused = err
			continue
		}
		if len(out) < maxAddresses {
			out = append(out, to)
		}
	}
	if len(out) == 0 {
		return nil, refused
	}
	return out, nil
}

// order returns the proxies that do not rest, or else the one whose rest ends first.
func (d *Dialer) order() []*proxy {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []*proxy
	next := d.proxies[0]
	for _, p := range d.proxies {
		if !time.Now().Before(p.until) {
			out = append(out, p)
		}
		if p.until.Before(next.until) {
			next = p
		}
	}
	if out == nil {
		return []*proxy{next}
	}
	return out
}

func (d *Dialer) works(ctx context.Context, p *proxy) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.failures > 0 {
		d.log.InfoContext(ctx, "a proxy works again", "proxy", p.name())
	}
	p.failures, p.until = 0, time.Time{}
}

func (d *Dialer) fails(ctx context.Context, p *proxy, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Now().Before(p.until) && len(d.proxies) > 1 {
		return // another connection has noted it
	}
	rest := min(firstRest<<min(p.failures, 10), lastRest)
	p.failures++
	p.until = time.Now().Add(rest)
	d.log.WarnContext(ctx, "a proxy fails and rests", "proxy", p.name(), "wait", rest.String(), "err", err)
}
