package engine

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/weburl"
)

// others are the hosts that tasks of other hosts lead to, by a redirect or an
// asset, and that this worker can't reach.
type others struct {
	mu     sync.Mutex
	byLane map[string]*dead
}

// dead counts how often in a row a host could not be reached, and when it may be
// tried again.
type dead struct {
	faults int
	until  time.Time
	since  time.Time
}

// fault notes that a host can't be reached, and returns for how long it has been away. Of several
// tasks that find it out together one counts.
func (o *others) fault(lane string, now time.Time, pauseOf func(faults int) time.Duration) (down, pause time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.byLane == nil || len(o.byLane) > maxLast {
		o.byLane = map[string]*dead{}
	}
	d := o.byLane[lane]
	if d == nil {
		d = &dead{since: now}
		o.byLane[lane] = d
	}
	if !now.Before(d.until) {
		d.faults++
		d.until = now.Add(pauseOf(d.faults))
	}
	return now.Sub(d.since), d.until.Sub(now)
}

// reached notes that a host answered.
func (o *others) reached(lane string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.byLane, lane)
}

// answered is the lane of the host that gave a page: the task's own, or the one
// that a redirect led to.
func (r *runner) answered(c frontier.Claimed, page *seine.Page) string {
	own := r.hostOf(c)
	if at, err := weburl.Canonical(page.URL); err == nil && weburl.Host(at) != "" && frontier.IsHost(own) {
		return weburl.Host(at)
	}
	return own
}

// foreignUnreachable has another host than the task's own rest, for the fleet, if err is a fault of one. It returns the
// host, for how long it rests, and whether it has been at fault for retry.host_down.
func (r *runner) foreignUnreachable(ctx context.Context, laneOf func(host string) string, err error) (host string, rest time.Duration, down bool) {
	var f fetch.Fault
	if !errors.As(err, &f) || f.Host == "" {
		return "", 0, false
	}
	lane, reason := laneOf(f.Host), fetch.Reason(err)
	away, rest := r.others.fault(lane, time.Now(), r.hostPause)
	if r.job.Pace.Scope != seine.ScopeWorker {
		if e := r.e.cfg.Frontier.Backoff(ctx, r.job.ID, []string{lane}, frontier.Backoff{For: rest, Why: reason}); e != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "host's pause is not stored", "err", e)
		}
		if frontier.IsHost(lane) {
			r.troubles(lane)
		}
		r.assets.recheck(lane)
	}
	return f.Host, rest, away >= r.job.Retry.HostDown
}

// refusal reports whether a page says to come later, or more slowly.
func refusal(page *seine.Page) bool {
	return page.Status == http.StatusTooManyRequests || page.Status == http.StatusServiceUnavailable
}
