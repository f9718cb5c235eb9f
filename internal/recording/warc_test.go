package recording_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nlnwa/gowarc/v3"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/recording"
)

// archive writes pages that are hard to archive.
func archive(t *testing.T, zip bool) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := recording.NewWARC(&out, zip, "j", at, map[string]string{"software": "Seine/test", "description": "", "operator": "a\r\nInjected: b"})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range []*seine.Page{
		page("<h1>ä</h1>"),
		{URL: "https://a.example/2?q=%20x", Status: 404, Header: http.Header{"Content-Encoding": {"gzip"}, "Content-Length": {"3"}, "X-Odd": {"a\r\nb"}}, Body: []byte("WARC/1.1\r\n\r\n"), FetchedAt: at},
		{URL: "https://a.example/3", Status: 599, Body: nil, FetchedAt: at.Add(time.Second)},
		{URL: "https://a.example/4", Status: 200, Type: "text/html", Charset: "windows-1251", Header: http.Header{"Content-Type": {"text/html; charset=windows-1251"}}, Body: []byte("я"), FetchedAt: at},
	} {
		if err := w.Add(string(rune('a'+i)), p); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// A reader of another project finds no violation of the standard, and the digests hold.
func TestAForeignReaderAcceptsTheArchive(t *testing.T) {
	t.Parallel()
	for _, zip := range []bool{false, true} {
		r, err := gowarc.NewWarcFileReaderFromStream(bytes.NewReader(archive(t, zip)), 0, gowarc.WithStrictValidation())
		if err != nil {
			t.Fatal(err)
		}
		var (
			types  []string
			bodies []string
			ids    = map[string]bool{}
		)
		for rec, err := range r.Records() {
			if err != nil {
				t.Fatalf("zip %v: record %d: %v", zip, len(types), err)
			}
			for _, v := range rec.Validation {
				t.Errorf("zip %v: record %d: %v", zip, len(types), v)
			}
			types = append(types, rec.WarcRecord.Type().String())
			if b, ok := rec.WarcRecord.Block().(gowarc.HttpResponseBlock); ok {
				payload, err := b.PayloadBytes()
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(payload)
				if err != nil {
					t.Fatal(err)
				}
				bodies = append(bodies, string(text))
			}
			if ids[rec.WarcRecord.RecordId()] {
				t.Errorf("zip %v: %s is there twice", zip, rec.WarcRecord.RecordId())
			}
			ids[rec.WarcRecord.RecordId()] = true
			if err := rec.Close(); err != nil {
				t.Error(err)
			}
		}
		if got, want := strings.Join(types, " "), "warcinfo"+strings.Repeat(" response metadata", 4); got != want {
			t.Errorf("zip %v: records %s; want %s", zip, got, want)
		}
		if got, want := strings.Join(bodies, "|"), "raw of <h1>ä</h1>|WARC/1.1\r\n\r\n||я"; got != want {
			t.Errorf("zip %v: payloads %q; want %q", zip, got, want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestEqualPagesGiveEqualArchives(t *testing.T) {
	t.Parallel()
	if !bytes.Equal(archive(t, true), archive(t, true)) {
		t.Error("two archives of equal pages differ")
	}
	z, err := gzip.NewReader(bytes.NewReader(archive(t, true)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z) // all members
	if err != nil || !bytes.Equal(text, archive(t, false)) {
		t.Errorf("%v; or the compressed archive holds other records", err)
	}
	for _, want := range []string{"X-Archive-Orig-Content-Encoding: gzip\r\n", "Content-Type: text/html; charset=utf-8\r\n", "X-Odd: a  b\r\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the archive lacks %q", want)
		}
	}
	if strings.Contains(string(text), "\r\nInjected:") {
		t.Error("a value ends a line of a header")
	}
}
