// Copyright 2010 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package markup

import (
	"strings"

	"golang.org/x/net/html"
	a "golang.org/x/net/html/atom"
)

// parseForeignContent processes a token inside SVG or MathML (section 13.2.6.5).
func parseForeignContent(p *parser) bool {
	switch p.tok.Type {
	case html.TextToken:
		if p.framesetOK {
			p.framesetOK = strings.TrimLeft(p.tok.Data, whitespaceOrNUL) == ""
		}
		p.tok.Data = strings.Replace(p.tok.Data, "\x00", "\ufffd", -1)
		p.addText(p.tok.Data)
	case html.CommentToken:
		p.addComment(nil)
	case html.StartTagToken:
		b := breakout[p.tok.Data]
		if p.tok.DataAtom == a.Font {
		loop:
			for _, attr := range p.tok.Attr {
				switch attr.Key {
				case "color", "face", "size":
					b = true
					break loop
				}
			}
		}
		if b {
			for i := p.oe.len() - 1; i >= 0; i-- {
				n := p.oe.at(i)
				if n.Namespace == "" || htmlIntegrationPoint(n) || mathMLTextIntegrationPoint(n) {
					p.oe.popTo(i + 1)
					break
				}
			}
			return p.im(p)
		}
		current := p.oe.top()
		switch current.Namespace {
		case "math":
			adjustAttributeNames(p.tok.Attr, mathMLAttributeAdjustments)
		case "svg":
			// Adjust SVG tag names. The tokenizer lower-cases tag names, but
			// SVG wants e.g. "foreignObject" with a capital second "O".
			if x := svgTagNameAdjustments[p.tok.Data]; x != "" {
				p.tok.DataAtom = a.Lookup([]byte(x))
				p.tok.Data = x
			}
			adjustAttributeNames(p.tok.Attr, svgAttributeAdjustments)
		}
		adjustForeignAttributes(p.tok.Attr)
		namespace := current.Namespace
		p.addElementIn(namespace)
		// The tokenizer must not read the content of an SVG title as raw text.
		p.tokens.notRaw()
		if p.hasSelfClosingToken {
			p.oe.pop()
			p.acknowledgeSelfClosingTag()
		}
	case html.EndTagToken:
		for i := p.oe.len() - 1; i >= 0; i-- {
			p.spend(1)
			if strings.EqualFold(p.oe.at(i).Data, p.tok.Data) {
				p.oe.popTo(i)
				return true
			}
			if i > 0 && p.oe.at(i-1).Namespace == "" {
				break
			}
		}
		return p.im(p)
	default:
		// Ignore the token.
	}
	return true
}

// inForeignContent reports whether parseForeignContent processes the token.
func (p *parser) inForeignContent() bool {
	if p.oe.len() == 0 {
		return false
	}
	n := p.oe.top()
	if n.Namespace == "" {
		return false
	}
	if mathMLTextIntegrationPoint(n) {
		if p.tok.Type == html.StartTagToken && p.tok.DataAtom != a.Mglyph && p.tok.DataAtom != a.Malignmark {
			return false
		}
		if p.tok.Type == html.TextToken {
			return false
		}
	}
	if n.Namespace == "math" && n.DataAtom == a.AnnotationXml && p.tok.Type == html.StartTagToken && p.tok.DataAtom == a.Svg {
		return false
	}
	if htmlIntegrationPoint(n) && (p.tok.Type == html.StartTagToken || p.tok.Type == html.TextToken) {
		return false
	}
	if p.tok.Type == html.ErrorToken {
		return false
	}
	return true
}
