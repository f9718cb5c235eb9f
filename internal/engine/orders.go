package engine

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/outage"
)

// ErrStopped means that a person asked this worker to end. Its tasks in flight were finished or
// released.
var ErrStopped = errors.New("a person stopped this worker: `seine changes` tells who")

// ordersEvery is the time between two looks at the orders of this worker. A look reads two
// rows by their keys.
const ordersEvery = 2 * time.Second

// tuned holds the changed pace and limit of a job. One goroutine writes it.
type tuned struct {
	now atomic.Pointer[frontier.Tunings]
}

func (t *tuned) get() frontier.Tunings {
	if ts := t.now.Load(); ts != nil {
		return *ts
	}
	return nil
}

// delay returns the shortest time between two starts on a lane. The frontier assigns the starts.
func (t *tuned) delay(lane string, own time.Duration) time.Duration {
	return t.get().Pace(lane, frontier.LanePace{Delay: seine.Span{Min: own, Max: own}}).Delay.Min
}

// obey follows the orders of people until ctx of the session ends. stop ends the engine.
func obey(e *Engine, s session, stop context.CancelCauseFunc) {
	jobs := make([]frontier.JobID, 0, len(e.crews))
	for _, c := range e.crews {
		jobs = append(jobs, c.job.ID)
	}
	for wait := time.Duration(0); outage.Sleep(s.leased, wait); wait = ordersEvery {
		try, cancel := context.WithTimeout(s.leased, s.lease.TTL/4)
		o, err := e.cfg.Frontier.Orders(try, s.lease, jobs)
		cancel()
		if err != nil {
			continue // the heartbeats report an outage
		}
		for _, c := range e.crews {
			ts := o.Tunings[c.job.ID]
			c.tuned.now.Store(&ts)
		}
		if o.Stop && s.claiming.Err() == nil {
			e.cfg.Log.WarnContext(s.leased, "a person asked this worker to end")
			if e.cfg.Stopping != nil {
				e.cfg.Stopping()
			}
			stop(ErrStopped)
		}
	}
}
