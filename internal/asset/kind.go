package asset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seinehq/seine"
)

// kind is the type of a file by its own bytes.
type kind struct{ media, ext string }

// signatures lists the first bytes of files that http.DetectContentType does not know.
var signatures = []struct {
	magic string
	kind  kind
}{
	{"II*\x00", kind{"image/tiff", "tif"}},
	{"MM\x00*", kind{"image/tiff", "tif"}},
	{"\x00\x00\x00\x0cJXL \r\n", kind{"image/jxl", "jxl"}},
	{"\xff\x0a", kind{"image/jxl", "jxl"}},
	{"\x00\x00\x00\x0cjP  \r\n", kind{"image/jp2", "jp2"}},
	{"\xff\x4f\xff\x51", kind{"image/jp2", "j2k"}}, // without a container
	{"8BPS", kind{"image/vnd.adobe.photoshop", "psd"}},
	{"fLaC", kind{"audio/flac", "flac"}},
	{"7z\xbc\xaf\x27\x1c", kind{"application/x-7z-compressed", "7z"}},
	{"wOF2", kind{"font/woff2", "woff2"}},
	{"wOFF", kind{"font/woff", "woff"}},
	{"\xfd7zXZ\x00", kind{"application/x-xz", "xz"}},
	{"BZh", kind{"application/x-bzip2", "bz2"}},
	{"\x28\xb5\x2f\xfd", kind{"application/zstd", "zst"}},
	{"{\\rtf", kind{"application/rtf", "rtf"}},
	{"AT&TFORM", kind{"image/vnd.djvu", "djvu"}},
	{"SQLite format 3\x00", kind{"application/vnd.sqlite3", "sqlite3"}},
	{"PAR1", kind{"application/vnd.apache.parquet", "parquet"}},
}

// majorBrands lists the types of films and sounds in the same format by their major brand.
var majorBrands = map[string]kind{
	"qt  ": {"video/quicktime", "mov"},
	"M4A ": {"audio/mp4", "m4a"},
	"M4B ": {"audio/mp4", "m4a"},
	"M4V ": {"video/x-m4v", "m4v"},
	"isom": {"video/mp4", "mp4"}, "iso2": {"video/mp4", "mp4"}, "iso4": {"video/mp4", "mp4"}, "iso5": {"video/mp4", "mp4"},
	"iso6": {"video/mp4", "mp4"}, "avc1": {"video/mp4", "mp4"}, "dash": {"video/mp4", "mp4"},
	"3gp4": {"video/3gpp", "3gp"}, "3gp5": {"video/3gpp", "3gp"}, "3gp6": {"video/3gpp", "3gp"},
}

// brands lists the image brands in ISO's base media format (ISO/IEC 14496-12 section 4.3), from
// special to general.
var brands = []struct {
	names string
	kind  kind
}{
	{"avif avis", kind{"image/avif", "avif"}},
	{"heic heix heim heis hevc hevx hevm hevs", kind{"image/heic", "heic"}},
	{"mif1 msf1", kind{"image/heif", "heif"}},
}

// maxBrands bounds the compatible brands that are read. Real files have a handful.
const maxBrands = 32

// brand returns the type of a file in ISO's base media format, from its major brand or its
// compatible brands.
func brand(body []byte) (kind, bool) {
	const head = 16 // size, "ftyp", major brand and its version
	if len(body) < head || string(body[4:8]) != "ftyp" {
		return kind{}, false
	}
	if is, ok := majorBrands[string(body[8:12])]; ok {
		return is, true
	}
	said := []string{string(body[8:12])}
	end := min(int64(binary.BigEndian.Uint32(body)), int64(len(body)), head+4*maxBrands)
	for at := int64(head); at+4 <= end; at += 4 {
		said = append(said, string(body[at:at+4]))
	}
	for _, b := range brands {
		for _, name := range said {
			if slices.Contains(strings.Fields(b.names), name) {
				return b.kind, true
			}
		}
	}
	return kind{}, false
}

// maxProlog is how far into a file its first element is looked for.
const maxProlog = 64 << 10

