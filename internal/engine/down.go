package engine

import (
	"context"
	"time"

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
