package xpath

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// function is a function that expressions can call. Exactly one of nodes, str, num and truth is
// set, according to gives.
type function struct {
	name        string
	gives       Kind
	takes       []Kind // of the arguments; the last stands for all further ones
	least, most int

	// prepare checks a call when it is compiled.
	prepare func(*call) error

	nodes func(*evaluator, *call, scope) []ref
	str   func(*evaluator, *call, scope) string
	num   func(*evaluator, *call, scope) float64
	truth func(*evaluator, *call, scope) bool
}

// anything stands for an argument of every type.
const anything = Kind(-1)

// functions holds the functions of sections 4.1 to 4.4, and some of XPath 2.0.
var functions = func() map[string]*function {
	m := map[string]*function{}
	for _, f := range slices.Concat(nodeFunctions, stringFunctions, otherFunctions) {
		m[f.name] = f
	}
	return m
}()

// argument returns the nodes of an optional argument; the context node without it.
func (ev *evaluator) argument(e *call, c scope) (ref, bool) {
	if len(e.args) == 0 {
		return c.node, true
	}
	return ev.first(e.args[0], c)
}

// text returns an optional argument as text, or without it the text of the context node.
func (ev *evaluator) text(e *call, c scope) string {
	if len(e.args) == 0 {
		return ev.value(c.node)
	}
	s := ev.str(e.args[0], c)
	ev.steps(len(s) >> 6)
	return s
}

var nodeFunctions = []*function{
	{name: "last", gives: Number, num: func(_ *evaluator, _ *call, c scope) float64 { return float64(c.size) }},
	{name: "position", gives: Number, num: func(_ *evaluator, _ *call, c scope) float64 { return float64(c.pos) }},
	{name: "count", gives: Number, takes: []Kind{NodeSet}, least: 1, most: 1, num: func(ev *evaluator, e *call, c scope) float64 {
		n := 0
		ev.visit(e.args[0], c, false, func(ref) bool { n++; return true })
		return float64(n)
	}},
	{name: "id", gives: NodeSet, takes: []Kind{anything}, least: 1, most: 1, nodes: func(ev *evaluator, e *call, c scope) []ref {
		var ids []string
		if e.args[0].kind() == NodeSet {
			ev.visit(e.args[0], c, false, func(r ref) bool {
				ids = append(ids, strings.Fields(ev.value(r))...)
				return true
			})
		} else {
			ids = strings.Fields(ev.str(e.args[0], c))
		}
		var out []ref
		for _, id := range ids {
			ev.step()
			if i, ok := ev.tree.ids()[id]; ok {
				out = append(out, node(int(i)))
			}
		}
		return ordered(out)
	}},
	{name: "local-name", gives: String, takes: []Kind{NodeSet}, most: 1, str: func(ev *evaluator, e *call, c scope) string {
		n, ok := ev.argument(e, c)
		if !ok {
			return ""
		}
		name := ev.nameOf(n)
		if ev.tree.xml || ev.tree.at(n).n.Namespace != "" || n.attribute() && ev.tree.at(n).n.Attr[n.key()].Namespace != "" {
			return localName(name)
		}
		return name
	}},
	{name: "namespace-uri", gives: String, takes: []Kind{NodeSet}, most: 1, str: func(ev *evaluator, e *call, c scope) string {
		n, ok := ev.argument(e, c)
		if !ok {
			return ""
		}
		return ev.namespaceOf(n)
	}},
	{name: "name", gives: String, takes: []Kind{NodeSet}, most: 1, str: func(ev *evaluator, e *call, c scope) string {
		n, ok := ev.argument(e, c)
		if !ok {
			return ""
		}
		return ev.nameOf(n)
	}},
}

// nameOf returns the name of a node as the document writes it.
func (ev *evaluator) nameOf(r ref) string {
	n := ev.tree.at(r).n
	switch {
	case r.attribute():
		return attributeName(n.Attr[r.key()])
	case r.inner():
		return ev.tree.namespaces(r.index())[r.key()].prefix
	case n.Type == html.ElementNode, n.Type == html.RawNode:
		return n.Data
	}
	return ""
}

func (ev *evaluator) namespaceOf(r ref) string {
	n := ev.tree.at(r).n
	switch {
	case r.attribute():
		return ev.tree.uri(r.index(), n.Attr[r.key()].Namespace)
	case r.inner() || n.Type != html.ElementNode:
		return ""
	case ev.tree.xml && n.Namespace == "" && n.DataAtom != 0:
		return "http://www.w3.org/1999/xhtml"
	case !ev.tree.xml && n.Namespace == "svg":
		return "http://www.w3.org/2000/svg"
	case !ev.tree.xml && n.Namespace == "math":
		return "http://www.w3.org/1998/Math/MathML"
	}
	return n.Namespace
}

