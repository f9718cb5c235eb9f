package markup

import (
	"io"
	"strings"

	"golang.org/x/net/html"
	a "golang.org/x/net/html/atom"
)

// tokens reads the tokens of a document. It is [html.Tokenizer] in another form: the plain ones,
// which are nearly all, are slices of the document and cost no memory, and every other one is read
// by a tokenizer that begins at its first byte. A test compares both.
//
// Not plain are a CDATA section, a tag with very many attributes, and a tag that holds a NUL or
// that the end of the document cuts off.
type tokens struct {
	doc string
	pos int

	// raw is the name of the element that was opened last if its content is text.
	raw string

	// cdata reports that CDATA sections are allowed, as in foreign content.
	cdata bool

	attrs []html.Attribute // unused ones of a slab

	// found holds the attributes of the current tag. A variable of startTag would be cleared at
	// each tag.
	found [maxPlainAttributes]html.Attribute
}

// maxPlainAttributes is how many attributes a plain tag may have, because each is compared with the
// ones before it.
const maxPlainAttributes = 32

// next reads a token. An error token is the end of the document.
func (z *tokens) next() html.Token {
	if z.raw != "" {
		if t, ok := z.rawText(); ok {
			return t
		}
	}
	if z.pos >= len(z.doc) {
		return html.Token{Type: html.ErrorToken}
	}
	if text := z.textLength(); text > 0 {
		return z.text(text)
	}
	begin := z.pos
	t, ok := z.plain()
	if !ok {
		z.pos = begin
		t = z.unusual("")
	}
	z.raw = ""
	if t.Type == html.StartTagToken || t.Type == html.SelfClosingTagToken {
		z.raw = rawName(t.DataAtom)
	}
	return t
}

// rawName returns the name of an element if its content is text. notRaw makes an exception.
func rawName(atom a.Atom) string {
	switch atom {
	case a.Iframe, a.Noembed, a.Noframes, a.Noscript, a.Plaintext, a.Script, a.Style, a.Textarea, a.Title, a.Xmp:
		return atom.String()
	}
	return ""
}

// notRaw reports that the content of the current tag is markup.
func (z *tokens) notRaw() { z.raw = "" }

// unusual reads the next token by a tokenizer of its own, as the content of an element if raw is a
// name.
func (z *tokens) unusual(raw string) html.Token {
	var r io.Reader = strings.NewReader(z.doc[z.pos:])
	if raw != "" {
		r = io.MultiReader(strings.NewReader("<"+raw+">"), r)
	}
	t := html.NewTokenizer(r)
	t.AllowCDATA(z.cdata)
	if raw != "" {
		t.Next()
	}
	t.Next()
	z.pos += len(t.Raw())
	return t.Token()
}

// textLength returns how many bytes of text come before the next tag, comment or end.
func (z *tokens) textLength() int {
	rest := z.doc[z.pos:]
	for n := 0; ; n++ {
		i := strings.IndexByte(rest[n:], '<')
		if i < 0 {
			return len(rest)
		}
		n += i
		if n+1 == len(rest) {
			return len(rest)
		}
		switch c := rest[n+1]; {
		case c == '/':
			if n == 0 && len(rest) == len("</") {
				return len(rest)
			}
			return n
		case isLetter(c), c == '!', c == '?':
			return n
		}
	}
}

// text returns the next n bytes as text.
func (z *tokens) text(n int) html.Token {
	s := z.doc[z.pos : z.pos+n]
	z.pos += n
	s = newlines(s)
	if strings.IndexByte(s, '&') >= 0 {
		s = html.UnescapeString(s)
	}
	return html.Token{Type: html.TextToken, Data: s}
}

// newlines writes each end of a line as a line feed.
func newlines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// rawText reads the content of an element that holds text. It returns false if there is none.
func (z *tokens) rawText() (t html.Token, ok bool) {
	raw := z.raw
	z.raw = ""
	n := z.rawLength(raw)
	if n == 0 {
		return t, false
	}
	s := ""
	if n > 0 {
		s = z.doc[z.pos : z.pos+n]
	}
	if n < 0 || strings.ContainsAny(s, "\r\x00") || raw == "script" && strings.Contains(s, "<!--") {
		before := z.pos
		if t = z.unusual(raw); t.Type == html.TextToken {
			return t, true
		}
		z.pos = before
		return t, false
	}
	z.pos += n
	if raw == "title" || raw == "textarea" {
		s = html.UnescapeString(s)
	}
	return html.Token{Type: html.TextToken, Data: s}, true
}

// rawLength returns how many bytes come before the end tag of an element; -1 if none follows.
func (z *tokens) rawLength(raw string) int {
	rest := z.doc[z.pos:]
	for n := 0; raw != "plaintext"; {
		i := strings.Index(rest[n:], "</")
		if i < 0 {
			break
		}
		n += i
		end := n + len("</") + len(raw)
		if end >= len(rest) {
			break
		}
		if strings.EqualFold(rest[n+len("</"):end], raw) && (isHTMLSpace(rest[end]) || rest[end] == '/' || rest[end] == '>') {
			return n
		}
		n++
	}
	return -1
}

