// Package xpath compiles and evaluates expressions of XPath 1.0 on trees of
// golang.org/x/net/html.
//
// It implements the whole grammar and all core functions of the recommendation
// (https://www.w3.org/TR/1999/REC-xpath-19991116/). It differs in these points:
//
//   - A name without a prefix matches elements of every namespace by their local
//     name. A name with a prefix matches names that the document writes with the
//     same prefix. An expression declares no prefixes.
//   - In HTML, names match in any case, and the content of a template is no part of
//     the tree. svg and math are prefixes of the elements of SVG and MathML. An
//     attribute name without a prefix also matches an attribute with a prefix, if
//     the element has none without.
//   - The elements that id() finds are those with an attribute id or xml:id. lang()
//     heeds lang in HTML.
//   - There are no variables.
//   - As in libxml2, the axes following and preceding of an attribute are those of
//     its element.
//   - These functions of XPath 2.0 exist: ends-with, lower-case, upper-case, matches and replace
//     with a literal RE2 pattern, string-join.
//
// [Compile] reports every mistake that does not depend on a document, because the
// type of every expression is known. An evaluation is bounded in steps and ends
// when its context does.
package xpath

import (
	"context"
	"errors"
	"fmt"
	"math"

	"golang.org/x/net/html"
)

// MaxSteps is the default bound on the steps of a [Budget]. It takes a few seconds.
const MaxSteps = 200_000_000

// ErrSteps reports that an evaluation used up its budget of steps.
var ErrSteps = errors.New("the rules take too long on this page")

// SyntaxError is a mistake in an expression.
type SyntaxError struct {
	// Pos is the place, in characters from 1.
	Pos int

	Message string
}

// Error returns the place and the mistake.
func (e *SyntaxError) Error() string { return fmt.Sprintf("character %d: %s", e.Pos, e.Message) }

// Expr is a compiled expression. Any number of goroutines may use it.
type Expr struct {
	root expr
}

// SelectsNodes reports whether the expression gives a node-set.
func (e *Expr) SelectsNodes() bool { return e.root.kind() == NodeSet }

// Kind is the type of a value.
type Kind int

// The types of XPath 1.0.
const (
	NodeSet Kind = iota
	String
	Number
	Boolean
)

// Value is the result of an evaluation.
type Value struct {
	Kind   Kind
	Nodes  []Node // in document order, each once
	String string
	Number float64
	Bool   bool
}

// Node is a node of a result.
type Node struct {
	// N is the node, or the element of an attribute or namespace node.
	N *html.Node

	// Name is the name of an attribute as the document writes it, else empty.
	Name string

	// Value is the value of an attribute or namespace node.
	Value string

	// Inner reports that the node is an attribute or namespace node.
	Inner bool
}

// Budget counts the steps of evaluations that share it. The zero value works.
type Budget struct {
	// Max is the most steps. Default [MaxSteps].
	Max int

	spent int
}

// Eval evaluates an expression with at as the context node and as the root of
// absolute paths. A nil budget is one of its own. It returns [ErrSteps], or the
// cause of ctx.
func (t *Tree) Eval(ctx context.Context, e *Expr, at *html.Node, b *Budget) (Value, error) {
	i, ok := t.find(at)
	if !ok {
		return Value{Kind: e.root.kind(), Number: math.NaN()}, nil
	}
	return t.eval(ctx, e, node(i), node(i), b)
}

func (t *Tree) eval(ctx context.Context, e *Expr, at, root ref, b *Budget) (v Value, err error) {
	if b == nil {
		b = &Budget{}
	}
	ev := &evaluator{tree: t, ctx: ctx, budget: b, most: b.Max, root: root}
	if ev.most <= 0 {
		ev.most = MaxSteps
	}
	defer func() {
		switch p := recover().(type) {
		case nil:
		case stop:
			v, err = Value{}, p.err
		default:
			panic(p)
		}
	}()
	c := scope{node: at, pos: 1, size: 1}
	v.Kind = e.root.kind()
	switch v.Kind {
	case NodeSet:
		for _, r := range ev.nodes(e.root, c) {
			v.Nodes = append(v.Nodes, t.node(r))
		}
	case String:
		v.String = ev.str(e.root, c)
	case Number:
		v.Number = ev.num(e.root, c)
	case Boolean:
		v.Bool = ev.truth(e.root, c)
	}
	return v, nil
}

// FormatNumber returns a number as the function string() does.
func FormatNumber(f float64) string { return formatNumber(f) }
