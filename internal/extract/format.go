package extract

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/atom"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/charset"
)

// form is how a body is parsed into a tree.
type form int

const (
	formNone form = iota
	formHTML
	formXML
)

// format is the format by which a body is read.
type format struct {
	form form

	// lenient reads malformed XML as HTML, because the type or the root element names HTML.
	lenient bool

	// encoded reports that the body may have another charset than UTF-8, because its type is not a
	// text type.
	encoded bool

	why string // for formNone: what the body is
}

// formatOf returns how a page's body is parsed. The media type decides if it names HTML or XML. For
// other types the bytes decide, because many servers send HTML as text/plain or
// application/octet-stream.
func formatOf(page *seine.Page, body []byte) format {
	t := page.Type
	switch {
	case t == "text/html":
		if seemsXML(body) {
			return format{form: formXML, lenient: true}
		}
		return format{form: formHTML}
	case t == "application/xhtml+xml":
		return format{form: formXML, lenient: true}
	case t == "application/xml", t == "text/xml", strings.HasSuffix(t, "+xml"):
		name := rootName(body)
		return format{form: formXML, lenient: name == "!doctype" || strings.EqualFold(name, "html")}
	case isJSONType(t):
	case t == "" && !seemsJSON(body):
		if seemsXML(body) {
			return format{form: formXML}
		}
		return format{form: formHTML}
	}
	encoded := !utf8.Valid(body)
	if encoded {
		body = decoded(body)
	}
	switch name := rootName(body); {
	case name == "":
	case name == "!doctype", name == "html", name != "svg" && isHTMLName(name):
		return format{form: formHTML, encoded: encoded}
	case seemsXML(body), !isJSONType(t):
		return format{form: formXML, encoded: encoded}
	}
	return format{why: described(t, body)}
}

func isJSONType(t string) bool {
	return t == "application/json" || t == "text/json" || strings.HasSuffix(t, "+json")
}

func seemsJSON(body []byte) bool {
	body = bytes.TrimSpace(body)
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
}

// seemsXML reports whether a body without a type, or with the type of HTML, is
// XML: a feed (MIME Sniffing standard, section 8.3), or a document with an XML
// declaration whose root is not html.
func seemsXML(body []byte) bool {
	switch name := rootName(body); name {
	case "rss", "feed", "rdf:RDF":
		return true
	case "", "!doctype":
		return false
	default:
		return !strings.EqualFold(name, "html") && bytes.HasPrefix(skipSpace(body), []byte("<?xml"))
	}
}

// hasTag reports whether a body that is read as HTML holds a tag and does not begin like a PDF, an
// archive or an image.
func hasTag(body []byte) bool {
	begin := body[:min(len(body), 64)]
	if bytes.HasPrefix(body, []byte("%PDF-")) || bytes.ContainsFunc(begin, func(r rune) bool { return r < ' ' && !unicode.IsSpace(r) }) {
		return false
	}
	for i := bytes.IndexByte(body, '<'); i >= 0 && i+1 < len(body); {
		if c := body[i+1] | 0x20; c >= 'a' && c <= 'z' {
			return true
		}
		next := bytes.IndexByte(body[i+1:], '<')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

// rootName returns the name of the first tag of a body, "!doctype" for a document
// type of HTML, and an empty string if the body does not begin with a tag.
// Comments, processing instructions and document types of XML may stand before
// the tag.
func rootName(body []byte) string {
	for {
		body = skipSpace(body)
		end := ""
		switch {
		case bytes.HasPrefix(body, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(body, []byte("<?")):
			end = ">"
		case len(body) > 9 && bytes.EqualFold(body[:9], []byte("<!doctype")):
			name := tagName(skipSpace(body[9:]))
			if strings.EqualFold(name, "html") {
				return "!doctype"
			}
			if name == "" {
				return ""
			}
			return name
		}
		if end == "" {
			break
		}
		i := bytes.Index(body, []byte(end))
		if i < 0 {
			return ""
		}
		body = body[i+len(end):]
	}
	if len(body) < 2 || body[0] != '<' {
		return ""
	}
	return tagName(body[1:])
}

// tagName returns the tag name at the start of b, if a character that ends a name follows.
func tagName(b []byte) string {
	i := bytes.IndexAny(b, " \t\r\n\f/>[")
	if i <= 0 || i > 100 {
		return ""
	}
	if c := b[0] | 0x20; (c < 'a' || c > 'z') && b[0] != '_' && b[0] < utf8.RuneSelf {
		return ""
	}
	if bytes.ContainsAny(b[:i], "<&\"'=") {
		return ""
	}
	return string(b[:i])
}

// isHTMLName reports whether elements of HTML have a name.
func isHTMLName(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "data", "item", "link", "object", "param", "source", "time", "title", "track":
		// These names are common in XML too, and an HTML page seldom begins with them.
		return name == "title" || name == "link"
	}
	return elements[atom.Lookup([]byte(name))]
}

// elements are the elements that an HTML page may begin with.
var elements = func() map[atom.Atom]bool {
	m := map[atom.Atom]bool{}
	for _, a := range []atom.Atom{
		atom.A, atom.Abbr, atom.Address, atom.Article, atom.Aside, atom.Audio, atom.B, atom.Base, atom.Blockquote, atom.Body, atom.Br,
		atom.Button, atom.Canvas, atom.Center, atom.Code, atom.Dd, atom.Details, atom.Div, atom.Dl, atom.Dt, atom.Em, atom.Fieldset,
		atom.Figure, atom.Font, atom.Footer, atom.Form, atom.Frameset, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Head,
		atom.Header, atom.Hr, atom.Html, atom.I, atom.Iframe, atom.Img, atom.Input, atom.Label, atom.Li, atom.Link, atom.Main, atom.Map,
		atom.Menu, atom.Meta, atom.Nav, atom.Noscript, atom.Ol, atom.Option, atom.P, atom.Picture, atom.Pre, atom.Script, atom.Section,
		atom.Select, atom.Small, atom.Span, atom.Strong, atom.Style, atom.Sub, atom.Sup, atom.Table, atom.Tbody, atom.Td, atom.Template,
		atom.Textarea, atom.Th, atom.Thead, atom.Title, atom.Tr, atom.U, atom.Ul, atom.Video,
	} {
		m[a] = true
	}
	return m
}()

func skipSpace(b []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\ufeff")), " \t\r\n\f")
}

// decoded returns a body of a non-text type in UTF-8, decoded like a page of HTML.
func decoded(body []byte) []byte {
	text, _ := charset.ToUTF8(body, "text/html", "")
	return text
}

// described returns the type of a body and its first characters.
func described(t string, body []byte) string {
	if t == "" {
		t = "no type"
	}
	begin := bytes.TrimSpace(body)
	if len(begin) == 0 {
		return t + ", empty"
	}
	var b strings.Builder
	for _, r := range string(begin[:min(len(begin), 200)]) {
		if r < ' ' || r == utf8.RuneError || r == 0x7f {
			r = ' '
		}
		b.WriteRune(r)
		if b.Len() >= 60 {
			b.WriteString("…")
			break
		}
	}
	return fmt.Sprintf("%s, begins with %q", t, b.String())
}
