//go:build unix

package chromefetch

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/seinehq/seine"
)

// blobPage makes an image of the bytes 0 to 255, n times, and leaves its URL at img.src.
const blobPage = `<!doctype html><img id=i><script>
const bytes = new Uint8Array(256 * N).map((_, i) => i % 256);
const url = URL.createObjectURL(new Blob([bytes], {type: "image/png"}));
document.getElementById("i").src = url;
AFTER
</script>`

func blobOf(t *testing.T, p *seine.Page) seine.Blob {
	t.Helper()
	if len(p.Blobs) != 1 {
		t.Fatalf("%d blobs; want 1", len(p.Blobs))
	}
	for url, b := range p.Blobs {
		if !strings.HasPrefix(url, "blob:http://127.0.0.1:") || !strings.Contains(string(p.Body), url) {
			t.Errorf("its URL is %s", url)
		}
		return b
	}
	return seine.Blob{}
}

func TestBlobsAreReadWhileThePageIsOpen(t *testing.T) {
	t.Parallel()
	page := strings.NewReplacer("N", "10", "AFTER", "")
	shadow := `<!doctype html><div id=h></div><script>
const url = URL.createObjectURL(new Blob(["abc"], {type: "text/plain"}));
document.getElementById("h").attachShadow({mode: "open"}).innerHTML = "<img src='" + url + "'>";
window.fetch = () => { throw new Error("not you"); };
</script>`
	s := serve(t, map[string]http.HandlerFunc{"/a": html(page.Replace(blobPage)), "/shadow": html(shadow)})
	f := fetcher(t, shared, Job{})
	ask := func(req seine.Request) *seine.Page {
		t.Helper()
		p, err := f.Fetch(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var want []byte
	for range 10 {
		for i := range 256 {
			want = append(want, byte(i))
		}
	}
	if b := blobOf(t, ask(seine.Request{URL: s.URL + "/a", KeepBlobs: true})); !bytes.Equal(b.Body, want) || b.Type != "image/png" || b.Why != "" {
		t.Errorf("%d bytes of %s, %q; want %d", len(b.Body), b.Type, b.Why, len(want))
	}
	if b := blobOf(t, ask(seine.Request{URL: s.URL + "/shadow", KeepBlobs: true})); string(b.Body) != "abc" {
		t.Errorf("in a shadow root: %q, %q", b.Body, b.Why)
	}
	if p := ask(seine.Request{URL: s.URL + "/a"}); p.Blobs != nil {
		t.Error("blobs are read though none are wanted")
	}
	// The bound holds before the bytes leave the browser.
	if b := blobOf(t, ask(seine.Request{URL: s.URL + "/a", KeepBlobs: true, MaxBlob: 2559})); b.Body != nil || b.Why != "more than 2559 bytes" {
		t.Errorf("over the bound: %d bytes, %q", len(b.Body), b.Why)
	}
	if b := blobOf(t, ask(seine.Request{URL: s.URL + "/a", KeepBlobs: true, MaxBlob: 2560})); !bytes.Equal(b.Body, want) {
		t.Errorf("at the bound: %d bytes, %q", len(b.Body), b.Why)
	}
}

// shownPage shows a PNG behind a blob: URL.
const shownPage = `<!doctype html><img id=i><script>
const url = URL.createObjectURL(new Blob([Uint8Array.from(atob("PNG"), (c) => c.charCodeAt(0))], {type: "image/png"}));
const i = document.getElementById("i");
i.onload = () => { AFTER; document.body.dataset.shown = i.naturalWidth; };
i.src = url;
</script>`

// tiny is a PNG of 8 by 8 pixels.
const tiny = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAbElEQVR4nA3JQQEAMAgDMX5nABEVgQhEVERFIHrLN1VFFyqm2MJFiiuqmm7UTLONmzTXP0QLiRErLCJOP4YeNMywg4cMNz+WXrTMsouXLLc/TBuZMWtsYs4/QgeFCRscEi4/jj50zLGHjxx3PI0tJMFL4mVJAAAAAElFTkSuQmCC"

// A page may revoke the URL of an image that is shown, or forbid its scripts to connect. The
// browser still has the image then. A URL that was revoked before has no file.
func TestABlobThatItsPageDoesNotGive(t *testing.T) {
	t.Parallel()
	want, err := base64.StdEncoding.DecodeString(tiny)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, map[string]http.HandlerFunc{
		"/revoked": html(strings.NewReplacer("PNG", tiny, "AFTER", "URL.revokeObjectURL(url)").Replace(shownPage)),
		"/strict": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "connect-src 'none'")
			html(strings.NewReplacer("PNG", tiny, "AFTER", "").Replace(shownPage))(w, r)
		},
		"/gone": html(strings.NewReplacer("N", "1", "AFTER", "URL.revokeObjectURL(url);").Replace(blobPage)),
	})
	f := fetcher(t, shared, Job{})
	ask := func(path string, waits ...seine.Wait) seine.Blob {
		t.Helper()
		p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, KeepBlobs: true, Wait: waits})
		if err != nil {
			t.Fatal(err)
		}
		return blobOf(t, p)
	}
	for _, path := range []string{"/revoked", "/strict"} {
		if b := ask(path, seine.Wait{CSS: "[data-shown]"}); !bytes.Equal(b.Body, want) {
			t.Errorf("%s: %d bytes, %q; want %d", path, len(b.Body), b.Why, len(want))
		}
	}
	if b := ask("/gone"); b.Why != "the page revoked it or does not let it be read" || b.Body != nil {
		t.Errorf("a URL that was revoked at once: %d bytes, %q", len(b.Body), b.Why)
	}
}