// isSVG reports whether the first element of a text is svg, after anything that XML 1.0 section 2.8
// permits before it.
func isSVG(body []byte) bool {
	rest := bytes.TrimPrefix(body[:min(len(body), maxProlog)], []byte("\xef\xbb\xbf"))
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		var until string
		switch {
		case bytes.HasPrefix(rest, []byte("<?")):
			until = "?>"
		case bytes.HasPrefix(rest, []byte("<!--")):
			until = "-->"
		case bytes.HasPrefix(rest, []byte("<!DOCTYPE svg")):
			until = ">"
			// Its own declarations stand in brackets.
			if open := bytes.IndexByte(rest, '['); open >= 0 && open < bytes.IndexByte(rest, '>') {
				until = "]"
			}
		default:
			rest, found := bytes.CutPrefix(rest, []byte("<"))
			rest = bytes.TrimPrefix(rest, []byte("svg:"))
			after, named := bytes.CutPrefix(rest, []byte("svg"))
			return found && named && len(after) > 0 && bytes.IndexByte([]byte(" \t\r\n>/"), after[0]) >= 0
		}
		_, after, closed := bytes.Cut(rest, []byte(until))
		if !closed {
			return false
		}
		rest = after
		if until == "]" {
			rest = bytes.TrimPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(">"))
		}
	}
}

func sniff(body []byte) kind {
	for _, s := range signatures {
		if bytes.HasPrefix(body, []byte(s.magic)) {
			return s.kind
		}
	}
	if is, ok := brand(body); ok {
		return is
	}
	media, _, _ := strings.Cut(http.DetectContentType(body), ";")
	if media == "application/zip" {
		return zipKind(body)
	}
	// A comment at its beginning passes for HTML.
	if strings.HasPrefix(media, "text/") && isSVG(body) {
		media = "image/svg+xml"
	}
	return kind{media, extension(media)}
}

// named is a claimed type as a reason tells it. Reasons are counted, so they never repeat a
// server's own words.
func named(claim string) string {
	if _, ok := extensions[claim]; ok {
		return claim
	}
	if strings.HasPrefix(claim, "image/") {
		return "an image"
	}
	return "another type"
}

// check reports whether a file is acceptable. A file to render must be an image. A file to store
// unchanged may have any type, but it must not be empty or a page in a file's place: a "sorry" page
// with status 200 is no picture. types are the media types that it may have, nil for any.
func check(page *seine.Page, wantImage bool, types []string) (kind, error) {
	if len(page.Body) == 0 {
		return kind{}, Fault("empty file")
	}
	is := sniff(page.Body)
	claim, _, _ := strings.Cut(page.Header.Get("Content-Type"), ";")
	claim = strings.ToLower(strings.TrimSpace(claim))
	switch {
	case len(types) > 0 && is.media == "text/html" && !fits("text/html", types):
		return kind{}, missing{Fault("HTML instead of " + strings.Join(types, ", "))}
	case claim != "" && is.media == "text/html" && !strings.Contains(claim, "html"):
		return kind{}, missing{Fault(fmt.Sprintf("claims to be %s and is %s", named(claim), is.media))}
	case wantImage && !strings.HasPrefix(is.media, "image/"):
		return kind{}, missing{Fault(fmt.Sprintf("not an image but %s", is.media))}
	}
	// The bytes tell a container or nothing; the response may know better.
	if e, known := extensions[claim]; known && contains(is.media, claim) {
		is = kind{claim, e}
	}
	zip := contains("application/zip", is.media) && fits("application/zip", types)
	if len(types) > 0 && !fits(is.media, types) && !zip {
		return kind{}, missing{Fault(called(is.media) + " instead of " + strings.Join(types, ", "))}
	}
	return is, nil
}

// fits reports whether a media type matches one of types, such as application/pdf, image/* or */*.
func fits(media string, types []string) bool {
	return slices.ContainsFunc(types, func(t string) bool {
		main, any := strings.CutSuffix(t, "/*")
		return t == media || t == "*/*" || any && strings.HasPrefix(media, main+"/")
	})
}

// called is a media type as a reason tells it.
func called(media string) string {
	switch media {
	case "text/html":
		return "HTML"
	case "application/octet-stream":
		return "a file of unknown type"
	}
	return media
}
