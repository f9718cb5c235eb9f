package httpfetch

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// full is a receiver without room.
type full struct{}

var errFull = errors.New("disk full")

func (full) Write([]byte) (int, error) { return 0, errFull }

// The receiver of a request gets the bytes of a page after redirects, without Content-Encoding, and
// within the bound. A page of another status is in the body.
func TestTo(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("caf\xe9 <meta http-equiv=refresh content='0; url=/elsewhere'>\n", 5000)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=windows-1252")
		switch q.URL.Path {
		case "/moved":
			http.Redirect(w, q, "/gzip", http.StatusFound)
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, text)
			_ = z.Close()
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "gone")
		case "/short":
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "short")
		}
	}))
	t.Cleanup(site.Close)
	f := New(Config{Guard: local})
	t.Cleanup(func() { _ = f.Close() })
	tests := []struct {
		name, path string
		to         io.Writer
		max        int64
		want, body string
		reason     string
	}{
		{"a redirect, and gzip", "/moved", &bytes.Buffer{}, 1 << 20, text, "", ""},
		{"exactly the bound", "/gzip", &bytes.Buffer{}, int64(len(text)), text, "", ""},
		{"over the bound", "/gzip", &bytes.Buffer{}, int64(len(text)) - 1, "", "", fetch.TooLarge},
		{"another status", "/gone", &bytes.Buffer{}, 1 << 20, "", "gone", ""},
		{"a truncated body", "/short", &bytes.Buffer{}, 1 << 20, "", "", fetch.Truncated},
		{"a full receiver", "/gzip", full{}, 1 << 20, "", "", fetch.NotWritten},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			page, err := f.Fetch(t.Context(), seine.Request{URL: site.URL + tt.path, To: tt.to, MaxBody: tt.max})
			if got := fetch.Reason(err); got != tt.reason || errors.Is(err, seine.ErrHost) {
				t.Fatalf("Fetch: %v; want the reason %q", err, tt.reason)
			}
			if err != nil {
				if errors.Is(err, errFull) != (tt.reason == fetch.NotWritten) {
					t.Errorf("Fetch: %v does not wrap its cause", err)
				}
				return
			}
			if got := tt.to.(*bytes.Buffer).String(); got != tt.want || string(page.Body) != tt.body {
				t.Errorf("the receiver has %d bytes and the page %q; want %d and %q", len(got), page.Body, len(tt.want), tt.body)
			}
		})
	}
}
