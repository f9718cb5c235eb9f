package engine_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/testkit"
)

// A distant database costs no starts, because claims reserve them far enough ahead.
func TestPaceFromAfar(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		away, delay time.Duration
		tasks       int
	}{
		{20 * time.Millisecond, 100 * time.Millisecond, 60},
		{100 * time.Millisecond, 500 * time.Millisecond, 16},
	} {
		t.Run(fmt.Sprintf("%v away, a start every %v", tt.away, tt.delay), func(t *testing.T) {
			t.Parallel()
			proxy := pgtest.Through(t, pgtest.Migrated(t))
			r := newRigOn(t, testkit.Open(t, proxy.DSN, drivers.Options{}), func(w http.ResponseWriter, q *http.Request) {
				<-time.After(20 * time.Millisecond)
				hello(w, q)
			})
			job := r.register(r.job(func(j *seine.Job) {
				j.Pace = seine.Pace{Delay: seine.Span{Min: tt.delay, Max: tt.delay}, Concurrency: 10}
			}))
			var keys []string
			for i := range tt.tasks {
				keys = append(keys, fmt.Sprint(i))
			}
			r.add(job, keys...)
			proxy.Slow(tt.away)
			var both sync.WaitGroup
			for range 2 {
				own := testkit.Open(t, proxy.DSN, drivers.Options{})
				e := r.engine(job, func(c *engine.Config) { c.Frontier, c.Near = own, false })
				both.Go(func() {
					if err := e.Run(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
			at := r.site.Starts("")
			slices.SortFunc(at, time.Time.Compare)
			if len(at) != tt.tasks {
				t.Fatalf("%d requests; want %d", len(at), tt.tasks)
			}
			whole, want := at[len(at)-1].Sub(at[0]), time.Duration(len(at)-1)*tt.delay
			t.Logf("%d starts in %v; at the pace %v: %.0f %%", len(at), whole, want, 100*want.Seconds()/whole.Seconds())
			if whole > want*3/2 {
				t.Errorf("%d starts took %v; at the pace %v", len(at), whole, want)
			}
			// A busy machine is late by itself, which counts once.
			for i := range at {
				for k := i + 4; k < len(at); k++ {
					if span := at[k].Sub(at[i]); span < time.Duration(k-i)*tt.delay-2*tt.delay {
						t.Fatalf("%d starts in %v; want at least %v", k-i+1, span, time.Duration(k-i)*tt.delay)
					}
				}
			}
		})
	}
}
