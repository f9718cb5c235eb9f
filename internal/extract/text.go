package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// unseen lists the elements with invisible content, such as code or a fallback.
var unseen = map[atom.Atom]bool{
	atom.Head: true, atom.Script: true, atom.Style: true, atom.Template: true, atom.Noscript: true,
	atom.Noembed: true, atom.Noframes: true, atom.Iframe: true, atom.Audio: true, atom.Video: true,
	atom.Canvas: true, atom.Datalist: true, atom.Rp: true, atom.Title: true,
}

// blocks are the elements that stand on lines of their own, by the style sheet
// of the HTML standard (section 15.3).
var blocks = map[atom.Atom]bool{
	atom.Address: true, atom.Article: true, atom.Aside: true, atom.Blockquote: true, atom.Body: true,
	atom.Br: true, atom.Caption: true, atom.Center: true, atom.Dd: true, atom.Details: true,
	atom.Dialog: true, atom.Dir: true, atom.Div: true, atom.Dl: true, atom.Dt: true,
	atom.Fieldset: true, atom.Figcaption: true, atom.Figure: true, atom.Footer: true, atom.Form: true,
	atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true,
	atom.Header: true, atom.Hgroup: true, atom.Hr: true, atom.Html: true, atom.Legend: true,
	atom.Li: true, atom.Listing: true, atom.Main: true, atom.Menu: true, atom.Nav: true, atom.Ol: true,
	atom.Optgroup: true, atom.Option: true, atom.P: true, atom.Plaintext: true, atom.Pre: true,
	atom.Search: true, atom.Section: true, atom.Summary: true, atom.Table: true, atom.Tbody: true,
	atom.Tfoot: true, atom.Thead: true, atom.Tr: true, atom.Ul: true, atom.Xmp: true,
}

// sight holds the visibility rules of a document.
type sight struct {
	// scripted documents ran their scripts, so noscript is not shown.
	scripted bool

	// xml documents have elements of other vocabularies than HTML.
	xml bool
}

// visibleText returns the visible text of n: a line per block, with white space folded except in
// pre and textarea. For a title it returns the title's text. Without scripts, the content of a
// noscript element is visible only if n is that element or inside it. For an element around it, the
// noscript text duplicates content that a script shows.
func (s sight) visibleText(n *html.Node) string {
	f := folder{sight: s}
	if isTitle(n) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type == html.TextNode {
				f.text(c.Data)
			}
		}
		return f.b.String()
	}
	for p := n.Parent; p != nil; p = p.Parent {
		if s.hidden(p, true) {
			return ""
		}
		if isPre(p) {
			f.pre++
		}
	}
	f.tree(n)
	return f.b.String()
}

func isTitle(n *html.Node) bool {
	return n.Type == html.ElementNode && n.DataAtom == atom.Title && n.Namespace == ""
}

// isPre reports whether an element keeps its white space.
func isPre(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Pre, atom.Listing, atom.Textarea, atom.Xmp, atom.Plaintext:
		return n.Type == html.ElementNode && n.Namespace == ""
	}
	return false
}

// hidden reports whether n and its content are invisible. Asked is true for the element whose text
// is wanted, and for the elements around it.
func (s sight) hidden(n *html.Node, asked bool) bool {
	if n.Type != html.ElementNode || s.xml && n.DataAtom == 0 {
		return false
	}
	if unseen[n.DataAtom] && !(n.DataAtom == atom.Noscript && asked && !s.scripted) {
		return true
	}
	open := n.DataAtom != atom.Dialog
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "open":
			open = true
		case "style":
			if hiddenStyle(a.Val) {
				return true
			}
		}
	}
	return !open
}

func hiddenStyle(style string) bool {
	display, visibility := "", ""
	for declaration := range strings.SplitSeq(style, ";") {
		name, value, _ := strings.Cut(declaration, ":")
		value, _, _ = strings.Cut(strings.ToLower(value), "!")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "display":
			display = strings.TrimSpace(value)
		case "visibility":
			visibility = strings.TrimSpace(value)
		}
	}
	return display == "none" || visibility == "hidden" || visibility == "collapse"
}

// folder writes text with its white space folded.
type folder struct {
	sight
	b           strings.Builder
	space, line bool

	pre  int    // elements around that keep their white space
	held []byte // white space of pre that is written if more text follows it
}

// tree writes root and its content. It does not recurse, because scripts and XML may nest elements
// to any depth.
func (f *folder) tree(root *html.Node) {
	for n := root; n != nil; {
		down := n.FirstChild
		switch n.Type {
		case html.TextNode:
			f.text(n.Data)
		case html.ElementNode:
			if f.hidden(n, n == root) {
				down = nil
				break
			}
			f.begin(n)
			if down == nil {
				f.end(n)
			}
		case html.DocumentNode:
		default:
			down = nil
		}
		if down != nil {
			n = down
			continue
		}
		for n != root && n.NextSibling == nil {
			n = n.Parent
			if n.Type == html.ElementNode {
				f.end(n)
			}
		}
		if n == root {
			return
		}
		n = n.NextSibling
	}
}

func (f *folder) begin(n *html.Node) {
	if f.pre > 0 && n.DataAtom == atom.Br {
		f.held = append(f.held, '\n')
		return
	}
	f.edge(n)
	if isPre(n) {
		f.pre++
	}
}

func (f *folder) end(n *html.Node) {
	if isPre(n) {
		if f.pre--; f.pre == 0 {
			f.held = f.held[:0]
		}
	}
	if f.pre == 0 || n.DataAtom != atom.Br {
		f.edge(n)
	}
}

// edge records the separation that the start or the end of an element causes.
func (f *folder) edge(n *html.Node) {
	switch {
	case n.Namespace != "":
	case blocks[n.DataAtom]:
		f.line = true
		if i := len(f.held) - 1; i >= 0 && f.held[i] == '\n' {
			f.held = f.held[:i] // the line ends anyway
		}
	case n.DataAtom == atom.Td, n.DataAtom == atom.Th:
		f.space = true
	}
}

func (f *folder) text(s string) {
	for _, r := range s {
		if f.pre > 0 && unicode.IsSpace(r) {
			f.held = utf8.AppendRune(f.held, r)
			continue
		}
		if unicode.IsSpace(r) {
			f.space = true
			continue
		}
		if f.b.Len() > 0 {
			if f.line {
				f.b.WriteByte('\n')
			} else if f.space {
				f.b.WriteByte(' ')
			}
		}
		f.line, f.space = false, false
		if len(f.held) > 0 {
			f.b.Write(f.held)
			f.held = f.held[:0]
		}
		f.b.WriteRune(r)
	}
}
