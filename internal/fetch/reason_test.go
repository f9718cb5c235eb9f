package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/seinehq/seine"
)

func TestReason(t *testing.T) {
	t.Parallel()
	op := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	sys := func(e syscall.Errno) error { return op(os.NewSyscallError("connect", e)) }
	for _, tt := range []struct {
		name string
		err  error
		want string
		host bool
	}{
		{"refused address", op(Guard{}.Control("tcp", "127.0.0.1:1", nil)), AddressRefused, false},
		{"too large", fmt.Errorf("%w: over 5 bytes", seine.ErrTooLarge), TooLarge, false},
		{"no name", op(&net.DNSError{Err: "no such host", Name: "a.example", IsNotFound: true}), NoName, true},
		{"name server too slow", op(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), NoName, true},
		{"connection refused", sys(syscall.ECONNREFUSED), RefusedConn, true},
		{"no route", sys(syscall.EHOSTUNREACH), Unreachable, true},
		{"no network", sys(syscall.ENETUNREACH), Unreachable, true},
		{"unknown authority", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, BadCertificate, true},
		{"other name", fmt.Errorf("x: %w", x509.HostnameError{Certificate: &x509.Certificate{}}), BadCertificate, true},
		{"expired", x509.CertificateInvalidError{Reason: x509.Expired}, BadCertificate, true},
		{"alert", op(tls.AlertError(40)), BadTLS, true},
		{"no TLS there", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, BadTLS, true},
		{"reset", op(os.NewSyscallError("read", syscall.ECONNRESET)), Reset, false},
		{"closed while writing", op(os.NewSyscallError("write", syscall.EPIPE)), Reset, false},
		{"closed without an answer", io.EOF, Reset, false},
		{"idle connection closed", errors.New("http: server closed idle connection"), Reset, false},
		{"HTTP/2 stream refused", errors.New("stream error: stream ID 3; REFUSED_STREAM; received from peer"), Reset, false},
		{"HTTP/2 going away", errors.New("http2: Transport received Server's graceful shutdown GOAWAY"), Reset, false},
		{"deadline", context.DeadlineExceeded, Timeout, false},
		{"dial timeout", op(os.ErrDeadlineExceeded), Unreachable, true},
		{"connect timed out in the kernel", sys(syscall.ETIMEDOUT), Unreachable, true},
		{"canceled", fmt.Errorf("x: %w", context.Canceled), Canceled, false},
		{"cut short", io.ErrUnexpectedEOF, Truncated, false},
		{"no HTTP", errors.New(`malformed HTTP response "tls: x"`), BadResponse, false},
		{"given", fmt.Errorf("x: %w", Fault{Reason: BadRedirect, Err: sys(syscall.ECONNREFUSED)}), BadRedirect, false},
		{"anything", errors.New("http://a.example/ is odd"), "fetch failed", false},
		{"none", nil, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Reason(tt.err); got != tt.want {
				t.Errorf("Reason(%v) = %q; want %q", tt.err, got, tt.want)
			}
			err := Classify("a.example:80", tt.err)
			if got := Reason(err); got != tt.want {
				t.Errorf("Reason(Classify(%v)) = %q; want %q", tt.err, got, tt.want)
			}
			if got := errors.Is(err, seine.ErrHost); got != tt.host {
				t.Errorf("Classify(%v) is ErrHost: %v; want %v", tt.err, got, tt.host)
			}
			if tt.err == nil {
				return
			}
			if f, ok := errors.AsType[Fault](err); !ok || f.Host != "a.example:80" {
				t.Errorf("Classify(%v) = %#v; want the host in it", tt.err, err)
			}
			if (tt.want == AddressRefused || tt.want == TooLarge) && strings.Count(err.Error(), tt.want) > 1 {
				t.Errorf("Classify(%v) says it twice: %q", tt.err, err)
			}
		})
	}
}

func TestClassifyKeepsTheHostThatHasTheFault(t *testing.T) {
	t.Parallel()
	err := Classify("asked.example:80", fmt.Errorf("x: %w", Fault{Reason: NoName, Host: "other.example:443"}))
	if f, _ := errors.AsType[Fault](err); f.Host != "other.example:443" || !errors.Is(err, seine.ErrHost) {
		t.Errorf("Classify = %#v; want other.example", err)
	}
}
