package engine

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// outcome is what came of an attempt: its ending, and what is stored with it.
type outcome struct {
	ending
	claimed frontier.Claimed

	records []seine.Record
	assets  []seine.Stored
	follow  []seine.Follow
	page    *seine.Page

	// failures are the assets that are not stored, though the records are; owed are those of them that
	// a further attempt fetches, and wait is when.
	failures []frontier.FailedAsset
	owed     []seine.Asset
	wait     *ending

	// digest is the digest of the rules that made records. Nil: the job's.
	digest []byte

	span trace.Span // of the task; commit.go ends it
}

// attempt is the life of one task, from its claim to its outcome; commit.go
// makes the outcome true. ctx ends when the lease is lost or the grace is over;
// asked is when the claim was.
func (r *runner) attempt(ctx context.Context, c frontier.Claimed, asked time.Time) outcome {
	// Wait for the start that the claim gave us: the pace is decided there.
	pass := r.awaitStart(ctx, c, asked)
	if pass == nil {
		return outcome{claimed: c, ending: r.ends(c, attempt{stopped: true})}
	}
	defer r.finished()

	// A task that does not stop when it is told to would be kept leased for
	// ever by our heartbeats.
	var ended atomic.Bool // the timer may be set once more while we return
	stuck := time.AfterFunc(r.e.cfg.Deadline+stuckAfter, func() {
		if !ended.Load() {
			r.abort(c)
		}
	})
	defer stuck.Stop()
	defer context.AfterFunc(ctx, func() { stuck.Reset(stuckAfter) })()
	defer ended.Store(true)

	// The deadline applies to the page, and to each asset anew: a list may have a thousand.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	deadline := time.AfterFunc(r.e.cfg.Deadline, func() { cancel(errDeadline) })
	defer deadline.Stop()
	return r.process(ctx, c, pass, func() {
		if ctx.Err() == nil {
			deadline.Reset(r.e.cfg.Deadline)
			stuck.Reset(r.e.cfg.Deadline + stuckAfter)
		}
	})
}

// errDeadline ends a task that takes too long.
var errDeadline = errors.New("the task took too long")

// interruption adds to the facts of an attempt whether its context ended: because the worker stops or the lease is lost,
// or because the task took too long.
func interruption(ctx context.Context, a attempt) attempt {
	a.stopped = ctx.Err() != nil
	a.late = a.stopped && errors.Is(context.Cause(ctx), errDeadline)
	return a
}
