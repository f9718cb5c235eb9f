// Package charset decides in which charset text from the web is written, and
// converts it to UTF-8.
//
// The charset is the first of these that a text has:
//
//  1. a byte order mark
//  2. the charset of the Content-Type header, if its label is known
//  3. zero bytes between the first ASCII characters: UTF-16 or UTF-32
//  4. JSON: UTF-8 (RFC 8259, section 8.1)
//  5. XML: the declaration, else UTF-8 (XML 1.0, section 4.3.3)
//  6. HTML: a meta element, else an XML declaration, as the prescan of the HTML
//     standard reads them (section 13.2.3.2)
//  7. valid UTF-8, or UTF-8 with few damaged characters
//  8. HTML: a meta element that the prescan of a browser does not reach
//  9. a guess from the frequencies of letters
//  10. windows-1252, which has a character for each byte
//
// Labels follow the Encoding standard. Bytes that are no character in the charset become U+FFFD.
// The package is pure.
package charset

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// Charset is an encoding with its name. The zero value is none.
type Charset struct {
	// Name is the name of the Encoding standard in lower case: "windows-1251".
	Name string

	enc encoding.Encoding
}

// UTF8 is the charset of text without any other sign.
var UTF8 = Charset{Name: "utf-8", enc: unicode.UTF8}

var (
	utf16le     = Charset{Name: "utf-16le", enc: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)}
	utf16be     = Charset{Name: "utf-16be", enc: unicode.UTF16(unicode.BigEndian, unicode.UseBOM)}
	utf32le     = Charset{Name: "utf-32le", enc: utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)}
	utf32be     = Charset{Name: "utf-32be", enc: utf32.UTF32(utf32.BigEndian, utf32.UseBOM)}
	windows1251 = Charset{Name: "windows-1251", enc: charmap.Windows1251}
	windows1252 = Charset{Name: "windows-1252", enc: charmap.Windows1252}
)

// Named returns the charset of a label, in any case and between spaces or
// quotes. ok is false if the Encoding standard has no such label.
func Named(label string) (_ Charset, ok bool) {
	enc, err := htmlindex.Get(strings.Trim(label, " \t\r\n\f'\""))
	if err != nil {
		return Charset{}, false
	}
	name, err := htmlindex.Name(enc)
	if err != nil {
		return Charset{}, false
	}
	switch name {
	case "utf-8":
		return UTF8, true
	case "utf-16le":
		return utf16le, true
	case "utf-16be":
		return utf16be, true
	case "gbk":
		return Charset{Name: name, enc: gbk{enc}}, true
	}
	return Charset{Name: name, enc: enc}, true
}

// gbk writes GBK and reads GB 18030, as the Encoding standard says (section 10.1.1): pages with the
// label gb2312 or gbk hold characters of four bytes.
type gbk struct{ encoding.Encoding }

// NewDecoder returns the decoder of GB 18030.
func (gbk) NewDecoder() *encoding.Decoder { return simplifiedchinese.GB18030.NewDecoder() }

// inside is [Named] for a label that was read as ASCII from the text itself. Such a text is not
// UTF-16, and x-user-defined means windows-1252.
func inside(label string) (_ Charset, ok bool) {
	c, ok := Named(label)
	switch c.Name {
	case "utf-16le", "utf-16be":
		return UTF8, true
	case "x-user-defined":
		return windows1252, true
	}
	return c, ok
}

// ToUTF8 returns body as valid UTF-8 without a byte order mark, and its charset.
// mediaType is the type without parameters, label the charset parameter of the
// header or empty. The result has at most three times the bytes of body.
func ToUTF8(body []byte, mediaType, label string) ([]byte, Charset) {
	c := Of(body, mediaType, label)
	if len(body) == 0 {
		return body, c
	}
	if c.Name == UTF8.Name {
		body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
		if utf8.Valid(body) {
			return body, c
		}
	}
	text, err := c.enc.NewDecoder().Bytes(body)
	if err != nil || !utf8.Valid(text) {
		return bytes.ToValidUTF8(body, []byte("\uFFFD")), c
	}
	return c.byStandard(body, text), c
}

