// Package markup parses HTML and XML into trees of [html.Node], within bounds.
//
// [HTML] reads any bytes as a browser does. [XML] reads a well-formed document, or reports the
// position of the first error. [DOM] rebuilds the tree of a browser from the form in which
// chromefetch transfers it.
//
// Every parser checks its context, counts nodes while it makes them, and works
// without recursion. A document over a bound gives an [*Error], which is the same
// at every attempt. Only the error of a context is another type.
//
// # HTML
//
// The tree construction comes from golang.org/x/net/html 0.62.0 (BSD license, see LICENSE). The
// tokenizer is its own, except that most tokens are read without a copy (tokens). It differs in
// these points:
//
//   - A document may have any depth. An element that is opened with more than 512
//     elements open becomes a sibling of the element it would stand in, as in
//     Chromium (HTMLConstructionSite, kMaximumHTMLParserDOMTreeDepth).
//   - Scopes of the stack of open elements are indexed, so that deep documents
//     take linear time.
//   - The number of nodes, of reopened formatting elements and of steps is bounded.
//   - The text of a comment holds its character references as they are.
//   - A template inside SVG or MathML does not end the document.
//   - Fragments are not supported.
package markup

import (
	"context"
	"fmt"
	"strconv"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Bounds of one document.
const (
	// MaxNodes is the default of [Options.MaxNodes]. Two million nodes take about
	// 250 MiB.
	MaxNodes = 2_000_000

	// maxReopened bounds the formatting elements that a parser opens again because the markup never
	// closes them. Such elements can multiply. A page of 164 KB requests 16 million.
	maxReopened = 500_000

	// maxSteps bounds the work that is not linear in the length of a document. It
	// takes about one second.
	maxSteps = 200_000_000
)

// Document is a parsed document.
type Document struct {
	// Root has the type [html.DocumentNode].
	Root *html.Node

	// XML reports that names are qualified names in the case of the source: Data is "dc:creator",
	// and Namespace the URI of its namespace. An element of XHTML whose name has an atom is one of
	// HTML: it has no namespace and no prefix. The Namespace of an attribute is its prefix. A
	// processing instruction is an [html.RawNode] with its target as Data and the rest as the value
	// of its only attribute.
	XML bool

	// Quirks reports that IDs and classes are matched without regard to case.
	Quirks bool

	// Scripting reports that the content of noscript is text.
	Scripting bool

	// States holds the browser's state of elements that their attributes do not show, such as a box
	// that a script checked.
	States map[*html.Node]State

	// Shadow holds the nodes that shadow roots show. In Root they follow the
	// children of their hosts.
	Shadow map[*html.Node]bool
}

// State is a set of pseudo-classes that match an element in a browser.
type State uint16

// The pseudo-classes.
const (
	Checked State = 1 << iota
	Disabled
	Enabled
	Required
	Optional
	ReadWrite
	PlaceholderShown
	Defined
	Open
	afterStates
)

// allStates is the set of all states.
const allStates = afterStates - 1

// Next returns the node after n in document order inside root; nil at the end. The
// content of a template is no part of the document.
func Next(n, root *html.Node) *html.Node {
	if n.FirstChild != nil && (n.DataAtom != atom.Template || n.Namespace != "") {
		return n.FirstChild
	}
	for n != root {
		if n.NextSibling != nil {
			return n.NextSibling
		}
		n = n.Parent
	}
	return nil
}

// Options are the options of a parser. The zero value works.
type Options struct {
	// MaxNodes is the most nodes of a document. Default [MaxNodes].
	MaxNodes int

	// Scripting reads the content of noscript as text, as a browser that runs scripts does. Default
	// false, which reads markup.
	Scripting bool

	// NoText leaves the text of a document of HTML out, except for the content of elements that
	// hold nothing but text, such as title and script, and of SVG and MathML. Half of a usual tree
	// is text. [XML] and [DOM] ignore it.
	NoText bool
}

func (o Options) maxNodes() int {
	if o.MaxNodes <= 0 {
		return MaxNodes
	}
	return o.MaxNodes
}

// Error is the reason why a document cannot be read. The reason is a property of the document and
// equal at every attempt.
type Error struct {
	// Line and Column count from 1, Column in characters; 0 if the reason has no
	// place.
	Line, Column int

	// Nodes reports that the document has more nodes than Options.MaxNodes.
	Nodes bool

	Message string
}

// Error returns the place and the reason.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// maker makes nodes and keeps count of them.
type maker struct {
	ctx   context.Context //nolint:containedctx // lives as long as one call of a parser
	slab  []html.Node
	nodes int
	most  int
	steps int
}

// stop is a parser's panic value. Its caller returns err.
type stop struct{ err error }

// stopped recovers a stop into err.
func stopped(err *error) {
	switch p := recover().(type) {
	case nil:
	case stop:
		*err = p.err
	default:
		panic(p)
	}
}

func (m *maker) node() *html.Node {
	if m.nodes++; m.nodes > m.most {
		panic(stop{&Error{Nodes: true, Message: "page has more than " + grouped(m.most) + " nodes"}})
	}
	if m.nodes&1023 == 0 {
		m.alive()
	}
	if len(m.slab) == 0 {
		m.slab = make([]html.Node, min(256, max(16, m.nodes/4)))
	}
	n := &m.slab[0]
	m.slab = m.slab[1:]
	return n
}

// attributes counts n attributes, because eight of them take more memory than a node.
func (m *maker) attributes(n int) {
	if n < 8 {
		return
	}
	if m.nodes += n / 2; m.nodes > m.most {
		panic(stop{&Error{Nodes: true, Message: "page has more than " + grouped(m.most) + " nodes and attributes"}})
	}
}

func (m *maker) alive() {
	if m.ctx.Err() != nil {
		panic(stop{context.Cause(m.ctx)})
	}
}

// spend counts steps of work that is not linear.
func (m *maker) spend(n int) {
	before := m.steps >> 20
	m.steps += n
	if m.steps > maxSteps {
		panic(stop{&Error{Message: "the page's elements are open inside each other in a way that takes too long to read"}})
	}
	if m.steps>>20 != before {
		m.alive()
	}
}

// grouped writes n with commas between thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
