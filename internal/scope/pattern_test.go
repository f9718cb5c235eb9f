package scope

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/weburl"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, url string
		want         bool
	}{
		// Paths.
		{"/p/*", "https://a.example/p/1", true},
		{"/p/*", "https://a.example/p/", true},
		{"/p/*", "https://a.example/p/1/2", false},
		{"/p/*", "https://a.example/p/1/", false},
		{"/p/*", "https://a.example/P/1", false},
		{"/p/*", "https://a.example/x/p/1", false},
		{"/p/*/r", "https://a.example/p/1/r", true},
		{"/p/*/r", "https://a.example/p/1/2/r", false},
		{"/p-*-*.html", "https://a.example/p-a-b-c.html", true},
		{"/p-*-*.html", "https://a.example/p-a.html", false},
		{"/*a*b", "https://a.example/xaxaxb", true},
		{"/*a*b", "https://a.example/xa/b", false},
		{"/", "https://a.example/", true},
		{"/", "https://a.example/x", false},
		{"/c/**", "https://a.example/c/", true},
		{"/c/**", "https://a.example/c/x/y/z", true},
		{"/c/**", "https://a.example/c", false},
		{"/**", "https://a.example/", true},
		{"/**.pdf", "https://a.example/x/y.pdf", true},
		{"/**/r", "https://a.example/r", true},
		{"/**/r", "https://a.example/a/b/r", true},
		{"/**/r", "https://a.example/a/br", false},
		{"/a/**/b/*/c", "https://a.example/a/b/x/b/y/c", true},
		{"/a/**/b/*/c", "https://a.example/a/b/c", false},
		{"/a/**/b/*/c", "https://a.example/a/b/x/c", true},
		{"/a/**/**/b", "https://a.example/a/b", true},
		{"/a**b**c", "https://a.example/ab/b/xc", true},
		{"/a**b**c", "https://a.example/ac", false},
		{"/{id}/x", "https://a.example/%7Bid%7D/x", true},
		{"/{a,b}", "https://a.example/a", false},
		{"/[a-z]/x.", "https://a.example/[a-z]/x.", true},

		// Queries.
		{"/p/*", "https://a.example/p/1?x=1", true},
		{"/p/**", "https://a.example/p/1?x=/1", true},
		{"/p?page=*", "https://a.example/p?page=2", true},
		{"/p?page=*", "https://a.example/p?page=a/b", true},
		{"/p?page=*", "https://a.example/p", false},
		{"/p?page=*", "https://a.example/p?x=1&page=2", false},
		{"/p?*", "https://a.example/p?a", true},
		{"/p?", "https://a.example/p", true},
		{"/p?", "https://a.example/p?a", false},
		{"/p*?a=1", "https://a.example/p/x?a=1", false},
		{"/p?a={1}", "https://a.example/p?a={1}", true},

		// Hosts.
		{"shop.example/p/*", "https://shop.example/p/1", true},
		{"shop.example/p/*", "https://shop.example:8080/p/1", true},
		{"shop.example:8080/p/*", "https://shop.example:8080/p/1", true},
		{"shop.example:8080/p/*", "https://shop.example/p/1", false},
		{"shop.example:443/p/*", "https://shop.example/p/1", true},
		{"shop.example:443/p/*", "http://shop.example/p/1", false},
		{"shop.example/p/*", "https://www.shop.example/p/1", false},
		{"SHOP.example/p/*", "https://shop.example/p/1", true},
		{"Bücher.example/*", "https://xn--bcher-kva.example/x", true},
		{"*.Bücher.example/*", "https://www.xn--bcher-kva.example/x", true},
		{"*.shop.example/**", "https://a.b.shop.example/x/y", true},
		{"*.shop.example/**", "https://shop.example/", false},
		{"*.shop.example/**", "https://evil.example/x.shop.example/", false},
		{"*.shop.example:81/**", "http://a.shop.example:81/", true},
		{"*.shop.example:81/**", "http://a.shop.example/", false},
		{"*/x", "https://a.example/x", true},
		{"**.pdf", "https://a.example/x/y.pdf", true},
		{"**/x", "https://a.example/y/x", true},
		{"a**/x", "https://A.example/x", false},
		{"A**/x", "https://a.example/b/x", true},
		{"[::1]/x", "http://[::1]/x", true},
		{"[::1]:81/x", "http://[::1]:81/x", true},
		{"https://shop.example/p/*", "https://shop.example/p/1", true},
		{"https://shop.example/p/*", "http://shop.example/p/1", false},
		{"HTTPS://*/p", "https://shop.example/p", true},

		// Percent-encodings.
		{"/caf%c3%a9/%7Ea", "https://a.example/caf%C3%A9/~a", true},
		{"/café/a b", "https://a.example/caf%C3%A9/a%20b", true},
		{"/a%2fb", "https://a.example/a%2Fb", true},
		{"/a%2fb", "https://a.example/a/b", false},
		{"/100%", "https://a.example/100%25", true},
		{"/a|b", "https://a.example/a%7Cb", true},
		{"/?q=é", "https://a.example/?q=%C3%A9", true},
		{"/%2A", "https://a.example/%2A", true},
		{"/%2A", "https://a.example/x", false},

		// Regular expressions.
		{`re:/p/\d+$`, "https://a.example/p/12", true},
		{`re:/p/\d+$`, "https://a.example/p/12?x", false},
		{`re:^https://a\.example/`, "https://a.example/p", true},
		{`re:^/p`, "https://a.example/p", false},

		{"/**", "", false},
		{"/**", "a.example/x", false},
	} {
		p, err := ParsePattern(tt.pattern)
		if err != nil {
			t.Errorf("ParsePattern(%q): %v", tt.pattern, err)
			continue
		}
		if got := p.Match(tt.url); got != tt.want {
			t.Errorf("%q matches %s: %v; want %v", tt.pattern, tt.url, got, tt.want)
		}
		if p.String() != tt.pattern {
			t.Errorf("String() = %q; want %q", p, tt.pattern)
		}
	}
	if (Pattern{}).Match("https://a.example/") {
		t.Error("the zero value matches")
	}
}

