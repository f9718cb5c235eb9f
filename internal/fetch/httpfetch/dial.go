package httpfetch

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/seinehq/seine/internal/fetch/egress"
)

const (
	// handshakeTimeout bounds the handshake of TLS.
	handshakeTimeout = 10 * time.Second
)

// wire is a connection that sends each request once. It is an [http1], or an [http.ClientConn] over
// HTTP/2.
type wire interface {
	// Reserve takes the connection for one RoundTrip. It fails if there is no room.
	Reserve() error
	RoundTrip(req *http.Request) (*http.Response, error)
	Err() error
	Close() error
}

// dialer makes connections. HTTP/2 is chosen in the handshake of TLS.
type dialer struct {
	tcp *egress.Dialer
	tls *tls.Config
	h2  *http.Transport
}

func newDialer(c Config) *dialer {
	return &dialer{
		tcp: c.Egress,
		tls: &tls.Config{RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}},
		h2: &http.Transport{
			DialTLSContext:         handed,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // undone here, where it is bounded
			MaxResponseHeaderBytes: maxHeader,
		},
	}
}

func (d *dialer) dial(ctx context.Context, scheme, address string) (wire, error) {
	conn, err := d.tcp.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if scheme != "https" {
		return newHTTP1(conn), nil
	}
	secure, err := d.handshake(ctx, conn, address)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	if secure.ConnectionState().NegotiatedProtocol != "h2" {
		return newHTTP1(secure), nil
	}
	cc, err := d.h2.NewClientConn(context.WithValue(ctx, handedKey{}, secure), scheme, address)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return cc, nil
}

func (d *dialer) handshake(ctx context.Context, conn net.Conn, address string) (*tls.Conn, error) {
	config := d.tls.Clone()
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	config.ServerName = host
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	secure := tls.Client(conn, config)
	return secure, secure.HandshakeContext(ctx)
}

type handedKey struct{}

// handed gives the transport the connection whose handshake is done.
func handed(ctx context.Context, _, _ string) (net.Conn, error) {
	if conn, ok := ctx.Value(handedKey{}).(*tls.Conn); ok {
		return conn, nil
	}
	return nil, errors.New("no connection was handed over")
}
