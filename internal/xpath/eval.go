package xpath

import (
	"context"
	"fmt"
	"math"
	"slices"

	"golang.org/x/net/html"
)

// evaluator is one evaluation.
type evaluator struct {
	tree   *Tree
	ctx    context.Context //nolint:containedctx // lives as long as one evaluation
	budget *Budget
	most   int
	root   ref
}

// stop is what an evaluation panics with to end.
type stop struct{ err error }

// step counts a step.
func (ev *evaluator) step() { ev.steps(1) }

func (ev *evaluator) steps(n int) {
	before := ev.budget.spent
	ev.budget.spent += n
	if ev.budget.spent>>12 == before>>12 {
		return
	}
	if ev.ctx.Err() != nil {
		panic(stop{context.Cause(ev.ctx)})
	}
	if ev.budget.spent > ev.most {
		panic(stop{ErrSteps})
	}
}

// scope is the context of an expression.
type scope struct {
	node      ref
	pos, size int
}

// nodes evaluates an expression that gives a node-set, in document order.
func (ev *evaluator) nodes(e expr, c scope) []ref {
	switch e := e.(type) {
	case *path:
		return ev.path(e, c)
	case *filter:
		return ev.filter(e.preds, ev.nodes(e.of, c), c)
	case union:
		var out []ref
		for _, o := range e.of {
			set := ev.nodes(o, c)
			ev.steps(len(set))
			out = append(out, set...)
		}
		return ordered(out)
	case *call:
		return e.f.nodes(ev, e, c)
	}
	panic(fmt.Sprintf("xpath: %T gives no nodes", e))
}

func (ev *evaluator) path(p *path, c scope) []ref {
	var set []ref
	switch {
	case p.absolute:
		set = []ref{ev.root}
	case p.start != nil:
		set = ev.nodes(p.start, c)
	default:
		set = []ref{c.node}
	}
	for _, s := range p.steps {
		if len(set) == 0 {
			return nil
		}
		set = ev.apply(s, set)
	}
	return set
}

// apply returns the nodes of a step from all nodes of a set.
func (ev *evaluator) apply(s *step, set []ref) []ref {
	if s.free && len(set) > 1 {
		out := ev.all(s.axis, set, &s.test)
		for _, p := range s.preds {
			out = ev.keep(p, out)
		}
		return out
	}
	var out []ref
	for _, r := range set {
		if i := r.index(); s.axis == axisChild && (r.inner() || int(ev.tree.nodes[i].end) == i+1) {
			ev.step()
			continue // no children: most nodes are texts
		}
		ev.positions(s, r, func(n ref) bool {
			out = append(out, n)
			return true
		})
	}
	return ordered(out)
}

// keep returns the nodes for which a position-independent predicate holds.
func (ev *evaluator) keep(p *predicate, set []ref) []ref {
	out := set[:0]
	for _, r := range set {
		ev.step()
		if ev.truth(p.e, scope{r, 1, 1}) {
			out = append(out, r)
		}
	}
	return out
}

// positions gives the nodes of a step from one node, in the order of their
// positions. It stops as soon as no further node can pass.
func (ev *evaluator) positions(s *step, r ref, yield func(ref) bool) {
	// Up to where a predicate needs to know how many nodes there are, nodes pass
	// one by one.
	many := slices.IndexFunc(s.preds, func(p *predicate) bool { return p.size })
	if many < 0 {
		ev.each(s.axis, r, &s.test, false, ev.through(s.preds, yield))
		return
	}
	rest := s.preds[many+1:]
	if s.preds[many].how == predLast && !slices.ContainsFunc(s.preds[:many], func(p *predicate) bool { return p.how != predFree }) {
		// The last is the first from behind.
		ev.each(s.axis, r, &s.test, true, ev.through(s.preds[:many], func(n ref) bool {
			for _, n := range ev.filter(rest, []ref{n}, scope{}) {
				yield(n)
			}
			return false
		}))
		return
	}
	var list []ref
	ev.each(s.axis, r, &s.test, false, ev.through(s.preds[:many], func(n ref) bool {
		list = append(list, n)
		return true
	}))
	for _, n := range ev.filter(s.preds[many:], list, scope{}) {
		if !yield(n) {
			return
		}
	}
}

// through returns a function that yields the nodes that pass predicates, none of which needs the
// size of the set.
func (ev *evaluator) through(preds []*predicate, yield func(ref) bool) func(ref) bool {
	if len(preds) == 0 {
		return yield
	}
	p, next := preds[0], ev.through(preds[1:], yield)
	if p.how == predFree {
		return func(n ref) bool { return !ev.truth(p.e, scope{n, 1, 1}) || next(n) }
	}
	count := 0
	return func(n ref) bool {
		count++
		switch p.how {
		case predIndex:
			if count < p.n {
				return true
			}
			if count == p.n {
				next(n)
			}
			return false
		case predUpTo:
			return count <= p.n && next(n) && count < p.n
		default:
			return !ev.holds(p, scope{n, count, 0}) || next(n)
		}
	}
}

