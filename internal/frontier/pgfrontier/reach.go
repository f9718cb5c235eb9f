package pgfrontier

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// unreached returns one sentence with the reason why no connection was possible, and the remedy.
// pgx tries with and without TLS and reports each try.
func unreached(err error) string {
	var (
		ce    *pgconn.ConnectError
		dns   *net.DNSError
		op    *net.OpError
		cert  *tls.CertificateVerificationError
		alien x509.UnknownAuthorityError
	)
	at := "it"
	if errors.As(err, &ce) {
		at = places(ce.Config)
	}
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("no host is named %s: name the database's host in the DSN", dns.Name)
	case errors.As(err, &dns):
		return fmt.Sprintf("the name %s is not resolved (%s): is the network there?", dns.Name, dns.Err)
	case errors.Is(err, syscall.ENOENT):
		return fmt.Sprintf("there is no socket in %s: start PostgreSQL there, or name its place in the DSN", at)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens at %s (connection refused): start PostgreSQL there, or name its place in the DSN", at)
	case errors.As(err, &cert), errors.As(err, &alien):
		return fmt.Sprintf("the certificate of %s is not trusted (%s): name its authority by sslrootcert=FILE in the DSN", at, oneLine(errors.Unwrap(err)))
	case errors.As(err, &ce) && len(ce.Config.Fallbacks) == 0 && strings.Contains(err.Error(), "server refused TLS"):
		return fmt.Sprintf("%s has no TLS, and the DSN asks for it: turn ssl on there, or set another sslmode", at)
	case errors.As(err, &ce) && pgconn.Timeout(err), errors.As(err, &op) && op.Timeout():
		return fmt.Sprintf("%s does not answer: is its place right, and does a firewall let us through?", at)
	}
	if errors.As(err, &ce) {
		return fmt.Sprintf("what listens at %s does not speak PostgreSQL, or ended the connection: is that its place? (%s)", at, oneLine(err))
	}
	return oneLine(err)
}

// places returns the places of the database according to a DSN.
func places(cfg *pgconn.Config) string {
	var all []string
	add := func(host string, port uint16) {
		if !strings.HasPrefix(host, "/") { // a folder of sockets has no port
			host = net.JoinHostPort(host, fmt.Sprint(port))
		}
		if !slices.Contains(all, host) {
			all = append(all, host)
		}
	}
	add(cfg.Host, cfg.Port)
	for _, f := range cfg.Fallbacks {
		add(f.Host, f.Port)
	}
	return strings.Join(all, " or ")
}

// oneLine drops further lines of a pgx error and repeated ones. The result never contains a
// password.
func oneLine(err error) string {
	var said []string
	for line := range strings.Lines(err.Error()) {
		line = strings.Join(strings.Fields(line), " ")
		if n := len(said); line != "" && (n == 0 || said[n-1] != line) {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}
