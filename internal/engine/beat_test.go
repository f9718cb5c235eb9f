package engine_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// Tasks stop three quarters of a lease after the last heartbeat that got through,
// also while one is under way that is never answered.
func TestHeartbeatsThatAreNotAnswered(t *testing.T) {
	t.Parallel()
	const lease = 4 * time.Second
	var silent atomic.Bool
	stopped := make(chan time.Duration, 1)
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if !silent.CompareAndSwap(false, true) {
			hello(w, q)
			return
		}
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
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
