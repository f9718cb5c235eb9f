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

// A distant database costs no starts, because claims reserve them far enough ahead. Claims that do
// not look ahead lose starts: two of five gaps are too long then, and none with claims that do,
// once they know how long a claim takes. A busy machine makes gaps too, so one round of several is
// enough.
func TestPaceFromAfar(t *testing.T) {
	t.Parallel()
	const rounds, tasks = 4, 40
	const away, delay = 100 * time.Millisecond, 500 * time.Millisecond
	pulse := testkit.NewPulse(t)
	for round := 1; ; round++ {
		at := fleetAway(t, away, delay, tasks)
		if len(at) != tasks {
			t.Fatalf("%d requests; want %d", len(at), tasks)
		}
		evenly(t, pulse, at, delay)
		var gaps []int64
		long := 0
		for i := tasks / 3; i < tasks-1; i++ {
			gap := at[i+1].Sub(at[i])
			if gap > delay*3/2 {
				long++
			}
			gaps = append(gaps, gap.Milliseconds())
		}
		if long <= len(gaps)/5 {
			return
		}
		t.Logf("round %d: %d of %d gaps are too long: %d", round, long, len(gaps), gaps)
		if round == rounds {
			t.Fatal("starts are lost in each round")
		}
	}
}

// A fast pace over a distant database never crowds a host.
func TestAFastPaceFromAfar(t *testing.T) {
	t.Parallel()
	const away, delay, tasks = 20 * time.Millisecond, 100 * time.Millisecond, 60
	pulse := testkit.NewPulse(t)
	at := fleetAway(t, away, delay, tasks)
	if len(at) != tasks {
		t.Fatalf("%d requests; want %d", len(at), tasks)
	}
	evenly(t, pulse, at, delay)
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

// fleetAway runs two workers whose database is some time away, and returns the times of their
// requests.
func fleetAway(t *testing.T, away, delay time.Duration, tasks int) []time.Time {
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
