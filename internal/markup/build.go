package markup

import (
	"slices"

	"golang.org/x/net/html"
	a "golang.org/x/net/html/atom"
)

// addChild adds n to the top element, and opens it if it is an element. A node without content may
// be one level deeper than an element, because Chromium counts the open elements after an
// insertion.
func (p *parser) addChild(n *html.Node) {
	most := maxDepth
	if p.isLeaf(n) {
		most++
	}
	switch parent := p.top(); {
	case p.shouldFosterParent():
		p.fosterParent(n)
	case p.oe.len() > most && parent.Parent != nil:
		parent.Parent.AppendChild(n)
	default:
		parent.AppendChild(n)
	}
	if n.Type == html.ElementNode {
		p.oe.push(n)
	}
}

// isLeaf reports whether a node to add never has content: a comment, a void element, or a
// self-closing element of SVG or MathML.
func (p *parser) isLeaf(n *html.Node) bool {
	if n.Type != html.ElementNode || n.Namespace != "" {
		return n.Type != html.ElementNode || p.hasSelfClosingToken
	}
	switch n.DataAtom {
	case a.Area, a.Base, a.Basefont, a.Bgsound, a.Br, a.Col, a.Embed, a.Hr, a.Img, a.Input, a.Keygen, a.Link, a.Meta, a.Param, a.Source, a.Track, a.Wbr:
		return true
	}
	return false
}

func (p *parser) addComment(to *html.Node) {
	n := p.node()
	n.Type, n.Data = html.CommentNode, p.tok.Data
	if to == nil {
		p.addChild(n)
		return
	}
	to.AppendChild(n)
}

// shouldFosterParent reports whether the next node goes before the open table.
func (p *parser) shouldFosterParent() bool {
	if !p.fosterParenting {
		return false
	}
	n := p.top()
	switch n.DataAtom {
	case a.Table, a.Tbody, a.Tfoot, a.Thead, a.Tr:
		return n.Namespace == ""
	}
	return false
}

// fosterParent adds n before the open table (section 13.2.6.1).
func (p *parser) fosterParent(n *html.Node) {
	i, j := p.oe.last(a.Table), p.oe.last(a.Template)
	if j > i {
		p.oe.at(j).AppendChild(n)
		return
	}
	var table, parent, prev *html.Node
	if i < 0 {
		parent = p.oe.at(0)
		prev = parent.LastChild
	} else {
		table = p.oe.at(i)
		parent, prev = table.Parent, table.PrevSibling
		if parent == nil { // a script or the adoption agency took the table out
			table, parent = nil, p.oe.at(i-1)
			prev = parent.LastChild
		}
	}
	if prev != nil && prev.Type == html.TextNode && n.Type == html.TextNode {
		p.appendText(prev, n.Data)
		return
	}
	parent.InsertBefore(n, table)
}

// addText adds text to the node before it if that is text, else as a node.
func (p *parser) addText(text string) {
	if text == "" || p.noText && p.originalIM == nil && p.top().Namespace == "" {
		return
	}
	foster := p.shouldFosterParent()
	t := p.top()
	if n := t.LastChild; !foster && n != nil && n.Type == html.TextNode {
		p.appendText(n, text)
		return
	}
	n := p.node()
	n.Type, n.Data = html.TextNode, text
	if foster {
		p.fosterParent(n)
		return
	}
	t.AppendChild(n)
}

func (p *parser) appendText(n *html.Node, text string) {
	if p.textNodes == nil {
		p.textNodes = map[*html.Node][]byte{}
	}
	b, ok := p.textNodes[n]
	if !ok {
		b = []byte(n.Data)
		n.Data = ""
	}
	p.textNodes[n] = append(b, text...)
}

// addElement adds an element for the current token.
func (p *parser) addElement() { p.addElementIn("") }

func (p *parser) addElementIn(namespace string) {
	n := p.node()
	p.attributes(len(p.tok.Attr))
	n.Type, n.DataAtom, n.Data, n.Namespace, n.Attr = html.ElementNode, p.tok.DataAtom, p.tok.Data, namespace, p.tok.Attr
	p.addChild(n)
}

// addFormattingElement adds an element and makes it an active formatting element. The first of
// three elements with equal name and attributes is no longer active.
func (p *parser) addFormattingElement() {
	p.addElement()
	top := p.top()
	same := 0
	for i := len(p.afe.nodes) - 1; i >= 0 && p.afe.nodes[i] != nil; i-- {
		p.spend(1)
		n := p.afe.nodes[i]
		if n.DataAtom != top.DataAtom || !p.sameAttributes(n.Attr, top.Attr) {
			continue
		}
		if same++; same >= 3 {
			p.afe.remove(n)
		}
	}
	p.afe.nodes = append(p.afe.nodes, top)
}

// sameAttributes compares attributes in any order. Names are unique.
func (p *parser) sameAttributes(x, y []html.Attribute) bool {
	if len(x) != len(y) {
		return false
	}
	p.spend(len(x) * len(x) / 4)
	for _, a := range x {
		if !slices.Contains(y, a) {
			return false
		}
	}
	return true
}

// reconstructActiveFormattingElements opens the active formatting elements again
// that are not open (section 13.2.4.3).
func (p *parser) reconstructActiveFormattingElements() {
	list := p.afe.nodes
	i := len(list)
	for i > 0 && list[i-1] != nil && !p.oe.formatting.has(list[i-1]) {
		i--
	}
	for ; i < len(list); i++ {
		if p.reopened++; p.reopened > maxReopened {
			panic(stop{&Error{Message: "page opens formatting elements such as <b> that it does not close more than " +
				grouped(maxReopened) + " times again"}})
		}
		list[i] = p.clone(list[i])
		p.addChild(list[i])
	}
}

// clone returns an element with the same name and the same attributes. Both have
// one list of attributes, which no parser changes later.
func (p *parser) clone(n *html.Node) *html.Node {
	c := p.node()
	c.Type, c.DataAtom, c.Data, c.Attr = n.Type, n.DataAtom, n.Data, n.Attr
	return c
}

func (p *parser) acknowledgeSelfClosingTag() { p.hasSelfClosingToken = false }
