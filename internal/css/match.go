package css

import (
	"context"
	"strings"

	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/markup"
)

// matcher is one search.
type matcher struct {
	ctx    context.Context //nolint:containedctx // lives as long as one search
	doc    *markup.Document
	scope  *html.Node // of :scope
	anchor *html.Node // of :has
	budget *Budget
	most   int
	light  bool // what shadow roots show is not there

	places   map[placeKey]*place
	siblings map[siblingKey]*siblingFact
	failed   map[*has]map[*html.Node]bool
}

// stop is the panic value that ends a search.
type stop struct{ err error }

func (m *matcher) step() { m.steps(1) }

func (m *matcher) steps(n int) {
	before := m.budget.spent
	m.budget.spent += n
	if m.budget.spent>>12 == before>>12 {
		return
	}
	if m.ctx.Err() != nil {
		panic(stop{context.Cause(m.ctx)})
	}
	if m.budget.spent > m.most {
		panic(stop{ErrSteps})
	}
}

func (m *matcher) matchesAny(list []*complexSelector, n *html.Node) bool {
	for _, s := range list {
		if m.match(s, 0, n) == matched {
			return true
		}
	}
	return false
}

// outcome states how far up a mismatch is certain. It spares the search among ancestors what can't
// succeed, as in WebKit and Blink.
type outcome int

const (
	matched    outcome = iota
	failsHere          // another element in the place of this one may match
	failsAmong         // no sibling of this one can match
	fails              // no ancestor and no sibling can match
)

// match matches the compounds from i on, n being in the place of compound i.
func (m *matcher) match(s *complexSelector, i int, n *html.Node) outcome {
	if !m.compound(s.compounds[i], n) {
		return failsHere
	}
	if i == len(s.compounds)-1 {
		return matched
	}
	switch s.combs[i] {
	case '>':
		p := m.parent(n)
		if p == nil {
			return fails
		}
		return m.match(s, i+1, p)
	case '+':
		p := m.previous(n)
		if p == nil {
			return failsAmong
		}
		m.step()
		return m.match(s, i+1, p)
	case '~':
		return m.among(s, i, n)
	}
	for p := m.parent(n); p != nil; p = m.parent(p) {
		m.step()
		if o := m.match(s, i+1, p); o == matched || o == fails {
			return o
		}
	}
	return fails
}

// parent returns the parent of n if it is an element.
func (m *matcher) parent(n *html.Node) *html.Node {
	if p := n.Parent; p != nil && p.Type == html.ElementNode {
		return p
	}
	return nil
}

// absent reports whether n is not there in the light tree.
func (m *matcher) absent(n *html.Node) bool { return m.light && m.doc.Shadow[n] }

// element returns the first element among n and the nodes that move reaches.
func (m *matcher) element(n *html.Node, move func(*html.Node) *html.Node) *html.Node {
	for n != nil && (n.Type != html.ElementNode || m.absent(n)) {
		n = move(n)
	}
	return n
}

func before(n *html.Node) *html.Node { return n.PrevSibling }
func after(n *html.Node) *html.Node  { return n.NextSibling }

func (m *matcher) previous(n *html.Node) *html.Node  { return m.element(n.PrevSibling, before) }
func (m *matcher) following(n *html.Node) *html.Node { return m.element(n.NextSibling, after) }
func (m *matcher) first(n *html.Node) *html.Node     { return m.element(n.FirstChild, after) }

// next returns the node after n in document order inside root.
func (m *matcher) next(n, root *html.Node) *html.Node {
	n = markup.Next(n, root)
	for n != nil && m.absent(n) {
		n = skipped(n, root)
	}
	return n
}

// skipped returns the node after n and all that is in it.
func skipped(n, root *html.Node) *html.Node {
	for n != root {
		if n.NextSibling != nil {
			return n.NextSibling
		}
		n = n.Parent
	}
	return nil
}

// siblingFact states whether a sibling before at matches the left side of a ~.
type siblingFact struct {
	at  *html.Node
	hit bool
}

type siblingKey struct {
	s      *complexSelector
	i      int
	parent *html.Node
}

