package httpfetch

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// TestFetchNeverSendsARequestTwiceOverHTTP2 refuses each stream in the ways after which the
// protocol permits a retry. http.Transport would retry seven times, with a backoff of its own.
func TestFetchNeverSendsARequestTwiceOverHTTP2(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		refuse func(f *http2.Framer, stream uint32) error
	}{
		{"stream refused", func(f *http2.Framer, stream uint32) error {
			return f.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
		}},
		{"going away", func(f *http2.Framer, stream uint32) error {
			return f.WriteGoAway(stream-2, http2.ErrCodeNo, nil)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			certified := httptest.NewTLSServer(http.NotFoundHandler())
			defer certified.Close()
			l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
				Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"},
			})
			if err != nil {
				t.Fatal(err)
			}
			var headers atomic.Int64
			var wg sync.WaitGroup
			wg.Go(func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					wg.Go(func() { serveH2(c, &headers, tt.refuse) })
				}
			})
			f := New(Config{Guard: local, RootCAs: roots(certified)})
			url := "https://" + l.Addr().String() + "/"
			if p := get(t, f, url); p.Status != 204 {
				t.Errorf("status %d; want 204", p.Status)
			}
			p, err := f.Fetch(t.Context(), seine.Request{URL: url})
			if err == nil {
				t.Errorf("Fetch of a refused stream = %v", p)
			}
			if got := headers.Load(); got != 2 {
				t.Errorf("%d requests were seen for 2 (%v)", got, err)
			}
			if fetch.Reason(err) != fetch.Reset {
				t.Errorf("Fetch = %v (%q); want %q", err, fetch.Reason(err), fetch.Reset)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			l.Close()
			wg.Wait()
		})
	}
}

// serveH2 answers the first stream of a connection with 204 and refuses the
// others.
func serveH2(c net.Conn, headers *atomic.Int64, refuse func(*http2.Framer, uint32) error) {
	defer c.Close()
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	if f.WriteSettings() != nil {
		return
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() && f.WriteSettingsAck() != nil {
				return
			}
		case *http2.HeadersFrame:
			headers.Add(1)
			if frame.StreamID > 1 {
				if refuse(f, frame.StreamID) != nil {
					return
				}
				continue
			}
			block := status204()
			if f.WriteHeaders(http2.HeadersFrameParam{StreamID: frame.StreamID, BlockFragment: block, EndHeaders: true, EndStream: true}) != nil {
				return
			}
		}
	}
}

func status204() []byte {
	var b bytes.Buffer
	_ = hpack.NewEncoder(&b).WriteField(hpack.HeaderField{Name: ":status", Value: "204"}) // memory takes all
	return b.Bytes()
}
