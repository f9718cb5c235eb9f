// Copyright 2010 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package markup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"golang.org/x/net/html"
	a "golang.org/x/net/html/atom"
)

// maxDepth is how many elements may be open before a further one becomes a sibling
// (kMaximumHTMLParserDOMTreeDepth of Chromium).
const maxDepth = 512

// HTML reads body, which is UTF-8, as a browser does. It fails on a document over
// a bound, and when ctx ends.
func HTML(ctx context.Context, body []byte, o Options) (d *Document, err error) {
	m := &maker{ctx: ctx, most: o.maxNodes()}
	p := &parser{
		maker:      m,
		tokenizer:  html.NewTokenizer(bytes.NewReader(body)),
		doc:        &html.Node{Type: html.DocumentNode},
		oe:         newOpenStack(m),
		afe:        formattingList{m: m},
		scripting:  o.Scripting,
		framesetOK: true,
		im:         initialIM,
	}
	if err := p.parse(); err != nil {
		return nil, err
	}
	return &Document{Root: p.doc, Quirks: p.quirks, Scripting: o.Scripting}, nil
}

// parser implements the tree construction of the HTML standard, section 13.2.6.
type parser struct {
	*maker

	tokenizer *html.Tokenizer
	tok       html.Token // the token that was read last

	// Tags like <hr/> are treated as start tags, with hasSelfClosingToken set
	// while they are processed.
	hasSelfClosingToken bool

	doc *html.Node

	// The stack of open elements and the list of active formatting elements.
	oe  openStack
	afe formattingList

	reopened int

	head, form            *html.Node
	scripting, framesetOK bool
	templateStack         insertionModeStack
	im                    insertionMode

	// originalIM is the mode to go back to after textIM.
	originalIM insertionMode

	fosterParenting bool
	quirks          bool

	// newlineAfter drops a newline at the start of the next token. skipNewline reports that the
	// current token is that one.
	newlineAfter, skipNewline bool

	// textNodes holds the buffers of nodes that several text tokens went into.
	textNodes map[*html.Node][]byte
}

// insertionMode processes the current token and returns whether it consumed it
// (section 13.2.4.1). An error token means the end of the document.
type insertionMode func(*parser) bool

type insertionModeStack []insertionMode

func (s *insertionModeStack) pop() {
	if i := len(*s); i > 0 {
		*s = (*s)[:i-1]
	}
}

func (s *insertionModeStack) top() insertionMode {
	if i := len(*s); i > 0 {
		return (*s)[i-1]
	}
	return nil
}

const (
	whitespace      = " \t\r\n\f"
	whitespaceOrNUL = whitespace + "\x00"
)

func (p *parser) top() *html.Node {
	if n := p.oe.top(); n != nil {
		return n
	}
	return p.doc
}

// popUntil pops the topmost element that has one of the names and is in scope,
// with all above it. It returns whether there was one.
func (p *parser) popUntil(s scope, names ...a.Atom) bool {
	i := p.indexOfElementInScope(s, names...)
	if i >= 0 {
		p.oe.popTo(i)
	}
	return i >= 0
}

// indexOfElementInScope returns the position of the topmost element that has one
// of the names and is in scope; -1 if there is none.
func (p *parser) indexOfElementInScope(s scope, names ...a.Atom) int {
	i := -1
	for _, name := range names {
		i = max(i, p.oe.last(name))
	}
	if i < p.oe.stop(s) {
		return -1
	}
	return i
}

func (p *parser) elementInScope(s scope, names ...a.Atom) bool {
	return p.indexOfElementInScope(s, names...) != -1
}

// clearStackToContext pops elements until the top element ends the scope.
func (p *parser) clearStackToContext(s scope) {
	if i := p.oe.stop(s); i >= 0 {
		p.oe.popTo(i + 1)
	}
}

