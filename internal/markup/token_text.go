package markup

import (
	"strings"

	"golang.org/x/net/html"
)

// comment reads a comment. Other than by the library, no character reference in it is decoded.
func (z *tokens) comment() html.Token {
	begin := z.pos + len("<!--")
	dashes, start := 0, true // of the comment
	for i := begin; i < len(z.doc); i++ {
		c := z.doc[i]
		switch {
		case c == '-':
			dashes++
			continue
		case c == '>' && (dashes >= 2 || start):
			return z.commentOf(begin, max(begin, i-len("--")), i+1)
		case c == '!' && dashes >= 2 && i+1 < len(z.doc) && z.doc[i+1] == '>':
			return z.commentOf(begin, i-len("--"), i+2)
		case c == '!' && dashes >= 2 && i+1 < len(z.doc) && z.doc[i+1] == '-':
			i++
			dashes, start = 1, false
			continue
		}
		dashes, start = 0, false
	}
	end := len(z.doc)
	for _, suffix := range []string{"--!", "--", "-"} {
		if strings.HasSuffix(z.doc[begin:], suffix) {
			end -= len(suffix)
			break
		}
	}
	return z.commentOf(begin, end, len(z.doc))
}

// bogusComment reads up to a closing bracket what is no tag, from a byte after the current one on.
func (z *tokens) bogusComment(from int) html.Token {
	begin, end := z.pos+from, len(z.doc)
	if n := strings.IndexByte(z.doc[begin:], '>'); n >= 0 {
		end = begin + n
	}
	return z.commentOf(begin, end, min(end+1, len(z.doc)))
}

// commentOf returns the comment between two places, and goes on at a third one.
func (z *tokens) commentOf(begin, end, next int) html.Token {
	z.pos = next
	return html.Token{Type: html.CommentToken, Data: strings.ReplaceAll(newlines(z.doc[begin:end]), "\x00", "\ufffd")}
}

// references decodes the character references in the value of an attribute. There, other than in a
// text, a name counts only as a whole, and not before an equals sign if it has no semicolon.
func references(s string) string {
	i := strings.IndexByte(s, '&')
	if i < 0 {
		return s
	}
	var b strings.Builder
	for i >= 0 {
		b.WriteString(s[:i])
		s = s[i:]
		end := len(s)
		if i = strings.IndexByte(s[1:], '&'); i >= 0 {
			end = i + 1
		}
		b.WriteString(reference(s[:end]))
		s = s[end:]
		i = strings.IndexByte(s, '&')
	}
	b.WriteString(s)
	return b.String()
}

// reference decodes a text that begins with its only ampersand.
func reference(s string) string {
	if strings.HasPrefix(s, "&#") {
		return html.UnescapeString(s)
	}
	n := 1
	for n < len(s) && (isLetter(s[n]) || '0' <= s[n] && s[n] <= '9') {
		n++
	}
	semicolon := n < len(s) && s[n] == ';'
	if n == 1 || !semicolon && n < len(s) && s[n] == '=' {
		return s
	}
	if semicolon {
		n++
	}
	decoded := html.UnescapeString(s[:n])
	// Of a name that is not known, a part may be. No name without a semicolon stands for a letter
	// or a digit, and one name with a semicolon stands for a text that ends in one.
	switch c := decoded[len(decoded)-1]; {
	case semicolon && c == ';' && s[:n] != "&semi;", !semicolon && (isLetter(c) || '0' <= c && c <= '9'):
		return s
	}
	return decoded + s[n:]
}

// hasDoctype reports whether what follows "<!" is the name of a doctype.
func hasDoctype(s string) bool {
	const name = "doctype"
	return len(s) >= len(name) && asciiLower(s[:len(name)]) == name
}

// doctype reads a doctype.
func (z *tokens) doctype() (t html.Token, ok bool) {
	rest := strings.TrimLeft(z.doc[z.pos+len("<!doctype"):], whitespace)
	n := strings.IndexByte(rest, '>')
	if n < 0 || strings.ContainsAny(rest[:n], "&\r") {
		return t, false
	}
	z.pos = len(z.doc) - len(rest) + n + 1
	return html.Token{Type: html.DoctypeToken, Data: rest[:n]}, true
}
