package markup

import (
	"slices"

	"golang.org/x/net/html"
	a "golang.org/x/net/html/atom"
)

// elementNames are the names that tree construction treats in a way of their own. Their numbers are
// their places, from 1 on. An element of another name is found by its text.
var elementNames = []a.Atom{
	a.A, a.Address, a.Applet, a.Area, a.Article, a.Aside, a.B, a.Base, a.Basefont, a.Bgsound, a.Big, a.Blockquote, a.Body, a.Br,
	a.Button, a.Caption, a.Center, a.Code, a.Col, a.Colgroup, a.Dd, a.Details, a.Dialog, a.Dir, a.Div, a.Dl, a.Dt, a.Em, a.Embed,
	a.Fieldset, a.Figcaption, a.Figure, a.Font, a.Footer, a.Form, a.Frame, a.Frameset, a.H1, a.H2, a.H3, a.H4, a.H5, a.H6, a.Head,
	a.Header, a.Hgroup, a.Hr, a.Html, a.I, a.Iframe, a.Img, a.Input, a.Keygen, a.Li, a.Link, a.Listing, a.Main, a.Marquee, a.Menu,
	a.Meta, a.Nav, a.Nobr, a.Noembed, a.Noframes, a.Noscript, a.Object, a.Ol, a.Optgroup, a.Option, a.P, a.Param, a.Plaintext, a.Pre,
	a.Rb, a.Rp, a.Rt, a.Rtc, a.Ruby, a.S, a.Script, a.Search, a.Section, a.Select, a.Small, a.Source, a.Span, a.Strike, a.Strong,
	a.Style, a.Summary, a.Table, a.Tbody, a.Td, a.Template, a.Textarea, a.Tfoot, a.Th, a.Thead, a.Title, a.Tr, a.Track, a.Tt, a.U,
	a.Ul, a.Wbr, a.Xmp,
}

// maxNames is more than the number of elementNames and of the names that specialScope adds.
const maxNames = 128

// numbers is a hash table of elementNames, a quarter full: the search for a name looks at one or
// two places.
var numbers = func() (t [512]struct {
	atom   a.Atom
	number uint8
}) {
	all := slices.Clone(elementNames)
	for name := range isSpecialElementMap {
		switch atom := a.Lookup([]byte(name)); {
		case atom == 0:
			panic("the special element " + name + " has no atom")
		case !slices.Contains(all, atom):
			all = append(all, atom)
		}
	}
	if len(all) >= maxNames {
		panic("too many names of elements")
	}
	for i, atom := range all {
		at := place(atom)
		for t[at].atom != 0 {
			at = (at + 1) % len(t)
		}
		t[at].atom, t[at].number = atom, uint8(i)+1
	}
	return t
}()

func place(atom a.Atom) int { return int(uint32(atom) * 0x9e3779b1 >> 23) }

// numberOf returns the number of a name of elementNames, and 0 for another one.
func numberOf(atom a.Atom) int {
	if atom == 0 {
		return 0
	}
	for at := place(atom); numbers[at].atom != 0; at = (at + 1) % len(numbers) {
		if numbers[at].atom == atom {
			return int(numbers[at].number)
		}
	}
	return 0
}

// nodeSet is a set of nodes, most of which have few members and lose the last one first.
type nodeSet struct {
	few  []*html.Node
	many map[*html.Node]bool // nil: all are in few
}

// maxFew is how many members are searched one by one.
const maxFew = 16

func (s *nodeSet) has(n *html.Node) bool {
	if s.many != nil {
		return s.many[n]
	}
	for i := len(s.few) - 1; i >= 0; i-- {
		if s.few[i] == n {
			return true
		}
	}
	return false
}

func (s *nodeSet) add(n *html.Node) {
	switch {
	case s.many != nil:
		s.many[n] = true
	case s.has(n):
	case len(s.few) < maxFew:
		s.few = append(s.few, n)
	default:
		s.many = map[*html.Node]bool{n: true}
		for _, x := range s.few {
			s.many[x] = true
		}
		s.few = nil
	}
}

func (s *nodeSet) remove(n *html.Node) {
	if s.many != nil {
		delete(s.many, n)
		return
	}
	for i := len(s.few) - 1; i >= 0; i-- {
		if s.few[i] == n {
			s.few = slices.Delete(s.few, i, i+1)
			return
		}
	}
}
