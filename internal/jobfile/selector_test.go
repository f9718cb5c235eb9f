package jobfile

import (
	"strings"
	"testing"
)

func TestSelectorsOfWaitsAreTheBrowsers(t *testing.T) {
	t.Parallel()
	for _, right := range []string{
		"p", "main p.title", ":is(h1, h2) > a", "p:where(.a, #b)", ":not(:is(a, b))", "div:has(> img)", "div:has(+ p)", "p:has(:is(h1,h2))",
		"input:placeholder-shown", "my-card:defined", "a:any-link:focus-within", "[a='!=']", `[data-a=":contains(x)"]`, `#\31 a`, `.a\:b`,
		"p:nth-child(2n + 1)", "a:NOT(b)", "a:IS(b)", `[id="1a"]`,
	} {
		if err := checkWaitSelector(right); err != nil {
			t.Errorf("checkWaitSelector(%q) = %v", right, err)
		}
	}
	for _, tt := range []struct{ css, want string }{
		{"p:contains(Foo)", "a browser knows no :contains: give `matches` beside css"},
		{"p:containsOwn(Foo)", "give `matches`"},
		{":matchesOwn(^a)", "a browser knows no :matchesown: give `matches` beside css"},
		{":is(p, :matches(a))", "a browser knows no :matches:"},
		{"div:haschild(p)", "write :has(> …)"},
		{":input", "write :is(input, select, textarea, button)"},
		{"a[href!=b]", "a browser knows no [href!=b]: write :not([…=…])"},
		{"a[href#=b]", "give `attr` and `matches` beside css"},
		{"#1a", `a browser knows no #1: write [id="1…"]`},
		{"p::before", "an element in the page has no ::"},
		{"p[", "expected identifier"},
		{"p:is(a", "expected"},
		{"p:nope", "unknown pseudoclass"},
	} {
		if err := checkWaitSelector(tt.css); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("checkWaitSelector(%q) = %v; want %q", tt.css, err, tt.want)
		}
	}
}

// No text is too wrong to be told so.
func FuzzDialect(f *testing.F) {
	for _, s := range []string{"p:is(a)", "[a='", `\`, "a:has(>", `["\`, "#", ":"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, css string) { _ = checkWaitSelector(css) })
}
