// Package outage reports the outage of a dependency once and its recovery once, and decides how
// long callers wait meanwhile.
//
//	up ──Note(unreachable)──→ down: waits of 200 ms to 10 s
//	 ↑                          │
//	 └────────── Over ──────────┘
package outage

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// Outage is the state of a dependency. It is safe for concurrent use.
type Outage struct {
	is    error // the error that means an outage
	say   func(ctx context.Context, gone error, took time.Duration)
	count func()

	mu    sync.Mutex
	since time.Time
	err   error // the last error of the outage
	wait  time.Duration
	back  time.Time // the last recovery
}

// New returns the state of a dependency whose errors wrap is. say logs an outage (gone is not nil)
// and a recovery. count, if not nil, is called for each error.
func New(is error, say func(ctx context.Context, gone error, took time.Duration), count func()) *Outage {
	return &Outage{is: is, say: say, count: count}
}

// OfFrontier returns the state of a frontier.
func OfFrontier(log *slog.Logger, count func()) *Outage {
	return New(frontier.ErrUnavailable, func(ctx context.Context, gone error, took time.Duration) {
		if gone != nil {
			log.WarnContext(ctx, "frontier does not answer; waiting for it", "err", gone)
			return
		}
		log.WarnContext(ctx, "frontier is back", "took", took.String())
	}, count)
}

// The waits double from firstWait to lastWait.
const (
	firstWait = 200 * time.Millisecond
	lastWait  = 10 * time.Second
)

// Note records an error and returns the wait before the next call. Zero means that waiting does not
// help.
func (o *Outage) Note(ctx context.Context, err error) time.Duration {
	if o.count != nil {
		o.count()
	}
	if !errors.Is(err, o.is) {
		return 0
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
	if o.since.IsZero() {
		o.since, o.wait = time.Now(), firstWait
		o.say(ctx, err, 0)
	} else {
		o.wait = min(2*o.wait, lastWait)
	}
	return o.wait
}

// NoteSince records an error of a call that began at a time. A call that began before the last
// recovery shows nothing new.
func (o *Outage) NoteSince(ctx context.Context, began time.Time, err error) {
	o.mu.Lock()
	old := began.Before(o.back)
	o.mu.Unlock()
	if !old {
		o.Note(ctx, err)
	}
}

// Over records that the dependency answered.
func (o *Outage) Over(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.since.IsZero() {
		o.say(ctx, nil, time.Since(o.since).Round(time.Millisecond))
		o.since, o.back = time.Time{}, time.Now()
	}
}

// Down returns the start of the current outage and its last error. Without an outage the error is
// nil.
func (o *Outage) Down() (since time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		return time.Time{}, nil
	}
	return o.since, o.err
}

// Back returns the time of the last recovery.
func (o *Outage) Back() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.back
}

// Sleep waits and reports whether ctx is still live.
func Sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
