package css

import (
	"strings"

	"golang.org/x/net/html"
)

// placeKey names a row of counted siblings: the elements of a parent, of one type, or that a
// selector matches.
type placeKey struct {
	parent    *html.Node
	of        *nth // with a list
	namespace string
	name      string
}

// place is how far a row was counted.
type place struct {
	at    *html.Node
	index int // of at, from 1
	total int // 0: not counted
}

// matches reports whether the position of n among its siblings is one of an+b.
func (s *nth) matches(m *matcher, n *html.Node) bool {
	if n.Parent == nil {
		return false
	}
	if s.of != nil && !m.matchesAny(s.of, n) {
		return false
	}
	i := m.position(s, n)
	if s.a == 0 {
		return i == s.b
	}
	return (i-s.b)%s.a == 0 && (i-s.b)/s.a >= 0
}

// position returns the position of n in its row, from 1, from the end if s.last. Counting continues
// from the last position, because a search visits siblings in order.
func (m *matcher) position(s *nth, n *html.Node) int {
	key := placeKey{parent: n.Parent}
	if s.of != nil {
		key.of = s
	}
	if s.ofType {
		key.namespace, key.name = n.Namespace, n.Data
	}
	if m.places == nil {
		m.places = map[placeKey]*place{}
	}
	p := m.places[key]
	if p == nil {
		p = &place{}
		m.places[key] = p
	}
	counts := func(c *html.Node) bool {
		m.step()
		switch {
		case c.Type != html.ElementNode || m.absent(c):
			return false
		case s.ofType:
			return c.Data == n.Data && c.Namespace == n.Namespace
		case s.of != nil:
			return m.matchesAny(s.of, c)
		}
		return true
	}
	if s.last && p.total == 0 {
		for c := n.Parent.FirstChild; c != nil; c = c.NextSibling {
			if counts(c) {
				p.total++
			}
		}
	}
	if p.at == nil || p.at != n && !m.ahead(p.at, n) {
		p.at, p.index = n.Parent.FirstChild, 0
		if counts(p.at) {
			p.index = 1
		}
	}
	for p.at != n {
		p.at = p.at.NextSibling
		if counts(p.at) {
			p.index++
		}
	}
	if s.last {
		return p.total - p.index + 1
	}
	return p.index
}

// matches reports whether the text of an element fits.
func (s text) matches(m *matcher, n *html.Node) bool {
	var b strings.Builder
	if s.own {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			m.step()
			if c.Type == html.TextNode && !m.absent(c) {
				b.WriteString(c.Data)
			}
		}
	} else {
		for c := m.next(n, n); c != nil; c = m.next(c, n) {
			m.step()
			if c.Type == html.TextNode {
				b.WriteString(c.Data)
			}
		}
	}
	m.steps(b.Len() >> 4)
	if s.re != nil {
		return s.re.MatchString(b.String())
	}
	return strings.Contains(strings.ToLower(b.String()), s.part)
}

// matches reports whether the language of an element is in one of the ranges
// (extended filtering of RFC 4647, section 3.3.2).
func (s lang) matches(m *matcher, n *html.Node) bool {
	tag, ok := "", false
	for e := n; e != nil && !ok; e = m.parent(e) {
		m.step()
		for _, a := range e.Attr {
			if a.Key != "lang" {
				continue
			}
			if a.Namespace == "xml" {
				tag, ok = a.Val, true
				break
			}
			if a.Namespace == "" && m.isXHTML(e) {
				tag, ok = a.Val, true
			}
		}
	}
	if !ok {
		return false
	}
	for _, r := range s.ranges {
		if inRange(lower(tag), r) {
			return true
		}
	}
	return false
}

func inRange(tag, languages string) bool {
	if languages == "" || tag == "" {
		return languages == tag
	}
	tags, ranges := strings.Split(tag, "-"), strings.Split(languages, "-")
	if ranges[0] != "*" && ranges[0] != tags[0] {
		return false
	}
	i := 1
	for _, r := range ranges[1:] {
		for ; r != "*"; i++ {
			if i >= len(tags) || len(tags[i]) == 1 && tags[i] != r {
				return false
			}
			if tags[i] == r {
				i++
				break
			}
		}
	}
	return true
}
