package css

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/markup"
)

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want string }{
		{"", "character 1: a selector is missing: found the end"},
		{"p[", "character 3: the name of an attribute is missing after [: found the end"},
		{"p[a", "character 4: ] or = is missing after the name of an attribute: found the end"},
		{"p[a=", "character 5: the value of an attribute is missing: found the end"},
		{"p[a=b", "character 6: ] is missing after the value of an attribute: found the end"},
		{"p[a='b", "character 5: the text has no closing '"},
		{"p[a=b x]", "character 7: x is no flag: i or s"},
		{"é..a", "character 3: a class after . is missing: found '.'"},
		{"p,", "character 3: a selector is missing: found the end"},
		{"p >", "character 4: a selector is missing: found the end"},
		{"> p", "character 1: a selector begins with >: write :scope > …"},
		{"p:", "character 3: the name of a pseudo-class after : is missing: found the end"},
		{"p:nope", "character 2: there is no pseudo-class :nope"},
		{"p:nope(a)", "character 2: there is no pseudo-class :nope()"},
		{"p:is(a", "character 7: ) is missing after the argument of :is: found the end"},
		{"p:not", "character 2: :not needs an argument: :not(…)"},
		{"p:empty(a)", "character 2: :empty takes no argument"},
		{"p:nth-child(x)", `character 13: "x" is no position: write 3, odd, even or 2n+1`},
		{"p:hover", "character 2: only a browser knows :hover, so a field cannot use it"},
		{"input:invalid", "character 6: only a browser knows :invalid, so a field cannot use it"},
		{"h1::text", "character 3: ::text is Scrapy's: leave it out, because a field takes the text by itself"},
		{"a::attr(data-x)", "character 2: ::attr is Scrapy's: give attr: data-x next to css"},
		{"a::attr()", "character 2: ::attr is Scrapy's: give attr: href next to css"},
		{"p::before", "character 2: ::before selects no element, because it belongs to the rendering of a page"},
		{"p:before", "character 2: :before selects no element, because it belongs to the rendering of a page"},
		{"p:has(a:has(b))", "character 8: :has can't stand in :has"},
		{"p:matches((a)", "character 14: ) is missing after the argument of :matches: found the end"},
		{"p:matches('(')", "character 11: missing closing ): `(`"},
		{"p)", "character 2: ')' has no meaning here"},
		{"p /* a", "character 3: the comment has no end"},
		{strings.Repeat(":is(", 60) + "a" + strings.Repeat(")", 60), "character 201: the selector is nested more than 50 deep"},
	} {
		_, err := Parse(tt.src)
		if e, ok := errors.AsType[*SyntaxError](err); !ok || e.Error() != tt.want {
			t.Errorf("%.40s: got %v, want %s", tt.src, err, tt.want)
		}
	}
}

func names(found []*html.Node) string {
	var list []string
	for _, n := range found {
		id, ok := attribute(n, "id")
		if !ok {
			id = n.Data
		}
		list = append(list, id)
	}
	return strings.Join(list, " ")
}

func TestExtensions(t *testing.T) {
	t.Parallel()
	d := document(t, `<div id=d><p id=a class=1>Price: <b>EUR 5</b></p><p id=b data-x="Foo">none</p><input id=i><button id=u></button><p id=c>(x)</p></div>`, false)
	for _, tt := range []struct{ src, want string }{
		{"p:contains(price)", "a"}, {"p:contains('EUR 5')", "a"}, {"p:containsOwn(EUR)", ""}, {"p:containsOwn(Price)", "a"}, {"div:contains(none)", "d"},
		{`p:contains(\(x\))`, ""}, {"p:contains((x))", "c"}, {`p:matches(^Price: EUR \d$)`, "a"}, {"p:matchesOwn('^none$')", "b"}, {"p:haschild(b)", "a"}, {"div:haschild(b)", ""},
		{":input", "i u"}, {"p[data-x!=Foo]", "a c"}, {"p[data-x#=^F(o+)$]", "b"}, {"p[data-x#='[o]{2}']", "b"}, {"[class=1]", "a"},
	} {
		if got := names(find(t, d, tt.src, d.Root)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.src, got, tt.want)
		}
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	d := document(t, `<main><div id=a><p id=p1>x</p><section><p id=p2></p></section></div><div id=b><p id=p3></p></div></main>`, false)
	a := find(t, d, "#a", d.Root)[0]
	for src, want := range map[string]string{
		"p": "p1 p2", ":scope > p": "p1", ":scope p": "p1 p2", "main p": "p1 p2", "div > p": "p1", ":scope": "", "#a": "", ":scope:has(p)": "", ":root p": "p1 p2",
		"p:first-child": "p1 p2", ":is(:scope > section) p": "p2", "section:has(:scope p)": "",
	} {
		if got := names(find(t, d, src, a)); got != want {
			t.Errorf("%s: got %q, want %q", src, got, want)
		}
	}
}

