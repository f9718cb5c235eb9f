package extract

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/andybalholm/cascadia"
	"github.com/antchfx/htmlquery"
	"github.com/antchfx/xpath"
	"github.com/tidwall/gjson"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// item is one thing that a source found: an element, a JSON value, or a text.
type item struct {
	node *html.Node
	json gjson.Result
	text string
	attr string // the attribute that text is the value of
}

// source finds items in a scope, the page or an item of an outer field, and
// gives them to yield until that returns false.
type source func(r *reading, scope item, yield func(item) bool) error

// selectorSource finds the elements that a CSS selector matches.
func selectorSource(selector string) (source, error) {
	if selector == "." {
		return elementSource, nil
	}
	group, err := cascadia.ParseGroup(selector)
	if err != nil {
		return nil, err
	}
	return func(r *reading, scope item, yield func(item) bool) error {
		root := scope.node
		if root == nil {
			return nil
		}
		// Matching one element may look at all its siblings: between elements
		// the caller can stop us.
		for seen, n := 0, next(root, root); n != nil; seen, n = seen+1, next(n, root) {
			if seen%64 == 0 && r.ctx.Err() != nil {
				return context.Cause(r.ctx)
			}
			if n.Type == html.ElementNode && group.Match(n) && !yield(item{node: n}) {
				return nil
			}
		}
		return nil
	}, nil
}

// elementSource gives the scope itself.
func elementSource(_ *reading, scope item, yield func(item) bool) error {
	if scope.node != nil {
		yield(scope)
	}
	return nil
}

// next returns the node after n in document order inside root. Content of a
// template is no part of the document.
func next(n, root *html.Node) *html.Node {
	if n.FirstChild != nil && n.DataAtom != atom.Template {
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

func inTemplate(n *html.Node) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.DataAtom == atom.Template {
			return true
		}
	}
	return false
}

// xpathSource finds what an XPath expression gives.
func xpathSource(src string) (source, error) {
	if _, err := compileXPath(src); err != nil {
		return nil, err
	}
	return func(r *reading, scope item, yield func(item) bool) (err error) {
		if scope.node == nil {
			return nil
		}
		// An evaluation leaves its state in the expression, so each has its own.
		expression, err := compileXPath(src)
		if err != nil {
			return err
		}
		defer func() {
			switch p := recover().(type) {
			case nil:
			case stopped:
				err = context.Cause(r.ctx)
			default:
				err = fmt.Errorf("xpath: %v", p)
			}
		}()
		nav := &navigator{NodeNavigator: htmlquery.CreateXPathNavigator(scope.node), ctx: r.ctx, sight: r.sight(), steps: new(int)}
		switch v := expression.Evaluate(nav).(type) {
		case *xpath.NodeIterator:
			for v.MoveNext() {
				at := v.Current().(*navigator)
				if it, ok := at.item(); ok && !yield(it) {
					break
				}
			}
		case string:
			yield(item{text: v})
		case float64:
			yield(item{text: strconv.FormatFloat(v, 'f', -1, 64)})
		case bool:
			yield(item{text: strconv.FormatBool(v)})
		}
		return nil
	}, nil
}

// compileXPath compiles an expression; the library panics on some wrong ones.
func compileXPath(src string) (e *xpath.Expr, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	e, err = xpath.Compile(src)
	if err == nil && e == nil {
		err = errors.New("no expression")
	}
	return e, err
}

// navigator is htmlquery's, stopped when the context is done: an expression
// can look at each element from each other one.
type navigator struct {
	*htmlquery.NodeNavigator
	ctx   context.Context //nolint:containedctx // lives as long as one evaluation
	sight sight
	steps *int
}

// stopped is what a navigator panics with, for the evaluation to recover.
type stopped struct{}

func (n *navigator) step() {
	if *n.steps++; *n.steps%1024 == 0 && n.ctx.Err() != nil {
		panic(stopped{})
	}
}

func (n *navigator) Copy() xpath.NodeNavigator {
	n.step()
	return &navigator{NodeNavigator: n.NodeNavigator.Copy().(*htmlquery.NodeNavigator), ctx: n.ctx, sight: n.sight, steps: n.steps}
}

func (n *navigator) MoveTo(other xpath.NodeNavigator) bool {
	o, ok := other.(*navigator)
	return ok && n.NodeNavigator.MoveTo(o.NodeNavigator)
}

