package httpfetch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/seinehq/seine/internal/fetch"
)

const (
	// maxHeader is the most bytes of a response's head, the limit of Chromium.
	// Real heads have at most a tenth.
	maxHeader = 256 << 10

	// maxInterim is the most interim answers (1xx) before an answer.
	maxInterim = 5

	// maxEmptyLines is the most empty lines before a status line.
	maxEmptyLines = 4
)

// head is the status line and the header of an HTTP/1 answer.
type head struct {
	status  int
	version string // "1.0", "1.1"
	header  http.Header
}

// malformed is the fault of an answer that is no HTTP.
func malformed(format string, args ...any) error {
	return fetch.Fault{Reason: fetch.BadResponse, Err: fmt.Errorf(format, args...)}
}

// headReader reads heads. budget is the unused part of maxHeader.
type headReader struct {
	r      *bufio.Reader
	budget int
}

// line returns the next line without its end: "\r\n", "\n" or, as some programs
// write it, several "\r" and "\n".
func (h *headReader) line() (string, error) {
	var line []byte
	for {
		part, err := h.r.ReadSlice('\n')
		line = append(line, part...)
		if h.budget -= len(part); h.budget < 0 {
			return "", malformed("the head has more than %d bytes", maxHeader)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return string(line), err
		}
		return strings.TrimRight(string(line[:len(line)-1]), "\r"), nil
	}
}

// answer reads the head of the answer. It skips interim answers.
func (h *headReader) answer() (head, error) {
	for range maxInterim + 1 {
		got, err := h.head()
		switch {
		case err != nil:
			return head{}, err
		case got.status == http.StatusSwitchingProtocols:
			return head{}, malformed("the server switches to a protocol that the request did not name")
		case got.status < 100 || got.status > 199:
			return got, nil
		}
	}
	return head{}, malformed("more than %d interim answers (HTTP 1xx)", maxInterim)
}

// head reads one head. It is as tolerant as browsers. See parse and field.
func (h *headReader) head() (head, error) {
	begun := h.budget < maxHeader
	var line string
	for range maxEmptyLines {
		var err error
		line, err = h.line()
		if errors.Is(err, io.EOF) && line == "" && !begun {
			return head{}, fmt.Errorf("closed without an answer: %w", io.EOF)
		}
		if err != nil {
			return head{}, cut(err, "status line")
		}
		if line != "" {
			break
		}
	}
	got := head{header: http.Header{}}
	if err := got.parse(line); err != nil {
		return head{}, err
	}
	last := "" // the field that a folded line continues
	for {
		line, err := h.line()
		if err != nil {
			return head{}, cut(err, "header")
		}
		if line == "" {
			return got, nil
		}
		if last, err = got.field(line, last); err != nil {
			return head{}, err
		}
	}
}

// cut reports that a connection ended within a part of the head.
func cut(err error, part string) error {
	if errors.Is(err, io.EOF) {
		return malformed("the connection ends within the %s", part)
	}
	return err
}

// statusLine matches a status line as Chromium reads it: in any case, with or without a minor
// version and a reason, which may follow without a space.
var statusLine = regexp.MustCompile(`(?i)^HTTP/([0-9](?:\.[0-9]+)?)[ \t]+([0-9]{3})(?:[^0-9].*)?$`)

func (h *head) parse(line string) error {
	m := statusLine.FindStringSubmatch(line)
	if m == nil {
		return malformed("the status line is %.80q", line)
	}
	h.version = m[1]
	h.status, _ = strconv.Atoi(m[2])
	return nil
}

// field takes a line of the header in and returns its name. Fields whose names
// are no tokens are left out.
func (h *head) field(line, last string) (string, error) {
	if strings.Contains(line, "\x00") {
		return "", malformed("a zero byte in the header line %.80q", line)
	}
	if line[0] == ' ' || line[0] == '\t' {
		if values := h.header[last]; len(values) > 0 {
			values[len(values)-1] += " " + strings.Trim(line, " \t")
		}
		return last, nil
	}
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return "", malformed("the header line %.80q has no colon", line)
	}
	name = strings.TrimRight(name, " \t")
	if !httpguts.ValidHeaderFieldName(name) {
		return "", nil
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	h.header[name] = append(h.header[name], strings.Trim(value, " \t"))
	return name, nil
}

// framing states how the body of an answer ends.
type framing struct {
	chunked bool
	length  int64    // -1: with a chunk or with the connection
	codings []string // that lie over the body, in the order of their application
}

// frame reads Content-Length and Transfer-Encoding (RFC 9112, section 6.3). Words in
// Transfer-Encoding that name no coding are ignored, as Chromium does. Contradictory lengths are
// malformed.
func (h *head) frame(method string) (framing, error) {
	f := framing{length: -1}
	chunks := 0
	for _, c := range tokens(h.header["Transfer-Encoding"]) {
		switch c = strings.Trim(c, `"`); c {
		case "chunked":
			chunks++
		case "gzip", "x-gzip", "deflate":
			f.codings = append(f.codings, c)
		}
	}
	if chunks > 1 {
		return f, malformed("Transfer-Encoding names chunked %d times", chunks)
	}
	f.chunked = chunks == 1
	length, err := contentLength(h.header["Content-Length"])
	if err != nil && !f.chunked {
		return f, err
	}
	switch {
	case method == http.MethodHead, h.status == http.StatusNoContent, h.status == http.StatusNotModified:
		f.chunked, f.length = false, 0
	case !f.chunked:
		f.length = length
	}
	return f, nil
}

// contentLength returns the length that all values agree on, -1 without one.
func contentLength(values []string) (int64, error) {
	length := int64(-1)
	for _, v := range tokens(values) {
		n, err := strconv.ParseUint(strings.TrimPrefix(v, "+"), 10, 62)
		if err != nil {
			return 0, malformed("Content-Length is %.40q", v)
		}
		if length >= 0 && length != int64(n) {
			return 0, malformed("Content-Length is both %d and %d", length, n)
		}
		length = int64(n)
	}
	return length, nil
}

// tokens splits the values of a header at commas, in lower case. Empty ones are
// left out.
func tokens(values []string) []string {
	var out []string
	for _, list := range values {
		for t := range strings.SplitSeq(list, ",") {
			if t = strings.ToLower(strings.Trim(t, " \t")); t != "" {
				out = append(out, t)
			}
		}
	}
	return out
}

// persists reports whether the server keeps the connection open.
func (h *head) persists() bool {
	options := tokens(h.header["Connection"])
	if h.version == "1.0" {
		return slices.Contains(options, "keep-alive")
	}
	return !slices.Contains(options, "close")
}

// keeps returns for how long the server keeps the connection idle, with a margin for the way of a
// request; 0 if the server does not say.
func (h *head) keeps() time.Duration {
	for _, option := range tokens(h.header["Keep-Alive"]) {
		value, ok := strings.CutPrefix(option, "timeout=")
		if seconds, err := strconv.ParseUint(value, 10, 16); ok && err == nil {
			keep := time.Duration(seconds) * time.Second
			return max(keep/2, keep-time.Second)
		}
	}
	return 0
}