// filter applies predicates to nodes in the order of their positions.
func (ev *evaluator) filter(preds []*predicate, set []ref, _ scope) []ref {
	for _, p := range preds {
		switch p.how {
		case predFree:
			set = ev.keep(p, slices.Clone(set))
		case predIndex:
			if p.n < 1 || p.n > len(set) {
				return nil
			}
			set = set[p.n-1 : p.n]
		case predUpTo:
			set = set[:min(len(set), p.n)]
		case predLast:
			set = set[max(0, len(set)-1):]
		default:
			var out []ref
			for i, r := range set {
				ev.step()
				if ev.holds(p, scope{r, i + 1, len(set)}) {
					out = append(out, r)
				}
			}
			set = out
		}
	}
	return set
}

// holds evaluates a predicate. A number holds at its position.
func (ev *evaluator) holds(p *predicate, c scope) bool {
	if p.e.kind() == Number {
		return ev.num(p.e, c) == float64(c.pos)
	}
	return ev.truth(p.e, c)
}

// visit gives the nodes of a node-set, each once, until yield returns false. The
// order is document order only if ordered.
func (ev *evaluator) visit(e expr, c scope, ordered bool, yield func(ref) bool) {
	if p, ok := e.(*path); ok && p.stream && (p.forward || !ordered) {
		from := c.node
		if p.absolute {
			from = ev.root
		}
		ev.walk(p.steps, from, yield)
		return
	}
	for _, r := range ev.nodes(e, c) {
		if !yield(r) {
			return
		}
	}
}

// walk gives the nodes of steps from one node, depth first. It returns false when
// yield did.
func (ev *evaluator) walk(steps []*step, from ref, yield func(ref) bool) bool {
	if len(steps) == 0 {
		return yield(from)
	}
	more := true
	ev.positions(steps[0], from, func(n ref) bool {
		more = ev.walk(steps[1:], n, yield)
		return more
	})
	return more
}

// first returns the first node of a node-set in document order.
func (ev *evaluator) first(e expr, c scope) (n ref, ok bool) {
	ev.visit(e, c, true, func(r ref) bool {
		n, ok = r, true
		return false
	})
	return n, ok
}

// truth evaluates an expression as boolean() does.
func (ev *evaluator) truth(e expr, c scope) bool {
	ev.step()
	switch e := e.(type) {
	case logic:
		if e.and {
			return ev.truth(e.l, c) && ev.truth(e.r, c)
		}
		return ev.truth(e.l, c) || ev.truth(e.r, c)
	case comparison:
		return ev.compare(e, c)
	}
	switch e.kind() {
	case NodeSet:
		found := false
		ev.visit(e, c, false, func(ref) bool {
			found = true
			return false
		})
		return found
	case Number:
		f := ev.num(e, c)
		return f != 0 && !math.IsNaN(f)
	case String:
		return ev.str(e, c) != ""
	default:
		return e.(*call).f.truth(ev, e.(*call), c)
	}
}

// num evaluates an expression as number() does.
func (ev *evaluator) num(e expr, c scope) float64 {
	ev.step()
	switch e := e.(type) {
	case number:
		return e.f
	case negation:
		return -ev.num(e.of, c)
	case arithmetic:
		l, r := ev.num(e.l, c), ev.num(e.r, c)
		switch e.op {
		case '+':
			return l + r
		case '-':
			return l - r
		case '*':
			return l * r
		case 'd':
			return l / r
		}
		return math.Mod(l, r)
	}
	switch e.kind() {
	case Number:
		return e.(*call).f.num(ev, e.(*call), c)
	case Boolean:
		if ev.truth(e, c) {
			return 1
		}
		return 0
	}
	return parseNumber(ev.str(e, c))
}

// str evaluates an expression as string() does.
func (ev *evaluator) str(e expr, c scope) string {
	ev.step()
	if l, ok := e.(literal); ok {
		return l.s
	}
	switch e.kind() {
	case NodeSet:
		if n, ok := ev.first(e, c); ok {
			return ev.value(n)
		}
		return ""
	case Number:
		return formatNumber(ev.num(e, c))
	case Boolean:
		if ev.truth(e, c) {
			return "true"
		}
		return "false"
	}
	return e.(*call).f.str(ev, e.(*call), c)
}

// value returns the string-value of a node.
func (ev *evaluator) value(r ref) string {
	t := ev.tree
	e := t.at(r)
	switch {
	case r.inner():
		return t.node(r).Value
	case e.n.Type == html.RawNode:
		if len(e.n.Attr) > 0 {
			return e.n.Attr[0].Val
		}
		return ""
	case e.n.Type != html.ElementNode && e.n.Type != html.DocumentNode:
		return e.n.Data
	}
	var one string
	var b []byte
	for i := r.index() + 1; i < int(e.end); i++ {
		ev.step()
		n := t.nodes[i].n
		switch {
		case n.Type != html.TextNode:
		case one == "" && b == nil:
			one = n.Data
		default:
			if b == nil {
				b = append(b, one...)
			}
			b = append(b, n.Data...)
			ev.steps(len(n.Data) >> 6)
		}
	}
	if b == nil {
		return one
	}
	return string(b)
}

// isElement reports whether a position holds an element.
func (t *Tree) isElement(i int) bool { return t.nodes[i].n.Type == html.ElementNode }
