package extract

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm/runtime"

	"github.com/seinehq/seine/internal/number"
)

// withValues returns the list of sortBy with each item as a pair: the item, and the value that it
// is sorted by.
func withValues(sortBy *ast.BuiltinNode) ast.Node {
	by := sortBy.Arguments[1]
	if p, ok := by.(*ast.PredicateNode); ok {
		by = p.Node
	}
	pair := &ast.ArrayNode{Nodes: []ast.Node{&ast.PointerNode{}, by}}
	return &ast.BuiltinNode{Name: "map", Arguments: []ast.Node{sortBy.Arguments[0], &ast.PredicateNode{Node: pair}}}
}

// inOrder calls f with the list and the order that are the arguments of a function.
func inOrder(name string, args []any, f func(list []any, descending bool) (any, error)) (any, error) {
	list, ok := args[0].([]any)
	if !ok {
		return nil, fmt.Errorf("invalid argument for %s: %s", name, quoted(args[0]))
	}
	order := any("asc")
	if len(args) == 2 {
		order = args[1]
	}
	if order != "asc" && order != "desc" {
		return nil, fmt.Errorf("the order of %s is \"asc\" or \"desc\", not %s", name, quoted(order))
	}
	return f(list, order == "desc")
}

// sorted returns a sorted copy of a list of numbers, texts or times.
func sorted(list []any, descending bool) (any, error) {
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b any) int { return order(a, b, descending) })
	return out, nil
}

// sortedBy returns the items of the pairs that withValues makes, sorted by the values.
func sortedBy(pairs []any, descending bool) (any, error) {
	pairs = slices.Clone(pairs)
	slices.SortStableFunc(pairs, func(a, b any) int { return order(a.([]any)[1], b.([]any)[1], descending) })
	for i, p := range pairs {
		pairs[i] = p.([]any)[0]
	}
	return pairs, nil
}

// order compares two values of one kind. It panics if they have no order, as the library does,
// which makes an error of it.
func order(a, b any, descending bool) int {
	if descending {
		a, b = b, a
	}
	if order, ok := number.Compare(a, b); ok {
		return order
	}
	switch {
	case runtime.Less(a, b):
		return -1
	case runtime.Less(b, a):
		return 1
	}
	return 0
}
