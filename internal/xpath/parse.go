package xpath

import (
	"fmt"
	"strings"
)

// maxNesting is how deep parts of an expression may be nested.
const maxNesting = 200

// Compile reads an expression. A mistake is a [*SyntaxError].
func Compile(src string) (e *Expr, err error) {
	p := &parser{lexer: lexer{src: src}}
	defer func() {
		switch m := recover().(type) {
		case nil:
		case *SyntaxError:
			e, err = nil, m
		default:
			panic(m)
		}
	}()
	p.lex()
	root := p.or()
	if t := p.peek(); t.kind != tokEnd {
		p.unexpected(t)
	}
	return &Expr{root: root}, nil
}

type parser struct {
	lexer
	at    int
	depth int
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) take() token {
	t := p.tokens[p.at]
	if t.kind != tokEnd {
		p.at++
	}
	return t
}

func (p *parser) is(kind tokenKind, texts ...string) bool {
	t := p.peek()
	if t.kind != kind {
		return false
	}
	for _, s := range texts {
		if t.text == s {
			return true
		}
	}
	return len(texts) == 0
}

func (p *parser) accept(symbol string) bool {
	if p.is(tokSymbol, symbol) {
		p.at++
		return true
	}
	return false
}

func (p *parser) need(symbol, after string) {
	if !p.accept(symbol) {
		p.fail(p.peek().pos, "%s is missing after %s", symbol, after)
	}
}

func (p *parser) unexpected(t token) {
	switch t.kind {
	case tokEnd:
		p.fail(t.pos, "the expression ends too early")
	case tokLiteral:
		p.fail(t.pos, "the text %q has no meaning here", t.text)
	default:
		p.fail(t.pos, "%s has no meaning here", t.text)
	}
}

func (p *parser) enter() {
	if p.depth++; p.depth > maxNesting {
		p.fail(p.peek().pos, "the expression is nested more than %d deep", maxNesting)
	}
}

// or reads an expression.
func (p *parser) or() expr {
	p.enter()
	defer func() { p.depth-- }()
	e := p.and()
	for p.is(tokOperator, "or") {
		p.take()
		e = logic{l: e, r: p.and()}
	}
	return e
}

func (p *parser) and() expr {
	e := p.equality()
	for p.is(tokOperator, "and") {
		p.take()
		e = logic{and: true, l: e, r: p.equality()}
	}
	return e
}

func (p *parser) equality() expr {
	e := p.relation()
	for p.is(tokSymbol, "=", "!=") {
		op := p.take().text[0]
		e = comparison{op: op, l: e, r: p.relation()}
	}
	return e
}

func (p *parser) relation() expr {
	e := p.sum()
	for p.is(tokSymbol, "<", "<=", ">", ">=") {
		op := map[string]byte{"<": '<', "<=": 'l', ">": '>', ">=": 'g'}[p.take().text]
		e = comparison{op: op, l: e, r: p.sum()}
	}
	return e
}

func (p *parser) sum() expr {
	e := p.product()
	for p.is(tokSymbol, "+", "-") {
		op := p.take().text[0]
		e = arithmetic{op: op, l: e, r: p.product()}
	}
	return e
}

func (p *parser) product() expr {
	e := p.unary()
	for p.is(tokOperator, "*", "div", "mod") {
		op := p.take().text[0]
		e = arithmetic{op: op, l: e, r: p.unary()}
	}
	return e
}

func (p *parser) unary() expr {
	signs := 0
	for p.accept("-") {
		signs++
	}
	e := p.union()
	if signs > 0 {
		e = negation{of: e}
		if signs%2 == 0 {
			e = negation{of: e}
		}
	}
	return e
}

func (p *parser) union() expr {
	pos := p.peek().pos
	e := p.path()
	if !p.is(tokSymbol, "|") {
		return e
	}
	u := union{of: []expr{p.nodes(e, pos, "| joins")}}
	for p.accept("|") {
		pos := p.peek().pos
		u.of = append(u.of, p.nodes(p.path(), pos, "| joins"))
	}
	return u
}

// nodes checks that an expression gives nodes.
func (p *parser) nodes(e expr, pos int, what string) expr {
	if e.kind() != NodeSet {
		p.fail(pos, "%s node-sets: here stands %s", what, word(e.kind()))
	}
	return e
}

func word(k Kind) string {
	return map[Kind]string{NodeSet: "a node-set", String: "a text", Number: "a number", Boolean: "true or false"}[k]
}

// path reads a location path, or a filter expression with a path after it.
func (p *parser) path() expr {
	t := p.peek()
	switch {
	case p.accept("/"):
		if !p.stepBegins() {
			return newPath(nil, true, nil)
		}
		return newPath(nil, true, p.steps(nil))
	case p.accept("//"):
		return newPath(nil, true, p.steps([]*step{anyDescendant()}))
	case p.stepBegins():
		return newPath(nil, false, p.steps(nil))
	}
	e := p.primary()
	if p.is(tokSymbol, "[") {
		p.nodes(e, t.pos, "a predicate filters")
		preds, _ := p.predicates()
		e = &filter{of: e, preds: preds}
	}
	switch {
	case p.is(tokSymbol, "/"):
		p.nodes(e, t.pos, "/ continues")
		p.take()
		return newPath(e, false, p.steps(nil))
	case p.is(tokSymbol, "//"):
		p.nodes(e, t.pos, "// continues")
		p.take()
		return newPath(e, false, p.steps([]*step{anyDescendant()}))
	}
	return e
}

