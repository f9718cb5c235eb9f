package markup

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// These bound entities, because a document that defines them can multiply its length.
const (
	maxExpanded    = 1 << 20 // bytes that references to entities of the document give
	maxEntityDepth = 16      // entities inside entities
)

// entity is a general entity that the internal subset declares.
type entity struct {
	value    string
	external bool
}

// reference reads a reference at & and returns its value.
func (x *xmlParser) reference(depth int) string {
	begin := x.pos
	semicolon := strings.IndexByte(x.src[x.pos:min(len(x.src), x.pos+100)], ';')
	if semicolon < 0 {
		x.fail(begin, "& begins no entity: as text it is &amp;")
	}
	name := x.src[begin+1 : begin+semicolon]
	x.pos = begin + semicolon + 1
	if s, ok := x.resolve(name, begin, depth); ok {
		return s
	}
	if name == "" || strings.ContainsAny(name, " \t\r\n<>&\"'=") {
		x.fail(begin, "& begins no entity: as text it is &amp;")
	}
	x.fail(begin, "the entity &%s; is not defined", shortened(name))
	return ""
}

// resolve returns what &name; stands for.
func (x *xmlParser) resolve(name string, begin, depth int) (string, bool) {
	if digits, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(digits, "x"); ok {
			digits, base = hex, 16
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if err != nil {
			return "", false
		}
		r := rune(n)
		if n > utf8.MaxRune || !utf8.ValidRune(r) || forbidden(r) {
			r = utf8.RuneError
		}
		return string(r), true
	}
	switch name {
	case "lt":
		return "<", true
	case "gt":
		return ">", true
	case "amp":
		return "&", true
	case "quot":
		return `"`, true
	case "apos":
		return "'", true
	}
	if e, ok := x.entities[name]; ok {
		return x.expand(name, e, begin, depth), true
	}
	// The entities of HTML.
	if name == "" || strings.ContainsAny(name, "&#") {
		return "", false
	}
	s := html.UnescapeString("&" + name + ";")
	return s, !strings.HasSuffix(s, ";")
}

// expand returns the text of an entity of the document.
func (x *xmlParser) expand(name string, e entity, begin, depth int) string {
	switch {
	case e.external:
		x.fail(begin, "the entity &%s; stands in another file, which is not read", shortened(name))
	case depth >= maxEntityDepth:
		x.fail(begin, "the entity &%s; holds entities more than %d deep", shortened(name), maxEntityDepth)
	case strings.Contains(e.value, "<"):
		x.fail(begin, "the entity &%s; holds markup, which is not read", shortened(name))
	}
	var b strings.Builder
	for rest := e.value; ; {
		i := strings.IndexByte(rest, '&')
		if i < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:i])
		end := strings.IndexByte(rest[i:], ';')
		if end < 0 {
			x.fail(begin, "the entity &%s; holds a & that begins no entity", shortened(name))
		}
		s, ok := x.resolve(rest[i+1:i+end], begin, depth+1)
		if !ok {
			x.fail(begin, "the entity &%s; holds &%s;, which is not defined", shortened(name), shortened(rest[i+1:i+end]))
		}
		b.WriteString(s)
		rest = rest[i+end+1:]
	}
	if x.expanded += b.Len(); x.expanded > maxExpanded {
		x.fail(begin, "the entities of the document stand for more than %s bytes", grouped(maxExpanded))
	}
	return b.String()
}

// doctype reads a document type declaration. It stores the general entities of the internal subset.
func (x *xmlParser) doctype() {
	begin := x.pos
	if !strings.HasPrefix(strings.ToUpper(x.src[x.pos:min(len(x.src), x.pos+9)]), "<!DOCTYPE") {
		x.fail(begin, "<! begins no comment, CDATA section or document type")
	}
	if x.at != x.doc {
		x.fail(begin, "a document type stands inside an element")
	}
	x.pos += len("<!DOCTYPE")
	x.space()
	x.add(html.DoctypeNode, x.name())
	for {
		x.space()
		if x.pos >= len(x.src) {
			x.fail(begin, "the document type has no end")
		}
		switch c := x.src[x.pos]; c {
		case '>':
			x.pos++
			return
		case '[':
			x.pos++
			x.subset(begin)
		case '"', '\'':
			x.literal(begin)
		default:
			x.pos++
		}
	}
}

// literal reads a text in quotation marks.
func (x *xmlParser) literal(begin int) string {
	quote := x.src[x.pos]
	end := strings.IndexByte(x.src[x.pos+1:], quote)
	if end < 0 {
		x.fail(begin, "the document type has no end")
	}
	s := x.src[x.pos+1 : x.pos+1+end]
	x.pos += end + 2
	return s
}

// subset reads the internal subset up to its ].
func (x *xmlParser) subset(begin int) {
	for {
		x.space()
		if x.pos >= len(x.src) {
			x.fail(begin, "the document type has no end")
		}
		rest := x.src[x.pos:]
		skip := func(end string) {
			i := strings.Index(rest, end)
			if i < 0 {
				x.fail(begin, "the document type has no end")
			}
			x.pos += i + len(end)
		}
		switch {
		case rest[0] == ']':
			x.pos++
			return
		case strings.HasPrefix(rest, "<!--"):
			skip("-->")
		case strings.HasPrefix(rest, "<?"):
			skip("?>")
		case strings.HasPrefix(rest, "<!ENTITY"):
			x.pos += len("<!ENTITY")
			x.entityDeclaration(begin)
		case rest[0] == '"' || rest[0] == '\'':
			x.literal(begin)
		default:
			x.pos++
		}
	}
}

func (x *xmlParser) entityDeclaration(begin int) {
	x.space()
	parameter := strings.HasPrefix(x.src[x.pos:], "%")
	if parameter {
		x.pos++
		x.space()
	}
	name := x.name()
	x.space()
	var e entity
	for x.pos < len(x.src) && x.src[x.pos] != '>' {
		switch c := x.src[x.pos]; {
		case c == '"' || c == '\'':
			e.value = x.literal(begin)
		case isSpace(c):
			x.pos++
		default:
			e.external = true
			x.pos++
		}
	}
	if x.pos < len(x.src) {
		x.pos++
	}
	if _, twice := x.entities[name]; parameter || twice || name == "" {
		return // the first declaration counts
	}
	if x.entities == nil {
		x.entities = map[string]entity{}
	}
	e.value = x.characterReferences(e.value, begin)
	x.entities[name] = e
}

// characterReferences replaces &#60; in an entity's value, which happens when it
// is declared.
func (x *xmlParser) characterReferences(s string, begin int) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "&#")
		end := -1
		if i >= 0 {
			end = strings.IndexByte(s[i:], ';')
		}
		if end < 0 {
			b.WriteString(s)
			return allowed(lines(b.String()))
		}
		b.WriteString(s[:i])
		if c, ok := x.resolve(s[i+1:i+end], begin, 0); ok {
			b.WriteString(c)
		}
		s = s[i+end+1:]
	}
}