func (n *navigator) MoveToChild() bool    { n.step(); return n.NodeNavigator.MoveToChild() }
func (n *navigator) MoveToNext() bool     { n.step(); return n.NodeNavigator.MoveToNext() }
func (n *navigator) MoveToPrevious() bool { n.step(); return n.NodeNavigator.MoveToPrevious() }

// item returns what stands at n; false for what no source gives.
func (n *navigator) item() (item, bool) {
	at := n.Current()
	if inTemplate(at) {
		return item{}, false
	}
	switch n.NodeType() {
	case xpath.AttributeNode:
		return item{text: n.Value(), attr: n.LocalName()}, true
	case xpath.TextNode:
		for p := at.Parent; p != nil; p = p.Parent {
			if n.sight.hidden(p, true) && !isTitle(at.Parent) {
				return item{}, false
			}
		}
		var f folder
		f.text(at.Data)
		return item{text: f.b.String()}, true
	case xpath.ElementNode, xpath.RootNode:
		return item{node: at}, true
	default:
		return item{}, false
	}
}

// metaSource finds the content of meta elements by name, property or itemprop.
func metaSource(name string) source {
	return func(r *reading, scope item, yield func(item) bool) error {
		if scope.node == nil {
			return nil
		}
		for n := next(scope.node, scope.node); n != nil; n = next(n, scope.node) {
			if n.DataAtom != atom.Meta {
				continue
			}
			for _, key := range []string{"name", "property", "itemprop"} {
				if v, ok := attribute(n, key); ok && strings.EqualFold(strings.TrimSpace(v), name) {
					content, _ := attribute(n, "content")
					if !yield(item{text: content}) {
						return nil
					}
					break
				}
			}
		}
		return nil
	}
}

// regexSource finds what a pattern matches: its first group, or the whole.
func regexSource(pattern *regexp.Regexp) source {
	return func(r *reading, scope item, yield func(item) bool) error {
		var text string
		if scope.node != nil && scope.node.Type != html.DocumentNode {
			text = r.text(scope.node)
		} else {
			var err error
			if text, err = r.whole(); err != nil {
				return err
			}
		}
		// Most fields want one: the rest is searched when it turns out that this
		// one is not enough.
		first := pattern.FindStringSubmatchIndex(text)
		if first == nil {
			return nil
		}
		if m, ok := group(text, first); ok && !yield(item{text: m}) {
			return nil
		}
		for _, found := range pattern.FindAllStringSubmatchIndex(text, maxItems+2)[1:] {
			if m, ok := group(text, found); ok && !yield(item{text: m}) {
				return nil
			}
		}
		return nil
	}
}

// group returns what the first group of a match holds, or the whole match of a
// pattern without groups; false when the group took no part.
func group(text string, match []int) (string, bool) {
	if len(match) > 2 {
		match = match[2:4]
	}
	if match[0] < 0 {
		return "", false
	}
	return text[match[0]:match[1]], true
}

// jsonSource finds the value at a path of the body, or of an outer value.
func jsonSource(path string) source {
	return func(r *reading, scope item, yield func(item) bool) error {
		root := scope.json
		if !root.Exists() {
			root = r.bodyJSON()
		}
		if v := root.Get(path); v.Exists() {
			yieldJSON(v, yield)
		}
		return nil
	}
}

// jsonldSource finds the values at a path of the things in JSON-LD.
func jsonldSource(path string) source {
	return func(r *reading, _ item, yield func(item) bool) error {
		things, err := r.linkedData()
		if err != nil {
			return err
		}
		for _, thing := range things {
			if v := thing.Get(path); v.Exists() && !yieldJSON(v, yield) {
				return nil
			}
		}
		return nil
	}
}

// yieldJSON gives a value, or those of a list one by one.
func yieldJSON(v gjson.Result, yield func(item) bool) bool {
	if !v.IsArray() {
		return yield(item{json: v})
	}
	more := true
	v.ForEach(func(_, each gjson.Result) bool {
		more = yield(item{json: each})
		return more
	})
	return more
}

// emptyNavigator stands on a document with nothing in it.
func emptyNavigator() xpath.NodeNavigator {
	return htmlquery.CreateXPathNavigator(&html.Node{Type: html.DocumentNode})
}