func TestTheRawBodyOfAPage(t *testing.T) {
	t.Parallel()
	pdf := []byte("%PDF-1.4\n\x00\xff\xfe\n%%EOF")
	as := func(media, disposition string, body []byte, sized bool) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			if disposition != "" {
				w.Header().Set("Content-Disposition", disposition)
			}
			if !sized {
				w.(http.Flusher).Flush()
			}
			_, _ = w.Write(body)
		}
	}
	s := serve(t, map[string]http.HandlerFunc{
		"/pdf": as("application/pdf", "", pdf, true), "/chunked": as("application/pdf", "", pdf, false),
		"/download": as("application/octet-stream", `attachment; filename="a.pdf"`, pdf, true), "/download-chunked": as("application/zip", "attachment", pdf, false),
		"/png": as("image/png", "", pixel, true), "/latin": as("text/plain; charset=windows-1252", "", []byte("caf\xe9"), true),
		"/html": html("<p>a<script>document.querySelector('p').textContent = 'b'</script>"),
	})
	f := fetcher(t, shared, Job{})
	for path, want := range map[string]string{
		"/pdf": string(pdf), "/chunked": string(pdf), "/download": string(pdf), "/download-chunked": string(pdf),
		"/png": string(pixel), "/latin": "caf\xe9",
	} {
		p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, KeepRaw: true})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if string(p.Raw) != want {
			t.Errorf("%s: %q; want %q", path, p.Raw, want)
		}
		if path == "/latin" && string(p.Body) != "café" {
			t.Errorf("the text is %q", p.Body)
		}
	}
	p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/html", KeepRaw: true})
	if err != nil || !strings.Contains(string(p.Raw), "<p>b") || !bytes.Equal(p.Raw, p.Body) {
		t.Errorf("HTML: %v, %q", err, p.Raw)
	}
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/download"}); err == nil {
		t.Error("a download is a page without KeepRaw")
	}
	if _, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/pdf", KeepRaw: true, MaxBody: int64(len(pdf)) - 1}); err == nil {
		t.Error("a body over its bound is a page")
	}
}
