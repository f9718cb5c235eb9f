package extract

import (
	"context"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
)

// A search that reads its text in steps finds what package regexp finds.
func TestPatternsInSteps(t *testing.T) {
	t.Parallel()
	w := watch(t.Context(), time.Hour)
	defer w.stop()
	alphabet := []string{"a", "b", " ", "\n", "é", "1", ",", "\xff", "€", "ab", "A"}
	for _, src := range []string{
		`a`, `a*`, `\b\w+\b`, `^a`, `a$`, `(?m)^(\w+)$`, `(?i)AB|é`, `\B`, `(a)|(b)`, `\d+,?\d*`, `(?s).`, `x*`, `(?P<n>a+)(b?)`, `\A\w`, `\w\z`, `[^a]{2,3}`, `a{0,3}?b`, `(?U)a+`, `€|\x{FFFD}`,
	} {
		p, err := compilePattern(src)
		if err != nil {
			t.Fatal(err)
		}
		p.size = cheapSearch + 1 // as for a long text
		r := rand.New(rand.NewPCG(1, 2))
		for range 400 {
			var b strings.Builder
			for range r.IntN(12) {
				b.WriteString(alphabet[r.IntN(len(alphabet))])
			}
			text := b.String()
			re := regexp.MustCompile(src)
			first, err := p.first(w, text)
			all, err2 := p.all(w, text, 5)
			found, err3 := p.matches(w, text)
			if err != nil || err2 != nil || err3 != nil {
				t.Fatal(err, err2, err3)
			}
			if want := re.FindStringSubmatchIndex(text); !reflect.DeepEqual(first, want) || found != (want != nil) {
				t.Fatalf("%s in %q: %v; want %v", src, text, first, want)
			}
			if want := re.FindAllStringSubmatchIndex(text, 5); !reflect.DeepEqual(all, want) {
				t.Fatalf("all of %s in %q: %v; want %v", src, text, all, want)
			}
		}
	}
}

// Each of these searches takes many seconds. It ends with its page's time, and at once if the job
// is interrupted.
func TestPatternsHaveABudget(t *testing.T) {
	t.Parallel()
	body := "<h1>" + strings.Repeat("x", 900<<10)
	const slow = `(?:\w+[, ]?){1,200}EUR`
	for name, rules := range map[string]Rules{
		"regex":      {Fields: []Field{{Name: "t", Regex: slow}}},
		"match":      {Fields: []Field{{Name: "t", CSS: "h1", Match: slow}}},
		"expression": {Fields: []Field{{Name: "t", CSS: "h1"}}, Verdict: []VerdictRule{{State: seine.Skipped, When: `t matches "` + strings.ReplaceAll(slow, `\`, `\\`) + `"`, Why: "x"}}},
	} {
		rules.Timeout = time.Millisecond
		s := compile(t, rules)
		if _, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page(body)); err == nil || !strings.Contains(err.Error(), errSlow.Error()) {
			t.Errorf("%s: %v; want %v", name, err, errSlow)
		}
		rules.Timeout = time.Hour
		s = compile(t, rules)
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, stop)
		if _, err := s.Scrape(ctx, seine.Task{Key: "k"}, page(body)); err == nil || !strings.Contains(err.Error(), "canceled") {
			t.Errorf("%s, interrupted: %v", name, err)
		}
		stop()
	}
}