func TestNamespaces(t *testing.T) {
	t.Parallel()
	d := document(t, `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:dc="u:dc" xmlns:xlink="u:x"><title id="t"/><dc:title id="d" xlink:href="/a"/><m:title id="m" href="/b"/></feed>`, true)
	for src, want := range map[string]string{
		"title": "t d m", "dc|title": "d", "m|title": "m", "x|title": "", "*|title": "t d m", "dc|*": "d", "[xlink|href]": "d", "[href]": "m", "[*|href]": "d m",
		`[xlink\:href="/a"]`: "d", "Title": "", "|title": "m", "feed > dc|title": "d",
	} {
		if got := names(find(t, d, src, d.Root)); got != want {
			t.Errorf("%s: got %q, want %q", src, got, want)
		}
	}
	h := document(t, `<svg><a id=s></a></svg><math><mi id=m></mi></math><a id=h></a>`, false)
	for src, want := range map[string]string{"svg|a": "s", "math|*": "math m", "a": "s h"} {
		if got := names(find(t, h, src, h.Root)); got != want {
			t.Errorf("%s: got %q, want %q", src, got, want)
		}
	}
}

// A state from the browser takes precedence over an element's attributes.
func TestStates(t *testing.T) {
	t.Parallel()
	d := document(t, `<input id=a type=checkbox><input id=b type=checkbox checked><x-y id=x></x-y>`, false)
	d.States = map[*html.Node]markup.State{}
	for _, n := range elementsOf(d) {
		switch id, _ := attribute(n, "id"); id {
		case "a", "x":
			d.States[n] = markup.Checked | markup.Defined
		case "b":
			d.States[n] = 0
		}
	}
	for src, want := range map[string]string{"input:checked": "a", "x-y:defined": "x", "input:not(:checked)": "b"} {
		if got := names(find(t, d, src, d.Root)); got != want {
			t.Errorf("%s: got %q, want %q", src, got, want)
		}
	}
}

