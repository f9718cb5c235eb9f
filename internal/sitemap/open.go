package sitemap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/seinehq/seine/internal/charset"
)

// sniffed is how many bytes decide about the charset.
const sniffed = 4 << 10

// open returns the content as UTF-8.
func (r *reader) open(in io.Reader) (io.Reader, error) {
	raw := bufio.NewReaderSize(in, 64<<10)
	if isGzip(raw) {
		r.sum.Gzip = true
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		if raw = bufio.NewReaderSize(z, 64<<10); isGzip(raw) {
			return nil, fmt.Errorf("%w: it is gzip inside gzip", ErrNoSitemap)
		}
	}
	head, err := raw.Peek(sniffed)
	if err != nil && len(head) == 0 {
		if errors.Is(err, io.EOF) {
			return raw, nil
		}
		return nil, err
	}
	c := charsetOf(head)
	r.sum.Charset = c.Name
	if c.Name == charset.UTF8.Name {
		return raw, nil
	}
	return c.Reader(raw), nil
}

func isGzip(r *bufio.Reader) bool {
	magic, _ := r.Peek(2)
	return string(magic) == "\x1f\x8b"
}

// charsetOf decides by the start of the content. The last line of a longer text may be cut inside a
// character.
func charsetOf(head []byte) charset.Charset {
	if len(head) == sniffed {
		if i := bytes.LastIndexByte(head, '\n'); i > 0 && bytes.IndexByte(head, 0) < 0 {
			head = head[:i]
		}
	}
	start := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), spaces)
	if len(start) > 0 && start[0] == '<' {
		return charset.Of(head, "application/xml", "")
	}
	return charset.Of(head, "text/plain", "")
}