// parseGenericRawTextElement follows section 13.2.6.2.
func (p *parser) parseGenericRawTextElement() {
	p.addElement()
	p.originalIM = p.im
	p.im = textIM
}

// generateImpliedEndTags pops elements whose end tag may be left out, down to one
// with the name of an exception.
func (p *parser) generateImpliedEndTags(exceptions ...string) {
	for n := p.oe.top(); n != nil; n = p.oe.top() {
		switch n.DataAtom {
		case a.Dd, a.Dt, a.Li, a.Optgroup, a.Option, a.P, a.Rb, a.Rp, a.Rt, a.Rtc:
		default:
			return
		}
		if n.Namespace != "" || slices.Contains(exceptions, n.Data) {
			return
		}
		p.oe.pop()
	}
}

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
	if text == "" {
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
	for i > 0 && list[i-1] != nil && !p.oe.formatting[list[i-1]] {
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

// setOriginalIM sets the mode to return to after textIM.
func (p *parser) setOriginalIM() {
	if p.originalIM == nil {
		p.originalIM = p.im
	}
}

// resetInsertionMode follows section 13.2.4.1.
func (p *parser) resetInsertionMode() {
	i := p.oe.stop(resetScope)
	if i < 0 {
		p.im = inBodyIM
		return
	}
	switch p.oe.at(i).DataAtom {
	case a.Td, a.Th:
		p.im = inCellIM
	case a.Tr:
		p.im = inRowIM
	case a.Tbody, a.Thead, a.Tfoot:
		p.im = inTableBodyIM
	case a.Caption:
		p.im = inCaptionIM
	case a.Colgroup:
		p.im = inColumnGroupIM
	case a.Table:
		p.im = inTableIM
	case a.Template:
		p.im = p.templateStack.top()
	case a.Head:
		p.im = inHeadIM
	case a.Frameset:
		p.im = inFramesetIM
	case a.Html:
		if p.head == nil {
			p.im = beforeHeadIM
		} else {
			p.im = afterHeadIM
		}
	default:
		p.im = inBodyIM
	}
	if p.im == nil {
		p.im = inBodyIM
	}
}

// parseImpliedToken parses a token as though it were in the document.
func (p *parser) parseImpliedToken(t html.TokenType, atom a.Atom, data string) {
	token, selfClosing := p.tok, p.hasSelfClosingToken
	p.tok = html.Token{Type: t, DataAtom: atom, Data: data}
	p.hasSelfClosingToken = false
	p.parseCurrentToken()
	p.tok, p.hasSelfClosingToken = token, selfClosing
}

// parseCurrentToken runs the current token through the modes until it is consumed.
func (p *parser) parseCurrentToken() {
	if p.tok.Type == html.SelfClosingTagToken {
		p.hasSelfClosingToken = true
		p.tok.Type = html.StartTagToken
	}
	for consumed := false; !consumed; {
		p.spend(1)
		if p.inForeignContent() {
			consumed = parseForeignContent(p)
		} else {
			consumed = p.im(p)
		}
	}
	p.hasSelfClosingToken = false
}

func (p *parser) parse() (err error) {
	defer stopped(&err)
	for tokens := 0; ; tokens++ {
		if tokens&1023 == 0 {
			p.alive()
		}
		// CDATA sections are allowed only in foreign content.
		n := p.oe.top()
		p.tokenizer.AllowCDATA(n != nil && n.Namespace != "")
		p.tokenizer.Next()
		p.tok = p.tokenizer.Token()
		end := false
		if p.tok.Type == html.ErrorToken {
			if err := p.tokenizer.Err(); !errors.Is(err, io.EOF) {
				return &Error{Message: err.Error()}
			}
			end = true
		}
		p.skipNewline, p.newlineAfter = p.newlineAfter, false
		p.parseCurrentToken()
		if end {
			break
		}
	}
	for n, b := range p.textNodes {
		n.Data = string(b)
	}
	p.textNodes = nil
	return nil
}