// plain reads a tag in a plain form, or a comment.
func (z *tokens) plain() (t html.Token, ok bool) {
	switch c := z.doc[z.pos+1]; {
	case isLetter(c):
		z.pos++
		if t, ok = z.startTag(); t.Data == "" {
			ok = false
		}
		return t, ok
	case c == '/':
		begin := z.pos
		z.pos += len("</")
		if c := z.doc[z.pos]; c != '>' && !isLetter(c) {
			z.pos = begin
			return z.bogusComment(len("</")), true
		}
		name, lower := z.name("")
		if name == "" {
			return t, false
		}
		if _, _, ok := z.attributes(nil); !ok {
			return t, false
		}
		t.Type = html.EndTagToken
		t.DataAtom, t.Data = tagName(name, lower)
		return t, true
	case strings.HasPrefix(z.doc[z.pos:], "<!--"):
		return z.comment(), true
	case c == '?':
		return z.bogusComment(1), true
	case c == '!' && hasDoctype(z.doc[z.pos+len("<!"):]):
		return z.doctype()
	case c == '!' && !isDeclaration(z.doc[z.pos+len("<!"):], z.cdata):
		return z.bogusComment(len("<!")), true
	}
	return t, false
}

// isDeclaration reports whether what follows "<!" may be a CDATA section, or is nothing.
func isDeclaration(s string, cdata bool) bool {
	return s == "" || cdata && s[0] == '['
}

// startTag reads a start tag from its name on.
func (z *tokens) startTag() (t html.Token, ok bool) {
	name, lower := z.name("")
	t.Type = html.StartTagToken
	t.DataAtom, t.Data = tagName(name, lower)
	n, closed, ok := z.attributes(&z.found)
	if closed {
		t.Type = html.SelfClosingTagToken
	}
	z.give(&t, z.found[:n])
	return t, ok
}

// attributes reads the attributes of a tag, up to behind its end. If found is not nil, it gets the
// n first ones of each name. closed reports that the tag closes itself.
func (z *tokens) attributes(found *[maxPlainAttributes]html.Attribute) (n int, closed, ok bool) {
	for {
		z.space()
		if z.pos >= len(z.doc) {
			return n, closed, false
		}
		switch z.doc[z.pos] {
		case '>':
			z.pos++
			return n, closed, true
		case '/':
			z.pos++
			closed = z.pos < len(z.doc) && z.doc[z.pos] == '>'
			continue
		}
		key, lower := z.name("=")
		if key == "" {
			return n, closed, false
		}
		val, ok := z.value()
		if !ok {
			return n, closed, false
		}
		if found == nil {
			continue
		}
		if !lower {
			key = asciiLower(key)
		}
		if has(found[:n], key) {
			continue
		}
		if n == maxPlainAttributes {
			return n, closed, false
		}
		found[n] = html.Attribute{Key: key, Val: val}
		n++
	}
}

// give gives a tag its attributes.
func (z *tokens) give(t *html.Token, found []html.Attribute) {
	n := len(found)
	if n == 0 {
		return
	}
	if len(z.attrs) < n {
		z.attrs = make([]html.Attribute, min(128, max(maxPlainAttributes, len(z.doc)/256)))
	}
	// No tag's list grows into the next one's.
	t.Attr, z.attrs = z.attrs[:n:n], z.attrs[n:]
	copy(t.Attr, found)
}

// value reads the value of an attribute behind its name.
func (z *tokens) value() (val string, ok bool) {
	z.space()
	if z.pos >= len(z.doc) || z.doc[z.pos] != '=' {
		return "", z.pos < len(z.doc)
	}
	z.pos++
	z.space()
	if z.pos >= len(z.doc) {
		return "", false
	}
	rest := z.doc[z.pos:]
	if c := rest[0]; c == '"' || c == '\'' {
		n := strings.IndexByte(rest[1:], c)
		if n < 0 {
			return "", false
		}
		val = rest[1 : 1+n]
		z.pos += n + 2
	} else {
		n := strings.IndexAny(rest, " \t\n\f\r>")
		if n <= 0 {
			return "", false
		}
		val = rest[:n]
		z.pos += n
	}
	if strings.IndexByte(val, 0) >= 0 {
		return "", false
	}
	return references(newlines(val)), true
}

// space skips white space.
func (z *tokens) space() {
	for z.pos < len(z.doc) && isHTMLSpace(z.doc[z.pos]) {
		z.pos++
	}
}

// name reads a name up to white space, a slash, a closing bracket or one of the stops, and reports
// whether it is in lower case. It is empty if it holds a NUL.
func (z *tokens) name(stops string) (name string, lower bool) {
	begin := z.pos
	lower = true
	for ; z.pos < len(z.doc); z.pos++ {
		switch c := z.doc[z.pos]; {
		case 'a' <= c && c <= 'z':
		case 'A' <= c && c <= 'Z':
			lower = false
		case c == 0:
			return "", false
		case c == '>', c == '/', isHTMLSpace(c), strings.IndexByte(stops, c) >= 0:
			return z.doc[begin:z.pos], lower
		}
	}
	return z.doc[begin:z.pos], lower
}

// tagName returns a name as tokens have it.
func tagName(name string, lower bool) (a.Atom, string) {
	if !lower {
		name = asciiLower(name)
	}
	var buf [32]byte
	if len(name) > len(buf) {
		return 0, name
	}
	return a.Lookup(buf[:copy(buf[:], name)]), name
}

func has(attrs []html.Attribute, key string) bool {
	for i := range attrs {
		if attrs[i].Key == key {
			return true
		}
	}
	return false
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isHTMLSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'
}
