// Copyright 2010 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package markup

import (
	"strings"

	"golang.org/x/net/html"
	a "golang.org/x/net/html/atom"
)

func initialIM(p *parser) bool {
	switch p.tok.Type {
	case html.TextToken:
		p.tok.Data = strings.TrimLeft(p.tok.Data, whitespace)
		if len(p.tok.Data) == 0 {
			// It was all whitespace, so ignore it.
			return true
		}
	case html.CommentToken:
		p.addComment(p.doc)
		return true
	case html.DoctypeToken:
		n, quirks := parseDoctype(p.tok.Data)
		p.doc.AppendChild(n)
		p.quirks = quirks
		p.im = beforeHTMLIM
		return true
	}
	p.quirks = true
	p.im = beforeHTMLIM
	return false
}

func beforeHTMLIM(p *parser) bool {
	switch p.tok.Type {
	case html.DoctypeToken:
		// Ignore the token.
		return true
	case html.TextToken:
		p.tok.Data = strings.TrimLeft(p.tok.Data, whitespace)
		if len(p.tok.Data) == 0 {
			// It was all whitespace, so ignore it.
			return true
		}
	case html.StartTagToken:
		if p.tok.DataAtom == a.Html {
			p.addElement()
			p.im = beforeHeadIM
			return true
		}
	case html.EndTagToken:
		switch p.tok.DataAtom {
		case a.Head, a.Body, a.Html, a.Br:
			p.parseImpliedToken(html.StartTagToken, a.Html, a.Html.String())
			return false
		default:
			// Ignore the token.
			return true
		}
	case html.CommentToken:
		p.addComment(p.doc)
		return true
	}
	p.parseImpliedToken(html.StartTagToken, a.Html, a.Html.String())
	return false
}

func beforeHeadIM(p *parser) bool {
	switch p.tok.Type {
	case html.TextToken:
		p.tok.Data = strings.TrimLeft(p.tok.Data, whitespace)
		if len(p.tok.Data) == 0 {
			// It was all whitespace, so ignore it.
			return true
		}
	case html.StartTagToken:
		switch p.tok.DataAtom {
		case a.Head:
			p.addElement()
			p.head = p.top()
			p.im = inHeadIM
			return true
		case a.Html:
			return inBodyIM(p)
		}
	case html.EndTagToken:
		switch p.tok.DataAtom {
		case a.Head, a.Body, a.Html, a.Br:
			p.parseImpliedToken(html.StartTagToken, a.Head, a.Head.String())
			return false
		default:
			// Ignore the token.
			return true
		}
	case html.CommentToken:
		p.addComment(nil)
		return true
	case html.DoctypeToken:
		// Ignore the token.
		return true
	}

	p.parseImpliedToken(html.StartTagToken, a.Head, a.Head.String())
	return false
}

func inHeadIM(p *parser) bool {
	switch p.tok.Type {
	case html.TextToken:
		s := strings.TrimLeft(p.tok.Data, whitespace)
		if len(s) < len(p.tok.Data) {
			// Add the initial whitespace to the current node.
			p.addText(p.tok.Data[:len(p.tok.Data)-len(s)])
			if s == "" {
				return true
			}
			p.tok.Data = s
		}
	case html.StartTagToken:
		switch p.tok.DataAtom {
		case a.Html:
			return inBodyIM(p)
		case a.Base, a.Basefont, a.Bgsound, a.Link, a.Meta:
			p.addElement()
			p.oe.pop()
			p.acknowledgeSelfClosingTag()
			return true
		case a.Noscript:
			if p.scripting {
				p.parseGenericRawTextElement()
				return true
			}
			p.addElement()
			p.im = inHeadNoscriptIM
			// Don't let the tokenizer go into raw text mode when scripting is disabled.
			p.tokens.notRaw()
			return true
		case a.Script, a.Title:
			p.addElement()
			p.setOriginalIM()
			p.im = textIM
			return true
		case a.Noframes, a.Style:
			p.parseGenericRawTextElement()
			return true
		case a.Head:
			// Ignore the token.
			return true
		case a.Template:
			p.addElement()
			p.afe.mark()
			p.framesetOK = false
			p.im = inTemplateIM
			p.templateStack = append(p.templateStack, inTemplateIM)
			return true
		}
	case html.EndTagToken:
		switch p.tok.DataAtom {
		case a.Head:
			p.oe.pop()
			p.im = afterHeadIM
			return true
		case a.Body, a.Html, a.Br:
			p.parseImpliedToken(html.EndTagToken, a.Head, a.Head.String())
			return false
		case a.Template:
			if !p.oe.contains(a.Template) {
				return true
			}
			p.generateImpliedEndTags()
			p.oe.popTo(p.oe.last(a.Template))
			p.afe.clear()
			p.templateStack.pop()
			p.resetInsertionMode()
			return true
		default:
			// Ignore the token.
			return true
		}
	case html.CommentToken:
		p.addComment(nil)
		return true
	case html.DoctypeToken:
		// Ignore the token.
		return true
	}

	p.parseImpliedToken(html.EndTagToken, a.Head, a.Head.String())
	return false
}

