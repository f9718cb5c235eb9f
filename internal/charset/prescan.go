package charset

import (
	"bytes"
	"slices"
	"strings"
)

// prescanBytes is how far a declaration decides by itself. The HTML standard
// asks for 1024 bytes; browsers search the whole head, which often begins with
// longer scripts.
const prescanBytes = 4 << 10

// metas is the outcome of a prescan.
type metas struct {
	// strong is the first charset of a meta element within prescanBytes, weak the
	// first one beyond them or in the text of an element such as script. The
	// standard's prescan, unlike browsers, does not know such elements.
	strong, weak Charset
}

func (m metas) decisive() (Charset, bool) { return m.strong, m.strong.Name != "" }

// rawText are the elements whose content holds no tags but their own end.
var rawText = []string{"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"}

// prescan reads a page as the algorithm "prescan a byte stream to determine its
// encoding" of the HTML standard does.
func prescan(body []byte) metas {
	var m metas
	s := &scanner{body: body}
	for s.pos < len(body) {
		lt := bytes.IndexByte(body[s.pos:], '<')
		if lt < 0 {
			break
		}
		s.pos += lt
		rest := body[s.pos:]
		switch {
		case bytes.HasPrefix(rest, []byte("<!--")):
			// The two hyphens of "-->" may belong to "<!--".
			end := bytes.Index(rest[2:], []byte("-->"))
			if end < 0 {
				return m
			}
			s.pos += 2 + end + len("-->")
		case isMeta(rest):
			late := s.pos >= prescanBytes
			s.pos += len("<meta")
			c, ok := s.meta()
			if ok && !late {
				m.strong = c
				return m
			}
			m.suggest(c)
		case isTag(rest):
			if name := s.tag(); slices.Contains(rawText, name) {
				s.raw(name, &m)
			}
		case len(rest) > 1 && (rest[1] == '!' || rest[1] == '/' || rest[1] == '?'):
			end := bytes.IndexByte(rest, '>')
			if end < 0 {
				return m
			}
			s.pos += end + 1
		default:
			s.pos++
		}
	}
	return m
}

// suggest keeps the first weak charset.
func (m *metas) suggest(c Charset) {
	if m.weak.Name == "" {
		m.weak = c
	}
}

// raw moves behind the text of an element. Metas in the text are weak.
func (s *scanner) raw(name string, m *metas) {
	text := s.body[s.pos:]
	end := endTag(text, name)
	in := &scanner{body: text[:end]}
	for m.weak.Name == "" {
		lt := bytes.IndexByte(in.body[in.pos:], '<')
		if lt < 0 {
			break
		}
		in.pos += lt + 1
		if !isMeta(in.body[in.pos-1:]) {
			continue
		}
		at := in.pos
		in.pos += len("meta")
		if c, ok := in.meta(); ok {
			m.suggest(c)
		}
		in.pos = at
	}
	s.pos += end
}

// endTag returns where the end tag of an element begins, or the length of text.
func endTag(text []byte, name string) int {
	for at := 0; ; at += 2 {
		i := bytes.Index(text[at:], []byte("</"))
		if i < 0 {
			return len(text)
		}
		at += i
		after := text[at+2:]
		if len(after) > len(name) && lower(after[:len(name)]) == name && (isSpace(after[len(name)]) || after[len(name)] == '/' || after[len(name)] == '>') {
			return at
		}
	}
}

func isTag(rest []byte) bool {
	return len(rest) > 1 && isLetter(rest[1]) || len(rest) > 2 && rest[1] == '/' && isLetter(rest[2])
}

func isMeta(rest []byte) bool {
	return len(rest) > 5 && strings.EqualFold(string(rest[:5]), "<meta") && (isSpace(rest[5]) || rest[5] == '/')
}

// scanner reads tags as the prescan does.
type scanner struct {
	body []byte
	pos  int
}

// meta reads the attributes of a meta element and returns the charset that the
// element declares.
func (s *scanner) meta() (_ Charset, ok bool) {
	var (
		seen      []string
		charset   Charset
		has       bool // a charset or content attribute counted, its label known or not
		needs     bool // the charset is that of a content attribute
		isContent bool // http-equiv is content-type
	)
	for {
		name, value, ok := s.attribute()
		if !ok {
			break
		}
		if slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		switch name {
		case "http-equiv":
			isContent = value == "content-type"
		case "content":
			if label := labelIn(value); label != "" && !has {
				if c, ok := inside(label); ok {
					charset, has, needs = c, true, true
				}
			}
		case "charset":
			charset, _ = inside(value)
			has, needs = true, false
		}
	}
	if !has || needs && !isContent || charset.Name == "" {
		return Charset{}, false
	}
	return charset, true
}

