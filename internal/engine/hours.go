package engine

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/outage"
	"github.com/seinehq/seine/internal/polite"
)

// clock is the frontier's clock: all workers open and close by it.
type clock struct{ ahead atomic.Int64 } // of this process's clock, in nanoseconds

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// compare measures the difference of the clocks. Each lease repeats it, because both clocks may be
// set while the engine runs.
func (c *clock) compare(ctx context.Context, f interface {
	Clock(ctx context.Context) (time.Time, error)
}) {
	before := time.Now()
	there, err := f.Clock(ctx)
	if err != nil {
		return // the next call reports the outage
	}
	c.ahead.Store(int64(there.Sub(before.Add(time.Since(before) / 2))))
}

// hours are the hours in which a job may fetch.
type hours struct {
	hours   seine.Hours
	clock   *clock
	log     *slog.Logger
	outside bool // the wait was logged; only the producer uses it
}

// open reports whether a fetch may start now.
func (h *hours) open() bool { return h.closed() == 0 }

// closed returns the time until the hours begin. Zero means that they have begun.
func (h *hours) closed() time.Duration {
	now := h.clock.now()
	open, change := polite.Open(h.hours, now)
	if open {
		return 0
	}
	return max(change.Sub(now), 1)
}

// await waits for the hours, at most hoursLook, and logs their beginning.
func (h *hours) await(ctx context.Context) {
	closed := h.closed()
	if closed == 0 {
		return
	}
	if !h.outside {
		h.outside = true
		h.log.WarnContext(ctx, "outside the job's hours; waiting for them", "until",
			h.clock.now().Add(closed).UTC().Format(time.RFC3339))
	}
	if outage.Sleep(ctx, min(closed, hoursLook)) && h.open() {
		h.outside = false
		h.log.WarnContext(ctx, "the job's hours have begun")
	}
}
