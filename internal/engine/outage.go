package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// outage says once that the frontier is away, and once that it is back.
type outage struct {
	log *slog.Logger

	mu    sync.Mutex
	since time.Time
	wait  time.Duration
}

// Waits while the frontier is away.
const (
	firstWait = 200 * time.Millisecond
	lastWait  = 10 * time.Second
)

// note takes an error of the frontier in and returns how long to wait before
// the next try; zero means that waiting does not help.
func (o *outage) note(ctx context.Context, err error) time.Duration {
	if !errors.Is(err, frontier.ErrUnavailable) {
		return 0
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		o.since, o.wait = time.Now(), firstWait
		o.log.WarnContext(ctx, "frontier is away; waiting for it", "err", err)
	} else {
		o.wait = min(2*o.wait, lastWait)
	}
	return o.wait
}

// over says that the frontier answered.
func (o *outage) over(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.since.IsZero() {
		o.log.WarnContext(ctx, "frontier is back", "took", time.Since(o.since).Round(time.Millisecond).String())
		o.since = time.Time{}
	}
}

// away reports whether the frontier is away now.
func (o *outage) away() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.since.IsZero()
}
