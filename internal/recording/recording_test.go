package recording_test

import (
	"bytes"
	"errors"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/redact"
)

var at = time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)

func page(body string) *seine.Page {
	return &seine.Page{
		URL: "https://a.example/p/1", Status: 200, Header: http.Header{"Content-Type": {"text/html"}, "Etag": {`"x"`}},
		Body: []byte(body), Raw: []byte("raw of " + body), DOM: []byte(`[1,"` + body + `"]`), Type: "text/html", Charset: "windows-1251", Via: seine.ViaChrome,
		Blobs:     map[string]seine.Blob{"blob:b": {Type: "image/png", Body: []byte("png")}, "blob:a": {Why: "revoked"}},
		FetchedAt: at, Took: 70 * time.Millisecond, Redirects: []string{"https://a.example/1"}, Waits: []seine.Waited{{Wait: "css: h1", OK: true}},
		Notes: []string{"a refresh was not followed"},
	}
}

// stores opens a folder and a bucket.
func stores(t *testing.T) map[string]func() (*recording.Store, string) {
	dir := t.TempDir()
	folder, err := fileblob.OpenBucket(dir, &fileblob.Options{Metadata: fileblob.MetadataDontWrite, NoTempDir: true})
	if err != nil {
		t.Fatal(err)
	}
	bucket := memblob.OpenBucket(nil)
	return map[string]func() (*recording.Store, string){
		"folder": func() (*recording.Store, string) { return recording.NewStore(folder, dir, "j"), dir },
		"bucket": func() (*recording.Store, string) { return recording.NewStore(bucket, "", "j"), "" },
	}
}

