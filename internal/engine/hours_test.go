package engine_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/testkit"
)

// Fetches start within the job's hours by the frontier's clock, whatever this clock shows.
func TestHours(t *testing.T) {
	t.Parallel()
	night := seine.Hours{From: 22 * time.Hour, To: 6 * time.Hour}
	day := time.Date(2001, 2, 3, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		at   time.Duration // the frontier's time when the test begins
		edge time.Duration
		end  bool // the edge is the end
	}{
		{"they end", 6*time.Hour - 2*time.Second, 6 * time.Hour, true},
		{"they begin", 22*time.Hour - 2*time.Second, 22 * time.Hour, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var began atomic.Pointer[time.Time] // the clock stands until the run
			now := func() time.Time {
				if b := began.Load(); b != nil {
					return day.Add(tt.at + time.Since(*b))
				}
				return day.Add(tt.at)
			}
			var (
				mu sync.Mutex
				at []time.Time
			)
			r := newRigAt(t, now, func(w http.ResponseWriter, q *http.Request) {
				mu.Lock()
				at = append(at, now())
				mu.Unlock()
				hello(w, q)
			})
			j := r.register(r.job(func(j *seine.Job) {
				j.Pace = seine.Pace{Delay: seine.Span{Min: 200 * time.Millisecond, Max: 200 * time.Millisecond}, Hours: night}
			}))
			r.add(j, strings.Fields("a b c d e f g h i j k l m n o p q r s t")...)
			began.Store(new(time.Now()))
			ctx, stop := context.WithTimeout(t.Context(), 4*time.Second)
			defer stop()
			if err := r.engine(j, nil).Run(ctx); err != nil {
				t.Fatal(err)
			}
			edge := day.Add(tt.edge)
			if len(at) < 1 {
				t.Fatalf("%d fetches; want some within the hours\n%s", len(at), r.log)
			}
			for _, a := range at {
				// A start is decided before the site sees it.
				if tt.end && a.After(edge.Add(500*time.Millisecond)) || !tt.end && a.Before(edge) {
					t.Errorf("a fetch at %s; the edge is %s", a.Format(time.TimeOnly+".000"), edge.Format(time.TimeOnly))
				}
			}
			if n := strings.Count(r.log.String(), "outside the job's hours"); n != 1 {
				t.Errorf("it was said %d times that it waits; want once\n%s", n, r.log)
			}
		})
	}
}

// A host that refuses without saying how long is asked more slowly, whether the
// frontier paces or the worker does.
func TestARefusalSlowsTheHost(t *testing.T) {
	t.Parallel()
	const delay = 50 * time.Millisecond
	for _, scope := range []seine.PaceScope{seine.ScopeHost, seine.ScopeWorker} {
		t.Run(string(scope), func(t *testing.T) {
			t.Parallel()
			pulse := testkit.NewPulse(t)
			var r *rig
			r = newRig(t, func(w http.ResponseWriter, q *http.Request) {
				if len(r.site.Requests()) == 3 {
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				hello(w, q)
			})
			j := r.register(r.job(func(j *seine.Job) {
				j.Pace = seine.Pace{Delay: seine.Span{Min: delay, Max: delay}, Scope: scope, Concurrency: 1}
			}))
			r.add(j, "a", "b", "c", "d", "e", "f", "g", "h")
			r.run(j)
			at := r.site.Starts("")
			if len(at) != 9 {
				t.Fatalf("%d requests; want 9\n%s", len(at), r.log)
			}
			// From the fourth start on the delay is twice as long, less the share that good answers
			// restored.
			if span := at[8].Sub(at[3]); span < 5*delay*3/2-pulse.Late(at[3]) {
				t.Errorf("5 requests in %v after a refusal; want at least %v", span, 5*delay*3/2)
			}
		})
	}
}
