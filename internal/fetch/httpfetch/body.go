package httpfetch

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// acceptEncoding lists what decodeBody undoes.
const acceptEncoding = "gzip, br, zstd, deflate"

const (
	// maxEncodings is the most encodings laid over each other. Servers use one, and each further
	// one multiplies the possible size of a decoded body.
	maxEncodings = 2

	// overhead is the permitted excess of an encoded body over the bound of the decoded one, for
	// the frame headers of incompressible data.
	overhead = 64 << 10

	// maxHint is the most memory that a Content-Length alone can ask for.
	maxHint = 1 << 20

	// zstdWindow is the largest that a body for a browser may need (RFC 9659).
	zstdWindow = 8 << 20
)

// readBody reads a response's body to its end and undoes its encodings. It
// fails with [seine.ErrTooLarge] when it has more than limit bytes then. If to is not nil, it
// receives the bytes, and readBody returns none.
func readBody(resp *http.Response, limit int64, to io.Writer) ([]byte, error) {
	encodings, odd := encodingsOf(resp.Header, resp.TransferEncoding)
	if resp.ContentLength > wireLimit(limit, len(encodings)) && resp.Request.Method != http.MethodHead {
		return nil, tooLarge(limit) // before a byte of it is read
	}
	r := bufio.NewReader(resp.Body)
	if odd && !begins(r, encodings) {
		encodings = nil
	}
	return decodeTo(to, r, encodings, limit, resp.ContentLength)
}

// begins reports whether a body begins as its last encoding does.
func begins(r *bufio.Reader, encodings []string) bool {
	if len(encodings) == 0 {
		return true
	}
	magic := map[string]string{"gzip": "\x1f\x8b", "x-gzip": "\x1f\x8b", "zstd": "\x28\xb5\x2f\xfd"}[encodings[len(encodings)-1]]
	head, _ := r.Peek(len(magic))
	return string(head) == magic
}

// encodingsOf returns the encodings of a body in the order in which they were applied. Words that
// name no encoding (a charset, a media type, "none", "aws-chunked") are ignored, because the bytes
// are the same without them. odd reports that there are such words.
func encodingsOf(h http.Header, transfer []string) (out []string, odd bool) {
	for _, e := range append(tokens(h.Values("Content-Encoding")), transfer...) {
		switch e = strings.Trim(e, `"`); e {
		case "gzip", "x-gzip", "deflate", "br", "zstd":
			out = append(out, e)
		case "", "identity":
		default:
			odd = true
		}
	}
	return out, odd
}

// wireLimit returns the most bytes to read from a body that still has the given number of
// encodings.
func wireLimit(limit int64, encodings int) int64 {
	limit = min(limit, math.MaxInt64-overhead-1)
	if encodings == 0 {
		return limit
	}
	return limit + overhead
}

func tooLarge(limit int64) error {
	return fmt.Errorf("%w: more than %d bytes", seine.ErrTooLarge, limit)
}

// decodeBody reads r to its end and undoes the encodings, which are listed in the order of their
// application. hint is the expected number of bytes in r, negative if unknown. hint is the number
// of bytes that r is thought to hold, negative when nothing is known.
func decodeBody(r io.Reader, encodings []string, limit, hint int64) ([]byte, error) {
	return decodeTo(nil, r, encodings, limit, hint)
}

// decodeTo is decodeBody into a writer. If to is nil, it returns the bytes.
func decodeTo(to io.Writer, r io.Reader, encodings []string, limit, hint int64) ([]byte, error) {
	if len(encodings) > maxEncodings {
		return nil, badEncoding(fmt.Errorf("%d encodings; at most %d", len(encodings), maxEncodings))
	}
	wire := &bounded{r: r, left: wireLimit(limit, len(encodings)), limit: limit}
	body, err := undo(to, wire, encodings, limit, hint)
	var unwritten *writeError
	switch {
	case errors.As(err, &unwritten):
		return nil, unwritten.err
	case wire.err != nil:
		return nil, wire.err
	case errors.Is(err, seine.ErrTooLarge):
		return nil, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fetch.Fault{Reason: fetch.Truncated, Err: err}
	case err != nil:
		return nil, badEncoding(err)
	}
	// Bytes after the encoded data are ignored. Their end must be reached, because only then can
	// the connection be reused.
	if _, err := io.Copy(io.Discard, wire); err != nil {
		return nil, err
	}
	return body, nil
}