// among matches the left side of a ~. Results for earlier siblings are kept, because a search
// visits siblings in order.
func (m *matcher) among(s *complexSelector, i int, n *html.Node) outcome {
	if s.relative {
		for p := m.previous(n); p != nil; p = m.previous(p) {
			m.step()
			if o := m.match(s, i+1, p); o != failsHere {
				return o
			}
		}
		return failsAmong
	}
	if m.siblings == nil {
		m.siblings = map[siblingKey]*siblingFact{}
	}
	key := siblingKey{s, i, n.Parent}
	fact := m.siblings[key]
	if fact == nil {
		fact = &siblingFact{}
		m.siblings[key] = fact
	}
	if fact.at == nil || !m.ahead(fact.at, n) {
		fact.at, fact.hit = n.Parent.FirstChild, false
	}
	for ; fact.at != n; fact.at = fact.at.NextSibling {
		m.step()
		if !fact.hit && fact.at.Type == html.ElementNode && !m.absent(fact.at) {
			fact.hit = m.match(s, i+1, fact.at) == matched
		}
	}
	if fact.hit {
		return matched
	}
	return failsAmong
}

// ahead reports whether n is to or one of the siblings after it that a search
// reaches next.
func (m *matcher) ahead(to, n *html.Node) bool {
	for c := to; c != nil; c = c.NextSibling {
		m.step()
		if c == n {
			return true
		}
	}
	return false
}

func (m *matcher) compound(c *compound, n *html.Node) bool {
	m.step()
	if c.anchor {
		return n == m.anchor
	}
	if c.name != nil && !m.named(c.name, n) {
		return false
	}
	for _, s := range c.simple {
		if !s.matches(m, n) {
			return false
		}
	}
	return true
}

// xhtml is the namespace of elements of HTML in XML that HTML does not know.
const xhtml = "http://www.w3.org/1999/xhtml"

// isXHTML reports whether n is an element of HTML, in a document of any kind.
func (m *matcher) isXHTML(n *html.Node) bool {
	return n.Namespace == "" && (!m.doc.XML || n.DataAtom != 0) || n.Namespace == xhtml
}

func (m *matcher) named(s *name, n *html.Node) bool {
	prefix, local := "", n.Data
	if m.doc.XML {
		if i := strings.IndexByte(n.Data, ':'); i > 0 {
			prefix, local = n.Data[:i], n.Data[i+1:]
		}
	} else if n.Namespace != "" {
		prefix = n.Namespace
	}
	switch {
	case s.local == "":
	case s.local == local:
	case m.doc.XML || s.lower != lower(local):
		return false
	}
	switch {
	case s.anyPrefix:
		return true
	case s.prefix == "":
		return n.Namespace == "" && !m.isXHTML(n)
	}
	return s.prefix == prefix
}

func (s nested) matches(m *matcher, n *html.Node) bool {
	return m.matchesAny(s.list, n) != s.not
}

// matches looks for an element that a relative selector finds from n.
func (s *has) matches(m *matcher, n *html.Node) bool {
	for _, c := range s.list {
		if m.hasOne(s, c, n) {
			return true
		}
	}
	return false
}

func (m *matcher) hasOne(s *has, c *complexSelector, n *html.Node) bool {
	outer := m.anchor
	m.anchor = n
	defer func() { m.anchor = outer }()
	switch lead := c.combs[len(c.combs)-1]; lead {
	case '+', '~':
		// Without a descendant in it, the selector ends at a sibling.
		flat := !strings.ContainsAny(string(c.combs), " >")
		for e := m.following(n); e != nil; e = m.following(e) {
			m.step()
			if m.match(c, 0, e) == matched || !flat && m.below(c, e) {
				return true
			}
			if lead == '+' && len(c.combs) == 1 {
				return false
			}
		}
		return false
	case '>':
		if len(c.combs) == 1 {
			for e := m.first(n); e != nil; e = m.following(e) {
				if m.match(c, 0, e) == matched {
					return true
				}
			}
			return false
		}
		return m.below(c, n)
	}
	// If nothing below the parent fits, then nothing below n.
	if len(s.list) > 1 {
		return m.below(c, n)
	}
	if m.failed == nil {
		m.failed = map[*has]map[*html.Node]bool{}
	}
	failed := m.failed[s]
	if failed == nil {
		failed = map[*html.Node]bool{}
		m.failed[s] = failed
	}
	if failed[n] || failed[n.Parent] {
		failed[n] = true
		return false
	}
	if m.below(c, n) {
		return true
	}
	failed[n] = true
	return false
}

// below reports whether a relative selector matches an element below n.
func (m *matcher) below(c *complexSelector, n *html.Node) bool {
	for e := m.next(n, n); e != nil; e = m.next(e, n) {
		m.step()
		if e.Type == html.ElementNode && m.match(c, 0, e) == matched {
			return true
		}
	}
	return false
}
