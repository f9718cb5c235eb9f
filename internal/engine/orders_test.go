package engine_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
)

// A worker that a person stops finishes the task in progress and starts no other one.
func TestAPersonStopsAWorker(t *testing.T) {
	t.Parallel()
	began, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		once.Do(func() { close(began) })
		<-release
		hello(w, q)
	})
	j := r.register(r.job(func(j *seine.Job) { j.Concurrency = 1; j.Pace = seine.Pace{Delay: seine.NoDelay, Concurrency: 1} }))
	r.add(j, "a", "b", "c", "d")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stopping, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- r.engine(j, func(c *engine.Config) { c.Stopping = sync.OnceFunc(func() { close(stopping) }) }).Run(ctx)
	}()
	<-began
	if n, err := r.f.StopWorker(ctx, "w"); err != nil || n != 1 {
		t.Fatalf("stopped %d sessions, %v", n, err)
	}
	<-stopping
	close(release)
	if err := <-done; !errors.Is(err, engine.ErrStopped) {
		t.Errorf("the worker ended with %v; want %v", err, engine.ErrStopped)
	}
	c, err := r.f.Counts(ctx, j.ID)
	if err != nil || c.Final[seine.Done] != 1 || c.Open != 3 {
		t.Errorf("counts %+v, %v; want 1 task done and 3 open", c, err)
	}
	if workers, err := r.f.Workers(ctx); err != nil || len(workers) != 0 {
		t.Errorf("workers %+v, %v; want none", workers, err)
	}
}

// A limit that a person sets ends a run, without a start.
func TestAPersonLimitsAJob(t *testing.T) {
	t.Parallel()
	third, release := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	n := 0
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		n++
		wait := n == 3
		mu.Unlock()
		if wait {
			close(third)
			<-release
		}
		hello(w, q)
	})
	j := r.register(r.job(func(j *seine.Job) { j.Concurrency = 1; j.Pace = seine.Pace{Delay: seine.NoDelay, Concurrency: 1} }))
	r.add(j, "a", "b", "c", "d", "e", "f")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	told := &orders{Frontier: r.f, told: make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- r.engine(j, func(c *engine.Config) { c.Frontier = told }).Run(ctx) }()
	<-third
	if err := r.f.Tune(ctx, j.ID, "", frontier.Tuning{Limit: &seine.Limit{Tasks: 4}}); err != nil {
		t.Fatal(err)
	}
	<-told.told
	close(release)
	if err := <-done; !errors.Is(err, engine.ErrLimit) {
		t.Errorf("the run ended with %v; want %v", err, engine.ErrLimit)
	}
	if c, err := r.f.Counts(ctx, j.ID); err != nil || c.Final[seine.Done] != 4 {
		t.Errorf("counts %+v, %v; want 4 tasks done", c, err)
	}
}

// orders tells when a worker learned of a limit.
type orders struct {
	frontier.Frontier
	once sync.Once
	seen bool
	told chan struct{}
}

func (o *orders) Orders(ctx context.Context, lease frontier.Lease, jobs []frontier.JobID) (frontier.Orders, error) {
	if o.seen {
		o.once.Do(func() { close(o.told) }) // the worker has what the last call returned
	}
	out, err := o.Frontier.Orders(ctx, lease, jobs)
	o.seen = len(out.Tunings) > 0
	return out, err
}

// A worker keeps its own starts on a host apart by the changed delay.
func TestAPersonMakesAHostFaster(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(func(j *seine.Job) { j.Pace = seine.Pace{Delay: seine.Every(time.Hour), Concurrency: 1} }))
	r.add(j, "a", "b", "c")
	fast := seine.Every(time.Millisecond)
	if err := r.f.Tune(t.Context(), j.ID, "", frontier.Tuning{Delay: &fast}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.engine(j, nil).Run(ctx); err != nil || ctx.Err() != nil {
		t.Errorf("%v, %v", err, ctx.Err())
	}
}
