package xpath

// expr is an expression. Its type is known before it is evaluated.
type expr interface{ kind() Kind }

type literal struct{ s string }

type number struct{ f float64 }

type negation struct{ of expr }

// arithmetic has the operator + - * d (div) or m (mod).
type arithmetic struct {
	op   byte
	l, r expr
}

// comparison has the operator = ! < l (<=) > or g (>=).
type comparison struct {
	op   byte
	l, r expr
}

// logic is and, or.
type logic struct {
	and  bool
	l, r expr
}

type union struct{ of []expr }

// path applies steps to the nodes of start; to the root if absolute, else to the
// context node if start is nil.
type path struct {
	start    expr
	absolute bool
	steps    []*step
	stream   bool // nodes may be visited one by one: none comes twice
	forward  bool // and in document order
}

// filter applies predicates to a node-set in document order.
type filter struct {
	of    expr
	preds []*predicate
}

type call struct {
	f    *function
	args []expr
	more any // what a function prepares: a compiled pattern
}

func (literal) kind() Kind    { return String }
func (number) kind() Kind     { return Number }
func (negation) kind() Kind   { return Number }
func (arithmetic) kind() Kind { return Number }
func (comparison) kind() Kind { return Boolean }
func (logic) kind() Kind      { return Boolean }
func (union) kind() Kind      { return NodeSet }
func (*path) kind() Kind      { return NodeSet }
func (*filter) kind() Kind    { return NodeSet }
func (c *call) kind() Kind    { return c.f.gives }

// step is a location step.
type step struct {
	axis  axis
	test  nodeTest
	preds []*predicate
	free  bool // no predicate depends on positions
}

// predicateKind states how a predicate depends on positions.
type predicateKind int

const (
	predFree  predicateKind = iota // not at all
	predIndex                      // [n]
	predUpTo                       // [position() <= n]
	predLast                       // [last()]
	predOther                      // otherwise
)

type predicate struct {
	e    expr
	how  predicateKind
	n    int  // of predIndex and predUpTo
	size bool // it needs the size of the set
}

// newPredicate classifies a predicate.
func newPredicate(e expr) *predicate {
	p := &predicate{e: e, how: predOther, size: uses(e, "last")}
	switch e := e.(type) {
	case number:
		p.how, p.n = predIndex, whole(e.f)
		return p
	case *call:
		if e.f.name == "last" {
			p.how = predLast
			return p
		}
	case comparison:
		op, l, r := e.op, e.l, e.r
		if isCall(r, "position") {
			l, r = r, l
			op = mirrored(op)
		}
		if isCall(l, "position") {
			n, isNumber := r.(number)
			switch {
			case op == '=' && isCall(r, "last"):
				p.how = predLast
				return p
			case op == '=' && isNumber:
				p.how, p.n = predIndex, whole(n.f)
				return p
			case op == '<' && isNumber:
				p.how, p.n = predUpTo, below(n.f)
				return p
			case op == 'l' && isNumber:
				p.how, p.n = predUpTo, atMost(n.f)
				return p
			}
		}
	}
	if e.kind() != Number && !p.size && !uses(e, "position") {
		p.how = predFree
	}
	return p
}

func isCall(e expr, name string) bool {
	c, ok := e.(*call)
	return ok && c.f.name == name
}

// mirrored returns the operator of the comparison with its sides exchanged.
func mirrored(op byte) byte {
	switch op {
	case '<':
		return '>'
	case '>':
		return '<'
	case 'l':
		return 'g'
	case 'g':
		return 'l'
	}
	return op
}

// maxPosition is above every position.
const maxPosition = 1 << 40

// whole returns the position that f is, 0 if it is none.
func whole(f float64) int {
	if f >= 1 && f < maxPosition && f == float64(int(f)) {
		return int(f)
	}
	return 0
}

// atMost returns the last position that is at most f, below the last below f.
func atMost(f float64) int {
	switch {
	case f >= maxPosition:
		return maxPosition
	case f >= 1:
		return int(f)
	}
	return 0
}

func below(f float64) int {
	n := atMost(f)
	if n > 0 && float64(n) == f {
		n--
	}
	return n
}

// uses reports whether a function is called with the context of e itself, outside the predicates of
// a path.
func uses(e expr, function string) bool {
	switch e := e.(type) {
	case negation:
		return uses(e.of, function)
	case arithmetic:
		return uses(e.l, function) || uses(e.r, function)
	case comparison:
		return uses(e.l, function) || uses(e.r, function)
	case logic:
		return uses(e.l, function) || uses(e.r, function)
	case union:
		for _, o := range e.of {
			if uses(o, function) {
				return true
			}
		}
	case *path:
		return e.start != nil && uses(e.start, function)
	case *filter:
		return uses(e.of, function)
	case *call:
		if e.f.name == function {
			return true
		}
		for _, a := range e.args {
			if uses(a, function) {
				return true
			}
		}
	}
	return false
}

// newPath makes a path, with steps that can be one made one.
func newPath(start expr, absolute bool, steps []*step) expr {
	p := &path{start: start, absolute: absolute}
	for _, s := range steps {
		last := len(p.steps) - 1
		if last >= 0 && s.axis == axisChild && s.free {
			if before := p.steps[last]; before.axis == axisDescendantOrSelf && before.test.any() && len(before.preds) == 0 {
				s.axis = axisDescendant
				p.steps[last] = s
				continue
			}
		}
		p.steps = append(p.steps, s)
	}
	p.stream, p.forward = start == nil, true
	deep := 0
	for _, s := range p.steps {
		switch s.axis {
		case axisChild:
			// A child of a deep node can stand after the next deep node.
			p.forward = p.forward && deep == 0
		case axisSelf, axisAttribute:
		case axisDescendant, axisDescendantOrSelf:
			deep++
		default:
			p.stream = p.stream && len(p.steps) == 1
			p.forward = p.forward && !s.axis.reverse()
		}
	}
	p.stream = p.stream && deep <= 1
	return p
}
