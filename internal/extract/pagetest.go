package extract

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/expr-lang/expr/types"

	"github.com/seinehq/seine"
)

// pageNames are the names of an expression on a page that has no fields. The texts have any type,
// because the library has no `in` for texts.
var pageNames = types.Map{"url": types.Any, "status": types.Int, "text": types.Any, "body": types.Any}

// CompileTest compiles a condition on a page: its URL, its status, its visible text, and its body.
// The text of a page that is not HTML is its body. timeout bounds a run; zero is the
// default.
func CompileTest(src string, timeout time.Duration) (seine.PageTest, []Problem) {
	s := &scope{strict: pageNames, loose: pageNames, names: []string{"body", "status", "text", "url"}}
	e, mistakes := s.compile(src, reflect.Bool)
	var problems []Problem
	for _, m := range mistakes {
		problems = append(problems, Problem{Message: m.message, Near: m.near})
	}
	if e == nil {
		return nil, problems
	}
	return func(page *seine.Page) (bool, error) {
		w := watch(context.Background(), timeout)
		defer w.stop()
		r := &reading{ctx: w.ctx, watch: w, page: page}
		defer r.release()
		env := map[string]any{"url": page.URL, "status": page.Status, "text": "", "body": "", clockName: w}
		if slices.Contains(e.mentions, "body") {
			env["body"] = clean(string(r.body()))
		}
		if slices.Contains(e.mentions, "text") {
			text, err := r.whole()
			if err != nil {
				return false, ended(w.ctx, err)
			}
			env["text"] = text
		}
		v, err := e.run(env)
		yes, _ := v.(bool)
		return yes, err
	}, nil
}
