package charset

import (
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// EscapeQuery percent-encodes the characters beyond ASCII in a URL's query, as a browser does for a
// link on a page in the named charset ("percent-encode after encoding", URL standard, section 1.3).
// A character that the charset does not have becomes the escaped form of its HTML reference:
// %26%239731%3B. UTF-8 and UTF-16 mean UTF-8, as does a name that is unknown or empty.
func EscapeQuery(query, name string) string {
	if isASCII(query) {
		return query
	}
	c, ok := Named(name)
	if !ok || strings.HasPrefix(c.Name, "utf-") || c.Name == "replacement" {
		c = UTF8
	}
	var b strings.Builder
	for len(query) > 0 {
		n := strings.IndexFunc(query, func(r rune) bool { return r >= utf8.RuneSelf })
		if n < 0 {
			n = len(query)
		}
		b.WriteString(query[:n])
		query = query[n:]
		end := strings.IndexFunc(query, func(r rune) bool { return r < utf8.RuneSelf })
		if end < 0 {
			end = len(query)
		}
		c.escape(&b, query[:end])
		query = query[end:]
	}
	return b.String()
}

// escape writes a text without ASCII characters. A charset without state between characters is
// written character by character.
func (c Charset) escape(b *strings.Builder, s string) {
	if encoded, ok := c.encode(s); ok {
		writeEscaped(b, encoded)
		return
	}
	start := 0 // of what the charset has
	flush := func(end int) {
		encoded, _ := c.encode(s[start:end])
		writeEscaped(b, encoded)
	}
	for i, r := range s {
		if _, ok := c.encode(string(r)); !ok {
			flush(i)
			b.WriteString("%26%23" + strconv.Itoa(int(r)) + "%3B")
			start = i + utf8.RuneLen(r)
		}
	}
	flush(len(s))
}

// encode encodes s as the Encoding standard does; ok is false if the charset lacks
// a character.
func (c Charset) encode(s string) (_ string, ok bool) {
	switch c.Name {
	case UTF8.Name:
		return strings.ToValidUTF8(s, "\uFFFD"), true
	case "iso-2022-jp":
		s = minus.Replace(s)
	case "shift_jis", "euc-jp":
		s = yen.Replace(minus.Replace(s))
		return each(s, c.japanese)
	case "big5":
		return each(s, func(r rune) (string, bool) {
			encoded, err := c.enc.NewEncoder().String(string(r))
			return encoded, err == nil && (len(encoded) < 2 || encoded[0] >= 0xa1) // below are Hong Kong's
		})
	}
	encoded, err := c.enc.NewEncoder().String(s)
	return encoded, err == nil
}

// The encoders of Japanese charsets use these characters for the same code.
var (
	minus = strings.NewReplacer("\u2212", "\uff0d")
	yen   = strings.NewReplacer("\u00a5", "\\", "\u203e", "~")
)

// japanese encodes a character without the rows that the standard only decodes:
// JIS X 0212 of EUC-JP, and NEC's copies of IBM's characters in Shift_JIS.
func (c Charset) japanese(r rune) (string, bool) {
	encoded, err := c.enc.NewEncoder().String(string(r))
	switch {
	case err != nil:
		return "", false
	case c.Name == "euc-jp":
		return encoded, encoded[0] != 0x8f
	case len(encoded) == 2 && (encoded[0] == 0xed || encoded[0] == 0xee):
		encoded = ibm()[r]
	}
	return encoded, encoded != ""
}

// ibm are IBM's characters in Shift_JIS.
var ibm = sync.OnceValue(func() map[rune]string {
	c, _ := Named("shift_jis")
	out := map[rune]string{}
	for lead := 0xfa; lead <= 0xfc; lead++ {
		for trail := 0x40; trail <= 0xfc; trail++ {
			pair := string([]byte{byte(lead), byte(trail)})
			text, _ := c.enc.NewDecoder().String(pair)
			if r, n := utf8.DecodeRuneInString(text); n == len(text) && r != utf8.RuneError {
				out[r] = pair
			}
		}
	}
	return out
})

func each(s string, encode func(rune) (string, bool)) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		encoded, ok := encode(r)
		if !ok {
			return "", false
		}
		b.WriteString(encoded)
	}
	return b.String(), true
}

// writeEscaped writes bytes by the special-query percent-encode set.
func writeEscaped(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		if x := s[i]; x > ' ' && x < 0x7f && strings.IndexByte(`"#<>'`, x) < 0 {
			b.WriteByte(x)
		} else {
			b.WriteString("%" + string(hex[x>>4]) + string(hex[x&15]))
		}
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
