package engine

import (
	"context"
	"time"

	"github.com/seinehq/seine/internal/polite"
)

// frontierNow is the frontier's time, by which all workers open and close.
func (e *Engine) frontierNow() time.Time { return time.Now().Add(time.Duration(e.ahead.Load())) }

// compareClocks notes how far the frontier's clock is ahead of ours. It is done
// for each lease: both may be set while we run.
func (e *Engine) compareClocks(ctx context.Context) {
	before := time.Now()
	there, err := e.cfg.Frontier.Clock(ctx)
	if err != nil {
		return // the next call says so
	}
	e.ahead.Store(int64(there.Sub(before.Add(time.Since(before) / 2))))
}

// open reports whether the job's hours let a fetch start now.
func (r *runner) open() bool {
	open, _ := polite.Open(r.job.Pace.Hours, r.e.frontierNow())
	return open
}

// awaitHours waits until the job's hours begin, and says so once. It reports
// whether it waited.
func (r *runner) awaitHours(ctx context.Context) bool {
	now := r.e.frontierNow()
	open, change := polite.Open(r.job.Pace.Hours, now)
	if open {
		return false
	}
	if !r.closed.Swap(true) {
		r.log.WarnContext(ctx, "outside the job's hours; waiting for them", "until", change.UTC().Format(time.RFC3339))
	}
	// Not all at once: clocks may be set.
	if !sleep(ctx, min(change.Sub(now), hoursLook)) {
		return true
	}
	if r.open() {
		r.closed.Store(false)
		r.log.WarnContext(ctx, "the job's hours have begun")
	}
	return true
}

// hoursLook is how often a worker that waits for a job's hours looks at the clock.
const hoursLook = time.Minute
