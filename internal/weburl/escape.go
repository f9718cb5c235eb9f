package weburl

import "strings"

const upperHex = "0123456789ABCDEF"

// writeEscaped writes s with its escapes in canonical form. Escapes of unreserved octets are
// decoded, the others are upper case, and a percent sign without an escape is escaped itself. It
// takes one pass, so decoded text is not decoded again.
func writeEscaped(b *strings.Builder, s string, needsEscape func(c byte) bool) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '%' {
			if needsEscape(c) {
				writeEscape(b, c)
			} else {
				b.WriteByte(c)
			}
			continue
		}
		if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
			// Unescaped, it could form an escape with decoded text after it ("%%34%31" would be
			// "%41"), and net/url rejects it in a path.
			b.WriteString("%25")
			continue
		}
		if d := unhex(s[i+1])<<4 | unhex(s[i+2]); unreserved(d) {
			b.WriteByte(d)
		} else {
			writeEscape(b, d)
		}
		i += 2
	}
}

func never(byte) bool { return false }

// pathNeedsEscape reports the two octets that WHATWG leaves in a path and net/url rejects. net/url
// would then rewrite the whole path and request a/b for a%2Fb.
func pathNeedsEscape(c byte) bool { return c == '^' || c == '|' }

// unreserved is RFC 3986 section 2.3.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

func writeEscape(b *strings.Builder, c byte) {
	b.WriteByte('%')
	b.WriteByte(upperHex[c>>4])
	b.WriteByte(upperHex[c&15])
}

// Encode percent-encodes every octet that is not unreserved (RFC 3986, section 2.3).
func Encode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if unreserved(s[i]) {
			b.WriteByte(s[i])
		} else {
			writeEscape(&b, s[i])
		}
	}
	return b.String()
}

// decode undoes every escape of s, once.
func decode(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			b.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i += 2
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	default:
		return c - 'a' + 10
	}
}
