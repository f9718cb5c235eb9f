package xpath

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/markup"
)

func evaluate(t testing.TB, tree *Tree, src string) Value {
	t.Helper()
	e, err := Compile(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	v, err := tree.Eval(t.Context(), e, tree.nodes[0].n, nil)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return v
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want string }{
		{"", "character 1: the expression ends too early"},
		{"//", "character 3: the expression ends too early"},
		{"//a[", "character 5: the expression ends too early"},
		{"//a[1", "character 6: ] is missing after the predicate"},
		{"//a]", "character 4: ] has no meaning here"},
		{"//a[]", "character 5: ] has no meaning here"},
		{"a b", "character 3: an operator is missing before b"},
		{"(a", "character 3: ) is missing after the expression in parentheses"},
		{"'a", "character 1: the text has no closing '"},
		{"a//", "character 4: the expression ends too early"},
		{"a/'b'", `character 3: the text "b" has no meaning here`},
		{"$x", "character 1: there are no variables: $x has no value"},
		{"//a[@b=$x]", "character 8: there are no variables: $x has no value"},
		{"sideways::a", "character 1: there is no axis sideways"},
		{"é/a{", `character 4: '{' has no meaning here`},
		{"nosuch(a)", "character 1: there is no function nosuch"},
		{"startsWith(a, 'b')", "character 1: there is no function startsWith: it is written starts-with"},
		{"count()", "character 1: count takes 1 argument, not 0"},
		{"count('a')", "character 7: count takes node-sets: here stands a text"},
		{"sum(1)", "character 5: sum takes node-sets: here stands a number"},
		{"concat('a')", "character 1: concat takes at least 2 arguments, not 1"},
		{"substring('a')", "character 1: substring takes 2 to 3 arguments, not 1"},
		{"true(1)", "character 1: true takes no arguments, not 1"},
		{"a | 'b'", "character 5: | joins node-sets: here stands a text"},
		{"1 | a", "character 1: | joins node-sets: here stands a number"},
		{"'a'[1]", "character 1: a predicate filters node-sets: here stands a text"},
		{"string(a)/b", "character 1: / continues node-sets: here stands a text"},
		{"(1 = 2)//b", "character 1: // continues node-sets: here stands true or false"},
		{"a/count(b)", "character 3: the function count can't be a step of a path"},
		{".[1]", "character 2: . takes no predicate: write self::node()[…]"},
		{"..[@a]", "character 3: .. takes no predicate: write parent::node()[…]"},
		{"a[text(]", "character 8: ) is missing after text("},
		{"matches(., a)", "character 1: matches: the pattern must be a text in quotation marks"},
		{"matches(., '(')", "character 1: matches: error parsing regexp: missing closing ): `(`"},
		{"a and", "character 6: the expression ends too early"},
		{"@@a", "character 2: @ has no meaning here"},
		{strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300), "character 201: the expression is nested more than 200 deep"},
		{strings.Repeat("a[", 300) + "1" + strings.Repeat("]", 300), "character 401: the expression is nested more than 200 deep"},
	} {
		_, err := Compile(tt.src)
		if e, ok := errors.AsType[*SyntaxError](err); !ok || e.Error() != tt.want {
			t.Errorf("%.40s: got %v, want %s", tt.src, err, tt.want)
		}
	}
}

func values(tree *Tree, v Value) string {
	if v.Kind != NodeSet {
		return fmt.Sprint(described(tree, v))
	}
	var list []string
	for _, n := range v.Nodes {
		s := n.Value
		if !n.Inner {
			ev := &evaluator{tree: tree, ctx: context.Background(), budget: &Budget{}, most: MaxSteps}
			i, _ := tree.find(n.N)
			s = ev.value(node(i))
		}
		list = append(list, s)
	}
	return strings.Join(list, ",")
}

