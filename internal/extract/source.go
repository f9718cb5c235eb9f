package extract

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/seinehq/seine/internal/css"
	"github.com/seinehq/seine/internal/markup"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/xpath"
)

// item is one match of a source: an element, a JSON value, or a text.
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
	parsed, err := css.Parse(selector)
	if err != nil {
		return nil, err
	}
	return func(r *reading, scope item, yield func(item) bool) error {
		if scope.node == nil {
			return nil
		}
		return parsed.Find(r.ctx, r.tree, scope.node, &r.finds, func(n *html.Node) bool { return yield(item{node: n}) })
	}, nil
}

// elementSource gives the scope itself.
func elementSource(_ *reading, scope item, yield func(item) bool) error {
	if scope.node != nil {
		yield(scope)
	}
	return nil
}

// xpathSource finds what an XPath expression gives.
func xpathSource(src string) (source, *xpath.Expr, error) {
	expression, err := xpath.Compile(src)
	if err != nil {
		return nil, nil, err
	}
	return func(r *reading, scope item, yield func(item) bool) error {
		if scope.node == nil {
			return nil
		}
		v, err := r.index().Eval(r.ctx, expression, scope.node, &r.steps)
		if err != nil {
			return err
		}
		switch v.Kind {
		case xpath.NodeSet:
			for _, n := range v.Nodes {
				if it, ok := r.found(n); ok && !yield(it) {
					break
				}
			}
		case xpath.String:
			yield(item{text: v.String})
		case xpath.Number:
			if !math.IsNaN(v.Number) { // not a number: no value
				yield(item{text: xpath.FormatNumber(v.Number)})
			}
		case xpath.Boolean:
			yield(item{text: strconv.FormatBool(v.Bool)})
		}
		return nil
	}, expression, nil
}

// index returns the page's tree as XPath sees it.
func (r *reading) index() *xpath.Tree {
	if r.indexed == nil {
		r.indexed = xpath.NewTree(r.tree.Root, r.tree.XML)
	}
	return r.indexed
}

// found returns the item for a node of XPath, or false for a node that is no value.
func (r *reading) found(n xpath.Node) (item, bool) {
	switch {
	case n.Inner:
		return item{text: n.Value, attr: n.Name}, true
	case n.N.Type == html.TextNode:
		f := folder{sight: r.sight()}
		for p := n.N.Parent; p != nil; p = p.Parent {
			if f.hidden(p, true) && !isTitle(n.N.Parent) {
				return item{}, false
			}
			if isPre(p) {
				f.pre++
			}
		}
		f.text(n.N.Data)
		return item{text: f.b.String()}, true
	case n.N.Type == html.ElementNode, n.N.Type == html.DocumentNode:
		return item{node: n.N}, true
	case n.N.Type == html.CommentNode:
		return item{text: n.N.Data}, true
	case n.N.Type == html.RawNode && len(n.N.Attr) > 0: // a processing instruction
		return item{text: n.N.Attr[0].Val}, true
	}
	return item{}, false
}

// metaSource finds the content of meta elements by name, property or itemprop.
func metaSource(name string) source {
	return func(r *reading, scope item, yield func(item) bool) error {
		if scope.node == nil {
			return nil
		}
		for n := markup.Next(scope.node, scope.node); n != nil; n = markup.Next(n, scope.node) {
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

// columnSource finds the value of a column that came with the task.
func columnSource(name string) source {
	return func(r *reading, _ item, yield func(item) bool) error {
		v, ok := r.task.Meta[name]
		if !ok || v == nil {
			r.miss("the task came without a column %q", name)
			return nil
		}
		text, err := number.Marshal(v)
		if err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
		yieldJSON(gjson.ParseBytes(text), yield)
		return nil
	}
}

// regexSource finds the match of a pattern: its first group, or the whole.
func regexSource(of *pattern) source {
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
		// Most fields need one match, so the rest is searched only if the first does not suffice.
		first, err := of.first(r.watch, text)
		if err != nil {
			return err
		}
		if first == nil {
			r.miss("the pattern matches nothing")
			return nil
		}
		if m, ok := group(text, first); ok && !yield(item{text: m}) {
			return nil
		}
		all, err := of.all(r.watch, text, maxItems+2)
		if err != nil {
			return err
		}
		for _, found := range all[1:] {
			if m, ok := group(text, found); ok && !yield(item{text: m}) {
				return nil
			}
		}
		return nil
	}
}

// group returns the first group of a match, or the whole match of a pattern without groups. It
// returns false if the group took no part.
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
		roots := []gjson.Result{scope.json}
		if !scope.json.Exists() {
			var err error
			if roots, err = r.bodyJSON(); err != nil {
				r.unread(err)
				return nil
			}
		}
		if lines, ok := strings.CutPrefix(path, ".."); ok && len(roots) > 1 {
			// gjson writes JSON lines as one list of the values.
			all := make([]string, len(roots))
			for i, root := range roots {
				all[i] = root.Raw
			}
			roots, path = []gjson.Result{gjson.Parse("[" + strings.Join(all, ",") + "]")}, lines
		}
		found := false
		for _, root := range roots {
			if v := root.Get(path); v.Exists() {
				if found = true; !yieldJSON(v, yield) {
					return nil
				}
			}
		}
		if !found {
			r.miss("no value at this path")
		}
		return nil
	}
}

// yieldJSON yields a value, or each value of a list.
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
