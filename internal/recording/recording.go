// Package recording stores the responses of tasks in the store of their job, so that other rules
// can judge them later without a request.
//
// A response is two zstd frames: the head, which is JSON, and the content. Frames lie one after the
// other in segment files of at most 64 MiB, so `zstd -d` reads a whole segment. Responses with an
// equal content share one frame. The index of the frames is table recording of the frontier.
//
// A segment is durable before the transaction that stores its index rows. A worker that dies
// between the two leaves bytes that no row names. They are garbage, which `seine clean` removes.
//
// No cookie, no credential and no secret of the job is recorded.
package recording

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/redact"
)

// Folder holds the segments of a store, in a folder for each job.
const Folder = "pages/"

// Extension ends the name of a segment.
const Extension = ".zst"

// IsSegment reports whether a path belongs to a segment.
func IsSegment(path string) bool {
	return strings.HasPrefix(path, Folder) && strings.HasSuffix(path, Extension) && strings.Count(path, "/") == 2
}

// ErrDamaged reports that a recording cannot be read back.
var ErrDamaged = errors.New("the recording is damaged")

// secretHeaders are never recorded.
var secretHeaders = []string{"Set-Cookie", "Set-Cookie2", "Cookie", "Authorization", "Proxy-Authorization", "Authentication-Info"}

// head is the first frame of a recording.
type head struct {
	Key       string         `json:"key"`
	URL       string         `json:"url"`
	Status    int            `json:"status"`
	Header    http.Header    `json:"header,omitempty"`
	Asked     bool           `json:"asked,omitempty"`
	Type      string         `json:"type,omitempty"`
	Charset   string         `json:"charset,omitempty"`
	Via       seine.Via      `json:"via,omitempty"`
	FetchedAt time.Time      `json:"fetched_at"`
	Took      time.Duration  `json:"took_ns"`
	Redirects []string       `json:"redirects,omitempty"`
	Waits     []seine.Waited `json:"waits,omitempty"`
	Notes     []string       `json:"notes,omitempty"`
	Parts     []part         `json:"parts"`
}

// part is a piece of the content.
type part struct {
	// Kind is body, raw, dom or blob. Bytes is its length in the content. A raw body that equals
	// the body has none.
	Kind  string `json:"kind"`
	Bytes int    `json:"bytes"`
	Same  bool   `json:"same,omitempty"`

	// URL, Type and Why belong to a blob.
	URL  string `json:"url,omitempty"`
	Type string `json:"type,omitempty"`
	Why  string `json:"why,omitempty"`
}

// A Draft is a response that is ready to be written.
type Draft struct {
	row        frontier.Recording
	head, body []byte // compressed
}

// encoder and the decoders are safe for concurrent use. The fastest level costs about a tenth of
// the CPU of an HTTP page, and the default level twice as much for 10 % fewer bytes.
var (
	encoder = must(zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(true), zstd.WithLowerEncoderMem(true)))
	decoder = must(zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxContent), zstd.WithDecoderConcurrency(0)))
	heads   = must(zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxHead), zstd.WithDecoderConcurrency(0)))
)

// maxHead bounds the head of a recording in bytes. The client bounds the headers at 1 MiB, and a
// page has at most a few thousand blobs.
const maxHead = 32 << 20

// maxContent bounds the content of a response in bytes: the page, its bytes as they came, its tree
// and its images. Each has a smaller bound of the job.
const maxContent = 1 << 30

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Encode returns the recording of a task's page, without secrets. digest identifies the rules that
// judged it. A nil replacer has no secrets.
func Encode(key string, page *seine.Page, digest []byte, hide ...*redact.Replacer) (*Draft, error) {
	h, content, err := headOf(key, page, hide)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	at := page.FetchedAt.UTC().Truncate(time.Microsecond)
	return &Draft{
		row:  frontier.Recording{Key: key, At: at, SHA256: sum[:], Size: int64(len(content)), Digest: digest},
		head: encoder.EncodeAll(append(text, '\n'), nil), body: encoder.EncodeAll(content, make([]byte, 0, len(content)/4)),
	}, nil
}

