package extract

import (
	"context"

	"golang.org/x/net/html"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/css"
)

// Links returns the pages that links lead to, by the first element that each selector matches. An
// empty selector has none. A problem's Path is next or prev.
func Links(next, prev string) (seine.NeighborFunc, []Problem) {
	var (
		problems  []Problem
		selectors = map[int]*css.Selector{}
	)
	for _, s := range []struct {
		dir       int
		path, css string
	}{{+1, "next", next}, {-1, "prev", prev}} {
		if s.css == "" {
			continue
		}
		if len(s.css) > maxSource {
			problems = append(problems, Problem{Path: s.path, Message: "the selector is too long"})
			continue
		}
		selector, err := css.Parse(s.css)
		if err != nil {
			problems = append(problems, Problem{Path: s.path, Message: "bad selector: " + err.Error()})
			continue
		}
		selectors[s.dir] = selector
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return func(_ seine.Task, page *seine.Page, dir int) string {
		selector, ok := selectors[dir]
		if !ok {
			return ""
		}
		w := watch(context.Background(), 0)
		defer w.stop()
		r := &reading{ctx: w.ctx, watch: w, page: page}
		defer r.release()
		doc, err := r.document()
		if err != nil || doc == nil {
			return ""
		}
		var n *html.Node
		err = selector.Find(r.ctx, r.tree, doc, nil, func(found *html.Node) bool {
			n = found
			return false
		})
		if err != nil || n == nil {
			return ""
		}
		href, _ := attribute(n, "href")
		to, err := r.resolve(href)
		if href == "" || err != nil {
			return ""
		}
		return to
	}, nil
}
