package engine

import (
	"context"
	"log/slog"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/outage"
)

// Intervals of housekeeping. Any worker does it; the frontier lets one worker at a time.
const (
	promoteEvery = time.Second
	rescueEvery  = 5 * time.Second
	foldEvery    = 10 * time.Second // and tend, and sample
	promoteMost  = 10_000
)

// housekeeper maintains a frontier: it makes due retries ready, takes back the tasks of dead
// workers, folds the counters, tends the tables and samples the counters.
type housekeeper struct {
	frontier frontier.Maintainer
	history  frontier.Histories
	outage   *outage.Outage
	log      *slog.Logger
	lease    time.Duration
	near     bool
	tick     time.Duration
	wake     func() // tasks became ready
}

func newHousekeeper(e *Engine) *housekeeper {
	h := &housekeeper{
		frontier: e.cfg.Frontier, history: e.cfg.Frontier, outage: e.outage, log: e.cfg.Log, lease: e.cfg.Lease, near: e.cfg.Near,
		tick: promoteEvery, wake: e.wake,
	}
	for _, c := range e.crews { // more often if a job's retries are due sooner
		h.tick = min(h.tick, max(c.job.Retry.Backoff/2, 20*time.Millisecond))
	}
	return h
}

// run works until ctx ends.
func (h *housekeeper) run(ctx context.Context) {
	var rescued, folded time.Time
	// After an outage every lease may have expired, because no worker could send heartbeats. A
	// rescuer therefore waits for the length of a lease after it connected.
	from := time.Now().Add(h.lease)
	if h.near {
		from = time.Now()
	}
	for outage.Sleep(ctx, h.tick) {
		if _, down := h.outage.Down(); down != nil {
			from = time.Now().Add(h.lease)
			continue
		}
		n, err := h.frontier.Promote(ctx, promoteMost)
		if n > 0 {
			h.wake()
		}
		if err == nil && time.Since(rescued) > min(rescueEvery, h.lease/2) && time.Now().After(from) {
			rescued = time.Now()
			err = h.rescue(ctx)
		}
		if err == nil && time.Since(folded) > foldEvery {
			folded = time.Now()
			if err = h.frontier.Fold(ctx); err == nil {
				err = h.frontier.Tend(ctx)
			}
			if err == nil {
				err = h.history.Sample(ctx)
			}
		}
		if err != nil && ctx.Err() == nil && h.outage.Note(ctx, err) == 0 {
			h.log.WarnContext(ctx, "housekeeping failed", "err", err)
		}
	}
}

// rescue takes back the tasks of all expired leases.
func (h *housekeeper) rescue(ctx context.Context) error {
	for {
		found, back, died, err := h.frontier.Rescue(ctx)
		if err != nil || !found {
			return err
		}
		if back+died > 0 {
			h.log.WarnContext(ctx, "took the tasks of a dead worker back", "tasks", back, "ended", died)
			h.wake()
		}
	}
}