// headOf returns the head and the content of a page without secrets.
func headOf(key string, page *seine.Page, hide []*redact.Replacer) (h head, content []byte, err error) {
	h = head{
		Key: key, URL: page.URL, Status: page.Status, Header: page.Header.Clone(), Asked: page.Asked, Type: page.Type, Charset: page.Charset,
		Via: page.Via, FetchedAt: page.FetchedAt.UTC(), Took: page.Took, Redirects: page.Redirects, Waits: page.Waits, Notes: page.Notes,
	}
	for _, name := range secretHeaders {
		h.Header.Del(name)
	}
	content = contentOf(page, &h)
	if content, err = without(hide, &h, content); err != nil {
		return h, nil, err
	}
	if len(content) > maxContent {
		return h, nil, fmt.Errorf("a page with %d bytes is too large for a recording of at most %d", len(content), maxContent)
	}
	return h, content, nil
}

// contentOf joins the parts of a page and lists them in its head.
func contentOf(page *seine.Page, h *head) []byte {
	h.Parts = append(h.Parts, part{Kind: "body", Bytes: len(page.Body)})
	content := page.Body
	add := func(p part, b []byte) {
		p.Bytes = len(b)
		h.Parts, content = append(h.Parts, p), append(slices.Clip(content), b...)
	}
	switch {
	case page.Raw != nil && bytes.Equal(page.Raw, page.Body):
		h.Parts = append(h.Parts, part{Kind: "raw", Same: true})
	case page.Raw != nil:
		add(part{Kind: "raw"}, page.Raw)
	}
	if page.DOM != nil {
		add(part{Kind: "dom"}, page.DOM)
	}
	urls := make([]string, 0, len(page.Blobs))
	for u := range page.Blobs {
		urls = append(urls, u)
	}
	slices.Sort(urls)
	for _, u := range urls {
		b := page.Blobs[u]
		add(part{Kind: "blob", URL: u, Type: b.Type, Why: b.Why}, b.Body)
	}
	return content
}

// without removes the secrets of replacers from a head and its content. Most pages show none.
func without(hide []*redact.Replacer, h *head, content []byte) ([]byte, error) {
	for _, r := range hide {
		if r == nil || !r.Any() {
			continue
		}
		text, err := json.Marshal(h)
		if err != nil {
			return nil, err
		}
		if clean := r.Replace(string(text)); clean != string(text) {
			key := h.Key
			*h = head{}
			if err := json.Unmarshal([]byte(clean), h); err != nil {
				return nil, fmt.Errorf("the head of a recording without its secrets: %w", err)
			}
			h.Key = key
		}
		if r.Replace(string(content)) == string(content) {
			continue
		}
		var out []byte
		for i, rest := 0, content; i < len(h.Parts); i++ {
			p := &h.Parts[i]
			piece := r.Replace(string(rest[:p.Bytes]))
			rest, p.Bytes = rest[p.Bytes:], len(piece)
			out = append(out, piece...)
		}
		content = out
	}
	return content, nil
}

// decode returns the page of a head and its content.
func decode(h head, content []byte) (*seine.Page, error) {
	page := &seine.Page{
		URL: h.URL, Status: h.Status, Header: h.Header, Asked: h.Asked, Type: h.Type, Charset: h.Charset, Via: h.Via,
		FetchedAt: h.FetchedAt, Took: h.Took, Redirects: h.Redirects, Waits: h.Waits, Notes: h.Notes,
	}
	if page.Header == nil {
		page.Header = http.Header{}
	}
	for _, p := range h.Parts {
		if p.Bytes < 0 || p.Bytes > len(content) {
			return nil, fmt.Errorf("%w: its parts do not fit its content", ErrDamaged)
		}
		piece := content[:p.Bytes:p.Bytes]
		content = content[p.Bytes:]
		switch p.Kind {
		case "body":
			page.Body = piece
		case "raw":
			if page.Raw = piece; p.Same {
				page.Raw = page.Body
			}
		case "dom":
			page.DOM = piece
		case "blob":
			if page.Blobs == nil {
				page.Blobs = map[string]seine.Blob{}
			}
			if p.Why != "" {
				piece = nil
			}
			page.Blobs[p.URL] = seine.Blob{Type: p.Type, Body: piece, Why: p.Why}
		}
	}
	if len(content) > 0 {
		return nil, fmt.Errorf("%w: its parts do not fit its content", ErrDamaged)
	}
	return page, nil
}
