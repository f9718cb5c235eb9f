package discovery

import (
	"fmt"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/scope"
)

// A next page that led to its page is left out with a reason, however far back it is on the trail.
func TestPaginationThatComesBack(t *testing.T) {
	t.Parallel()
	at := func(n int) string { return fmt.Sprintf("https://shop.example/list?page=%d", n) }
	for name, tt := range map[string]struct {
		pages, back int  // the last page leads to page back
		next, kind  bool // the last link is marked, and of the same page kind
		want        string
	}{
		"to the page itself":     {1, 1, true, true, scope.WhyStands},
		"to the page before":     {2, 1, true, true, scope.WhyStands},
		"to the beginning":       {10, 1, true, true, scope.WhyStands},
		"to the oldest mark":     {40, 40 - maxTrail + 1, true, true, scope.WhyStands},
		"further than the trail": {40, 40 - maxTrail, true, true, ""},
		"to a new page":          {40, 41, true, true, ""},
		"no next page":           {2, 1, false, true, ""},
		"a page of another kind": {2, 1, true, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, &fake{}, func(j *seine.Job) {
				j.Pages = []seine.PageKind{{Name: "list"}, {Name: "item"}}
			})
			f := done(at(1))
			f.Claimed.Page = "list"
			step := func(to int, next bool, kind string) Next {
				f.Follow = []seine.Follow{{URL: at(to), Next: next, Page: kind}}
				return s.Follow(t.Context(), []Finished{f})[0]
			}
			for n := 2; n <= tt.pages; n++ {
				got := step(n, true, "list")
				if len(got.Follow) != 1 {
					t.Fatalf("page %d: %+v; want one follow-up", n-1, got)
				}
				f.Claimed.Key = got.Follow[0].Key
				f.Meta, _ = SplitMeta(got.Follow[0].Meta)
			}
			kind := "list"
			if !tt.kind {
				kind = "item"
			}
			got := step(tt.back, tt.next, kind)
			why := ""
			if len(got.LeftOut) > 0 {
				why = got.LeftOut[0].Reason
			}
			if why != tt.want || (len(got.Follow) == 0) != (tt.want != "") {
				t.Errorf("follow-ups %v, left out %v; want the reason %q", keys(got.Follow), got.LeftOut, tt.want)
			}
		})
	}
}