// Counting positions and looking for siblings and descendants takes a number of
// steps that is linear in the document.
func TestStepsAreLinear(t *testing.T) {
	t.Parallel()
	const n = 20_000
	wide := document(t, "<ul>"+strings.Repeat("<li>x</li>", n)+"</ul>", false)
	deep := document(t, strings.Repeat("<a>", n)+strings.Repeat("</a>", n), true)
	for _, tt := range []struct {
		d    *markup.Document
		srcs []string
	}{
		{wide, []string{
			"li:nth-child(2)", "li:nth-last-child(2)", "li:last-child", "li:nth-of-type(odd)", "li:nth-last-of-type(2n)", "li:only-of-type", "li:nth-child(2 of :not(.x))",
			".x ~ li", "li ~ li", "li:not(.x ~ li)", ".x ~ li ~ li ~ li", "ul:has(.x)", "li:has(.x)", "li:has(+ .x)", "li + li", "li:nth-child(3) ~ li:nth-last-child(3)", "body:has(.x ~ .y)",
		}},
		{deep, []string{"a:has(.x)", "a:first-child", "a:nth-child(2)", "a:not(:has(a))", "a > a > a > .x"}},
	} {
		for _, src := range tt.srcs {
			s, err := Parse(src)
			if err != nil {
				t.Fatal(err)
			}
			b := &Budget{Max: 40 * n}
			if err := s.Find(t.Context(), tt.d, tt.d.Root, b, func(*html.Node) bool { return true }); err != nil {
				t.Errorf("%s: %v after %d steps", src, err, b.spent)
			}
		}
	}
	// Many descendants in a row do not multiply.
	nested := document(t, strings.Repeat("<div>", 400)+"<p>", false)
	s, err := Parse(strings.Repeat("div ", 30) + ".x p")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Find(t.Context(), nested, nested.Root, &Budget{Max: 200_000}, func(*html.Node) bool { return true }); err != nil {
		t.Errorf("many descendants: %v", err)
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	d := document(t, strings.Repeat("<p>x</p>", 20_000), false)
	s, err := Parse("p:has(~ .x)")
	if err != nil {
		t.Fatal(err)
	}
	none := func(*html.Node) bool { return true }
	if err := s.Find(t.Context(), d, d.Root, &Budget{Max: 1_000_000}, none); !errors.Is(err, ErrSteps) {
		t.Errorf("got %v, want %v", err, ErrSteps)
	}
	cause := errors.New("the time is up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if err := s.Find(ctx, d, d.Root, nil, none); !errors.Is(err, cause) {
		t.Errorf("canceled: %v, want %v", err, cause)
	}
}

func TestFindStops(t *testing.T) {
	t.Parallel()
	d := document(t, "<p id=a><p id=b>", false)
	s, err := Parse("p")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	if err := s.Find(t.Context(), d, d.Root, nil, func(*html.Node) bool { count++; return false }); err != nil || count != 1 {
		t.Errorf("%d elements, %v; want 1", count, err)
	}
}

func TestCheckBrowser(t *testing.T) {
	t.Parallel()
	for _, right := range []string{
		"p", "main p.title", ":is(h1, h2) > a", "p:where(.a, #b)", ":not(:is(a, b))", "div:has(> img)", "div:has(+ p)", "p:has(:is(h1,h2))",
		"input:placeholder-shown", "my-card:defined", "a:any-link:focus-within", "[a='!=']", `[data-a=":contains(x)"]`, `#\31 a`, `.a\:b`,
		"p:nth-child(2n + 1)", "a:NOT(b)", "a:IS(b)", `[id="1a"]`, "a:hover", "input:valid", ":dir(rtl)", "li:nth-child(2 of .x)", "[type=a i]",
	} {
		if err := CheckBrowser(right); err != nil {
			t.Errorf("CheckBrowser(%q) = %v", right, err)
		}
	}
	for _, tt := range []struct{ css, want string }{
		{"p:contains(Foo)", "character 2: a browser knows no :contains: give `matches` next to css"},
		{"p:containsOwn(Foo)", "give `matches`"},
		{":matchesOwn(^a)", "a browser knows no :matchesown: give `matches` next to css"},
		{":is(p, :matches(a))", "a browser knows no :matches:"},
		{"div:haschild(p)", "write :has(> …)"},
		{":input", "write :is(input, select, textarea, button)"},
		{"a[href!=b]", "a browser knows no [href!=b]: write :not([…=…])"},
		{"a[href#=b]", "give `attr` and `matches` next to css"},
		{"#1a", `a browser knows no #1: write [id="1…"]`},
		{"[a=1]", "the value of an attribute is missing: found '1'. Write it in quotation marks"},
		{"svg|a", "a browser knows no prefix svg: write *|"},
		{"[xlink|href]", "a browser knows no prefix xlink: write *|"},
		{"p::before", "an element in the page has no ::, only its looks have"},
		{"p[", "the name of an attribute is missing"},
		{"p:is(a", ") is missing"},
		{"p:nope", "there is no pseudo-class :nope"},
	} {
		if err := CheckBrowser(tt.css); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("CheckBrowser(%q) = %v; want %q", tt.css, err, tt.want)
		}
	}
}

// No text makes the parser or a search panic. Two searches of one page agree, and so do single
// matches.
func FuzzSelector(f *testing.F) {
	for _, s := range []string{"li:nth-child(2n+1 of .x, a) ~ b", "a:has(> b, + c d):not(:is(e))", `[a="\61" i], #\31 x|y`, ":contains('x)", "svg|a *|* |b", ":lang(de, '*-CH')"} {
		f.Add(s)
	}
	d, err := markup.HTML(f.Context(), []byte(`<div id=x class=a><ul><li class=x>1<li>2<b></b></ul><svg><a xlink:href=x></a></svg></div>`), markup.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src string) {
		_ = CheckBrowser(src)
		s, err := Parse(src)
		if err != nil {
			if e, ok := errors.AsType[*SyntaxError](err); !ok || e.Pos < 1 {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		run := func() string {
			var found []*html.Node
			err := s.Find(t.Context(), d, d.Root, &Budget{Max: 1_000_000}, func(n *html.Node) bool { found = append(found, n); return true })
			return fmt.Sprint(names(found), err)
		}
		if first, again := run(), run(); first != again {
			t.Fatalf("%q: %s, then %s", src, first, again)
		}
	})
}
