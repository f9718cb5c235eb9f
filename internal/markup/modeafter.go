// Copyright 2010 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package markup

import (
	"strings"

	"golang.org/x/net/html"
	a "golang.org/x/net/html/atom"
)

func inTemplateIM(p *parser) bool {
	switch p.tok.Type {
	case html.TextToken, html.CommentToken, html.DoctypeToken:
		return inBodyIM(p)
	case html.StartTagToken:
		switch p.tok.DataAtom {
		case a.Base, a.Basefont, a.Bgsound, a.Link, a.Meta, a.Noframes, a.Script, a.Style, a.Template, a.Title:
			return inHeadIM(p)
		case a.Caption, a.Colgroup, a.Tbody, a.Tfoot, a.Thead:
			p.templateStack.pop()
			p.templateStack = append(p.templateStack, inTableIM)
			p.im = inTableIM
			return false
		case a.Col:
			p.templateStack.pop()
			p.templateStack = append(p.templateStack, inColumnGroupIM)
			p.im = inColumnGroupIM
			return false
		case a.Tr:
			p.templateStack.pop()
			p.templateStack = append(p.templateStack, inTableBodyIM)
			p.im = inTableBodyIM
			return false
		case a.Td, a.Th:
			p.templateStack.pop()
			p.templateStack = append(p.templateStack, inRowIM)
			p.im = inRowIM
			return false
		default:
			p.templateStack.pop()
			p.templateStack = append(p.templateStack, inBodyIM)
			p.im = inBodyIM
			return false
		}
	case html.EndTagToken:
		switch p.tok.DataAtom {
		case a.Template:
			return inHeadIM(p)
		default:
			// Ignore the token.
			return true
		}
	case html.ErrorToken:
		if !p.oe.contains(a.Template) {
			// Ignore the token.
			return true
		}
		p.generateImpliedEndTags()
		p.oe.popTo(p.oe.last(a.Template))
		p.afe.clear()
		p.templateStack.pop()
		p.resetInsertionMode()
		return false
	}
	return false
}

func afterBodyIM(p *parser) bool {
	switch p.tok.Type {
	case html.ErrorToken:
		// Stop parsing.
		return true
	case html.TextToken:
		s := strings.TrimLeft(p.tok.Data, whitespace)
		if len(s) == 0 {
			// It was all whitespace.
			return inBodyIM(p)
		}
	case html.StartTagToken:
		if p.tok.DataAtom == a.Html {
			return inBodyIM(p)
		}
	case html.EndTagToken:
		if p.tok.DataAtom == a.Html {
			p.im = afterAfterBodyIM
			return true
		}
	case html.CommentToken:
		// The comment is attached to the <html> element.
		p.addComment(p.oe.at(0))
		return true
	}
	p.im = inBodyIM
	return false
}

func inFramesetIM(p *parser) bool {
	switch p.tok.Type {
	case html.CommentToken:
		p.addComment(nil)
	case html.TextToken:
		// Ignore all text but whitespace.
		s := strings.Map(func(c rune) rune {
			switch c {
			case ' ', '\t', '\n', '\f', '\r':
				return c
			}
			return -1
		}, p.tok.Data)
		if s != "" {
			p.addText(s)
		}
	case html.StartTagToken:
		switch p.tok.DataAtom {
		case a.Html:
			return inBodyIM(p)
		case a.Frameset:
			p.addElement()
		case a.Frame:
			p.addElement()
			p.oe.pop()
			p.acknowledgeSelfClosingTag()
		case a.Noframes:
			return inHeadIM(p)
		}
	case html.EndTagToken:
		switch p.tok.DataAtom {
		case a.Frameset:
			if p.oe.top().DataAtom != a.Html {
				p.oe.pop()
				if p.oe.top().DataAtom != a.Frameset {
					p.im = afterFramesetIM
					return true
				}
			}
		}
	default:
		// Ignore the token.
	}
	return true
}

func afterFramesetIM(p *parser) bool {
	switch p.tok.Type {
	case html.CommentToken:
		p.addComment(nil)
	case html.TextToken:
		// Ignore all text but whitespace.
		s := strings.Map(func(c rune) rune {
			switch c {
			case ' ', '\t', '\n', '\f', '\r':
				return c
			}
			return -1
		}, p.tok.Data)
		if s != "" {
			p.addText(s)
		}
	case html.StartTagToken:
		switch p.tok.DataAtom {
		case a.Html:
			return inBodyIM(p)
		case a.Noframes:
			return inHeadIM(p)
		}
	case html.EndTagToken:
		switch p.tok.DataAtom {
		case a.Html:
			p.im = afterAfterFramesetIM
			return true
		}
	default:
		// Ignore the token.
	}
	return true
}

func afterAfterBodyIM(p *parser) bool {
	switch p.tok.Type {
	case html.ErrorToken:
		// Stop parsing.
		return true
	case html.TextToken:
		s := strings.TrimLeft(p.tok.Data, whitespace)
		if len(s) == 0 {
			// It was all whitespace.
			return inBodyIM(p)
		}
	case html.StartTagToken:
		if p.tok.DataAtom == a.Html {
			return inBodyIM(p)
		}
	case html.CommentToken:
		p.addComment(p.doc)
		return true
	case html.DoctypeToken:
		return inBodyIM(p)
	}
	p.im = inBodyIM
	return false
}

func afterAfterFramesetIM(p *parser) bool {
	switch p.tok.Type {
	case html.CommentToken:
		p.addComment(p.doc)
	case html.TextToken:
		// Ignore all text but whitespace.
		s := strings.Map(func(c rune) rune {
			switch c {
			case ' ', '\t', '\n', '\f', '\r':
				return c
			}
			return -1
		}, p.tok.Data)
		if s != "" {
			p.tok.Data = s
			return inBodyIM(p)
		}
	case html.StartTagToken:
		switch p.tok.DataAtom {
		case a.Html:
			return inBodyIM(p)
		case a.Noframes:
			return inHeadIM(p)
		}
	case html.DoctypeToken:
		return inBodyIM(p)
	default:
		// Ignore the token.
	}
	return true
}
