package egress

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	socks "golang.org/x/net/proxy"
)

// proxy is one proxy and its health.
type proxy struct {
	url *url.URL

	failures int // in a row
	until    time.Time
}

// name returns the proxy without user info.
func (p *proxy) name() string { return p.url.Scheme + "://" + p.url.Host }

// hostError means that the proxy works and the host behind it does not.
type hostError struct{ err error }

// Error returns the cause.
func (e *hostError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *hostError) Unwrap() error { return e.err }

// connect makes a connection to an address through the proxy.
func (p *proxy) connect(ctx context.Context, direct *net.Dialer, to netip.AddrPort) (net.Conn, error) {
	if p.url.Scheme == "socks5" {
		return p.socks(ctx, direct, to)
	}
	conn, err := direct.DialContext(ctx, "tcp", p.url.Host)
	if err != nil {
		return nil, err
	}
	if p.url.Scheme == "https" {
		secure := tls.Client(conn, &tls.Config{ServerName: p.url.Hostname(), MinVersion: tls.VersionTLS12})
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		conn = secure
	}
	out, err := p.tunnel(ctx, conn, to)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return out, nil
}

// maxHead bounds the answer of a proxy.
const maxHead = 64 << 10

// tunnel asks an HTTP proxy for a connection (RFC 9110, section 9.3.6).
func (p *proxy) tunnel(ctx context.Context, conn net.Conn, to netip.AddrPort) (net.Conn, error) {
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	head := "CONNECT " + to.String() + " HTTP/1.1\r\nHost: " + to.String() + "\r\n"
	if u := p.url.User; u != nil {
		password, _ := u.Password()
		head += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)) + "\r\n"
	}
	if _, err := conn.Write([]byte(head + "\r\n")); err != nil {
		return nil, err
	}
	reader := bufio.NewReaderSize(&limited{conn, maxHead}, 4096)
	resp, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
	if err != nil {
		return nil, fmt.Errorf("it is no HTTP proxy: %w", err)
	}
	_ = resp.Body.Close() // nothing is behind the head of a tunnel
	switch {
	case resp.StatusCode/100 == 2 && reader.Buffered() == 0:
		return conn, nil
	case resp.StatusCode == http.StatusBadGateway, resp.StatusCode == http.StatusServiceUnavailable, resp.StatusCode == http.StatusGatewayTimeout:
		return nil, &hostError{fmt.Errorf("HTTP %d: %w", resp.StatusCode, syscall.EHOSTUNREACH)}
	case resp.StatusCode == http.StatusProxyAuthRequired:
		return nil, errors.New("HTTP 407; correct the user and the password in its URL")
	}
	return nil, fmt.Errorf("HTTP %d to CONNECT", resp.StatusCode)
}

// limited ends a connection's answer after some bytes.
type limited struct {
	net.Conn
	left int
}

// Read reads at most the bytes that are left.
func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errors.New("its answer is too long")
	}
	n, err := l.Conn.Read(b[:min(len(b), l.left)])
	l.left -= n
	return n, err
}

// causes are the replies of a SOCKS proxy about the host (RFC 1928, section 6).
var causes = map[string]error{
	"host unreachable": syscall.EHOSTUNREACH, "network unreachable": syscall.ENETUNREACH, "connection refused": syscall.ECONNREFUSED,
	"TTL expired": syscall.EHOSTUNREACH,
}

// socks makes a connection through a SOCKS proxy.
func (p *proxy) socks(ctx context.Context, direct *net.Dialer, to netip.AddrPort) (net.Conn, error) {
	var auth *socks.Auth
	if u := p.url.User; u != nil {
		password, _ := u.Password()
		auth = &socks.Auth{User: u.Username(), Password: password}
	}
	d, err := socks.SOCKS5("tcp", p.url.Host, auth, direct)
	if err != nil {
		return nil, err
	}
	conn, err := d.(socks.ContextDialer).DialContext(ctx, "tcp", to.String())
	if err != nil {
		for text, cause := range causes {
			if strings.HasSuffix(err.Error(), "unknown error "+text) {
				return nil, &hostError{fmt.Errorf("%s: %w", text, cause)}
			}
		}
		return nil, err
	}
	return conn, nil
}
