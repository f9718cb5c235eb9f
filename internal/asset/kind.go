package asset

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/seinehq/seine"
)

// kind is what a file is by its own bytes.
type kind struct{ media, ext string }

// Files that http.DetectContentType does not know, by what stands at an offset.
var signatures = []struct {
	offset int
	magic  string
	kind   kind
}{
	{4, "ftypavif", kind{"image/avif", "avif"}},
	{4, "ftypavis", kind{"image/avif", "avif"}},
	{4, "ftypheic", kind{"image/heic", "heic"}},
	{0, "II*\x00", kind{"image/tiff", "tif"}},
	{0, "MM\x00*", kind{"image/tiff", "tif"}},
	{0, "\x00\x00\x00\x0cJXL \r\n", kind{"image/jxl", "jxl"}},
	{0, "\xff\x0a", kind{"image/jxl", "jxl"}},
}

// extensions of the types that are common; the rest is asked of the mime table.
var extensions = map[string]string{
	"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/bmp": "bmp", "image/svg+xml": "svg",
	"application/pdf": "pdf", "text/html": "html", "text/plain": "txt", "text/xml": "xml", "application/json": "json", "application/zip": "zip",
	"application/x-gzip": "gz", "video/mp4": "mp4", "video/webm": "webm", "audio/mpeg": "mp3",
}

func sniff(body []byte) kind {
	for _, s := range signatures {
		if len(body) >= s.offset+len(s.magic) && string(body[s.offset:s.offset+len(s.magic)]) == s.magic {
			return s.kind
		}
	}
	media, _, _ := strings.Cut(http.DetectContentType(body), ";")
	if media == "text/xml" && bytes.Contains(body[:min(len(body), 1024)], []byte("<svg")) {
		media = "image/svg+xml"
	}
	return kind{media, extension(media)}
}

func extension(media string) string {
	if e, ok := extensions[media]; ok {
		return e
	}
	if es, err := mime.ExtensionsByType(media); err == nil && len(es) > 0 {
		return strings.TrimPrefix(es[0], ".")
	}
	return "bin"
}

// named is a claimed type as a reason tells it. Reasons are counted: what a
// server makes up is not repeated in them.
func named(claim string) string {
	if _, ok := extensions[claim]; ok {
		return claim
	}
	if strings.HasPrefix(claim, "image/") {
		return "an image"
	}
	return "another type"
}

// typeOf is the Content-Type that a file is stored with.
func typeOf(key string) string {
	if t := mime.TypeByExtension(path.Ext(key)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// check says whether a file is what the response claims: a page that says
// "sorry" with status 200 is no image.
func check(page *seine.Page, wantImage bool) (kind, error) {
	if len(page.Body) == 0 {
		return kind{}, Fault("empty file")
	}
	is := sniff(page.Body)
	claim, _, _ := strings.Cut(page.Header.Get("Content-Type"), ";")
	claim = strings.ToLower(strings.TrimSpace(claim))
	image := strings.HasPrefix(is.media, "image/")
	switch {
	case wantImage && !image:
		return kind{}, missing{Fault(fmt.Sprintf("not an image but %s", is.media))}
	case strings.HasPrefix(claim, "image/") && !image, claim != "" && claim != "text/html" && is.media == "text/html" && !strings.Contains(claim, "html"):
		return kind{}, missing{Fault(fmt.Sprintf("claims to be %s and is %s", named(claim), is.media))}
	}
	if is.media == "application/octet-stream" || is.media == "text/plain" {
		// The bytes say little; the response may know better.
		if e := extension(claim); claim != "" && e != "bin" {
			return kind{claim, e}, nil
		}
	}
	return is, nil
}
