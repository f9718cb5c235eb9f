package markup

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Names of namespaces.
const (
	xhtmlNamespace = "http://www.w3.org/1999/xhtml"
	xmlNamespace   = "http://www.w3.org/XML/1998/namespace"
)

// XML reads body, which is UTF-8, as XML 1.0 with namespaces. It fails with the
// place on a document that is not well-formed, on a document over a bound, and
// when ctx ends.
//
// It is more tolerant than the recommendation in these points: white space may stand before the XML
// declaration, the entities of HTML are defined, a prefix need not be declared, a character that
// XML forbids becomes U+FFFD. Entities of the internal subset are replaced if they hold text. No
// other file is read.
func XML(ctx context.Context, body []byte, o Options) (d *Document, err error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	x := &xmlParser{
		maker: &maker{ctx: ctx, most: o.maxNodes()}, src: string(body), doc: &html.Node{Type: html.DocumentNode},
		namespaces: map[string]string{"xml": xmlNamespace, "xmlns": "http://www.w3.org/2000/xmlns/"},
	}
	x.at = x.doc
	defer stopped(&err)
	x.parse()
	return &Document{Root: x.doc, XML: true, Scripting: o.Scripting}, nil
}

type xmlParser struct {
	*maker

	src string
	pos int

	doc, at *html.Node // at is the open element, or doc
	open    []opened

	text    strings.Builder
	textSet bool // an empty CDATA section makes no node

	namespaces map[string]string
	entities   map[string]entity
	expanded   int // bytes that entities were replaced with
}

// opened holds the data of an open element that its end needs.
type opened struct {
	name  string
	begin int
	undo  []namespace // what its declarations replaced
}

type namespace struct {
	prefix, uri string
	was         bool
}

// fail ends the parser with a message about a place.
func (x *xmlParser) fail(pos int, format string, args ...any) {
	pos = min(pos, len(x.src))
	before := x.src[:pos]
	line := strings.LastIndexByte(before, '\n') + 1
	panic(stop{&Error{
		Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(before[line:]) + 1, Message: fmt.Sprintf(format, args...),
	}})
}

func (x *xmlParser) parse() {
	x.space()
	for steps := 0; x.pos < len(x.src); steps++ {
		if steps&1023 == 0 {
			x.alive()
		}
		rest := x.src[x.pos:]
		switch {
		case rest[0] != '<':
			x.characters()
		case strings.HasPrefix(rest, "</"):
			x.endTag()
		case strings.HasPrefix(rest, "<!--"):
			x.comment()
		case strings.HasPrefix(rest, "<![CDATA["):
			x.cdata()
		case strings.HasPrefix(rest, "<!"):
			x.doctype()
		case strings.HasPrefix(rest, "<?"):
			x.instruction()
		default:
			x.startTag()
		}
	}
	if n := len(x.open); n > 0 {
		o := x.open[n-1]
		x.fail(o.begin, "<%s> has no end tag", shortened(o.name))
	}
	for n := x.doc.FirstChild; n != nil; n = n.NextSibling {
		if n.Type == html.ElementNode {
			return
		}
	}
	x.fail(x.pos, "the document has no element")
}

// space skips white space.
func (x *xmlParser) space() bool {
	begin := x.pos
	for x.pos < len(x.src) && isSpace(x.src[x.pos]) {
		x.pos++
	}
	return x.pos > begin
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// name reads a name; empty if there is none.
func (x *xmlParser) name() string {
	begin := x.pos
	for x.pos < len(x.src) {
		c := x.src[x.pos]
		switch {
		case c >= utf8.RuneSelf, 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', c == ':':
		case x.pos > begin && ('0' <= c && c <= '9' || c == '-' || c == '.'):
		default:
			return x.src[begin:x.pos]
		}
		x.pos++
	}
	return x.src[begin:x.pos]
}

// add appends a node to the open element.
func (x *xmlParser) add(t html.NodeType, data string) *html.Node {
	x.flush()
	n := x.node()
	n.Type, n.Data = t, data
	x.at.AppendChild(n)
	return n
}

// flush makes a node of the text that was read.
func (x *xmlParser) flush() {
	if !x.textSet {
		return
	}
	n := x.node()
	n.Type, n.Data = html.TextNode, x.text.String()
	x.at.AppendChild(n)
	x.text.Reset()
	x.textSet = false
}

func (x *xmlParser) write(s string) {
	if s == "" {
		return
	}
	x.textSet = true
	x.text.WriteString(s)
}

// characters reads text up to the next tag.
func (x *xmlParser) characters() {
	for x.pos < len(x.src) && x.src[x.pos] != '<' {
		if x.src[x.pos] == '&' {
			begin := x.pos
			s := x.reference(0)
			if x.at == x.doc {
				x.fail(begin, "text stands outside the root element")
			}
			x.write(s)
			continue
		}
		end := strings.IndexAny(x.src[x.pos:], "<&")
		if end < 0 {
			end = len(x.src) - x.pos
		}
		s := x.src[x.pos : x.pos+end]
		if x.at == x.doc {
			if i := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(" \t\r\n\x00", r) }); i >= 0 {
				x.fail(x.pos+i, "text stands outside the root element")
			}
			s = ""
		}
		x.pos += end
		x.write(allowed(lines(s)))
	}
}

func (x *xmlParser) cdata() {
	begin := x.pos
	x.pos += len("<![CDATA[")
	end := strings.Index(x.src[x.pos:], "]]>")
	if end < 0 {
		x.fail(begin, "the CDATA section has no end")
	}
	if x.at == x.doc {
		x.fail(begin, "text stands outside the root element")
	}
	s := x.src[x.pos : x.pos+end]
	x.pos += end + 3
	x.write(allowed(lines(s)))
}

func (x *xmlParser) comment() {
	begin := x.pos
	x.pos += len("<!--")
	end := strings.Index(x.src[x.pos:], "-->")
	if end < 0 {
		x.fail(begin, "the comment has no end")
	}
	x.add(html.CommentNode, allowed(lines(x.src[x.pos:x.pos+end])))
	x.pos += end + 3
}

// instruction reads a processing instruction. The XML declaration makes no node.
func (x *xmlParser) instruction() {
	begin := x.pos
	x.pos += len("<?")
	target := x.name()
	end := strings.Index(x.src[x.pos:], "?>")
	if target == "" || end < 0 {
		x.fail(begin, "the processing instruction has no %s", map[bool]string{true: "target", false: "end"}[target == ""])
	}
	data := strings.TrimLeft(x.src[x.pos:x.pos+end], " \t\r\n")
	x.pos += end + 2
	if strings.EqualFold(target, "xml") {
		if x.doc.FirstChild != nil {
			x.fail(begin, "an XML declaration stands inside the document")
		}
		return
	}
	x.add(html.RawNode, target).Attr = []html.Attribute{{Val: allowed(lines(data))}}
}

// shortened returns a name for a message.
func shortened(name string) string {
	if len(name) > 60 {
		return strings.ToValidUTF8(name[:60], "") + "…"
	}
	return name
}

// lines makes every line end a line feed (XML 1.0, section 2.11).
func lines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// spaces makes white space of an attribute's value spaces (section 3.3.3).
func spaces(s string) string {
	if !strings.ContainsAny(s, "\t\n") {
		return s
	}
	return strings.NewReplacer("\t", " ", "\n", " ").Replace(s)
}

// allowed makes characters that XML forbids U+FFFD (section 2.2).
func allowed(s string) string {
	if strings.IndexFunc(s, forbidden) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if forbidden(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

func forbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}
