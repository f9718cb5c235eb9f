package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/frontier"
)

// outage says once that something is away, and once that it is back: the
// frontier, or a job's store.
type outage struct {
	is  error // that says so
	say func(ctx context.Context, gone error, took time.Duration)

	failed func() // counts each error; may be nil

	mu    sync.Mutex
	since time.Time
	err   error // the last that said so
	wait  time.Duration
	back  time.Time // when it last came back
}

func frontierAway(log *slog.Logger) *outage {
	return &outage{is: frontier.ErrUnavailable, say: func(ctx context.Context, gone error, took time.Duration) {
		if gone != nil {
			log.WarnContext(ctx, "frontier is away; waiting for it", "err", gone)
			return
		}
		log.WarnContext(ctx, "frontier is back", "took", took.String())
	}}
}

func storeAway(log *slog.Logger) *outage {
	return &outage{is: asset.ErrAway, say: func(ctx context.Context, gone error, took time.Duration) {
		if gone != nil {
			log.WarnContext(ctx, "store is away; tasks whose files it does not take are tried again", "err", gone)
			return
		}
		log.WarnContext(ctx, "store is back", "took", took.String())
	}}
}

// Waits while it is away.
const (
	firstWait = 200 * time.Millisecond
	lastWait  = 10 * time.Second
)

// note takes an error in and returns how long to wait before
// the next try; zero means that waiting does not help.
func (o *outage) note(ctx context.Context, err error) time.Duration {
	if o.failed != nil {
		o.failed()
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

// noteSince takes an error of work that began at a time in. What began before
// it came back tells nothing new.
func (o *outage) noteSince(ctx context.Context, began time.Time, err error) {
	o.mu.Lock()
	old := began.Before(o.back)
	o.mu.Unlock()
	if !old {
		o.note(ctx, err)
	}
}

// over says that it answered.
func (o *outage) over(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.since.IsZero() {
		o.say(ctx, nil, time.Since(o.since).Round(time.Millisecond))
		o.since, o.back = time.Time{}, time.Now()
	}
}

// away reports whether it is away now.
func (o *outage) away() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.since.IsZero()
}

// gone tells since when it is away and the last error that said so; nil: it is
// not.
func (o *outage) gone() (time.Time, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		return time.Time{}, nil
	}
	return o.since, o.err
}

// cameBack is when it last came back.
func (o *outage) cameBack() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.back
}
