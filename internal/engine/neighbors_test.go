package engine_test

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// A chain follows a page's own links in both directions until pages are unwanted. A user's function
// may also return the neighbors.
func TestChainsByNeighbors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		patience int
		neighbor seine.NeighborFunc
		want     string
	}{
		{"links of the page", 1, func(_ seine.Task, page *seine.Page, dir int) string {
			return page.Header.Get(map[int]string{+1: "X-Next", -1: "X-Prev"}[dir])
		}, "[18 19 20 21 22 23]"},
		{"with patience", 2, func(_ seine.Task, page *seine.Page, dir int) string {
			return page.Header.Get(map[int]string{+1: "X-Next", -1: "X-Prev"}[dir])
		}, "[17 18 19 20 21 22 23]"},
		{"a function of the key", 1, func(task seine.Task, _ *seine.Page, dir int) string {
			n, _ := strconv.Atoi(path.Base(task.URL))
			return fmt.Sprintf("%s%d", strings.TrimSuffix(task.URL, path.Base(task.URL)), n+2*dir)
		}, "[18 20 22 24 26]"},
		{"one that fails", 1, func(seine.Task, *seine.Page, int) string { panic("no") }, "[20]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r *rig
			r = newRig(t, func(w http.ResponseWriter, q *http.Request) {
				id, _ := strconv.Atoi(path.Base(q.URL.Path))
				if id < 23 { // the last one has no next
					w.Header().Set("X-Next", fmt.Sprintf("%s/p/%d", r.site.URL, id+1))
				}
				w.Header().Set("X-Prev", fmt.Sprintf("%s/p/%d", r.site.URL, id-1))
				if id < 19 || id > 24 {
					http.Error(w, "not wanted", http.StatusGone)
				}
			})
			r.run(r.register(r.job(func(j *seine.Job) {
				j.Seeds = seine.Seeds{URLs: []string{r.site.URL + "/p/20"}}
				j.Explore = seine.Explore{Strategy: seine.StrategyChain, Patience: tt.patience, Neighbor: tt.neighbor}
			})))
			var ids []string
			for p, n := range r.site.Counts() {
				ids = append(ids, path.Base(p))
				if n != 1 {
					t.Errorf("%s was asked for %d times", p, n)
				}
			}
			slices.Sort(ids)
			if got := fmt.Sprint(ids); got != tt.want {
				t.Errorf("asked for %s; want %s", got, tt.want)
			}
		})
	}
}

// A local search whose next step was taken meanwhile looks up the step after it and continues.
func TestALocalSearchTurnsAtATakenID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, known string // the key that is known already, and what it is
		want        string // what is asked for beside it
	}{
		{"a miss is stepped over", "101", "/p/102"},
		{"at a hit it goes to the other side", "102", "/p/98"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
				id, _ := strconv.Atoi(path.Base(q.URL.Path))
				if id < 90 || id > 120 || id == 101 {
					http.NotFound(w, q)
				}
			})
			j := r.register(r.job(func(j *seine.Job) {
				j.Seeds.IDs = []seine.IDSpace{{From: 0, To: 9_999_999}}
				j.Explore.Budget = 8
				j.Concurrency = 1
			}))
			key := map[string]string{"101": "100", "102": "101"}[tt.known]
			wanted := *j
			r.add(&wanted, tt.known)
			lease, err := r.f.OpenLease(t.Context(), "before", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.f.Claim(t.Context(), lease, frontier.ClaimArgs{Job: j.ID, N: 1})
			if err != nil || len(got) != 1 {
				t.Fatal(got, err)
			}
			state := map[string]seine.State{"101": seine.Skipped, "102": seine.Done}[tt.known]
			if _, err := r.f.Complete(t.Context(), lease, j.ID, []frontier.Completion{{Claimed: got[0], State: state}}); err != nil {
				t.Fatal(err)
			}
			// The step at key, when nothing was known up to 120.
			step, err := frontier.Admit(&j.Job, frontier.Seed{Key: key})
			if err != nil {
				t.Fatal(err)
			}
			at, _ := strconv.Atoi(key)
			step.Meta = fmt.Appendf(nil, `{"_seine":{"trip":{"a":99,"d":1,"l":%d,"m":0,"h":6,"g":1,"c":121}}}`, at-1)
			if _, err := r.f.Add(t.Context(), j.ID, []frontier.New{step}); err != nil {
				t.Fatal(err)
			}
			r.run(j)
			if r.site.Count(tt.want) != 1 {
				t.Errorf("%s was requested %d times; requests %v", tt.want, r.site.Count(tt.want), r.site.Counts())
			}
		})
	}
}