// tag moves behind a tag and returns its name in lower case, "/p" for an end tag.
func (s *scanner) tag() string {
	start := s.pos + 1
	for s.pos < len(s.body) && !isSpace(s.body[s.pos]) && s.body[s.pos] != '>' {
		s.pos++
	}
	name := strings.ToLower(strings.TrimSuffix(string(s.body[start:s.pos]), "/"))
	for {
		if _, _, ok := s.attribute(); !ok {
			return name
		}
	}
}

// attribute is the algorithm "get an attribute" of the HTML standard.
func (s *scanner) attribute() (name, value string, ok bool) {
	b := s.body
	for s.pos < len(b) && (isSpace(b[s.pos]) || b[s.pos] == '/') {
		s.pos++
	}
	if s.pos >= len(b) {
		return "", "", false
	}
	if b[s.pos] == '>' {
		s.pos++
		return "", "", false
	}
	start := s.pos
	for s.pos < len(b) && (b[s.pos] != '=' || s.pos == start) && !isSpace(b[s.pos]) && b[s.pos] != '/' && b[s.pos] != '>' {
		s.pos++
	}
	name = lower(b[start:s.pos])
	for s.pos < len(b) && isSpace(b[s.pos]) {
		s.pos++
	}
	if s.pos >= len(b) || b[s.pos] != '=' {
		return name, "", s.pos < len(b)
	}
	s.pos++
	for s.pos < len(b) && isSpace(b[s.pos]) {
		s.pos++
	}
	if s.pos >= len(b) {
		return name, "", false
	}
	if q := b[s.pos]; q == '"' || q == '\'' {
		end := bytes.IndexByte(b[s.pos+1:], q)
		if end < 0 {
			s.pos = len(b)
			return name, "", false
		}
		value = lower(b[s.pos+1 : s.pos+1+end])
		s.pos += end + 2
		return name, value, true
	}
	start = s.pos
	for s.pos < len(b) && !isSpace(b[s.pos]) && b[s.pos] != '>' {
		s.pos++
	}
	return name, lower(b[start:s.pos]), s.pos < len(b)
}

// labelIn is the algorithm "extract a character encoding from a meta element".
func labelIn(content string) string {
	for {
		i := strings.Index(content, "charset")
		if i < 0 {
			return ""
		}
		content = strings.TrimLeft(content[i+len("charset"):], spaces)
		rest, ok := strings.CutPrefix(content, "=")
		if !ok {
			continue
		}
		rest = strings.TrimLeft(rest, spaces)
		if rest == "" {
			return ""
		}
		if q := rest[0]; q == '"' || q == '\'' {
			end := strings.IndexByte(rest[1:], q)
			if end < 0 {
				return ""
			}
			return rest[1 : 1+end]
		}
		if end := strings.IndexAny(rest, spaces+";"); end >= 0 {
			return rest[:end]
		}
		return rest
	}
}

// xmlDeclaration is the algorithm "get an XML encoding" of the HTML standard.
// White space before the declaration is a mistake that feeds make.
func xmlDeclaration(body []byte) (_ Charset, ok bool) {
	body = bytes.TrimLeft(body, spaces)
	if !bytes.HasPrefix(body, []byte("<?xml")) {
		return Charset{}, false
	}
	end := bytes.IndexByte(body, '>')
	if end < 0 {
		return Charset{}, false
	}
	_, rest, ok := bytes.Cut(body[:end], []byte("encoding"))
	if !ok {
		return Charset{}, false
	}
	rest, ok = bytes.CutPrefix(trimControls(rest), []byte("="))
	if rest = trimControls(rest); !ok || len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return Charset{}, false
	}
	label, _, ok := bytes.Cut(rest[1:], rest[:1])
	if !ok || bytes.ContainsFunc(label, func(r rune) bool { return r <= ' ' }) {
		return Charset{}, false
	}
	return inside(string(label))
}

func trimControls(b []byte) []byte {
	return bytes.TrimLeftFunc(b, func(r rune) bool { return r <= ' ' })
}

const spaces = "\t\n\f\r "

func isSpace(c byte) bool { return strings.IndexByte(spaces, c) >= 0 }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// lower changes ASCII letters alone, because the charset of the bytes is unknown.
func lower(b []byte) string {
	out := make([]byte, len(b))
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		out[i] = c
	}
	return string(out)
}
