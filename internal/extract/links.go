package extract

import (
	"context"

	"github.com/andybalholm/cascadia"

	"github.com/seinehq/seine"
)

// Links returns the pages that links lead to: of each direction the first
// element that a selector matches. An empty selector has none. A problem's Path
// is next or prev.
func Links(next, prev string) (seine.NeighborFunc, []Problem) {
	var (
		problems  []Problem
		selectors = map[int]cascadia.SelectorGroup{}
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
		group, err := cascadia.ParseGroup(s.css)
		if err != nil {
			problems = append(problems, Problem{Path: s.path, Message: "bad selector: " + err.Error()})
			continue
		}
		selectors[s.dir] = group
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return func(_ seine.Task, page *seine.Page, dir int) string {
		selector, ok := selectors[dir]
		if !ok {
			return ""
		}
		r := &reading{ctx: context.Background(), page: page}
		defer r.release()
		doc, err := r.document()
		if err != nil || doc == nil {
			return ""
		}
		n := cascadia.Query(doc, selector)
		if n == nil {
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
