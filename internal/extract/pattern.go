package extract

import (
	"fmt"
	"io"
	"reflect"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

// pattern is a regular expression whose search ends with a stopwatch. The time of a search is the
// length of the text times the size of the program, and package regexp cannot be interrupted. So an
// expensive search reads its text through a [ticker].
type pattern struct {
	*regexp.Regexp

	size int            // instructions
	rest *regexp.Regexp // finds the next match after one character; nil if it is too large
}

// cheapSearch is the largest product of bytes and instructions that is searched at once: well below
// a second.
const cheapSearch = 20_000_000

func compilePattern(src string) (*pattern, error) {
	re, err := regexp.Compile(src)
	if err != nil {
		return nil, err
	}
	p := &pattern{Regexp: re, size: 1 << 10}
	if tree, err := syntax.Parse(src, syntax.Perl); err == nil {
		if prog, err := syntax.Compile(tree.Simplify()); err == nil {
			p.size = len(prog.Inst)
		}
	}
	// The character before the search decides about \b and (?m)^, so it is read too.
	p.rest, _ = regexp.Compile(`\A(?s:.)(?s:.*?)(` + src + `)`)
	return p, nil
}

// ticker reads a text until a stopwatch ends.
type ticker struct {
	text  string
	at    int
	watch *stopwatch
	runes int
	err   error
}

// tickEvery is the number of characters between two looks at the stopwatch.
const tickEvery = 1 << 10

// ReadRune implements [io.RuneReader].
func (t *ticker) ReadRune() (rune, int, error) {
	if t.runes++; t.runes%tickEvery == 0 {
		t.err = t.watch.tick()
	}
	if t.err != nil {
		return 0, 0, t.err
	}
	if t.at == len(t.text) {
		return 0, 0, io.EOF
	}
	c, n := utf8.DecodeRuneInString(t.text[t.at:])
	t.at += n
	return c, n, nil
}

func (p *pattern) cheap(text string) bool { return len(text)*p.size <= cheapSearch }

// matches reports whether the pattern is in a text.
func (p *pattern) matches(w *stopwatch, text string) (bool, error) {
	if p.cheap(text) {
		return p.MatchString(text), nil
	}
	t := &ticker{text: text, watch: w}
	found := p.MatchReader(t)
	return found, t.err
}

// first returns the first match like [regexp.Regexp.FindStringSubmatchIndex].
func (p *pattern) first(w *stopwatch, text string) ([]int, error) {
	if p.cheap(text) {
		return p.FindStringSubmatchIndex(text), nil
	}
	t := &ticker{text: text, watch: w}
	m := p.FindReaderSubmatchIndex(t)
	return m, t.err
}

// all returns up to n matches like [regexp.Regexp.FindAllStringSubmatchIndex].
func (p *pattern) all(w *stopwatch, text string, n int) (out [][]int, err error) {
	if p.cheap(text) || p.rest == nil {
		return p.FindAllStringSubmatchIndex(text, n), w.tick()
	}
	for at, end := 0, -1; len(out) < n && at <= len(text); {
		m, err := p.next(w, text, at)
		if m == nil || err != nil {
			return out, err
		}
		accept := true
		if m[1] == at { // an empty match is none right after another match
			accept = m[0] != end
			_, wide := utf8.DecodeRuneInString(text[at:])
			at += max(wide, 1)
		} else {
			at = m[1]
		}
		if end = m[1]; accept {
			out = append(out, m)
		}
	}
	return out, nil
}

// next returns the first match that begins at or after a place in a text.
func (p *pattern) next(w *stopwatch, text string, at int) ([]int, error) {
	if at == 0 {
		return p.first(w, text)
	}
	_, before := utf8.DecodeLastRuneInString(text[:at])
	t := &ticker{text: text[at-before:], watch: w}
	m := p.rest.FindReaderSubmatchIndex(t)
	if m == nil || t.err != nil {
		return nil, t.err
	}
	m = m[2:]
	for i := range m {
		if m[i] >= 0 {
			m[i] += at - before
		}
	}
	return m, nil
}

// matchFunc is the operator matches with the stopwatch of the environment.
const matchFunc = "matches()"

// matchPatcher makes the operator matches end with the stopwatch.
type matchPatcher struct{}

// Visit implements [ast.Visitor].
func (matchPatcher) Visit(node *ast.Node) {
	b, ok := (*node).(*ast.BinaryNode)
	if !ok || b.Operator != "matches" {
		return
	}
	for _, n := range []ast.Node{b.Left, b.Right} {
		if t := n.Type(); t != nil && t.Kind() != reflect.String && t.Kind() != reflect.Interface {
			return // the checker of expressions refuses it
		}
	}
	of := b.Right
	if src, constant := of.(*ast.StringNode); constant {
		p, err := compilePattern(src.Value)
		if err != nil {
			return // likewise
		}
		of = &ast.ConstantNode{Value: p}
	}
	ast.Patch(node, &ast.CallNode{
		Callee: &ast.IdentifierNode{Value: matchFunc}, Arguments: []ast.Node{b.Left, of, &ast.IdentifierNode{Value: clockName}},
	})
}

func matchOptions() []expr.Option {
	return []expr.Option{expr.Patch(matchPatcher{}), expr.Function(matchFunc, func(args ...any) (any, error) {
		if args[0] == nil || args[1] == nil {
			return false, nil // as the operator
		}
		text, ok := args[0].(string)
		if !ok {
			return nil, fmt.Errorf("matches needs a text, not %v", args[0])
		}
		p, ok := args[1].(*pattern)
		if !ok {
			var err error
			if p, err = compilePattern(fmt.Sprint(args[1])); err != nil {
				return nil, err
			}
		}
		if w, ok := args[2].(*stopwatch); ok {
			return p.matches(w, text)
		}
		return p.MatchString(text), nil
	}, new(func(any, any, any) bool))}
}
