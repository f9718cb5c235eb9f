package asset

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
)

// A file of another task is not overwritten.
func TestACollisionIsAnError(t *testing.T) {
	t.Parallel()
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { _ = bucket.Close() })
	k := New(bucket, Options{})
	put := func(body, owner string) error {
		f := fileOf("f", "a/f", "u", kind{}, []byte(body))
		return k.put(t.Context(), f.Stored, f.body, Hold{Owner: func(context.Context, string, []byte) (string, error) { return owner, nil }})
	}
	for _, c := range []struct{ body, owner, want string }{
		{"one", "other", "one"}, // nothing is there
		{"one", "other", "one"}, // equal bytes may share a path
		{"two", "other", "one"},
		{"two", "", "two"},
	} {
		err := put(c.body, c.owner)
		var collision *CollisionError
		if errors.As(err, &collision) != (c.body != c.want) {
			t.Errorf("put %s owned by %q: %v", c.body, c.owner, err)
		}
		if collision != nil && (!Final(err) || Reason(err) != "path a/f is the file of task other: put a name into store.key that tells them apart") {
			t.Errorf("reason %q, final %v", Reason(err), Final(err))
		}
		got, err := bucket.ReadAll(t.Context(), "a/f")
		if err != nil || string(got) != c.want {
			t.Errorf("after %s: %q, %v; want %s", c.body, got, err, c.want)
		}
	}
}

// Chromium's fetch() gave the expected content of each data: URL.
func TestDataURLs(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"data:,a%20b":                      "text/plain a b",
		"DATA:text/html,<p>":               "text/html <p>",
		"data:image/gif;base64,R0lGODlh":   "image/gif GIF89a",
		"data:image/gif; base64,R0lG ODlh": "image/gif GIF89a",
		"data:;charset=utf-8;base64,YQ==":  "text/plain;charset=utf-8 a",
		"data:;charset=utf-8;BASE64,YQ":    "text/plain;charset=utf-8 a",
		"data:text/plain,100%":             "text/plain 100%",
	} {
		page, err := dataPage(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got := page.Header.Get("Content-Type") + " " + string(page.Body); got != want {
			t.Errorf("%s is %q; want %q", url, got, want)
		}
	}
	for _, url := range []string{"data:image/png", "data:;base64,!!"} {
		if _, err := dataPage(url); err == nil || !Final(err) {
			t.Errorf("%s: %v; want a final error", url, err)
		}
	}
}

// The bytes of a file tell what kind of zip, film or sound it is, whatever the server says.
func TestExtensionsOfBytes(t *testing.T) {
	t.Parallel()
	files := func(mimetype string, names ...string) string {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		if mimetype != "" {
			f, _ := w.CreateHeader(&zip.FileHeader{Name: "mimetype", Method: zip.Store})
			_, _ = io.WriteString(f, mimetype)
		}
		for _, name := range names {
			f, _ := w.Create(name)
			_, _ = io.WriteString(f, strings.Repeat("<x/>", 99))
		}
		_ = w.SetComment("a comment")
		_ = w.Close()
		return b.String()
	}
	for _, c := range []struct{ body, want string }{
		{files("", "[Content_Types].xml", "_rels/.rels", "word/document.xml"), "docx"},
		{files("", "[Content_Types].xml", "xl/workbook.xml"), "xlsx"},
		{files("", "[Content_Types].xml", "docProps/app.xml", "ppt/presentation.xml"), "pptx"},
		{files("application/epub+zip", "META-INF/container.xml"), "epub"},
		{files("application/vnd.oasis.opendocument.spreadsheet", "content.xml"), "ods"},
		{files("text/html", "a"), "zip"},
		{files("", "META-INF/MANIFEST.MF"), "jar"},
		{files("", "AndroidManifest.xml", "META-INF/MANIFEST.MF"), "apk"},
		{files("", "word/a.txt"), "zip"},
		{files("", "[Content_Types].xml", "word/document.xml")[:200], "zip"},
		{"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "mov"},
		{"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00M4A mp42", "m4a"},
		{"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00qt  iso2", "mp4"},
		{"BZh91AY&SY", "bz2"},
		{"{\\rtf1 x}", "rtf"},
	} {
		for _, claim := range []string{"", "application/octet-stream", "application/zip", "application/msword"} {
			page := &seine.Page{Body: []byte(c.body), Header: map[string][]string{"Content-Type": {claim}}}
			if is, err := check(page, false, nil); err != nil || is.ext != c.want {
				t.Errorf("%.40q as %q: %+v, %v; want %s", c.body, claim, is, err, c.want)
			}
		}
	}
	docx := &seine.Page{Body: []byte(files("", "[Content_Types].xml", "word/document.xml")), Header: map[string][]string{}}
	if _, err := check(docx, false, []string{"application/zip"}); err != nil {
		t.Errorf("a document where a zip is wanted: %v", err)
	}
	docx.Header["Content-Type"] = []string{"application/vnd.openxmlformats-officedocument.wordprocessingml.template"}
	if is, err := check(docx, false, nil); err != nil || is.ext != "dotx" {
		t.Errorf("a template: %+v, %v", is, err)
	}
}

func FuzzZipKind(f *testing.F) {
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, body []byte) {
		if is := zipKind(body); is.ext == "" {
			t.Errorf("%+v", is)
		}
	})
}

// Extensions are the program's own.
func TestExtensionsOfClaimedTypes(t *testing.T) {
	t.Parallel()
	container := "PK\x03\x04"
	for _, c := range []struct{ claim, body, want string }{
		{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", container, "docx"},
		{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", container, "xlsx"},
		{"application/epub+zip", container, "epub"},
		{"application/vnd.oasis.opendocument.text", container, "odt"},
		{"application/zip", container, "zip"},
		{"application/pdf", container, "zip"},
		{"video/quicktime", "\x00\x00\x00\x08moov", "mov"},
		{"audio/x-wav", "RIFF\x04\x00\x00\x00WAVEfmt ", "wav"},
		{"audio/ogg", "OggS\x00\x02", "ogg"},
		{"image/x-icon", "\x00\x00\x01\x00\x01\x00", "ico"},
		{"text/markdown", "# head\n", "md"},
		{"image/vnd.adobe.photoshop", "8BPS\x00\x01", "psd"},
		{"font/woff2", "wOF2\x00\x01", "woff2"},
		{"application/vnd.apple.mpegurl", "#EXTM3U\n", "m3u8"},
		{"text/csv; charset=utf-8", "a,b\n", "csv"},
		{"image/png", "\xff\xd8\xff\xe0", "jpg"},
		{"made/up", "\x01\x02\x03", "bin"},
	} {
		page := &seine.Page{Body: []byte(c.body), Header: map[string][]string{"Content-Type": {c.claim}}}
		is, err := check(page, false, nil)
		if err != nil || is.ext != c.want {
			t.Errorf("%s: %+v, %v; want %s", c.claim, is, err, c.want)
		}
	}
}
