package asset

import (
	"net/http"
	"testing"

	"github.com/seinehq/seine"
)

func TestTypesOfAFile(t *testing.T) {
	t.Parallel()
	zip := []byte("PK\x03\x04 and so on")
	const docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	for _, tt := range []struct {
		name, media string
		body        []byte
		types       []string
		want        string
	}{
		{"an image of many", "image/png", encoded(t, "png", picture(2, 2)), []string{"application/pdf", "image/*"}, ""},
		{"the bytes go before the header", "image/jpeg", encoded(t, "png", picture(2, 2)), []string{"image/png"}, ""},
		{"a header that lies", "application/pdf", encoded(t, "png", picture(2, 2)), []string{"application/pdf"}, "image/png instead of application/pdf"},
		{"HTML that claims nothing", "", []byte("<!doctype html><p>sorry"), []string{"application/pdf"}, "HTML instead of application/pdf"},
		{"HTML that says so", "text/html", []byte("<!doctype html><p>sorry"), []string{"image/*", "application/pdf"}, "HTML instead of image/*, application/pdf"},
		{"HTML that is wanted", "text/html", []byte("<!doctype html><p>sorry"), []string{"text/html"}, ""},
		{"a container", docx, zip, []string{docx}, ""},
		{"another container", "application/zip", zip, []string{docx}, "application/zip instead of " + docx},
		{"JSON, which bytes can't tell", "application/json", []byte(`{"a":1}`), []string{"application/json"}, ""},
		{"what nothing tells", "application/octet-stream", []byte{0, 1, 2, 3}, []string{"image/*"}, "a file of unknown type instead of image/*"},
		{"anything", "application/octet-stream", []byte{0, 1, 2, 3}, []string{"*/*"}, ""},
	} {
		_, err := New(nil, Options{}).Preview(t.Context(), web{"u": {media: tt.media, body: tt.body}}, nil, seine.Asset{Name: "a", URL: "u", Path: "f", Types: tt.types})
		if got := Reason(err); got != tt.want && (err != nil || tt.want != "") {
			t.Errorf("%s: %q; want %q", tt.name, got, tt.want)
		}
		if tt.want != "" && !Final(err) {
			t.Errorf("%s: it is tried again", tt.name)
		}
	}
}

func TestWhatThePageHolds(t *testing.T) {
	t.Parallel()
	pic := encoded(t, "png", picture(4, 3))
	page := &seine.Page{
		URL: "https://h/x", Status: http.StatusNotFound, Via: seine.ViaChrome, Header: http.Header{"Content-Type": {"image/png"}}, Body: []byte("text"), Raw: pic,
		Blobs: map[string]seine.Blob{"blob:https://h/1": {Type: "image/png", Body: pic}, "blob:https://h/2": {Why: "the page revoked it or does not let it be read"}},
	}
	plain := &seine.Page{URL: "https://h/x", Via: seine.ViaHTTP, Body: []byte("x")}
	for _, tt := range []struct {
		name  string
		page  *seine.Page
		asset seine.Asset
		want  string
		final bool
	}{
		// Its status was judged by the verdict.
		{"its body", page, seine.Asset{Body: true, URL: "https://h/x"}, "", false},
		{"its body, rendered", page, seine.Asset{Body: true, URL: "https://h/x", Image: &seine.Image{}}, "", false},
		{"its body of another type", page, seine.Asset{Body: true, URL: "https://h/x", Types: []string{"application/pdf"}}, "image/png instead of application/pdf", true},
		{"a body that was not kept", plain, seine.Asset{Body: true}, "the page's own body was not kept: set Fetch.KeepRaw", true},
		{"a blob", page, seine.Asset{URL: "blob:https://h/1"}, "", false},
		{"a blob that is gone", page, seine.Asset{URL: "blob:https://h/2"}, "blob: URL can't be read: the page revoked it or does not let it be read", false},
		{"a blob of no image", page, seine.Asset{URL: "blob:https://h/3"}, "blob: URL can't be read: no image or link of the page has it", false},
		{"a blob over http", plain, seine.Asset{URL: "blob:https://h/1"}, "a blob: URL exists only in a browser: set fetch.via to chrome", true},
	} {
		tt.asset.Name, tt.asset.Path = "a", "f.{ext}"
		got, err := New(nil, Options{}).Preview(t.Context(), web{}, tt.page, tt.asset)
		if why := Reason(err); why != tt.want && (err != nil || tt.want != "") {
			t.Errorf("%s: %q; want %q", tt.name, why, tt.want)
			continue
		}
		if tt.want != "" {
			if Final(err) != tt.final {
				t.Errorf("%s: final %v; want %v", tt.name, Final(err), tt.final)
			}
			continue
		}
		if s := got[0]; s.Path != "f.png" || s.OriginalBytes != int64(len(pic)) || s.Width != 4 || s.URL != tt.asset.URL {
			t.Errorf("%s: %+v", tt.name, s)
		}
	}
}
