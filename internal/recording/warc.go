package recording

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1" //nolint:gosec // the digest that readers of WARC know; it proves no identity
	"encoding/base32"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
)

// WARC writes pages as WARC 1.1 (ISO 28500:2017): a warcinfo record, and for each page a response
// record and a metadata record. The bytes depend on the pages alone, so that equal pages give equal
// files.
//
// A recorded body is decoded, and its text is UTF-8. The headers that no longer fit the body
// (Content-Encoding, Transfer-Encoding, Content-Length, the charset) keep their values under the
// names X-Archive-Orig-NAME.
type WARC struct {
	to  io.Writer
	zip bool
	job string
}

// NewWARC begins a file about a job. With zip each record is a gzip member of its own. info is the
// content of the warcinfo record.
func NewWARC(to io.Writer, zip bool, job string, at time.Time, info map[string]string) (*WARC, error) {
	w := &WARC{to: to, zip: zip, job: job}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(info)) {
		if v := oneLine(info[name]); v != "" {
			fmt.Fprintf(&text, "%s: %s\r\n", name, v)
		}
	}
	return w, w.record([][2]string{
		{"WARC-Type", "warcinfo"}, {"WARC-Date", warcDate(at)}, {"WARC-Record-ID", w.id("warcinfo", warcDate(at))},
		{"Content-Type", "application/warc-fields"},
	}, []byte(text.String()))
}

// Add writes a page of a task.
func (w *WARC) Add(key string, page *seine.Page) error {
	body := page.Body
	if page.Raw != nil {
		body = page.Raw
	}
	block := responseBlock(page, body)
	at := warcDate(page.FetchedAt)
	id := w.id("response", key, at)
	if err := w.record([][2]string{
		{"WARC-Type", "response"}, {"WARC-Target-URI", oneLine(page.URL)}, {"WARC-Date", at}, {"WARC-Record-ID", id},
		{"Content-Type", "application/http;msgtype=response"}, {"WARC-Payload-Digest", warcDigest(body)},
	}, block); err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "seine-task: %s\r\nfetchTimeMs: %d\r\n", oneLine(key), page.Took.Milliseconds())
	if page.Via != "" {
		fmt.Fprintf(&text, "seine-via: %s\r\n", page.Via)
	}
	for _, from := range page.Redirects {
		fmt.Fprintf(&text, "via: %s\r\n", oneLine(from))
	}
	return w.record([][2]string{
		{"WARC-Type", "metadata"}, {"WARC-Target-URI", oneLine(page.URL)}, {"WARC-Date", at}, {"WARC-Record-ID", w.id("metadata", key, at)},
		{"WARC-Concurrent-To", id}, {"Content-Type", "application/warc-fields"},
	}, []byte(text.String()))
}

// changed lists the headers that do not fit a recorded body.
var changed = []string{"Content-Encoding", "Transfer-Encoding", "Content-Length"}

// responseBlock returns a page as an HTTP response.
func responseBlock(page *seine.Page, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %03d %s\r\n", page.Status, http.StatusText(page.Status))
	header := page.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	for _, name := range changed {
		if v, ok := header[name]; ok {
			header["X-Archive-Orig-"+name] = v
			delete(header, name)
		}
	}
	if page.Charset != "" && page.Raw == nil && page.Type != "" {
		header["X-Archive-Orig-Content-Type"] = header["Content-Type"]
		header.Set("Content-Type", page.Type+"; charset=utf-8")
	}
	header.Set("Content-Length", fmt.Sprint(len(body)))
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, v := range header[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", oneLine(name), oneLine(v))
		}
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// oneLine returns a value that ends no line of a header.
func oneLine(v string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.TrimSpace(v))
}

// record writes a record.
func (w *WARC) record(fields [][2]string, block []byte) error {
	var b bytes.Buffer
	b.WriteString("WARC/1.1\r\n")
	for _, f := range append(fields, [2]string{"WARC-Block-Digest", warcDigest(block)}, [2]string{"Content-Length", fmt.Sprint(len(block))}) {
		fmt.Fprintf(&b, "%s: %s\r\n", f[0], f[1])
	}
	b.WriteString("\r\n")
	b.Write(block)
	b.WriteString("\r\n\r\n")
	if !w.zip {
		_, err := w.to.Write(b.Bytes())
		return err
	}
	z := gzip.NewWriter(w.to)
	if _, err := z.Write(b.Bytes()); err != nil {
		return err
	}
	return z.Close()
}

// warcDate returns a time as WARC 1.1 has it, with the digits that an index row keeps.
func warcDate(at time.Time) string {
	return at.UTC().Truncate(time.Microsecond).Format("2006-01-02T15:04:05.000000Z")
}

// warcDigest returns the SHA-1 of a block, as the examples of the standard write it.
func warcDigest(b []byte) string {
	sum := sha1.Sum(b) //nolint:gosec // as above
	return "sha1:" + base32.StdEncoding.EncodeToString(sum[:])
}

// namespace is the one of the identifiers, a random UUID.
var namespace = [16]byte{0x5e, 0x1e, 0x9a, 0x5c, 0x0d, 0x84, 0x4f, 0x2b, 0x9c, 0x61, 0x3a, 0x77, 0xd1, 0x0b, 0xe8, 0x42}

// id returns the identifier of a record: a UUID of version 5 (RFC 9562, section 5.5) of the job,
// the type, the task and the time.
func (w *WARC) id(parts ...string) string {
	h := sha1.New() //nolint:gosec // as the RFC says
	h.Write(namespace[:])
	_, _ = fmt.Fprintf(h, "%q", append([]string{w.job}, parts...))
	u := h.Sum(nil)[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return fmt.Sprintf("<urn:uuid:%x-%x-%x-%x-%x>", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
