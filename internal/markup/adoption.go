// Copyright 2010 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package markup

import (
	"golang.org/x/net/html"
	a "golang.org/x/net/html/atom"
)

// inBodyEndTagFormatting is the adoption agency algorithm (section 13.2.6.4.7).
func (p *parser) inBodyEndTagFormatting(atom a.Atom, name string) {
	if current := p.oe.top(); current.Namespace == "" && current.Data == name && p.afe.index(current) == -1 {
		p.oe.pop()
		return
	}
	for range 8 {
		element := p.activeFormatting(atom)
		if element == nil {
			p.inBodyEndTagOther(atom, name)
			return
		}
		if !p.oe.formatting.has(element) {
			p.afe.remove(element)
			return
		}
		position := p.oe.index(element)
		if position < p.oe.stop(defaultScope) {
			return
		}
		block := p.furthestBlock(position)
		if block < 0 {
			p.oe.popTo(position)
			p.afe.remove(element)
			return
		}
		p.adopt(element, position, block)
	}
}

// activeFormatting returns the last active formatting element of a name after the
// last marker.
func (p *parser) activeFormatting(atom a.Atom) *html.Node {
	for i := len(p.afe.nodes) - 1; i >= 0 && p.afe.nodes[i] != nil; i-- {
		p.spend(1)
		if p.afe.nodes[i].DataAtom == atom {
			return p.afe.nodes[i]
		}
	}
	return nil
}

// furthestBlock returns the position of the lowest special element above a
// position; -1 if there is none.
func (p *parser) furthestBlock(position int) int {
	if p.oe.stop(specialScope) < position {
		return -1
	}
	for i := position + 1; i < p.oe.len(); i++ {
		p.spend(1)
		if p.oe.ends[i]&(1<<specialScope) != 0 {
			return i
		}
	}
	return -1
}

// adopt is one round of the outer loop, from step 4.9 on.
func (p *parser) adopt(element *html.Node, position, block int) {
	furthest := p.oe.at(block)
	ancestor := p.oe.at(position - 1)
	bookmark := p.afe.index(element)

	last := furthest
	kept := []*html.Node{} // what stays open between element and furthest, from the top
	for inner, x := 1, block-1; x > position; inner, x = inner+1, x-1 {
		p.spend(1)
		node := p.oe.at(x)
		i := -1
		if p.oe.formatting.has(node) {
			i = p.afe.index(node)
		}
		if inner > 3 && i >= 0 {
			p.afe.remove(node)
			if i <= bookmark {
				bookmark--
			}
			i = -1
		}
		if i < 0 {
			continue
		}
		clone := p.clone(node)
		p.afe.nodes[i] = clone
		kept = append(kept, clone)
		if last == furthest {
			bookmark = i + 1
		}
		move(last, clone)
		last = clone
	}

	if last.Parent != nil {
		last.Parent.RemoveChild(last)
	}
	switch ancestor.DataAtom {
	case a.Table, a.Tbody, a.Tfoot, a.Thead, a.Tr:
		p.fosterParent(last)
	default:
		ancestor.AppendChild(last)
	}

	clone := p.clone(element)
	for child := furthest.FirstChild; child != nil; child = furthest.FirstChild {
		p.spend(1)
		move(child, clone)
	}
	furthest.AppendChild(clone)

	if old := p.afe.index(element); old >= 0 && old < bookmark {
		bookmark--
	}
	p.afe.remove(element)
	p.afe.insert(bookmark, clone)

	open := make([]*html.Node, 0, len(kept)+2)
	for i := len(kept) - 1; i >= 0; i-- {
		open = append(open, kept[i])
	}
	p.oe.replace(position, block-position+1, append(open, furthest, clone)...)
}

func move(n, to *html.Node) {
	if n.Parent != nil {
		n.Parent.RemoveChild(n)
	}
	to.AppendChild(n)
}

// inBodyEndTagOther is the algorithm for any other end tag in inBodyIM.
func (p *parser) inBodyEndTagOther(atom a.Atom, name string) {
	if i := p.oe.lastNamed(atom, name); i >= 0 && i >= p.oe.stop(specialScope) {
		p.oe.popTo(i)
	}
}
