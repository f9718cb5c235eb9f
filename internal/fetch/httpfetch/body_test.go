package httpfetch

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// encoded applies one encoding to b.
func encoded(t testing.TB, encoding string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "br":
		w = brotli.NewWriter(&out)
	case "zstd":
		z, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	case "zlib":
		w = zlib.NewWriter(&out)
	case "bare":
		f, err := flate.NewWriter(&out, flate.DefaultCompression)
		if err != nil {
			t.Fatal(err)
		}
		w = f
	default:
		t.Fatalf("no encoding %q", encoding)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDecodeBody(t *testing.T) {
	t.Parallel()
	text := []byte(strings.Repeat("Seine fishes with a net. ", 400))
	gz := encoded(t, "gzip", text)
	const limit = 1 << 20
	for _, tt := range []struct {
		name      string
		encodings []string
		in        []byte
		want      []byte
		reason    string
	}{
		{name: "none", in: text, want: text},
		{name: "gzip", encodings: []string{"gzip"}, in: gz, want: text},
		{name: "its old name", encodings: []string{"x-gzip"}, in: gz, want: text},
		{name: "brotli", encodings: []string{"br"}, in: encoded(t, "br", text), want: text},
		{name: "zstd", encodings: []string{"zstd"}, in: encoded(t, "zstd", text), want: text},
		{name: "deflate is zlib", encodings: []string{"deflate"}, in: encoded(t, "zlib", text), want: text},
		{name: "deflate without zlib", encodings: []string{"deflate"}, in: encoded(t, "bare", text), want: text},
		{name: "two, the last applied first undone", encodings: []string{"br", "gzip"}, in: encoded(t, "gzip", encoded(t, "br", text)), want: text},
		{name: "one twice", encodings: []string{"gzip", "gzip"}, in: encoded(t, "gzip", gz), want: text},
		{name: "three", encodings: []string{"gzip", "gzip", "gzip"}, in: encoded(t, "gzip", encoded(t, "gzip", gz)), reason: fetch.BadEncoding},
		{name: "gzip in members", encodings: []string{"gzip"}, in: append(bytes.Clone(gz), gz...), want: append(bytes.Clone(text), text...)},
		{name: "gzip and an empty member", encodings: []string{"gzip"}, in: append(encoded(t, "gzip", nil), gz...), want: text},
		{name: "gzip and garbage behind", encodings: []string{"gzip"}, in: append(bytes.Clone(gz), "garbage"...), want: text},
		{name: "empty, though gzip is said", encodings: []string{"gzip"}, in: nil, want: nil},
		{name: "empty gzip", encodings: []string{"gzip"}, in: encoded(t, "gzip", nil), want: nil},
		{name: "gzip cut short", encodings: []string{"gzip"}, in: gz[:len(gz)/2], reason: fetch.Truncated},
		{name: "gzip without its checksum", encodings: []string{"gzip"}, in: gz[:len(gz)-4], reason: fetch.Truncated},
		{name: "second member cut short", encodings: []string{"gzip"}, in: append(bytes.Clone(gz), gz[:20]...), reason: fetch.Truncated},
		{name: "brotli cut short", encodings: []string{"br"}, in: encoded(t, "br", text)[:20], reason: fetch.Truncated},
		{name: "zstd cut short", encodings: []string{"zstd"}, in: encoded(t, "zstd", text)[:20], reason: fetch.Truncated},
		{name: "deflate cut short", encodings: []string{"deflate"}, in: encoded(t, "zlib", text)[:20], reason: fetch.Truncated},
		{name: "gzip with a bad checksum", encodings: []string{"gzip"}, in: append(bytes.Clone(gz[:len(gz)-8]), make([]byte, 8)...), reason: fetch.BadEncoding},
		{name: "no gzip at all", encodings: []string{"gzip"}, in: text, reason: fetch.BadEncoding},
		{name: "no zstd at all", encodings: []string{"zstd"}, in: text, reason: fetch.BadEncoding},
		{name: "unknown", encodings: []string{"compress"}, in: text, reason: fetch.BadEncoding},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := decodeBody(bytes.NewReader(tt.in), tt.encodings, limit, -1)
			if !bytes.Equal(got, tt.want) || fetch.Reason(err) != tt.reason {
				t.Errorf("decodeBody(%v) = %d bytes, %v; want %d bytes, %q", tt.encodings, len(got), err, len(tt.want), tt.reason)
			}
		})
	}
}

