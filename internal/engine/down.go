package engine

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
)

// leastPause is the shortest pause of a host at fault, for a job with a short retry.host_down.
const leastPause = 200 * time.Millisecond

// hostPause returns how long a host at fault rests. At least four requests fit into
// retry.host_down, so that its end is not overrun by a long pause.
func (r *runner) hostPause(faults int) time.Duration {
	return min(polite.HostPause(faults), max(r.job.Retry.HostDown/4, leastPause))
}

// hostDown ends all tasks of a host that has been at fault for retry.host_down, and reports
// whether it has.
func (r *runner) hostDown(ctx context.Context, c frontier.Claimed, reason string) bool {
	host := r.hostOf(c)
	down, ended, err := r.e.cfg.Frontier.HostDown(ctx, r.job.ID, host, r.job.Retry.HostDown, reason)
	if err != nil {
		if ctx.Err() == nil {
			r.log.WarnContext(ctx, "tasks of a host that is down are not ended", "host", host, "err", err)
		}
		return false
	}
	if down && ended > 0 {
		r.log.WarnContext(ctx, "host is down; its tasks ended in error", "host", host, "reason", reason, "tasks", ended+1, "after", r.job.Retry.HostDown.String())
	}
	return down
}

// hostUp notes that a host at fault answered.
func (r *runner) hostUp(ctx context.Context, c frontier.Claimed) {
	if err := r.e.cfg.Frontier.HostUp(ctx, r.job.ID, r.hostOf(c)); err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "host's recovery is not stored", "host", r.hostOf(c), "err", err)
	}
}

// refusedBy decides what HTTP 429 and 503 mean for a task: it waits, at no attempt's cost, until the
// host has refused it for retry.refused.
func (r *runner) refusedBy(c frontier.Claimed, out outcome) outcome {
	if c.Refused >= r.job.Retry.Refused {
		out.hopeless = true
		return out
	}
	wait := refusedWait(r.job.Retry, c.Refused, rand.Float64())
	return outcome{claimed: c, released: true, refused: true, state: seine.Error, reason: out.reason, after: max(wait, out.after), page: out.page}
}

// refusedWait returns how long a task waits that its host has refused for some time. The time
// doubles, to at most an hour, and is drawn from its upper half.
func refusedWait(retry seine.Retry, refused time.Duration, draw float64) time.Duration {
	wait := min(max(retry.Backoff, refused), time.Hour)
	return wait/2 + time.Duration(draw*float64(wait/2))
}
