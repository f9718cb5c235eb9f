package extract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
)

func slowPage(items int) *seine.Page {
	return &seine.Page{
		URL: "https://a.example/", Status: http.StatusOK, Type: "text/html",
		Body: []byte("<h1>x</h1><div>" + strings.Repeat("<b>1</b>", items) + "</div>"),
	}
}

// slow are rules that take minutes or years on a page of 10,000 elements. The expressions loop in
// loops.
var slow = []struct {
	name  string
	items int
	rules Rules
}{
	{"an expression in the square", 10_000, Rules{Verdict: []VerdictRule{{State: seine.Skipped, When: "count(x, any(x, # == 'no')) == 1"}}}},
	{"an expression in the cube", 10_000, Rules{Verdict: []VerdictRule{{State: seine.Skipped, When: "count(x, any(x, any(x, # == 'no'))) == 1"}}}},
	{"filter, map and find", 10_000, Rules{Verdict: []VerdictRule{{State: seine.Skipped, When: "len(filter(x, len(map(x, len(filter(x, # == 'no')))) == 1)) == 1"}}}},
	{"none, one, all, findIndex and sortBy", 10_000, Rules{Verdict: []VerdictRule{{State: seine.Skipped, When: "none(x, one(x, all(x, findIndex(x, # == 'no') == 7)))"}}}},
	{"reduce and groupBy", 10_000, Rules{Verdict: []VerdictRule{{State: seine.Skipped, When: "reduce(x, len(groupBy(x, reduce(x, #acc + 1, 0))), 0) == 1"}}}},
	{"an asset", 10_000, Rules{Assets: []AssetRule{{Name: "a", URL: "string(count(x, any(x, any(x, # == 'no'))))"}}}},
	{"XPath that counts siblings", 200_000, Rules{Fields: []Field{{Name: "y", XPath: "//b[count(preceding-sibling::b[count(following-sibling::b) > 3]) > 5]", All: true}}}},
	{"CSS in the square", 200_000, Rules{Fields: []Field{{Name: "y", CSS: "b:not(:has(~ i)):not(:has(~ u))", All: true}}}},
}

func (c *slowCase) compile(t *testing.T, timeout time.Duration) *Scraper {
	t.Helper()
	c.rules.Timeout = timeout
	c.rules.Fields = append(c.rules.Fields[:len(c.rules.Fields):len(c.rules.Fields)], Field{Name: "x", CSS: "b:nth-child(-n+10000)", All: true})
	s, problems := Compile(c.rules)
	if problems != nil {
		t.Fatal(problems)
	}
	return s
}

type slowCase struct {
	name  string
	items int
	rules Rules
}

// Such a page ends once, in error.
func TestRulesHaveATime(t *testing.T) {
	t.Parallel()
	for _, tt := range slow {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := slowCase(tt)
			_, err := c.compile(t, 50*time.Millisecond).Scrape(t.Context(), seine.Task{Key: "1"}, slowPage(tt.items))
			if !errors.Is(err, seine.ErrFinal) || !strings.Contains(fmt.Sprint(err), "rules take too long on this page") {
				t.Errorf("Scrape = %v; want a final error of the time", err)
			}
		})
	}
}

// The caller can interrupt it, which is no fault of the page.
func TestRulesCanBeInterrupted(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	for _, tt := range slow {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			timer := time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
			defer timer.Stop()
			c := slowCase(tt)
			_, err := c.compile(t, time.Hour).Scrape(ctx, seine.Task{Key: "1"}, slowPage(tt.items))
			if !errors.Is(err, stop) && !errors.Is(err, context.Canceled) || errors.Is(err, seine.ErrFinal) {
				t.Errorf("Scrape = %v; want the cause of the interruption", err)
			}
		})
	}
}

// The clock changes no result, and no expression can name it.
func TestLoopsOfExpressions(t *testing.T) {
	t.Parallel()
	for _, when := range []string{
		"count(x, # == '1') == 3", "any(x, # == '1')", "all(x, # == '1')", "none(x, # == '2')", "!one(x, # == '1')",
		"len(filter(x, # == '1')) == 3", "map(x, # + 'a')[0] == '1a'", "find(x, # == '1') == '1'", "findIndex(x, # == '1') == 0",
		"findLast(x, # == '1') == '1'", "findLastIndex(x, # == '1') == 2", "len(groupBy(x, #)['1']) == 3",
		"len(sortBy(x, #)) == 3", "reduce(x, #acc + int(#), 0) == 3", "sum(x, int(#)) == 3", "count(x, any(x, # == '1')) == 3",
		"len(filter(x, let y = #; y == '1')) == 3", "x | filter(# == '1') | len() == 3", "map(1..3, # * 2)[2] == 6",
	} {
		s, problems := Compile(Rules{Fields: []Field{{Name: "x", CSS: "b", All: true}}, Verdict: []VerdictRule{{State: seine.Skipped, When: when}}})
		if problems != nil {
			t.Errorf("%s: %v", when, problems)
			continue
		}
		got, err := s.Scrape(t.Context(), seine.Task{Key: "1"}, slowPage(3))
		if err != nil || got.Verdict.State != seine.Skipped {
			t.Errorf("%s: %+v, %v; want skipped", when, got.Verdict, err)
		}
	}
	for _, when := range []string{"clock() == nil", "tick(1)", "clock == nil"} {
		if _, problems := Compile(Rules{Fields: []Field{{Name: "x", CSS: "b"}}, Verdict: []VerdictRule{{State: seine.Skipped, When: when}}}); problems == nil {
			t.Errorf("%s compiles", when)
		}
	}
}
