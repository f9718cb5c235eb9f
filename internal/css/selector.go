package css

import (
	"regexp"

	"golang.org/x/net/html"
)

// complexSelector is compounds with combinators between them. The last compound comes first,
// because matching goes from right to left.
type complexSelector struct {
	compounds []*compound
	combs     []byte // ' ' > + ~ between compounds[i] and compounds[i+1], which stands left of it
	relative  bool   // the leftmost compound is the anchor of :has
}

// compound is conditions on one element.
type compound struct {
	anchor bool // only the anchor of :has matches
	name   *name
	simple []simple
}

// name is a type selector. An empty local name is *.
type name struct {
	prefix, local, lower string
	anyPrefix            bool // no prefix, or *|
}

// simple is one condition on an element.
type simple interface {
	matches(m *matcher, n *html.Node) bool
}

type idSelector struct{ id string }

type classSelector struct{ class string }

// attributeSelector has the operator = ~ | ^ $ * ! #, or 0 for [name].
type attributeSelector struct {
	prefix    string
	anyPrefix bool // *|name
	key       string
	lower     string
	op        byte
	value     string
	fold      byte // i, s, or 0: as the attribute has it
	re        *regexp.Regexp
}

// nested is :is, :where and :not.
type nested struct {
	list []*complexSelector
	not  bool
}

// has is :has with relative selectors, and :haschild.
type has struct {
	list []*complexSelector
}

// nth is :nth-child(an+b of list) and its relatives.
type nth struct {
	a, b   int
	last   bool
	ofType bool
	of     []*complexSelector
}

// text is :contains, :containsOwn, :matches and :matchesOwn.
type text struct {
	part string // in lower case
	re   *regexp.Regexp
	own  bool
}

// lang is :lang with its ranges, in lower case.
type lang struct{ ranges []string }

// state is a pseudo-class without arguments.
type state struct {
	holds func(m *matcher, n *html.Node) bool
	text  bool // text decides
}

func (s state) matches(m *matcher, n *html.Node) bool { return s.holds(m, n) }
