package engine_test

import (
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

// The number of IDs of a space in error is correct when they are requeued and fail again, and when
// an answered ID fails. A space is exhausted when each of its IDs was requested.
func TestFailedAfterRetry(t *testing.T) {
	t.Parallel()
	for _, postgres := range []bool{false, true} {
		t.Run(fmt.Sprintf("postgres %v", postgres), func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			broken := false // guarded by mu
			r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
				id := path.Base(q.URL.Path)
				n, _ := strconv.Atoi(id[2:])
				mu.Lock()
				defer mu.Unlock()
				switch {
				// At most 64 errors in a row in all runs: 100 open the circuit.
				case id[0] == 'A' && n%10 == 0, broken:
					w.WriteHeader(http.StatusInternalServerError)
				case n%2 == 0:
					http.NotFound(w, q)
				}
			})
			if postgres {
				r.f = testkit.Postgres(t)
			}
			j := r.register(r.job(func(j *seine.Job) {
				// The budget is below the size of each space, so it exhausts none, whatever is
				// drawn.
				j.Seeds.IDs = []seine.IDSpace{{From: 1, To: 160, Prefix: "A-"}, {From: 1, To: 160, Prefix: "B-"}}
				j.Explore = seine.Explore{Strategy: seine.StrategyForager, Budget: 150, Blocks: 1}
				j.Concurrency, j.Retry.Error = 1, 1
			}))
			back := func(which func(x frontier.TaskInfo) bool) {
				t.Helper()
				ts, err := r.f.Tasks(t.Context(), j.ID, frontier.Filter{})
				if err != nil {
					t.Fatal(err)
				}
				var again []frontier.New
				for _, x := range ts {
					if which(x) {
						again = append(again, frontier.New{Key: x.Key, Lane: strings.TrimPrefix(r.site.URL, "http://")})
					}
				}
				if n, err := r.f.Retry(t.Context(), j.ID, again); err != nil || n != len(again) {
					t.Fatalf("%d sent back, %v; want %d", n, err, len(again))
				}
			}
			check := func(when string, exhausted bool) {
				t.Helper()
				spaces := discovery.Spaces(&j.Job)
				failed, err := discovery.Failed(t.Context(), r.f, j.ID, spaces)
				if err != nil {
					t.Fatal(err)
				}
				for i, s := range spaces {
					known, err := r.f.Known(t.Context(), j.ID, s.Number, time.Time{})
					if err != nil {
						t.Fatal(err)
					}
					for b, sums := range known.Blocks {
						s.Model.SetBlock(b, sums)
					}
					ts, err := r.f.Tasks(t.Context(), j.ID, frontier.Filter{States: []seine.State{seine.Error}})
					if err != nil {
						t.Fatal(err)
					}
					want := int64(0)
					for _, x := range ts {
						if strings.HasPrefix(x.Key, s.Prefix) {
							want++
						}
					}
					got := int64(0)
					for _, n := range failed[i] {
						got += n
					}
					if got != want {
						t.Errorf("%s: %d ids of %s ended in error; want %d", when, got, s.Prefix, want)
					}
					if over, err := discovery.Exhausted(t.Context(), r.f, j.ID, s, failed[i]); err != nil || over != exhausted {
						t.Errorf("%s: %s is exhausted: %v, %v; want %v", when, s.Prefix, over, err, exhausted)
					}
				}
			}
			failed := func(x frontier.TaskInfo) bool { return x.State == seine.Error }
			r.run(j)
			check("after a run", false)
			for range 3 {
				back(failed)
				check("sent back", false)
				r.run(j)
				check("again in error", false)
			}
			mu.Lock()
			broken = true
			mu.Unlock()
			// The budget is spent. Otherwise new IDs would fail until the circuit opens.
			j.Explore.Budget = 1
			back(func(x frontier.TaskInfo) bool { return strings.HasPrefix(x.Key, "B-") && len(x.Key) < 4 }) // answered
			r.run(j)
			check("answered and in error", false)
			mu.Lock()
			broken = false
			mu.Unlock()
			back(failed)
			j.Explore.Budget = 0
			r.run(j)
			check("at the end", true)
		})
	}
}
