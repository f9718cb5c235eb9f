package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/seinehq/seine"
)

// A program of several jobs lists them if it has no job of a name.
func TestAProgramListsItsJobs(t *testing.T) {
	t.Parallel()
	job := func(name string) seine.Job {
		return seine.Job{Name: name, Seeds: seine.Seeds{URLs: []string{"http://a.example/"}}, Scraper: seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) {
			return seine.Result{}, nil
		})}
	}
	var out, errs strings.Builder
	a := newApp(Program{Jobs: []seine.Job{job("one"), job("two")}}, noEnv, strings.NewReader(""), &out, &errs)
	code := a.main(t.Context(), []string{"validate", "three"})
	if code != exitJobFile || !strings.Contains(errs.String(), "this program has no job three: its jobs are one, two") {
		t.Errorf("exit %d: %s%s", code, &out, &errs)
	}
}
