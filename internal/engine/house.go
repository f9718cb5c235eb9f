package engine

import (
	"context"
	"time"
)

// Housekeeping intervals. Any worker does it; a frontier lets one at a time.
const (
	promoteEvery = time.Second
	rescueEvery  = 5 * time.Second
	foldEvery    = 10 * time.Second // and tend
	promoteMost  = 10_000
)

// housekeep makes due retries ready, takes back what dead workers held, folds
// the counters and tends the tables, until ctx is done.
func (e *Engine) housekeep(ctx context.Context) {
	f := e.cfg.Frontier
	var rescued, folded time.Time
	// After an outage every lease may have expired only because nobody could
	// beat: a rescuer waits one lease's length from its own connect on.
	patience := time.Now().Add(e.cfg.Lease)
	if e.cfg.Near {
		patience = time.Now()
	}
	for sleep(ctx, e.houseTick()) {
		if e.outage.away() {
			patience = time.Now().Add(e.cfg.Lease)
			continue
		}
		n, err := f.Promote(ctx, promoteMost)
		if n > 0 {
			for _, r := range e.jobs {
				r.wakeUp()
			}
		}
		if err == nil && time.Since(rescued) > min(rescueEvery, e.cfg.Lease/2) && time.Now().After(patience) {
			rescued = time.Now()
			err = e.rescue(ctx)
		}
		if err == nil && time.Since(folded) > foldEvery {
			folded = time.Now()
			if err = f.Fold(ctx); err == nil {
				err = f.Tend(ctx)
			}
		}
		if err != nil && ctx.Err() == nil && e.outage.note(ctx, err) == 0 {
			e.cfg.Log.WarnContext(ctx, "housekeeping failed", "err", err)
		}
	}
}

// houseTick is a second, and less where a job's retries come quicker.
func (e *Engine) houseTick() time.Duration {
	tick := promoteEvery
	for _, r := range e.jobs {
		tick = min(tick, max(r.job.Retry.Backoff/2, 20*time.Millisecond))
	}
	return tick
}

func (e *Engine) rescue(ctx context.Context) error {
	for {
		found, back, died, err := e.cfg.Frontier.Rescue(ctx)
		if err != nil || !found {
			return err
		}
		if back+died > 0 {
			e.cfg.Log.WarnContext(ctx, "took the tasks of a dead worker back", "tasks", back, "ended", died)
			for _, r := range e.jobs {
				r.wakeUp()
			}
		}
	}
}