func badEncoding(err error) error {
	return fetch.Fault{Reason: fetch.BadEncoding, Err: err}
}

func undo(to io.Writer, wire io.Reader, encodings []string, limit, hint int64) ([]byte, error) {
	r := bufio.NewReader(wire)
	if _, err := r.Peek(1); errors.Is(err, io.EOF) {
		return nil, nil // an empty body is not even an empty gzip file
	}
	var layers []*bounded
	for i, e := range slices.Backward(encodings) {
		decoded, done, err := decoder(e, r)
		if err != nil {
			return nil, firstOf(layers, err)
		}
		defer done()
		// The bytes between two encodings have the same bound as the wire, because they can be a
		// thousand times as long and decode to nothing.
		layer := &bounded{r: decoded, left: wireLimit(limit, i), limit: limit}
		layers = append(layers, layer)
		r = bufio.NewReader(layer)
	}
	if to != nil {
		_, err := io.Copy(writer{to}, r)
		var unwritten *writeError
		if err != nil && !errors.As(err, &unwritten) {
			err = firstOf(layers, err)
		}
		return nil, err
	}
	var b bytes.Buffer
	if len(encodings) == 0 && hint > 0 {
		b.Grow(int(min(hint, limit, maxHint)) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(r); err != nil {
		return nil, firstOf(layers, err)
	}
	return b.Bytes(), nil
}

// firstOf returns the error of the innermost layer that met one, else err.
func firstOf(layers []*bounded, err error) error {
	for _, l := range layers {
		if l.err != nil {
			return l.err
		}
	}
	return err
}

// decoder undoes one encoding. done frees its resources.
func decoder(encoding string, r *bufio.Reader) (_ io.Reader, done func(), err error) {
	done = func() {}
	switch encoding {
	case "gzip", "x-gzip":
		g, err := newMembers(r)
		return g, done, err
	case "br":
		return brotli.NewReader(r), done, nil
	case "zstd":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, done, err
		}
		return d, d.Close, nil
	case "deflate":
		// The name means zlib (RFC 9110 section 8.4.1.2); some servers send
		// bare deflate all the same, which never begins like zlib.
		if head, _ := r.Peek(2); len(head) == 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			z, err := zlib.NewReader(r)
			return z, done, err
		}
		return flate.NewReader(r), done, nil
	}
	return nil, done, fmt.Errorf("%.40q is not a requested encoding", encoding)
}

// members reads the members of a gzip file one after the other. It ends with the last member and
// ignores other bytes after it, as browsers do.
type members struct {
	src *bufio.Reader
	gz  *gzip.Reader
}

func newMembers(r *bufio.Reader) (*members, error) {
	gz, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	gz.Multistream(false)
	return &members{src: r, gz: gz}, nil
}

func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.gz.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return n, err
		}
		if head, _ := m.src.Peek(2); len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
			return 0, io.EOF
		}
		if err := m.gz.Reset(m.src); err != nil {
			return 0, err
		}
		m.gz.Multistream(false)
	}
}

// bounded reads at most left bytes and keeps the error that it met, because a decoder replaces the
// error with its own.
type bounded struct {
	r     io.Reader
	left  int64
	limit int64 // for the error
	err   error
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.left < int64(len(p)) {
		p = p[:b.left+1] // one more, to tell the bound from the end
	}
	n, err := b.r.Read(p)
	if int64(n) > b.left {
		b.err = tooLarge(b.limit)
		return 0, b.err
	}
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// writer writes to the receiver of a request and marks its errors.
type writer struct{ to io.Writer }

func (w writer) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil {
		err = &writeError{fetch.Fault{Reason: fetch.NotWritten, Err: err}}
	}
	return n, err
}

// writeError is an error of the receiver, not of the host or the body.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }
