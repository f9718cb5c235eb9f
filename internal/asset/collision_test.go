package asset

import (
	"context"
	"errors"
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

// Extensions are the program's own.
func TestExtensionsOfClaimedTypes(t *testing.T) {
	t.Parallel()
	zip := "PK\x03\x04"
	for _, c := range []struct{ claim, body, want string }{
		{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", zip, "docx"},
		{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", zip, "xlsx"},
		{"application/epub+zip", zip, "epub"},
		{"application/vnd.oasis.opendocument.text", zip, "odt"},
		{"application/zip", zip, "zip"},
		{"application/pdf", zip, "zip"},
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
