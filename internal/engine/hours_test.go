package engine_test

import (
	"context"
	"fmt"
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
		{"they end", 6*time.Hour - 4*time.Second, 6 * time.Hour, true},
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
				mu    sync.Mutex
				at    []time.Time
				pulse = testkit.NewPulse(t)
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
			for i := range 60 {
				r.add(j, fmt.Sprint(i))
			}
			began.Store(new(time.Now()))
			edge := day.Add(tt.edge)
			seen := func() bool {
				mu.Lock()
				defer mu.Unlock()
				return len(at) > 0 && strings.Contains(r.log.String(), "outside the job's hours") && now().After(edge.Add(time.Second))
			}
			ctx, stop := context.WithTimeout(t.Context(), patience)
			defer stop()
			end := make(chan error, 1)
			go func() { end <- r.engine(j, nil).Run(ctx) }()
			for !seen() && ctx.Err() == nil {
				<-time.After(50 * time.Millisecond)
			}
			stop()
			if err := <-end; err != nil {
				t.Fatal(err)
			}
			if len(at) < 1 {
				t.Fatalf("%d fetches; want some within the hours\n%s", len(at), r.log)
			}
			for _, a := range at {
				// A start is decided before the site sees it.
				late := pulse.Late(began.Load().Add(a.Sub(day) - tt.at))
				if tt.end && a.After(edge.Add(500*time.Millisecond+late)) || !tt.end && a.Before(edge) {
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