func TestDecodeBodyCountsDecodedBytes(t *testing.T) {
	t.Parallel()
	const n = 10_000
	text := bytes.Repeat([]byte("0123456789"), n/10)
	for _, e := range []string{"", "gzip", "br", "zstd", "deflate"} {
		in, list := text, []string(nil)
		if e != "" {
			in, list = encoded(t, map[string]string{"deflate": "zlib"}[e]+strings.TrimPrefix(e, "deflate"), text), []string{e}
		}
		if got, err := decodeBody(bytes.NewReader(in), list, n, int64(len(in))); len(got) != n || err != nil {
			t.Errorf("%q of exactly the bound = %d bytes, %v", e, len(got), err)
		}
		if got, err := decodeBody(bytes.NewReader(in), list, n-1, int64(len(in))); got != nil || !errors.Is(err, seine.ErrTooLarge) {
			t.Errorf("%q one over the bound = %d bytes, %v; want ErrTooLarge", e, len(got), err)
		}
	}
}

// repeated yields b forever and counts the bytes taken.
type repeated struct {
	b    []byte
	at   int
	read int64
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.b[r.at:])
	r.at = (r.at + n) % len(r.b)
	r.read += int64(n)
	return n, nil
}

func TestDecodeBodyEndsBombs(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	zeros := make([]byte, 64<<20)
	many := bytes.Repeat(encoded(t, "gzip", nil), 1<<17)
	for _, tt := range []struct {
		name      string
		encodings []string
		in        io.Reader
	}{
		{"gzip of zeros", []string{"gzip"}, bytes.NewReader(encoded(t, "gzip", zeros))},
		{"brotli of zeros", []string{"br"}, bytes.NewReader(encoded(t, "br", zeros))},
		{"zstd of zeros", []string{"zstd"}, bytes.NewReader(encoded(t, "zstd", zeros))},
		{"gzip in gzip", []string{"gzip", "gzip"}, bytes.NewReader(encoded(t, "gzip", encoded(t, "gzip", zeros)))},
		{"endless, plain", nil, &repeated{b: []byte("x")}},
		{"endless members that hold nothing", []string{"gzip"}, &repeated{b: encoded(t, "gzip", nil)}},
		{"nothing, long, between two", []string{"gzip", "gzip"}, bytes.NewReader(encoded(t, "gzip", many))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := decodeBody(tt.in, tt.encodings, limit, -1)
			runtime.ReadMemStats(&after)
			if got != nil || !errors.Is(err, seine.ErrTooLarge) {
				t.Fatalf("decodeBody = %d bytes, %v; want ErrTooLarge", len(got), err)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 48<<20 {
				t.Errorf("%d MiB were allocated for a bound of 1 MiB", took>>20)
			}
			if r, ok := tt.in.(*repeated); ok && r.read > limit+overhead+(32<<10) {
				t.Errorf("%d bytes were read for a bound of %d", r.read, limit)
			}
		})
	}
}

func TestDecodeBodyRefusesAWindowLargerThanABrowsers(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithWindowSize(16<<20))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := decodeBody(&out, []string{"zstd"}, 64<<20, -1); fetch.Reason(err) != fetch.BadEncoding {
		t.Errorf("decodeBody = %d bytes, %v; want %q", len(got), err, fetch.BadEncoding)
	}
}

func TestDecodeBodyKeepsTheConnectionsError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	gz := encoded(t, "gzip", bytes.Repeat([]byte("some text "), 5000))
	for _, in := range [][]byte{nil, gz[:5], gz[:len(gz)/2], gz, append(bytes.Clone(gz), make([]byte, 10_000)...)} {
		r := io.MultiReader(bytes.NewReader(in), failing{broken})
		if got, err := decodeBody(r, []string{"gzip"}, 1<<20, -1); !errors.Is(err, broken) || fetch.Reason(err) == fetch.BadEncoding {
			t.Errorf("after %d bytes: %d bytes, %v; want the connection's error", len(in), len(got), err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzDecodeBody(f *testing.F) {
	text := []byte("some text, some text, some text")
	for i, e := range []string{"gzip", "br", "zstd", "zlib", "bare"} {
		f.Add(encoded(f, e, text), byte(i))
		f.Add(encoded(f, e, encoded(f, "gzip", text)), byte(i+16))
	}
	names := []string{"gzip", "br", "zstd", "deflate", "deflate", ""}
	f.Fuzz(func(t *testing.T, in []byte, which byte) {
		var list []string
		if which >= 16 {
			list = append(list, "gzip")
		}
		if e := names[int(which%16)%len(names)]; e != "" {
			list = append(list, e)
		}
		const limit = 64 << 10
		got, err := decodeBody(bytes.NewReader(in), list, limit, int64(len(in)))
		if len(got) > limit || err != nil && got != nil {
			t.Fatalf("decodeBody = %d bytes, %v", len(got), err)
		}
		switch fetch.Reason(err) {
		case "", fetch.BadEncoding, fetch.Truncated, fetch.TooLarge:
		default:
			t.Fatalf("decodeBody = %v, whose reason is %q", err, fetch.Reason(err))
		}
	})
}
