package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/testkit"
)

// A page with another canonical URL in scope is skipped, and that page is fetched. Of two pages
// that name each other one is kept. The page of an ID keeps its result.
func TestCanonicalPages(t *testing.T) {
	t.Parallel()
	for _, postgres := range []bool{false, true} {
		t.Run(fmt.Sprint("postgres ", postgres), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(http.ResponseWriter, *http.Request) {})
			if postgres {
				r.f = testkit.Postgres(t)
			}
			canonical := map[string]string{
				"/a": "/b", "/x": "/y", "/y": "/x", "/self": "/self", "/out": "http://other.example/", "/p/7": "/b",
			}
			j := r.register(r.job(func(j *seine.Job) {
				j.Seeds.URLs = []string{r.site.URL + "/a", r.site.URL + "/x", r.site.URL + "/y", r.site.URL + "/self", r.site.URL + "/out"}
				j.Scope.Leave = func(url string, _ int) string {
					if strings.HasPrefix(url, r.site.URL) {
						return ""
					}
					return "out of scope"
				}
				j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
					path := strings.TrimPrefix(task.URL, r.site.URL)
					to := canonical[path]
					if strings.HasPrefix(to, "/") {
						to = r.site.URL + to
					}
					return seine.Result{Records: []seine.Record{{Fields: map[string]any{"path": path}}}, Canonical: to}, nil
				})
			}))
			r.add(j, "7")
			r.run(j)
			got := r.reasons(j.ID)
			loop := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s[:2] != "/x" && s[:2] != "/y" })
			got = slices.DeleteFunc(got, func(s string) bool { return slices.Contains(loop, s) })
			want := []string{"7 done", "/a skipped canonical is elsewhere", "/b done", "/out done", "/self done"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tasks (-want +got):\n%s", diff)
			}
			done := slices.DeleteFunc(slices.Clone(loop), func(s string) bool { return !strings.HasSuffix(s, " done") })
			if len(loop) != 2 || len(done) != 1 {
				t.Errorf("pages that name each other: %v; want one of two done", loop)
			}
		})
	}
}
