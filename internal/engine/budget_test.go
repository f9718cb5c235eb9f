package engine_test

import (
	"context"
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
	"github.com/seinehq/seine/internal/engine"
)

// A budget holds. A request counts before its answer, for steps of a local search and for probes,
// and retries stay within it. A fleet may exceed it by the admissions between two checks. Over a
// fleet it is kept but for what others admit between a look and the next.
func TestTheBudgetIsKept(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ budget, workers, most int }{{10, 1, 10}, {300, 1, 300}, {300, 4, 300 + 64}} {
		t.Run(fmt.Sprintf("%d by %d", tt.budget, tt.workers), func(t *testing.T) {
			t.Parallel()
			var r *rig
			r = newRig(t, func(w http.ResponseWriter, q *http.Request) {
				time.Sleep(5 * time.Millisecond) // so that as many as may be are under way
				id, _ := strconv.Atoi(path.Base(q.URL.Path))
				if id%11 == 0 && r.site.Count(q.URL.Path) == 1 {
					w.WriteHeader(http.StatusInternalServerError)
				} else if id%50 >= 25 {
					http.NotFound(w, q)
				}
			})
			j := r.register(r.job(func(j *seine.Job) {
				j.Seeds.IDs = []seine.IDSpace{{From: 1, To: 80_000}}
				j.Explore = seine.Explore{Budget: int64(tt.budget)}
				j.Concurrency = 16
			}))
			var wg sync.WaitGroup
			for w := range tt.workers {
				wg.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					if err := r.engine(j, func(c *engine.Config) { c.Worker = fmt.Sprint("w", w) }).Run(ctx); err != nil || ctx.Err() != nil {
						t.Errorf("%v %v", err, ctx.Err())
					}
				})
			}
			wg.Wait()
			n := r.requests()
			t.Logf("%d ids were asked for", n)
			if n < tt.budget || n > tt.most || r.known(j).Done != int64(n) {
				t.Errorf("%d ids were asked for and %d counted; want %d to %d", n, r.known(j).Done, tt.budget, tt.most)
			}
		})
	}
}

// A budget continues after another division of the space. That is logged, and a recount converts
// the statistics.
func TestTheBudgetGoesOnAfterAChange(t *testing.T) {
	t.Parallel()
	r := newRig(t, cards)
	job := r.job(func(j *seine.Job) {
		j.Seeds.IDs = []seine.IDSpace{{From: 1, To: 80_000}}
		j.Explore = seine.Explore{Budget: 200, Blocks: 256}
	})
	r.run(r.register(job))
	job.Explore.Budget, job.Explore.Blocks = 250, 64
	j := r.register(job)
	for range 2 { // the second finds nothing to do
		r.run(j)
		if n := r.requests(); n != 250 {
			t.Errorf("%d requests; want 250", n)
		}
	}
	if n := strings.Count(r.log.String(), "an earlier division"); n != 2 {
		t.Errorf("said %d times in two runs:\n%s", n, r.log)
	}
	if _, err := discovery.Recount(t.Context(), r.f, j.ID, j.Job); err != nil {
		t.Fatal(err)
	}
	if got := r.known(j).Done; got != 250 {
		t.Errorf("%d answers are known after a recount; want 250", got)
	}
	r.run(j)
	if n := strings.Count(r.log.String(), "an earlier division"); n != 2 || r.requests() != 250 {
		t.Errorf("after a recount said %d times, %d requests", n, r.requests())
	}
}
