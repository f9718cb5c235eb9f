package engine_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
)

// mute is a real frontier whose heartbeats are not answered any more once it is.
type mute struct {
	frontier.Frontier
	is *atomic.Bool
}

func (m mute) Heartbeat(ctx context.Context, l frontier.Lease, rates map[frontier.JobID]float64) error {
	if m.is.Load() {
		<-ctx.Done()
		return errors.Join(frontier.ErrUnavailable, ctx.Err())
	}
	return m.Frontier.Heartbeat(ctx, l, rates)
}

// Tasks stop three quarters of a lease after the last acknowledged heartbeat, even while another
// heartbeat gets no answer.
func TestHeartbeatsThatAreNotAnswered(t *testing.T) {
	t.Parallel()
	const lease = 4 * time.Second
	var silent, asked atomic.Bool
	stopped := make(chan time.Duration, 1)
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if !asked.CompareAndSwap(false, true) {
			hello(w, q)
			return
		}
		silent.Store(true)
		began := time.Now()
		select {
		case <-q.Context().Done():
		case <-time.After(2 * lease):
		}
		silent.Store(false)
		select {
		case stopped <- time.Since(began):
		default:
		}
	})
	j := r.job(nil)
	j.Fetch.Timeout = time.Minute
	job := r.register(j)
	r.add(job, "a")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.engine(job, func(c *engine.Config) { c.Frontier, c.Lease = mute{r.f, &silent}, lease }).Run(ctx); err != nil || ctx.Err() != nil {
		t.Errorf("%v, %v\n%s", err, ctx.Err(), r.log)
	}
	if took := <-stopped; took > lease-lease/16 {
		t.Errorf("the page was given up after %v; want three quarters of %v", took, lease)
	}
}

// clumsy is a real frontier that is away when the first tasks are given back.
type clumsy struct {
	frontier.Frontier
	once *sync.Once
}

func (c clumsy) Release(ctx context.Context, l frontier.Lease, tasks []frontier.Claimed) (out frontier.Outcome, err error) {
	c.once.Do(func() { err = frontier.ErrUnavailable })
	if err != nil {
		return out, err
	}
	return c.Frontier.Release(ctx, l, tasks)
}

// A new worker does not rescue the tasks of a reconnected worker, which has a lease's length to
// send a heartbeat.
func TestANewWorkerIsPatient(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(nil))
	r.add(j, "a")
	cut, err := r.f.OpenLease(t.Context(), "cut off", time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	var got []frontier.Claimed
	for range 20 {
		more, err := r.f.Claim(t.Context(), cut, frontier.ClaimArgs{Job: j.ID, N: 1})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, more...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- r.engine(j, func(c *engine.Config) { c.Near, c.Lease = false, 20*time.Second }).Run(ctx)
	}()
	<-time.After(2 * time.Second)
	if len(got) != 1 {
		t.Fatalf("claimed %d; want 1", len(got))
	}
	out, err := r.f.Complete(t.Context(), cut, j.ID, []frontier.Completion{{Claimed: got[0], State: seine.Done}})
	if err != nil || len(out.Lost) > 0 {
		t.Errorf("lost %v, %v; want what is in hand committed", out.Lost, err)
	}
	if err := <-done; err != nil || ctx.Err() != nil {
		t.Errorf("%v, %v", err, ctx.Err())
	}
	if n := r.requests(); n != 0 {
		t.Errorf("%d requests; want none", n)
	}
}

// Waiting tasks are released when their job is paused, even if they wait only for a slot.
func TestAPauseHoldsWhatWaitsForASlot(t *testing.T) {
	t.Parallel()
	began, free := make(chan struct{}, 100), make(chan struct{})
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		began <- struct{}{}
		select {
		case <-free:
		case <-q.Context().Done():
		}
		hello(w, q)
	})
	j := r.register(r.job(func(j *seine.Job) { j.Concurrency, j.Fetch.Timeout = 2, patience }))
	r.add(j, "a", "b", "c", "d", "e", "f", "g", "h")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- r.engine(j, nil).Run(ctx) }()
	<-began
	<-began
	if err := r.f.PauseJob(t.Context(), j.ID, true); err != nil {
		t.Fatal(err)
	}
	held := int64(3)
	for held > 2 && ctx.Err() == nil {
		<-time.After(20 * time.Millisecond)
		st, err := r.f.Status(t.Context(), j.ID)
		if err != nil {
			t.Fatal(err)
		}
		held = st.States[seine.InProgress]
	}
	if held > 2 {
		t.Errorf("%d tasks are held by a worker of a paused job with two pages", held)
	}
	close(free)
	<-time.After(time.Second)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := r.requests(); n != 2 {
		t.Errorf("%d pages were asked for; want the two before the pause", n)
	}
}