func TestPatternFails(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"":                               "is empty",
		" ":                              "is empty",
		"shop.example":                   "write shop.example/** for",
		"*.pdf":                          "without a path",
		"/a#b":                           "fragment",
		"re:(":                           "regular expression",
		"https:///p":                     "without a host",
		"a@b.example/p":                  "host name",
		"a b/p":                          "host name",
		"shop.example:/p":                "empty port",
		"**/../x":                        "dot segments",
		"/" + strings.Repeat("x", 3<<10): "bytes",
	} {
		if _, err := ParsePattern(src); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParsePattern(%.50q): %v; want %q", src, err, want)
		}
	}
}

// A pattern with many stars against a long URL that almost fits would take years with
// backtracking.
func TestPatternIsLinear(t *testing.T) {
	t.Parallel()
	url := "https://a.example/" + strings.Repeat("a", 8000)
	for _, src := range []string{"/" + strings.Repeat("a*", 500) + "b", "/" + strings.Repeat("**a", 500) + "b", "/**" + strings.Repeat("*/a**", 100) + "b*c"} {
		if patterns(t, src)[0].Match(url) {
			t.Errorf("%.20s matches", src)
		}
	}
}

// FuzzPattern compares the matcher of paths with a regular expression for the same pattern.
func FuzzPattern(f *testing.F) {
	for _, s := range [][2]string{
		{"/a*b**c", "/axb/yc"}, {"/**/a/*", "/x/a/b"}, {"/a/**/**/b*", "/a/x/b"}, {"/*a*a*a", "/aaaa/aaa"}, {"/a**/b*/**", "/aa/b/"}, {"/**", "/"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, src, path string) {
		p, err := ParsePattern(src)
		if err != nil || p.re != nil {
			return
		}
		url, err := weburl.Canonical("http://a.example" + path)
		if err != nil {
			return
		}
		got := p.Match(url)
		if p.host != nil || p.across || p.hasQ || p.scheme != "" {
			return
		}
		_, path, _ = parts(url)
		if want := reference(p.path).MatchString(path); got != want {
			t.Errorf("%q matches %q: %v; want %v", src, path, got, want)
		}
	})
}

func reference(g glob) *regexp.Regexp {
	var b strings.Builder
	for _, p := range g {
		b.WriteString([]string{"", "[^/]*", ".*", "(?:.*/)?"}[p.star] + regexp.QuoteMeta(p.text))
	}
	return regexp.MustCompile(`(?s)^(?:` + b.String() + `)$`)
}

// FuzzURL checks that no text makes a function panic, and that a family is stable.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"https://a.example/a/1/2?b=c&d", "{1..3}/{01..2}", "/a/a/a", "%4", "re:(", "*.a.example/**"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		Trap(s, time.Unix(0, 0))
		family := PathPattern(s)
		if again := PathPattern("http://" + family); !strings.Contains(s, "://") && strings.Count(s, "?") == 0 && !strings.Contains(again, "{n}") && strings.Contains(family, "{n}") {
			t.Errorf("family %q became %q", family, again)
		}
		if urls, err := Expand(s); err == nil && (len(urls) == 0 || len(urls) > maxExpanded) {
			t.Errorf("Expand(%q) has %d URLs", s, len(urls))
		}
		if sc, err := New([]string{s}, Options{Domain: true}); err == nil && sc.Reason(s, 0) != "" {
			t.Errorf("seed %q is %s", s, sc.Reason(s, 0))
		}
	})
}
