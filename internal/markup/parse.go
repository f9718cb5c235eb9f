// Copyright 2010 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package markup

import (
	"context"
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
		tokens:     tokens{doc: string(body)},
		doc:        &html.Node{Type: html.DocumentNode},
		oe:         newOpenStack(m),
		afe:        formattingList{m: m},
		scripting:  o.Scripting,
		noText:     o.NoText,
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

	tokens tokens
	tok    html.Token // the token that was read last

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
	noText                bool
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
		p.tokens.cdata = n != nil && n.Namespace != ""
		p.tok = p.tokens.next()
		end := p.tok.Type == html.ErrorToken
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