var stringFunctions = []*function{
	{name: "string", gives: String, takes: []Kind{anything}, most: 1, str: (*evaluator).text},
	{name: "concat", gives: String, takes: []Kind{anything}, least: 2, most: math.MaxInt, str: func(ev *evaluator, e *call, c scope) string {
		var b strings.Builder
		for _, a := range e.args {
			b.WriteString(ev.str(a, c))
		}
		ev.steps(b.Len() >> 6)
		return b.String()
	}},
	{name: "starts-with", gives: Boolean, takes: []Kind{anything}, least: 2, most: 2, truth: both(strings.HasPrefix)},
	{name: "ends-with", gives: Boolean, takes: []Kind{anything}, least: 2, most: 2, truth: both(strings.HasSuffix)},
	{name: "contains", gives: Boolean, takes: []Kind{anything}, least: 2, most: 2, truth: both(strings.Contains)},
	{name: "substring-before", gives: String, takes: []Kind{anything}, least: 2, most: 2, str: func(ev *evaluator, e *call, c scope) string {
		before, _, ok := strings.Cut(ev.str(e.args[0], c), ev.str(e.args[1], c))
		if !ok {
			return ""
		}
		return before
	}},
	{name: "substring-after", gives: String, takes: []Kind{anything}, least: 2, most: 2, str: func(ev *evaluator, e *call, c scope) string {
		_, after, _ := strings.Cut(ev.str(e.args[0], c), ev.str(e.args[1], c))
		return after
	}},
	{name: "substring", gives: String, takes: []Kind{anything}, least: 2, most: 3, str: func(ev *evaluator, e *call, c scope) string {
		s := ev.str(e.args[0], c)
		ev.steps(len(s) >> 6)
		from, to := round(ev.num(e.args[1], c)), math.Inf(1)
		if len(e.args) == 3 {
			to = from + round(ev.num(e.args[2], c))
		}
		return substring(s, from, to)
	}},
	{name: "string-length", gives: Number, takes: []Kind{anything}, most: 1, num: func(ev *evaluator, e *call, c scope) float64 {
		return float64(utf8.RuneCountInString(ev.text(e, c)))
	}},
	{name: "normalize-space", gives: String, takes: []Kind{anything}, most: 1, str: func(ev *evaluator, e *call, c scope) string {
		return strings.Join(strings.FieldsFunc(ev.text(e, c), func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }), " ")
	}},
	{name: "translate", gives: String, takes: []Kind{anything}, least: 3, most: 3, str: func(ev *evaluator, e *call, c scope) string {
		s := ev.str(e.args[0], c)
		ev.steps(len(s) >> 4)
		return translate(s, ev.str(e.args[1], c), ev.str(e.args[2], c))
	}},
	{name: "lower-case", gives: String, takes: []Kind{anything}, most: 1, str: func(ev *evaluator, e *call, c scope) string { return strings.ToLower(ev.text(e, c)) }},
	{name: "upper-case", gives: String, takes: []Kind{anything}, most: 1, str: func(ev *evaluator, e *call, c scope) string { return strings.ToUpper(ev.text(e, c)) }},
	{name: "matches", gives: Boolean, takes: []Kind{anything}, least: 2, most: 2, prepare: pattern, truth: func(ev *evaluator, e *call, c scope) bool {
		return e.more.(*regexp.Regexp).MatchString(ev.text(e, c))
	}},
	{name: "replace", gives: String, takes: []Kind{anything}, least: 3, most: 3, prepare: pattern, str: func(ev *evaluator, e *call, c scope) string {
		s := e.more.(*regexp.Regexp).ReplaceAllString(ev.text(e, c), ev.str(e.args[2], c))
		ev.steps(len(s) >> 4)
		return s
	}},
	{name: "string-join", gives: String, takes: []Kind{NodeSet, anything}, least: 2, most: 2, str: func(ev *evaluator, e *call, c scope) string {
		var parts []string
		ev.visit(e.args[0], c, true, func(r ref) bool {
			parts = append(parts, ev.value(r))
			return true
		})
		return strings.Join(parts, ev.str(e.args[1], c))
	}},
}

