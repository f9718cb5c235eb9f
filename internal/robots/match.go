package robots

import "strings"

// pattern is a compiled path pattern.
type pattern struct {
	pieces   []string // the literal texts between the stars, normalized
	anchored bool     // ends in "$"
	length   int      // octets of the normalized pattern
}

// compile normalizes a path pattern. "*" is any text, a "$" at the end the end of the path.
func compile(src string) pattern {
	var p pattern
	src, p.anchored = strings.CutSuffix(src, "$")
	for i, piece := range strings.Split(src, "*") {
		piece = normalize(piece)
		p.length += len(piece) + min(i, 1)
		p.pieces = append(p.pieces, piece)
	}
	if p.anchored {
		p.length++
	}
	return p
}

// match reports whether the pattern matches the start of a normalized path. The first place of each
// piece is the best one, because any text may follow. So nothing is tried twice.
func (p pattern) match(path string) bool {
	rest, ok := strings.CutPrefix(path, p.pieces[0])
	if !ok {
		return false
	}
	middle := p.pieces[1:]
	if !p.anchored {
		for _, piece := range middle {
			if _, rest, ok = strings.Cut(rest, piece); !ok {
				return false
			}
		}
		return true
	}
	if len(middle) == 0 {
		return rest == ""
	}
	last := middle[len(middle)-1]
	for _, piece := range middle[:len(middle)-1] {
		if _, rest, ok = strings.Cut(rest, piece); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, last)
}

// target normalizes the path and query of a URL.
func target(pathAndQuery string) string {
	s, _, _ := strings.Cut(pathAndQuery, "#")
	if !strings.HasPrefix(s, "/") {
		s = "/" + s
	}
	s = normalize(s)
	// A star in a path is no wildcard (section 2.2.3). In a pattern it is written %2A.
	return strings.ReplaceAll(s, "*", "%2A")
}

const upperHex = "0123456789ABCDEF"

// normalize writes octets as sections 2.2.2 and 2.2.3 compare them: escapes of unreserved octets
// decoded, other escapes in upper case, octets that no URL holds and "$" escaped.
func normalize(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r > 0x7f || !plain(byte(r)) }) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			d := unhex(s[i+1])<<4 | unhex(s[i+2])
			if i += 2; unreserved(d) {
				b.WriteByte(d)
			} else {
				escape(&b, d)
			}
			continue
		}
		if plain(c) {
			b.WriteByte(c)
		} else {
			escape(&b, c)
		}
	}
	return b.String()
}

func escape(b *strings.Builder, c byte) {
	b.WriteByte('%')
	b.WriteByte(upperHex[c>>4])
	b.WriteByte(upperHex[c&15])
}

// plain reports the octets that stay as they are. An apostrophe is escaped, because browsers escape
// it in queries.
func plain(c byte) bool { return unreserved(c) || strings.IndexByte(":/?#[]@!&()*+,;=", c) >= 0 }

// unreserved is RFC 3986 section 2.3.
func unreserved(c byte) bool {
	return isLetter(c) || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
