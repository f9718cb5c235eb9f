package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
	"github.com/seinehq/seine/internal/weburl"
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

// hostAnswered tells the fleet that the host of a page answered, and for how long it wants to be left alone.
func (r *runner) hostAnswered(ctx context.Context, c frontier.Claimed, page *seine.Page, began time.Time) (after time.Duration) {
	if c.Faults > 0 {
		r.hostUp(ctx, c)
	}
	host := r.answered(c, page)
	if host != r.hostOf(c) {
		r.others.reached(host)
	}
	after = r.heedHost(ctx, host, page, began)
	r.pace.refused(host, page, after, began)
	if after > 0 {
		r.assets.recheck(frontier.AssetLane(host))
		if host == r.hostOf(c) {
			r.waiters.hold(c.Lane)
		}
	}
	return after
}

// unreachable has the task's own host rest for the fleet, and reports whether it has been at fault for
// retry.host_down.
func (r *runner) unreachable(ctx context.Context, c frontier.Claimed, reason string) (down bool) {
	faults := c.Faults + 1
	pause := r.hostPause(faults)
	r.pace.quiet(c.LaneKey, pause, reason)
	if e := r.e.cfg.Frontier.Backoff(ctx, r.job.ID, []string{r.hostOf(c)}, frontier.Backoff{For: pause, Why: reason, Faults: faults}); e != nil {
		r.log.WarnContext(ctx, "host's pause is not stored", "err", e)
	}
	r.troubles(r.hostOf(c))
	r.waiters.hold(c.Lane)
	return r.hostDown(ctx, c, reason)
}

// ownHost reports whether the host at fault is the task's own: a redirect may
// lead to one that is dead.
func (r *runner) ownHost(c frontier.Claimed, err error) bool {
	at, e := frontier.PageURL(&r.job.Job, c.Key)
	var f fetch.Fault
	return e == nil && (!errors.As(err, &f) || f.Host == "" || f.Host == weburl.Host(at))
}

// maxRetryAfter caps what a host may ask us to wait.
const maxRetryAfter = time.Hour

// heedHost obeys what a host that refuses says, for the whole fleet: it is left
// alone as long as Retry-After says, and asked more slowly from there on. began
// is when it was asked.
func (r *runner) heedHost(ctx context.Context, lane string, page *seine.Page, began time.Time) time.Duration {
	if !refusal(page) {
		return 0
	}
	why := "Retry-After"
	now := time.Now()
	if there, err := http.ParseTime(page.Header.Get("Date")); err == nil {
		now = there // a date is meant by the host's own clock
	}
	after, ok := polite.RetryAfter(page.Header.Get("Retry-After"), now, maxRetryAfter)
	if !ok || after == 0 {
		after, why = 0, fmt.Sprintf("HTTP %d", page.Status)
	}
	if r.job.Pace.Scope == seine.ScopeWorker {
		return after // it binds this worker's address only
	}
	lanes := []string{lane}
	if !frontier.IsAssetLane(lane) {
		if r.hasAssets.Load() {
			lanes = append(lanes, frontier.AssetLane(lane))
		}
		r.troubles(lane)
	}
	if err := r.e.cfg.Frontier.Backoff(ctx, r.job.ID, lanes, frontier.Backoff{For: after, Why: why, Slow: true, Ago: time.Since(began)}); err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "what the host refuses is not stored", "err", err)
	}
	return after
}

// endingOfFetch ends a task whose page did not come. It tells the fleet about the host first.
func (r *runner) endingOfFetch(ctx context.Context, c frontier.Claimed, err error) ending {
	facts := interruption(ctx, attempt{stage: stageFetch, err: err})
	var busy *quietError
	if facts.stopped || errors.As(err, &busy) {
		return r.ends(c, facts)
	}
	r.log.WarnContext(ctx, "fetch failed", "task", c.Key, "attempt", c.Attempt, "err", err)
	if errors.Is(err, seine.ErrHost) {
		if r.ownHost(c, err) {
			facts.down = r.unreachable(ctx, c, fetch.Reason(err))
		} else {
			facts.foreign, facts.rest, facts.down = r.foreignUnreachable(ctx, func(host string) string { return host }, err)
		}
	}
	end := r.ends(c, facts)
	if end.fatal != nil {
		r.fatal(end.fatal)
	}
	return end
}
