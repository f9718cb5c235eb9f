package seine

import (
	"context"
	"fmt"
)

// Router is a [Scraper] for a job with several page kinds. It calls the scraper under the name of
// the task's page kind. A job whose scraper is a Router has one page kind per entry in [Job.Pages],
// and an entry per page kind. [Job.Normal] checks both.
//
//	Pages: []seine.PageKind{{Name: "list", Match: isList}, {Name: "product"}},
//	Scraper: seine.Router{"list": list, "product": product},
type Router map[string]Scraper

// Scrape calls the scraper of the task's page kind. It fails with [ErrFinal] if there is none.
func (r Router) Scrape(ctx context.Context, task Task, page *Page) (Result, error) {
	s := r[task.Page]
	if s == nil {
		return Result{}, fmt.Errorf("%w: the router has no scraper for the page kind %q", ErrFinal, task.Page)
	}
	return s.Scrape(ctx, task, page)
}

// check compares the router with the page kinds of its job.
func (r Router) check(kinds []PageKind, say func(format string, args ...any)) {
	names := map[string]bool{}
	for _, k := range kinds {
		names[k.Name] = true
		if isNil(r[k.Name]) {
			say("the router has no scraper for the page kind %q", k.Name)
		}
	}
	for _, name := range sortedKeys(r) {
		if !names[name] {
			say("the router names the page kind %q, which Pages does not have", name)
		}
	}
}
