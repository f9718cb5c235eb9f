package css

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// scanner reads the characters of a selector.
type scanner struct {
	src string
	pos int
}

// fail ends the parser with a mistake at a byte offset.
func (s *scanner) fail(pos int, format string, args ...any) {
	panic(&SyntaxError{Pos: utf8.RuneCountInString(s.src[:min(pos, len(s.src))]) + 1, Message: fmt.Sprintf(format, args...)})
}

func (s *scanner) end() bool { return s.pos >= len(s.src) }

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.end() {
		return 0
	}
	return s.src[s.pos]
}

func (s *scanner) accept(prefix string) bool {
	if strings.HasPrefix(s.src[s.pos:], prefix) {
		s.pos += len(prefix)
		return true
	}
	return false
}

// found describes the next character.
func (s *scanner) found() string {
	if s.end() {
		return "the end"
	}
	r, _ := utf8.DecodeRuneInString(s.src[s.pos:])
	return strconv.QuoteRune(r)
}

// need reads a character that must be there.
func (s *scanner) need(c string, after string) {
	if !s.accept(c) {
		s.fail(s.pos, "%s is missing after %s: found %s", c, after, s.found())
	}
}

// space skips white space and comments, and returns whether there was white space.
func (s *scanner) space() (some bool) {
	for {
		s.comments()
		if s.end() || !isSpace(s.src[s.pos]) {
			return some
		}
		s.pos++
		some = true
	}
}

// comments skips comments, which separate nothing.
func (s *scanner) comments() {
	for strings.HasPrefix(s.src[s.pos:], "/*") {
		i := strings.Index(s.src[s.pos+2:], "*/")
		if i < 0 {
			s.fail(s.pos, "the comment has no end")
		}
		s.pos += i + 4
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

func isNameStart(c byte) bool {
	return c == '_' || c >= utf8.RuneSelf || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func isName(c byte) bool { return isNameStart(c) || c == '-' || '0' <= c && c <= '9' }

// escaped reports whether a valid escape begins at an offset.
func (s *scanner) escaped(pos int) bool {
	return pos+1 < len(s.src) && s.src[pos] == '\\' && s.src[pos+1] != '\n' && s.src[pos+1] != '\r' && s.src[pos+1] != '\f'
}

// identBegins reports whether an identifier begins here.
func (s *scanner) identBegins() bool {
	rest := s.src[s.pos:]
	switch {
	case rest == "":
		return false
	case isNameStart(rest[0]) || s.escaped(s.pos):
		return true
	}
	return rest[0] == '-' && len(rest) > 1 && (rest[1] == '-' || isNameStart(rest[1]) || s.escaped(s.pos+1))
}

// ident reads an identifier.
func (s *scanner) ident(what string) string {
	if !s.identBegins() {
		s.fail(s.pos, "%s is missing: found %s", what, s.found())
	}
	return s.name()
}

// name reads the characters of a name, with escapes resolved.
func (s *scanner) name() string {
	var b strings.Builder
	for !s.end() {
		switch {
		case isName(s.src[s.pos]):
			b.WriteByte(s.src[s.pos])
			s.pos++
		case s.escaped(s.pos):
			s.pos++
			b.WriteRune(s.escape())
		default:
			return strings.ToValidUTF8(b.String(), "\ufffd")
		}
	}
	return strings.ToValidUTF8(b.String(), "\ufffd")
}

// escape reads what follows a backslash (CSS Syntax Level 3, section 4.3.7).
func (s *scanner) escape() rune {
	begin := s.pos
	for s.pos < len(s.src) && s.pos-begin < 6 && isHex(s.src[s.pos]) {
		s.pos++
	}
	if s.pos == begin {
		r, size := utf8.DecodeRuneInString(s.src[s.pos:])
		s.pos += size
		return r
	}
	n, _ := strconv.ParseUint(s.src[begin:s.pos], 16, 32)
	if !s.accept("\r\n") && !s.end() && isSpace(s.src[s.pos]) {
		s.pos++
	}
	if n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return utf8.RuneError
	}
	return rune(n)
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

// quoted reads a text in quotation marks.
func (s *scanner) quoted() string {
	begin := s.pos
	quote := s.src[s.pos]
	s.pos++
	var b strings.Builder
	for {
		if s.end() {
			s.fail(begin, "the text has no closing %c", quote)
		}
		switch c := s.src[s.pos]; {
		case c == quote:
			s.pos++
			return strings.ToValidUTF8(b.String(), "\ufffd")
		case c == '\n' || c == '\r' || c == '\f':
			s.fail(begin, "the text has no closing %c on its line", quote)
		case c == '\\':
			s.pos++
			switch {
			case s.accept("\r\n"):
			case !s.end() && (s.src[s.pos] == '\n' || s.src[s.pos] == '\r' || s.src[s.pos] == '\f'):
				s.pos++
			case !s.end():
				b.WriteRune(s.escape())
			}
		default:
			b.WriteByte(c)
			s.pos++
		}
	}
}
