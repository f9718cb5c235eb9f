package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/seinehq/seine"
)

// The words of [Reason]. They are counted and shown by host, so there are few of them and none
// holds a value.
const (
	Timeout        = "timeout"
	Canceled       = "canceled"
	Reset          = "connection reset"
	RefusedConn    = "connection refused"
	Unreachable    = "network unreachable"
	NoName         = "name does not resolve"
	BadCertificate = "bad certificate"
	BadTLS         = "TLS fault"
	TooLarge       = "body too large"
	Truncated      = "truncated body"
	BadEncoding    = "bad content encoding"
	BadResponse    = "malformed response"
	ManyRedirects  = "too many redirects"
	BadRedirect    = "bad redirect"
	AddressRefused = "address refused"
	BadURL         = "bad URL"
	NoFetcher      = "no such fetcher"
	NotWritten     = "body not written"
	NoProxy        = "no proxy works"

	// For a page in a browser.
	BadWait       = "bad wait"
	StepFailed    = "step failed"
	Crashed       = "page crashed"
	Hangs         = "page hangs"
	OpenedDialog  = "page opened a dialog"
	OpenedWindow  = "page opened a window"
	IsDownload    = "page is a download"
	PageStopped   = "page stops itself"
	PageLeft      = "page left for " // what follows is a scheme, such as blob:
	BrowserDied   = "browser died"
	BrowserAbsent = "browser does not start"

	unknownFailure = "fetch failed"
)

// resets lists the messages of net/http, which exports no error for them, when a server ends a
// connection or the stream of a request.
var resets = []string{
	"server closed idle connection", "stream error: ", "connection error: ", "GOAWAY", "client connection lost",
}

// malformed are the same for an answer that is no HTTP.
var malformed = []string{"malformed HTTP", "malformed MIME header", "headers exceeded", "bad Content-Length"}

// Fault is the reason why there is no page.
type Fault struct {
	// Reason is one of the words above.
	Reason string

	// Host is the host and port with the fault, which after a redirect differs from the requested
	// one. It is empty if no host is at fault.
	Host string

	Err error
}

// Error returns the reason and the details.
func (f Fault) Error() string {
	if f.Err == nil {
		return f.Reason
	}
	if text := f.Err.Error(); strings.HasPrefix(text, f.Reason) {
		return text
	}
	return f.Reason + ": " + f.Err.Error()
}

// Unwrap returns the cause.
func (f Fault) Unwrap() error { return f.Err }

// Is reports a fault of a whole host as [seine.ErrHost].
func (f Fault) Is(target error) bool {
	return target == seine.ErrHost && ofHost(f.Reason)
}

func ofHost(reason string) bool {
	switch reason {
	case NoName, RefusedConn, Unreachable, BadCertificate, BadTLS, NoProxy:
		return true
	}
	return false
}

// Classify returns err, which came from talking to host, as a [Fault] with its
// reason; nil stays nil and a Fault stays as it is.
func Classify(host string, err error) error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[Fault](err); ok {
		if f.Host == "" {
			f.Host = host
		}
		return f
	}
	reason := reasonOf(err)
	if op, ok := errors.AsType[*net.OpError](err); ok && reason == AddressRefused {
		err = op.Err // the sentence alone: the dialer's prefix says it again
	}
	return Fault{Reason: reason, Host: host, Err: err}
}

// Reason returns in a few fixed words why there is no page. It returns "fetch failed" for an
// unknown error and an empty string for nil.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[Fault](err); ok {
		return f.Reason
	}
	return reasonOf(err)
}

// reasonOf checks the most specific causes first. A refused address is also a failed dial, and an
// unresolved name may also be a timeout.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, seine.ErrRefused):
		return AddressRefused
	case errors.Is(err, seine.ErrTooLarge):
		return TooLarge
	case errors.Is(err, context.Canceled):
		return Canceled
	case as[*net.DNSError](err):
		return NoName
	case dialTimedOut(err):
		return Unreachable
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return Timeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return RefusedConn
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return Unreachable
	case as[*tls.CertificateVerificationError](err), as[x509.UnknownAuthorityError](err),
		as[x509.HostnameError](err), as[x509.CertificateInvalidError](err):
		return BadCertificate
	case says(err, malformed):
		return BadResponse
	case as[tls.AlertError](err), as[tls.RecordHeaderError](err), as[*tls.ECHRejectionError](err), strings.Contains(err.Error(), "tls: "):
		return BadTLS
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED),
		errors.Is(err, net.ErrClosed), errors.Is(err, io.EOF), says(err, resets):
		return Reset
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Truncated
	}
	return unknownFailure
}

func says(err error, words []string) bool {
	text := err.Error()
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}

func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// dialTimedOut reports that the address did not answer.
func dialTimedOut(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial" && op.Timeout()
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}