func encode(t *testing.T, key string, p *seine.Page, hide ...*redact.Replacer) *recording.Draft {
	t.Helper()
	d, err := recording.Encode(key, p, []byte{1}, hide...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func write(t *testing.T, s *recording.Store, known map[string]frontier.Frame, drafts ...*recording.Draft) []*frontier.Recording {
	t.Helper()
	rows, err := s.Write(t.Context(), drafts, known)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAPageComesBackAsItWas(t *testing.T) {
	t.Parallel()
	for name, open := range stores(t) {
		s, _ := open()
		same := page("other")
		same.Raw = same.Body // as of a page in UTF-8
		plain := &seine.Page{URL: "https://a.example/404", Status: 404, Header: http.Header{}, Body: []byte{}, FetchedAt: at}
		in := []*seine.Page{page("<h1>a</h1>"), same, plain}
		rows := write(t, s, nil, encode(t, "a", in[0]), encode(t, "b", in[1]), encode(t, "c", in[2]))
		for i, row := range rows {
			got, err := s.Page(t.Context(), *row)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if d := cmp.Diff(in[i], got); d != "" {
				t.Errorf("%s: page %d (-recorded +read):\n%s", name, i, d)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestEqualContentIsStoredOnce(t *testing.T) {
	t.Parallel()
	for name, open := range stores(t) {
		s, _ := open()
		defer func() { _ = s.Close() }()
		body := strings.Repeat("all pages are alike ", 50)
		rows := write(t, s, nil, encode(t, "a", page(body)), encode(t, "b", page(body)))
		known := map[string]frontier.Frame{string(rows[0].SHA256): rows[0].Body}
		rows = append(rows, write(t, s, known, encode(t, "c", page(body)))...)
		if rows[1].Body != rows[0].Body || rows[2].Body != rows[0].Body {
			t.Errorf("%s: the bodies are at %v, %v and %v; want one place", name, rows[0].Body, rows[1].Body, rows[2].Body)
		}
		for _, r := range rows {
			if got, err := s.Page(t.Context(), *r); err != nil || string(got.Body) != body {
				t.Errorf("%s: %s: %v", name, r.Key, err)
			}
		}
	}
}

// A reader of zstd reads a whole segment.
func TestASegmentIsAZstdFile(t *testing.T) {
	t.Parallel()
	s, dir := stores(t)["folder"]()
	rows := write(t, s, nil, encode(t, "a", page("one")))
	rows = append(rows, write(t, s, nil, encode(t, "b", page("two")))...)
	if rows[0].Head.Segment != rows[1].Head.Segment {
		t.Errorf("segments %s and %s; want one", rows[0].Head.Segment, rows[1].Head.Segment)
	}
	if !recording.IsSegment(rows[0].Head.Segment) {
		t.Errorf("%s is no segment", rows[0].Head.Segment)
	}
	f, err := os.Open(filepath.Join(dir, rows[0].Head.Segment))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var text strings.Builder
	if _, err := r.WriteTo(&text); err != nil || !strings.Contains(text.String(), `"key":"b"`) {
		t.Errorf("%v, %q", err, text.String())
	}
}

func TestSecretsAreNotRecorded(t *testing.T) {
	t.Parallel()
	s, _ := stores(t)["bucket"]()
	p := page("Signed in with hunter22 as me")
	p.URL, p.Redirects = "https://a.example/p/1?token=hunter22", []string{"https://a.example/?token=hunter22"}
	p.Header.Set("Set-Cookie", "sid=abc")
	p.Header.Set("Authorization", "Bearer abc")
	p.Header.Set("X-Echo", "hunter22")
	p.Cookies = []seine.Cookie{{Name: "sid", Value: "abc"}}
	row := write(t, s, nil, encode(t, "a", p, nil, redact.New([]string{"hunter22"})))[0]
	got, err := s.Page(t.Context(), *row)
	if err != nil {
		t.Fatal(err)
	}
	want := page("Signed in with xxxxx as me")
	want.URL, want.Redirects = "https://a.example/p/1?token=xxxxx", []string{"https://a.example/?token=xxxxx"}
	want.Header.Set("X-Echo", "xxxxx")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("page (-want +got):\n%s", d)
	}
}

func TestDamageIsReportedWithItsPlace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(path string, row *frontier.Recording) error
		want   string
	}{
		{"the file is gone", func(path string, _ *frontier.Recording) error { return os.Remove(path) }, "the store has no file pages/j/"},
		{"the file is cut", func(path string, _ *frontier.Recording) error { return os.Truncate(path, 20) }, "ends before byte"},
		{"a byte differs", func(path string, r *frontier.Recording) error { return flip(path, r.Body.Pos+r.Body.Bytes/2) }, "at byte"},
		{"the head differs", func(path string, r *frontier.Recording) error { return flip(path, r.Head.Pos+10) }, "at byte 0 of pages/j/"},
		{"the content is another", func(_ string, r *frontier.Recording) error { r.SHA256 = make([]byte, 32); return nil }, "its SHA-256 is another one"},
		{"the row is of another task", func(_ string, r *frontier.Recording) error { r.Key = "b"; return nil }, "that of another task"},
		{"the row is wrong", func(_ string, r *frontier.Recording) error { r.Body.Bytes = -1; return nil }, "impossible places"},
		{"the row is beyond a file", func(_ string, r *frontier.Recording) error { r.Body.Pos = math.MaxInt64; return nil }, "impossible places"},
		{"the row names no segment", func(_ string, r *frontier.Recording) error { r.Body.Segment = ""; return nil }, "impossible places"},
		{"the row names a file outside", func(_ string, r *frontier.Recording) error { r.Head.Segment = "../x/y.zst"; return nil }, "impossible places"},
		{"the size is another", func(_ string, r *frontier.Recording) error { r.Size--; return nil }, "its content has another size"},
		{"the size is impossible", func(_ string, r *frontier.Recording) error { r.Size = -1; return nil }, "impossible size"},
		{"the head has no parts", func(path string, r *frontier.Recording) error {
			return behead(path, r, []byte(`{"key":"a","status":200,"parts":[]}`))
		}, "its parts do not fit its content"},
		{"the head is very large", func(path string, r *frontier.Recording) error {
			return behead(path, r, append([]byte(`{"key":"a","url":"`), bytes.Repeat([]byte("x"), 40<<20)...))
		}, "exceeds configured limit"},
	} {
		s, dir := stores(t)["folder"]()
		row := write(t, s, nil, encode(t, "a", page(strings.Repeat("text ", 100))))[0]
		if err := tt.change(filepath.Join(dir, row.Head.Segment), row); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Page(t.Context(), *row); !errors.Is(err, recording.ErrDamaged) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want a damaged recording that %q", tt.name, err, tt.want)
		}
	}
}

// behead gives a recording another head, at the end of its segment.
func behead(path string, r *frontier.Recording, head []byte) error {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		return err
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	frame := w.EncodeAll(head, nil)
	r.Head.Pos, r.Head.Bytes = int64(len(body)), int64(len(frame))
	return os.WriteFile(path, append(body, frame...), 0o600)
}

func flip(path string, pos int64) error {
	b, err := os.ReadFile(path)
	if err == nil {
		b[pos] ^= 0xff
		err = os.WriteFile(path, b, 0o600)
	}
	return err
}

// A sweep may delete a segment that no row names yet.
func TestADeletedSegmentIsLeft(t *testing.T) {
	t.Parallel()
	s, dir := stores(t)["folder"]()
	first := write(t, s, nil, encode(t, "a", page("one")))[0]
	if err := os.Remove(filepath.Join(dir, first.Head.Segment)); err != nil {
		t.Fatal(err)
	}
	second := write(t, s, nil, encode(t, "b", page("two")))[0]
	if got, err := s.Page(t.Context(), *second); err != nil || string(got.Body) != "two" {
		t.Errorf("the page after the deletion: %v", err)
	}
}

func TestAStoreThatRefusesIsAStoreError(t *testing.T) {
	t.Parallel()
	if _, err := recording.NewStore(refusing(t), "", "j").Write(t.Context(), []*recording.Draft{encode(t, "a", page("x"))}, nil); !errors.Is(err, asset.ErrStore) {
		t.Errorf("a bucket: %v; want %v", err, asset.ErrStore)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := recording.NewStore(nil, file, "j").Write(t.Context(), []*recording.Draft{encode(t, "a", page("x"))}, nil); !errors.Is(err, asset.ErrStore) {
		t.Errorf("a folder: %v; want %v", err, asset.ErrStore)
	}
}

// refusing is a bucket that is closed.
func refusing(t *testing.T) *blob.Bucket {
	b := memblob.OpenBucket(nil)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return b
}

func BenchmarkEncode(b *testing.B) {
	p := page(strings.Repeat("<div class=item><a href=/p/123>some words of a page</a></div>\n", 800))
	p.Raw, p.DOM, p.Blobs = nil, nil, nil
	b.SetBytes(int64(len(p.Body)))
	for b.Loop() {
		if _, err := recording.Encode("a", p, nil); err != nil {
			b.Fatal(err)
		}
	}
}