func anyDescendant() *step {
	return &step{axis: axisDescendantOrSelf, test: nodeTest{what: testNode}, free: true}
}

func (p *parser) stepBegins() bool {
	return p.is(tokSymbol, ".", "..", "@") || p.is(tokName) || p.is(tokAxis) || p.is(tokNodeType)
}

// steps reads a relative location path.
func (p *parser) steps(steps []*step) []*step {
	for {
		if t := p.peek(); t.kind == tokFunction {
			p.fail(t.pos, "the function %s can't be a step of a path", t.text)
		} else if !p.stepBegins() {
			p.unexpected(t)
		}
		steps = append(steps, p.step())
		switch {
		case p.accept("/"):
		case p.accept("//"):
			steps = append(steps, anyDescendant())
		default:
			return steps
		}
	}
}

func (p *parser) step() *step {
	s := &step{axis: axisChild, free: true}
	switch t := p.peek(); {
	case p.accept("."):
		s.axis, s.test = axisSelf, nodeTest{what: testNode}
		p.noPredicate(".")
		return s
	case p.accept(".."):
		s.axis, s.test = axisParent, nodeTest{what: testNode}
		p.noPredicate("..")
		return s
	case p.accept("@"):
		s.axis = axisAttribute
	case t.kind == tokAxis:
		p.take()
		axis, ok := axes[t.text]
		if !ok {
			p.fail(t.pos, "there is no axis %s", t.text)
		}
		s.axis = axis
		p.need("::", t.text)
	}
	s.test = p.nodeTest()
	s.preds, s.free = p.predicates()
	return s
}

// noPredicate rejects .[…], which the grammar does not have.
func (p *parser) noPredicate(step string) {
	if p.is(tokSymbol, "[") {
		long := map[string]string{".": "self::node()", "..": "parent::node()"}[step]
		p.fail(p.peek().pos, "%s takes no predicate: write %s[…]", step, long)
	}
}

func (p *parser) nodeTest() nodeTest {
	switch t := p.take(); t.kind {
	case tokName:
		return newNameTest(t.text)
	case tokNodeType:
		p.need("(", t.text)
		test := nodeTest{what: map[string]testKind{"node": testNode, "text": testText, "comment": testComment, "processing-instruction": testInstruction}[t.text]}
		if t.text == "processing-instruction" && p.is(tokLiteral) {
			test.target, test.named = p.take().text, true
		}
		p.need(")", t.text+"(")
		return test
	default:
		p.unexpected(t)
	}
	return nodeTest{}
}

func (p *parser) predicates() (preds []*predicate, free bool) {
	free = true
	for p.accept("[") {
		pred := newPredicate(p.or())
		p.need("]", "the predicate")
		preds = append(preds, pred)
		free = free && pred.how == predFree
	}
	return preds, free
}

func (p *parser) primary() expr {
	switch t := p.take(); {
	case t.kind == tokVariable:
		p.fail(t.pos, "there are no variables: $%s has no value", t.text)
	case t.kind == tokLiteral:
		return literal{t.text}
	case t.kind == tokNumber:
		return number{t.num}
	case t.kind == tokFunction:
		return p.call(t)
	case t.kind == tokSymbol && t.text == "(":
		e := p.or()
		p.need(")", "the expression in parentheses")
		return e
	default:
		p.unexpected(t)
	}
	return nil
}

func (p *parser) call(t token) expr {
	f, ok := functions[t.text]
	if !ok {
		p.fail(t.pos, "there is no function %s%s", t.text, similar(t.text))
	}
	p.need("(", t.text)
	c := &call{f: f}
	for !p.accept(")") {
		if len(c.args) > 0 {
			p.need(",", "the argument")
		}
		pos := p.peek().pos
		a := p.or()
		if i := min(len(c.args), len(f.takes)-1); i >= 0 && f.takes[i] == NodeSet {
			p.nodes(a, pos, t.text+" takes")
		}
		c.args = append(c.args, a)
	}
	if n := len(c.args); n < f.least || n > f.most {
		p.fail(t.pos, "%s takes %s, not %d", t.text, amount(f.least, f.most), n)
	}
	if f.prepare != nil {
		if err := f.prepare(c); err != nil {
			p.fail(t.pos, "%s: %v", t.text, err)
		}
	}
	return c
}

func amount(least, most int) string {
	switch {
	case most == 0:
		return "no arguments"
	case least == most && most == 1:
		return "1 argument"
	case least == most:
		return fmt.Sprintf("%d arguments", most)
	case most > 1000:
		return fmt.Sprintf("at least %d arguments", least)
	default:
		return fmt.Sprintf("%d to %d arguments", least, most)
	}
}

// similar hints at a function that a name is likely meant to be.
func similar(name string) string {
	plain := strings.NewReplacer("-", "", "_", "", ":", "").Replace(strings.ToLower(name))
	for known := range functions {
		if strings.ReplaceAll(known, "-", "") == plain {
			return ": it is written " + known
		}
	}
	return ""
}