func inHeadNoscriptIM(p *parser) bool {
	switch p.tok.Type {
	case html.DoctypeToken:
		// Ignore the token.
		return true
	case html.StartTagToken:
		switch p.tok.DataAtom {
		case a.Html:
			return inBodyIM(p)
		case a.Basefont, a.Bgsound, a.Link, a.Meta, a.Noframes, a.Style:
			return inHeadIM(p)
		case a.Head:
			// Ignore the token.
			return true
		case a.Noscript:
			// Don't let the tokenizer go into raw text mode even when a <noscript>
			// tag is in "in head noscript" insertion mode.
			p.tokens.notRaw()
			// Ignore the token.
			return true
		}
	case html.EndTagToken:
		switch p.tok.DataAtom {
		case a.Noscript, a.Br:
		default:
			// Ignore the token.
			return true
		}
	case html.TextToken:
		s := strings.TrimLeft(p.tok.Data, whitespace)
		if len(s) == 0 {
			// It was all whitespace.
			return inHeadIM(p)
		}
		p.addText(p.tok.Data[:len(p.tok.Data)-len(s)])
		p.tok.Data = s
	case html.CommentToken:
		return inHeadIM(p)
	}
	p.oe.pop()
	p.im = inHeadIM
	return p.tok.DataAtom == a.Noscript
}

func afterHeadIM(p *parser) bool {
	switch p.tok.Type {
	case html.TextToken:
		s := strings.TrimLeft(p.tok.Data, whitespace)
		if len(s) < len(p.tok.Data) {
			// Add the initial whitespace to the current node.
			p.addText(p.tok.Data[:len(p.tok.Data)-len(s)])
			if s == "" {
				return true
			}
			p.tok.Data = s
		}
	case html.StartTagToken:
		switch p.tok.DataAtom {
		case a.Html:
			return inBodyIM(p)
		case a.Body:
			p.addElement()
			p.framesetOK = false
			p.im = inBodyIM
			return true
		case a.Frameset:
			p.addElement()
			p.im = inFramesetIM
			return true
		case a.Base, a.Basefont, a.Bgsound, a.Link, a.Meta, a.Noframes, a.Script, a.Style, a.Template, a.Title:
			p.oe.push(p.head)
			defer p.oe.remove(p.head)
			return inHeadIM(p)
		case a.Head:
			// Ignore the token.
			return true
		}
	case html.EndTagToken:
		switch p.tok.DataAtom {
		case a.Body, a.Html, a.Br:
			// Drop down to creating an implied <body> tag.
		case a.Template:
			return inHeadIM(p)
		default:
			// Ignore the token.
			return true
		}
	case html.CommentToken:
		p.addComment(nil)
		return true
	case html.DoctypeToken:
		// Ignore the token.
		return true
	}

	p.parseImpliedToken(html.StartTagToken, a.Body, a.Body.String())
	p.framesetOK = true
	if p.tok.Type == html.ErrorToken {
		// Stop parsing.
		return true
	}
	return false
}

// copyAttributes adds the attributes of a token that dst does not have.
func (p *parser) copyAttributes(dst *html.Node, src html.Token) {
	if len(src.Attr) == 0 {
		return
	}
	p.attributes(len(src.Attr) + 8)
	p.spend(16 * len(dst.Attr))
	has := make(map[string]bool, len(dst.Attr))
	for _, t := range dst.Attr {
		has[t.Key] = true
	}
	for _, t := range src.Attr {
		if !has[t.Key] {
			dst.Attr = append(dst.Attr, t)
		}
	}
}
