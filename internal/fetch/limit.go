package fetch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// errTimeout ends the context of a [Limit].
var errTimeout = errors.New("the page took too long")

// Limit is the timeout of one fetch. It can pause, while a start on another host
// is waited for.
type Limit struct {
	parent, ctx context.Context //nolint:containedctx // lives as long as one fetch
	cancel      context.CancelCauseFunc
	timer       *time.Timer
	whole       time.Duration

	mu    sync.Mutex
	left  time.Duration
	since time.Time
}

// NewLimit returns a running limit of d. Stop it.
func NewLimit(parent context.Context, d time.Duration) *Limit {
	l := &Limit{parent: parent, whole: d, left: d, since: time.Now()}
	l.ctx, l.cancel = context.WithCancelCause(parent)
	l.timer = time.AfterFunc(d, func() { l.cancel(errTimeout) })
	return l
}

// Context ends when the time is up, with its parent, or when the limit is stopped.
func (l *Limit) Context() context.Context { return l.ctx }

// Stop ends the limit and its context.
func (l *Limit) Stop() {
	l.timer.Stop()
	l.cancel(nil)
}

// Pause stops the clock.
func (l *Limit) Pause() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer.Stop()
	l.left -= time.Since(l.since)
}

// Resume continues with the remaining time.
func (l *Limit) Resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = time.Now()
	l.timer.Reset(max(l.left, 0))
}

// Left returns the remaining time.
func (l *Limit) Left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(l.left-time.Since(l.since), 0)
}

// Explain returns the cause that ended the fetch: the caller, the timeout, or the error err from
// host.
func (l *Limit) Explain(host string, err error) error {
	if l.parent.Err() != nil {
		reason := Canceled
		if errors.Is(l.parent.Err(), context.DeadlineExceeded) {
			reason = Timeout
		}
		return Fault{Reason: reason, Host: host, Err: context.Cause(l.parent)}
	}
	if at, ok := l.parent.Deadline(); ok && !time.Now().Before(at) {
		// A dialer watches the clock and can be sooner than the timer of the context.
		return Fault{Reason: Timeout, Host: host, Err: context.DeadlineExceeded}
	}
	if errors.Is(context.Cause(l.ctx), errTimeout) {
		return Fault{Reason: Timeout, Host: host, Err: fmt.Errorf("no page within %v", l.whole)}
	}
	return Classify(host, err)
}