func TestHTML(t *testing.T) {
	t.Parallel()
	tree := index(t, `<!DOCTYPE html><html xmlns="u"><body lang="en-US"><P ID=a DATA-x=1>p</P><template><p>hidden</p></template><o:p>office</o:p>
		<svg viewBox="0 0"><linearGradient id=g></linearGradient><a xlink:href="/l" href="/h">s</a><a xlink:href="/m">t</a></svg><math><mi>x</mi></math></body>`, false)
	for _, tt := range []struct{ src, want string }{
		{"//p", "p"}, {"//P", "p"}, {"//p/@id", "a"}, {"//P/@ID", "a"}, {"//@data-X", "1"}, {"count(//p)", "1"},
		{"//o:p", "office"}, {"//O:P", "office"}, {"name(//o:p)", "o:p"}, {"local-name(//o:p)", "o:p"}, {"count(//o:*)", "1"},
		{"//svg/@viewBox", "0 0"}, {"//svg/@viewbox", "0 0"}, {"//lineargradient/@id", "g"}, {"name(//linearGradient)", "linearGradient"},
		{"//svg:a/@xlink:href", "/l,/m"}, {"//svg//@href", "/h,/m"}, {"//svg:*[@id]/@id", "g"}, {"//math:mi", "x"}, {"count(//svg:*)", "4"},
		{"namespace-uri(//svg)", "http://www.w3.org/2000/svg"}, {"namespace-uri(//p)", ""}, {"namespace-uri(//@xlink:href)", "http://www.w3.org/1999/xlink"},
		{"local-name(//@xlink:href)", "href"}, {"name(//@xlink:href)", "xlink:href"},
		{"count(//p[lang('en')])", "1"}, {"count(//p[lang('de')])", "0"}, {"id('a')", "p"}, {"count(/html/@*)", "1"}, {"count(//namespace::*[name()!='xml'])", "0"},
		{"ends-with('abc','bc')", "true"}, {"upper-case(//p)", "P"}, {"lower-case('É')", "é"}, {"matches(//p,'^p$')", "true"},
		{"replace('a1b2','[0-9]','#')", "a#b#"}, {"string-join(//svg/a,'+')", "s+t"},
	} {
		if got := values(tree, evaluate(t, tree, tt.src)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.src, got, tt.want)
		}
	}
}

func TestNamespaces(t *testing.T) {
	t.Parallel()
	tree := index(t, `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:dc="u:dc" xmlns:m="u:m"><title>T</title><entry xml:lang="en"><dc:creator m:role="a" role="b">C</dc:creator>
		<m:title xmlns:m="u:other">M</m:title><content><div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div></content></entry><Title>U</Title></feed>`, true)
	for _, tt := range []struct{ src, want string }{
		{"//title", "T,M"}, {"//Title", "U"}, {"/feed/title", "T"}, {"//m:title", "M"}, {"//dc:creator", "C"}, {"//creator", "C"}, {"//dc:*", "C"},
		{"//dc:title", ""}, {"//nosuch:creator", ""}, {"//*[local-name()='creator']", "C"}, {"//*[name()='dc:creator']", "C"}, {"name(//creator)", "dc:creator"},
		{"//creator/@role", "b"}, {"//creator/@m:role", "a"}, {"//creator/@*", "a,b"}, {"namespace-uri(//creator)", "u:dc"}, {"namespace-uri(//m:title)", "u:other"},
		{"namespace-uri(//creator/@m:role)", "u:m"}, {"namespace-uri(//feed)", "http://www.w3.org/2005/Atom"}, {"//div/p", "x"}, {"namespace-uri(//p)", "http://www.w3.org/1999/xhtml"},
		{"/feed/namespace::*", "http://www.w3.org/2005/Atom,u:dc,u:m,http://www.w3.org/XML/1998/namespace"}, {"//m:title/namespace::m", "u:other"},
		{"name(//entry/namespace::*[.='u:dc'])", "dc"}, {"count(/feed/@*)", "0"}, {"//entry/@xml:lang", "en"}, {"count(//namespace::dc/..)", "9"},
		{"count(/feed/namespace::dc | /feed/namespace::dc)", "1"}, {"//creator[lang('en')]", "C"},
	} {
		if got := values(tree, evaluate(t, tree, tt.src)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.src, got, tt.want)
		}
	}
}

