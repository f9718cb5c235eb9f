// Package css parses selectors and finds the elements that they match in trees of
// golang.org/x/net/html.
//
// It implements Selectors Level 4 for a document without a user and without styles: :is, :where,
// :not and :has with lists, :scope, :nth-child(… of …), the flags i and s, and namespace prefixes.
// Values of the attributes that the HTML standard lists are matched without regard to case; ids and
// classes are so in quirks mode. In HTML, names of HTML elements and of their attributes are
// matched in any case, in XML exactly.
//
// A name without a prefix matches elements of every namespace by their local name. A prefix is a
// prefix of the document. In HTML, svg and math are prefixes.
//
// [Parse] also knows these pseudo-classes and operators, which browsers do not:
// :contains(text), :containsOwn(text), :matches(re), :matchesOwn(re),
// :haschild(selector), :input, [a!=v], [a#=re]. [CheckBrowser] checks a selector
// that a browser takes.
//
// A search is bounded in steps and ends when its context does. It does not
// recurse over the document.
package css

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/markup"
)

// MaxSteps is the default bound on the steps of a [Budget].
const MaxSteps = 200_000_000

// ErrSteps reports that a search used up its budget of steps.
var ErrSteps = errors.New("the rules take too long on this page")

// SyntaxError is a mistake in a selector.
type SyntaxError struct {
	// Pos is the place, in characters from 1.
	Pos int

	Message string
}

// Error returns the place and the mistake.
func (e *SyntaxError) Error() string { return fmt.Sprintf("character %d: %s", e.Pos, e.Message) }

// Selector is a list of selectors. Any number of goroutines may use it.
type Selector struct {
	list []*complexSelector
}

// ReadsText reports whether the selector looks at the text of elements. Without their text it would
// match other ones.
func (s *Selector) ReadsText() bool { return readsText(s.list) }

func readsText(list []*complexSelector) bool {
	return slices.ContainsFunc(list, func(s *complexSelector) bool {
		return slices.ContainsFunc(s.compounds, func(c *compound) bool {
			return slices.ContainsFunc(c.simple, func(s simple) bool {
				switch s := s.(type) {
				case idSelector, classSelector, attributeSelector, lang:
					return false
				case state:
					return s.text
				case nested:
					return readsText(s.list)
				case *has:
					return readsText(s.list)
				case *nth:
					return readsText(s.of)
				}
				return true
			})
		})
	})
}

// Budget counts the steps of searches that share it. The zero value works.
type Budget struct {
	// Max is the most steps. Default [MaxSteps].
	Max int

	spent int
}

// Find gives the elements below scope that the selector matches to yield, in
// document order, until yield returns false. Elements outside of scope take part
// in the match: "main p" finds a p below scope whose main is above it. :scope is
// the element scope, or the root element if scope is the document. A nil budget is
// one of its own. Find returns [ErrSteps], or the cause of ctx.
func (s *Selector) Find(ctx context.Context, d *markup.Document, scope *html.Node, b *Budget, yield func(*html.Node) bool) (err error) {
	if b == nil {
		b = &Budget{}
	}
	m := &matcher{ctx: ctx, doc: d, scope: scope, budget: b, most: b.Max}
	if m.most <= 0 {
		m.most = MaxSteps
	}
	if scope.Type == html.DocumentNode {
		m.scope = rootElement(scope)
	}
	list := []*matcher{m}
	if len(d.Shadow) > 0 {
		light := *m
		light.light = true
		list = append(list, &light)
	}
	defer func() {
		switch p := recover().(type) {
		case nil:
		case stop:
			err = p.err
		default:
			panic(p)
		}
	}()
	inShadow := (*html.Node)(nil) // the node of a shadow root that the search is in
	for n := markup.Next(scope, scope); n != nil; n = markup.Next(n, scope) {
		m.step()
		if inShadow == nil && d.Shadow[n] {
			inShadow = n
		}
		if n.Type == html.ElementNode && found(s, list, n, inShadow != nil) && !yield(n) {
			return nil
		}
		if inShadow != nil && last(n, inShadow) {
			inShadow = nil
		}
	}
	return nil
}

// found reports whether n matches in one of the trees that it is part of.
func found(s *Selector, in []*matcher, n *html.Node, inShadow bool) bool {
	for _, m := range in {
		if !(m.light && inShadow) && m.matchesAny(s.list, n) {
			return true
		}
	}
	return false
}

// last reports whether n is the last node in root.
func last(n, root *html.Node) bool {
	return markup.Next(n, root) == nil
}

func rootElement(doc *html.Node) *html.Node {
	for c := doc.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode {
			return c
		}
	}
	return nil
}
