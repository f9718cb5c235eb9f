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
			// A fleet beside its database does the same at the same time. A busy machine delays
			// both.
			pulse := testkit.NewPulse(t)
			runNear, runFar := fleetAway(t, 0, tt.delay, tt.tasks), fleetAway(t, tt.away, tt.delay, tt.tasks)
			var near, far []time.Time
			var fleets sync.WaitGroup
			fleets.Go(func() { near = runNear() })
			fleets.Go(func() { far = runFar() })
			fleets.Wait()
			if len(far) != tt.tasks || len(near) != tt.tasks {
				t.Fatalf("%d and %d requests; want %d", len(far), len(near), tt.tasks)
			}
			whole := func(at []time.Time) time.Duration { return at[len(at)-1].Sub(at[0]) }
			want := max(time.Duration(tt.tasks-1)*tt.delay, whole(near))
			t.Logf("%d starts in %v, beside the database in %v", len(far), whole(far), whole(near))
			if whole(far) > want*3/2 {
				t.Errorf("%d starts took %v; want about %v", len(far), whole(far), want)
			}
			evenly(t, pulse, far, tt.delay)
		})
	}
}

// evenly checks that no starts crowd a host. A worker may make a start a little late, and the
// machine later still.
func evenly(t *testing.T, pulse *testkit.Pulse, at []time.Time, delay time.Duration) {
	t.Helper()
	for i := range at {
		late := pulse.Late(at[i])
		for k := i + 4; k < len(at); k++ {
			if span := at[k].Sub(at[i]); span < time.Duration(k-i)*delay-2*delay-late {
				t.Fatalf("%d starts in %v; want at least %v, the first may be %v late", k-i+1, span, time.Duration(k-i)*delay, late)
			}
		}
	}
}

// fleetAway makes two workers whose database is some time away. run returns the times of their
// requests.
func fleetAway(t *testing.T, away, delay time.Duration, tasks int) (run func() []time.Time) {
	t.Helper()
	proxy := pgtest.Through(t, pgtest.Migrated(t))
	r := newRigOn(t, testkit.Open(t, proxy.DSN, drivers.Options{}), func(w http.ResponseWriter, q *http.Request) {
		<-time.After(20 * time.Millisecond)
		hello(w, q)
	})
	job := r.register(r.job(func(j *seine.Job) {
		j.Pace = seine.Pace{Delay: seine.Span{Min: delay, Max: delay}, Concurrency: 10}
	}))
	var keys []string
	for i := range tasks {
		keys = append(keys, fmt.Sprint(i))
	}
	r.add(job, keys...)
	proxy.Slow(away)
	var workers []*engine.Engine
	for range 2 {
		own := testkit.Open(t, proxy.DSN, drivers.Options{})
		workers = append(workers, r.engine(job, func(c *engine.Config) { c.Frontier, c.Near = own, false }))
	}
	return func() []time.Time {
		var both sync.WaitGroup
		for _, e := range workers {
			both.Go(func() {
				if err := e.Run(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		at := r.site.Starts("")
		slices.SortFunc(at, time.Time.Compare)
		return at
	}
}