// An inner scope is the root of absolute paths, and can be left by its parents.
func TestScope(t *testing.T) {
	t.Parallel()
	tree := index(t, `<r><a n="1"><b>x</b></a><a n="2"><b>y</b><template/></a></r>`, true)
	at := evaluate(t, tree, "//a[2]").Nodes[0].N
	for src, want := range map[string]string{"//b": "y", "/b": "y", "b": "y", ".": "y", "../a/b": "x,y", "@n": "2", "/@n": "2", "preceding::b": "x"} {
		e, err := Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		v, err := tree.Eval(t.Context(), e, at, nil)
		if got := values(tree, v); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", src, got, err, want)
		}
	}
}

// Positional predicates on a million siblings, and comparisons of sets, take a linear number of
// steps.
func TestStepsAreLinear(t *testing.T) {
	t.Parallel()
	const n = 100_000
	tree := index(t, "<r>"+strings.Repeat("<b/>", n)+"</r>", true)
	for _, src := range []string{
		"//b[last()]", "(//b)[1]", "(//b)[last()]", "//b[2]", "//b[position()<3]", "//b[position()=last()]", "//b/following-sibling::b[1]", "//b/preceding-sibling::b[1]",
		"//b[following-sibling::b]", "//b[not(preceding-sibling::b)]", "//b/following-sibling::b[last()]", "//b/preceding-sibling::*[last()]", "//b/following::b[1]",
		"//b/preceding::b[1]", "//b/following::b", "//b/preceding-sibling::b", "//b/ancestor::*", "//b/..", "//b/../b", "//b[..]", "//b = //b", "//b != //b", "//b < //b",
		"count(//b/preceding::b)", "//b/following::b[last()]", "//b[position() mod 2 = 0]", "//b[last()-1]", "//b | //b", "//b[self::b][2]", "string(//b)", "//b[following::b]",
	} {
		e, err := Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		b := &Budget{Max: 12 * n}
		if _, err := tree.Eval(t.Context(), e, tree.nodes[0].n, b); err != nil {
			t.Errorf("%s: %v after %d steps", src, err, b.spent)
		}
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	tree := index(t, "<r>"+strings.Repeat("<b>1</b>", 20_000)+"</r>", true)
	e, err := Compile("count(//b[count(preceding-sibling::b) = 7])")
	if err != nil {
		t.Fatal(err)
	}
	b := &Budget{Max: 1_000_000}
	if _, err := tree.Eval(t.Context(), e, tree.nodes[0].n, b); !errors.Is(err, ErrSteps) {
		t.Errorf("got %v, want %v", err, ErrSteps)
	}
	// The budget is shared, so the second evaluation has none left.
	if e, err = Compile("//b"); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Eval(t.Context(), e, tree.nodes[0].n, b); !errors.Is(err, ErrSteps) {
		t.Errorf("with a spent budget: %v", err)
	}
	cause := errors.New("the time is up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := tree.Eval(ctx, e, tree.nodes[0].n, nil); !errors.Is(err, cause) {
		t.Errorf("canceled: %v, want %v", err, cause)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[float64]string{1e15: "1000000000000000", 1e21: "1000000000000000000000", 1e-7: "0.0000001", 70000001: "70000001", -1.5: "-1.5"} {
		if got := FormatNumber(in); got != want {
			t.Errorf("%v: got %s, want %s", in, got, want)
		}
	}
}

// For every node, the axes give the nodes of the recommendation's definitions.
func TestAxesAgainstTheirDefinitions(t *testing.T) {
	t.Parallel()
	tree := index(t, "<r><a><b/><c><d/>t</c></a>u<e/><f><g><h/></g><!--x--></f></r>", true)
	ev := &evaluator{tree: tree, ctx: t.Context(), budget: &Budget{}, most: MaxSteps}
	any := &nodeTest{what: testNode}
	isAncestor := func(a, b int) bool {
		for up := tree.nodes[b].parent; up >= 0; up = tree.nodes[up].parent {
			if int(up) == a {
				return true
			}
		}
		return false
	}
	n := len(tree.nodes)
	for i := range n {
		for a, in := range map[axis]func(j int) bool{
			axisChild:            func(j int) bool { return int(tree.nodes[j].parent) == i },
			axisDescendant:       func(j int) bool { return isAncestor(i, j) },
			axisDescendantOrSelf: func(j int) bool { return i == j || isAncestor(i, j) },
			axisParent:           func(j int) bool { return int(tree.nodes[i].parent) == j },
			axisAncestor:         func(j int) bool { return isAncestor(j, i) },
			axisAncestorOrSelf:   func(j int) bool { return i == j || isAncestor(j, i) },
			axisFollowing:        func(j int) bool { return j > i && !isAncestor(i, j) },
			axisPreceding:        func(j int) bool { return j < i && !isAncestor(j, i) },
			axisFollowingSibling: func(j int) bool { return j > i && tree.nodes[j].parent == tree.nodes[i].parent },
			axisPrecedingSibling: func(j int) bool { return j < i && tree.nodes[j].parent == tree.nodes[i].parent },
			axisSelf:             func(j int) bool { return i == j },
		} {
			var want []ref
			for j := range n {
				if in(j) {
					want = append(want, node(j))
				}
			}
			var forward, backward []ref
			ev.each(a, node(i), any, a.reverse(), func(r ref) bool { forward = append(forward, r); return true })
			ev.each(a, node(i), any, !a.reverse(), func(r ref) bool { backward = append([]ref{r}, backward...); return true })
			if cmp.Diff(forward, want) != "" || cmp.Diff(backward, want) != "" || cmp.Diff(ev.all(a, []ref{node(i)}, any), want) != "" {
				t.Errorf("axis %d of node %d: got %v and %v, want %v", a, i, forward, backward, want)
			}
			// For a set, the result is the union over its nodes.
			union := map[ref]bool{}
			set := []ref{node(i / 2), node(i), node((i + n) / 2)}
			set = ordered(set)
			for _, r := range set {
				ev.each(a, r, any, false, func(r ref) bool { union[r] = true; return true })
			}
			if got := ev.all(a, set, any); len(got) != len(union) {
				t.Errorf("axis %d of %v: got %v, want %v", a, set, got, union)
			}
		}
	}
}

// No text makes the compiler or the evaluator panic, and a value does not depend on earlier
// evaluations.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{"//a[1]/@b", "count(//a[position()<last()])|1", "id('x')[2]/ancestor::*[1]", "string-length(substring('é',1 div 0))", "a[b=//c]/..", "- - -1 mod 0"} {
		f.Add(s)
	}
	d, err := markup.HTML(f.Context(), []byte(`<div id=x class=a><a b=1><c>é</c></a><a>2</a><!--c--></div>`), markup.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src string) {
		e, err := Compile(src)
		if err != nil {
			if s, ok := errors.AsType[*SyntaxError](err); !ok || s.Pos < 1 {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		tree := NewTree(d.Root, false)
		first, err1 := tree.Eval(t.Context(), e, d.Root, &Budget{Max: 1_000_000})
		again, err2 := tree.Eval(t.Context(), e, d.Root, &Budget{Max: 1_000_000})
		if fmt.Sprint(first, err1) != fmt.Sprint(again, err2) {
			t.Fatalf("%q: %v, %v, then %v, %v", src, first, err1, again, err2)
		}
	})
}