// pattern compiles the second argument of a call.
func pattern(e *call) (err error) {
	if len(e.args) < 2 {
		return nil
	}
	l, ok := e.args[1].(literal)
	if !ok {
		return errors.New("the pattern must be a text in quotation marks")
	}
	re, err := regexp.Compile(l.s)
	e.more = re
	return err
}

func both(f func(s, t string) bool) func(*evaluator, *call, scope) bool {
	return func(ev *evaluator, e *call, c scope) bool {
		s := ev.str(e.args[0], c)
		ev.steps(len(s) >> 6)
		return f(s, ev.str(e.args[1], c))
	}
}

// substring returns the characters whose positions, from 1, are at least from and
// below to.
func substring(s string, from, to float64) string {
	if math.IsNaN(from) || math.IsNaN(to) {
		return ""
	}
	begin, end, pos := -1, len(s), 0.0
	for i := range s {
		pos++
		if begin < 0 && pos >= from {
			begin = i
		}
		if pos >= to {
			end = i
			break
		}
	}
	if begin < 0 || end < begin {
		return ""
	}
	return s[begin:end]
}

func translate(s, from, to string) string {
	targets := []rune(to)
	m := map[rune]rune{}
	i := 0
	for _, r := range from {
		if _, twice := m[r]; !twice {
			m[r] = -1
			if i < len(targets) {
				m[r] = targets[i]
			}
		}
		i++
	}
	return strings.Map(func(r rune) rune {
		if t, ok := m[r]; ok {
			return t
		}
		return r
	}, s)
}

// round rounds to the nearest whole number, halves up.
func round(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) >= 1<<52 {
		return f
	}
	whole := math.Floor(f)
	if f-whole >= 0.5 {
		whole++
	}
	return math.Copysign(whole, f)
}

var otherFunctions = []*function{
	{name: "boolean", gives: Boolean, takes: []Kind{anything}, least: 1, most: 1, truth: func(ev *evaluator, e *call, c scope) bool { return ev.truth(e.args[0], c) }},
	{name: "not", gives: Boolean, takes: []Kind{anything}, least: 1, most: 1, truth: func(ev *evaluator, e *call, c scope) bool { return !ev.truth(e.args[0], c) }},
	{name: "true", gives: Boolean, truth: func(*evaluator, *call, scope) bool { return true }},
	{name: "false", gives: Boolean, truth: func(*evaluator, *call, scope) bool { return false }},
	{name: "lang", gives: Boolean, takes: []Kind{anything}, least: 1, most: 1, truth: func(ev *evaluator, e *call, c scope) bool {
		return ev.lang(c.node, ev.str(e.args[0], c))
	}},
	{name: "number", gives: Number, takes: []Kind{anything}, most: 1, num: func(ev *evaluator, e *call, c scope) float64 {
		if len(e.args) == 0 {
			return parseNumber(ev.value(c.node))
		}
		return ev.num(e.args[0], c)
	}},
	{name: "sum", gives: Number, takes: []Kind{NodeSet}, least: 1, most: 1, num: func(ev *evaluator, e *call, c scope) float64 {
		sum := 0.0
		ev.visit(e.args[0], c, true, func(r ref) bool {
			sum += parseNumber(ev.value(r))
			return true
		})
		return sum
	}},
	{name: "floor", gives: Number, takes: []Kind{anything}, least: 1, most: 1, num: func(ev *evaluator, e *call, c scope) float64 { return math.Floor(ev.num(e.args[0], c)) }},
	{name: "ceiling", gives: Number, takes: []Kind{anything}, least: 1, most: 1, num: func(ev *evaluator, e *call, c scope) float64 { return math.Ceil(ev.num(e.args[0], c)) }},
	{name: "round", gives: Number, takes: []Kind{anything}, least: 1, most: 1, num: func(ev *evaluator, e *call, c scope) float64 { return round(ev.num(e.args[0], c)) }},
}

// lang reports whether a node is in a language.
func (ev *evaluator) lang(r ref, want string) bool {
	t := ev.tree
	for i := int32(r.index()); i >= 0; i = t.nodes[i].parent {
		ev.step()
		best, found := "", false
		for _, a := range t.nodes[i].n.Attr {
			switch name := attributeName(a); {
			case name == "xml:lang":
				best, found = a.Val, true
			case name == "lang" && !t.xml && !found:
				best, found = a.Val, true
			}
		}
		if found {
			return len(best) >= len(want) && strings.EqualFold(best[:len(want)], want) && (len(best) == len(want) || best[len(want)] == '-')
		}
	}
	return false
}