// Of returns the charset of body in the order of the package comment.
func Of(body []byte, mediaType, label string) Charset {
	if c, ok := marked(body); ok {
		return c
	}
	if len(body) == 0 {
		if c, ok := Named(label); ok {
			return c
		}
		return UTF8
	}
	if isJSON(mediaType) {
		return ofJSON(body, label)
	}
	if c, ok := Named(label); ok {
		return c
	}
	if c, ok := spaced(body); ok {
		return c
	}
	switch {
	case mediaType == "text/html":
		return ofHTML(body)
	case isXML(mediaType):
		return ofXML(body, mediaType)
	}
	if resembles(body) {
		return UTF8
	}
	return guessed(body)
}

// ofJSON ignores a header that contradicts the bytes, because several servers send their default
// charset for every type.
func ofJSON(body []byte, label string) Charset {
	if c, ok := spaced(body); ok {
		return c
	}
	if c, ok := Named(label); ok && !resembles(body) {
		return c
	}
	return UTF8
}

func ofXML(body []byte, mediaType string) Charset {
	if c, ok := xmlDeclaration(body); ok {
		return c
	}
	if mediaType == "application/xhtml+xml" {
		// A page that a browser reads as XML is often written as HTML.
		if c, ok := prescan(body).decisive(); ok {
			return c
		}
	}
	return UTF8
}

func ofHTML(body []byte) Charset {
	metas := prescan(body)
	if c, ok := metas.decisive(); ok {
		return c
	}
	if c, ok := xmlDeclaration(body); ok {
		return c
	}
	if resembles(body) {
		return UTF8
	}
	if metas.weak.Name != "" {
		return metas.weak
	}
	return guessed(body)
}

// marked returns the charset of a byte order mark. UTF-32 is no charset of the
// Encoding standard, but text in UTF-16 does not begin with a zero character.
func marked(body []byte) (_ Charset, ok bool) {
	for _, m := range []struct {
		mark string
		c    Charset
	}{
		{"\xef\xbb\xbf", UTF8}, {"\xff\xfe\x00\x00", utf32le}, {"\x00\x00\xfe\xff", utf32be}, {"\xff\xfe", utf16le}, {"\xfe\xff", utf16be},
	} {
		if bytes.HasPrefix(body, []byte(m.mark)) {
			return m.c, true
		}
	}
	return Charset{}, false
}

// spaced returns the charset of a text without a mark whose first characters
// are ASCII with zero bytes between them (RFC 4627, section 3).
func spaced(body []byte) (_ Charset, ok bool) {
	if len(body) < 4 {
		return Charset{}, false
	}
	var pattern [4]bool
	for i := range pattern {
		pattern[i] = body[i] != 0
	}
	switch pattern {
	case [4]bool{true, false, true, false}:
		return utf16le, true
	case [4]bool{false, true, false, true}:
		return utf16be, true
	case [4]bool{true, false, false, false}:
		return utf32le, true
	case [4]bool{false, false, false, true}:
		return utf32be, true
	}
	return Charset{}, false
}

func isJSON(mediaType string) bool {
	switch mediaType {
	case "application/json", "text/json", "application/x-json", "application/x-ndjson", "application/ndjson", "application/jsonl":
		return true
	}
	return strings.HasSuffix(mediaType, "+json")
}

func isXML(mediaType string) bool {
	return mediaType == "application/xml" || mediaType == "text/xml" || strings.HasSuffix(mediaType, "+xml")
}

// Reader converts a text to UTF-8 while it is read. Bytes that are no character become U+FFFD. A
// byte order mark of UTF-16 or UTF-32 is removed.
func (c Charset) Reader(r io.Reader) io.Reader {
	return transform.NewReader(r, c.enc.NewDecoder())
}
