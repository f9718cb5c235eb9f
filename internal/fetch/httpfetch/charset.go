package httpfetch

import (
	"bytes"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// mediaType returns the type that the header names, in lower case and without
// parameters, or, when it names none, the one that the body looks like. It is
// empty when there is neither.
func mediaType(contentType string, body []byte) string {
	t, _, _ := strings.Cut(contentType, ";")
	t = strings.ToLower(strings.TrimSpace(t))
	if major, minor, ok := strings.Cut(t, "/"); ok && major != "" && minor != "" {
		return t
	}
	if len(body) == 0 {
		return ""
	}
	t, _, _ = strings.Cut(http.DetectContentType(body), ";")
	return t
}

// isText says whether a type is text of some charset.
func isText(t string) bool {
	switch t {
	case "application/json", "application/xml", "application/javascript", "application/x-javascript", "application/ecmascript",
		"application/x-ndjson", "application/jsonl", "image/svg+xml":
		return true
	}
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "+xml") || strings.HasSuffix(t, "+json")
}

const (
	// headBytes is how far a page is searched for its own word on its charset.
	// The standard says 1024; real heads often begin with longer scripts.
	headBytes = 4 << 10

	// sampleBytes is what the detector sees, when nobody says anything.
	sampleBytes = 32 << 10

	// sure is the least confidence with which its guess is taken.
	sure = 0.5
)

// toUTF8 returns body as valid UTF-8 without a byte order mark. In which
// charset it is say, in this order: its byte order mark, the header, an XML
// declaration, a meta element, that it is valid UTF-8, a detector, and at last
// windows-1252, which has a character for each byte. What is no character in
// the charset becomes U+FFFD. It may have up to three times the bytes of body.
func toUTF8(body []byte, mediaType, contentType string) []byte {
	if len(body) == 0 {
		return body
	}
	enc := declared(body, mediaType, contentType)
	if enc == nil {
		if utf8.Valid(body) {
			return body
		}
		enc = detected(body)
	}
	if enc == unicode.UTF8 {
		body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
		if utf8.Valid(body) {
			return body
		}
	}
	text, err := enc.NewDecoder().Bytes(body)
	if err != nil || !utf8.Valid(text) {
		return bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	return text
}

// declared returns the encoding that the page or its header names; nil when
// they name none that is known.
func declared(body []byte, mediaType, contentType string) encoding.Encoding {
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return unicode.UTF8
	case bytes.HasPrefix(body, []byte("\xff\xfe")):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case bytes.HasPrefix(body, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		if enc := named(params["charset"]); enc != nil {
			return enc
		}
	} else if m := looseCharset.FindStringSubmatch(contentType); m != nil {
		if enc := named(m[1]); enc != nil {
			return enc
		}
	}
	switch {
	case bytes.HasPrefix(body, []byte("<\x00?\x00x\x00")):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case bytes.HasPrefix(body, []byte("\x00<\x00?\x00x")):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	head := body[:min(len(body), headBytes)]
	if m := xmlEncoding.FindSubmatch(head); m != nil {
		if enc := inside(string(m[1])); enc != nil {
			return enc
		}
	}
	if mediaType == "text/html" || mediaType == "application/xhtml+xml" {
		return inside(metaCharset(head))
	}
	return nil
}

var (
	xmlEncoding  = regexp.MustCompile(`^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']`)
	looseCharset = regexp.MustCompile(`(?i)charset\s*=\s*["']?([A-Za-z0-9._:-]+)`)
)

// named returns the encoding of a label, by the names of the WHATWG encoding
// standard; nil when it is none.
func named(label string) encoding.Encoding {
	enc, name := charset.Lookup(strings.Trim(label, " '\""))
	if name == "utf-8" {
		return unicode.UTF8
	}
	return enc
}

// inside is [named] for a label that was read as ASCII out of the text itself:
// whatever it says, the text is not UTF-16.
func inside(label string) encoding.Encoding {
	enc, name := charset.Lookup(label)
	switch name {
	case "utf-8", "utf-16le", "utf-16be":
		return unicode.UTF8
	case "x-user-defined":
		return charmap.Windows1252
	}
	return enc
}

// metaCharset returns the label of the first meta element that has one.
func metaCharset(head []byte) string {
	z := html.NewTokenizer(bytes.NewReader(head))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			if string(name) != "meta" {
				continue
			}
			var content string
			isType := false
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				switch string(key) {
				case "charset":
					return string(value)
				case "content":
					content = string(value)
				case "http-equiv":
					isType = strings.EqualFold(string(value), "content-type")
				}
			}
			if m := looseCharset.FindStringSubmatch(content); m != nil && isType {
				return m[1]
			}
		default:
		}
	}
}

// detected guesses the encoding of text that is not UTF-8.
func detected(body []byte) encoding.Encoding {
	r := chardet.Detect(body[:min(len(body), sampleBytes)])
	for _, label := range []string{r.Charset, r.Encoding} {
		enc, name := charset.Lookup(label)
		switch {
		case enc == nil || r.Confidence < sure || name == "utf-8":
		case name == "x-mac-cyrillic":
			// It differs from windows-1251 in few letters, the detector often
			// takes one for the other, and no one serves it.
			return charmap.Windows1251
		default:
			return enc
		}
	}
	return charmap.Windows1252
}
