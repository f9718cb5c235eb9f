package extract

import (
	"strings"
	"testing"

	"github.com/seinehq/seine"
)

func TestPageTest(t *testing.T) {
	t.Parallel()
	page := &seine.Page{
		URL: "https://a.example/x", Status: 200, Type: "text/html",
		Body: []byte(`<title>Home</title><p>Hello <b>you</b></p><a>Sign out</a><!-- user=7 -->`),
	}
	for src, want := range map[string]bool{
		`'Sign out' in text`:                           true,
		`"Sign in" in text`:                            false,
		`'Sign out' not in text`:                       false,
		`text contains "Hello you"`:                    true,
		`'user=7' in text`:                             false,
		`'user=7' in body`:                             true,
		`status == 200 and url endsWith "/x"`:          true,
		`status in [401, 403]`:                         false,
		`text matches "(?i)sign OUT" or 'x' in url`:    true,
		`'/x' in url && any(1..3, {# == 2})`:           true,
		`len(text) > 5 && lower(text) contains "sign"`: true,
	} {
		test, problems := CompileTest(src, 0)
		if len(problems) > 0 {
			t.Errorf("%s: %v", src, problems)
			continue
		}
		if got, err := test(page); got != want || err != nil {
			t.Errorf("%s is %v, %v; want %v", src, got, err, want)
		}
	}
	api := &seine.Page{URL: "https://a.example/x", Status: 200, Type: "application/json", Body: []byte(`{"user":"me"}`)}
	if test, _ := CompileTest(`'"user"' in text`, 0); test != nil {
		if ok, err := test(api); !ok || err != nil {
			t.Errorf("the text of JSON: %v, %v", ok, err)
		}
	}
	for src, want := range map[string]string{
		"":               "empty",
		"'x' in txt":     `unknown name "txt"`,
		"'x' in":         "does not compile",
		"'Sign' + 'out'": "does not compile",
	} {
		if _, problems := CompileTest(src, 0); len(problems) == 0 || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%q: %v; want %s", src, problems, want)
		}
	}
}
