package extract

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// unseen are the elements whose content no reader sees: it is code, or stands
// in for what the browser shows instead.
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

// visibleText returns the text that a reader sees of n: lines for blocks, white
// space folded. Of a title it is its text.
func visibleText(n *html.Node) string {
	var f folder
	if isTitle(n) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type == html.TextNode {
				f.text(c.Data)
			}
		}
		return f.b.String()
	}
	for p := n.Parent; p != nil; p = p.Parent {
		if hidden(p) {
			return ""
		}
	}
	f.node(n)
	return f.b.String()
}

func isTitle(n *html.Node) bool {
	return n.Type == html.ElementNode && n.DataAtom == atom.Title && n.Namespace == ""
}

// hidden says that n and what is in it is not seen.
func hidden(n *html.Node) bool {
	if n.Type != html.ElementNode {
		return false
	}
	if unseen[n.DataAtom] {
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
	b           strings.Builder
	space, line bool
}

// node writes n. Its depth is bounded by the parser's.
func (f *folder) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		f.text(n.Data)
		return
	case html.CommentNode, html.DoctypeNode:
		return
	case html.ElementNode:
		if hidden(n) {
			return
		}
		f.edge(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		f.node(c)
	}
	if n.Type == html.ElementNode {
		f.edge(n)
	}
}

// edge notes what the begin or the end of an element sets apart.
func (f *folder) edge(n *html.Node) {
	switch {
	case blocks[n.DataAtom]:
		f.line = true
	case n.DataAtom == atom.Td, n.DataAtom == atom.Th:
		f.space = true
	}
}

func (f *folder) text(s string) {
	for _, r := range s {
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
		f.b.WriteRune(r)
	}
}
