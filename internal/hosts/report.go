package hosts

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

// Report is what a request showed about its host.
type Report struct {
	Kind Kind // Page or Asset
	Own  Own  // of the task

	// Host is the requested host of an asset.
	Host string

	// Page is the response. Without a response, Err is the host's fault.
	Page *seine.Page
	Err  error

	// Challenge names the challenge or ban page that the response is. It blocks the host.
	Challenge string

	// Began is the start of the request.
	Began time.Time
}

// Effect is what a report means for the task.
type Effect struct {
	// After is the time for which the host wants no requests.
	After time.Duration

	// Foreign is the host at fault if it is not the task's own. It rests for Rest.
	Foreign string
	Rest    time.Duration

	// Down means that the host at fault has been at fault for retry.host_down.
	Down bool
}

// Refusal reports whether a response asks for a later or slower request.
func Refusal(page *seine.Page) bool {
	return page.Status == http.StatusTooManyRequests || page.Status == http.StatusServiceUnavailable
}

// OutcomeOf returns what a fetch shows about its host, for the cooldown.
func OutcomeOf(page *seine.Page, err error) polite.Outcome {
	if err != nil || page.Status >= 500 || page.Status == http.StatusTooManyRequests {
		return polite.Failed
	}
	return polite.OK
}

// Report applies Retry-After and faults for the whole fleet.
func (g *fleet) Report(ctx context.Context, r Report) Effect {
	if r.Err != nil {
		return g.fault(ctx, r, func(lane, reason string, rest time.Duration) {
			if r.ofOwn() {
				return
			}
			g.backoff(ctx, []string{lane}, frontier.Backoff{For: rest, Why: reason})
			if frontier.IsHost(lane) {
				g.cfg.Lanes.markUnhealthy(lane)
			}
			g.slots.recheck(lane)
		})
	}
	host := g.answered(ctx, r)
	after, why, ok := r.wanted()
	if !ok {
		return Effect{}
	}
	lanes := []string{r.Kind.lane(host)}
	if r.Kind == Asset {
		g.slots.recheck(lanes[0])
	} else {
		if g.slots.used.Load() {
			lanes = append(lanes, frontier.AssetLane(host))
		}
		g.cfg.Lanes.markUnhealthy(host)
	}
	g.backoff(ctx, lanes, frontier.Backoff{For: after, Why: why, Slow: Refusal(r.Page), Ago: time.Since(r.Began)})
	return g.heeded(r, host, after)
}

// Report applies Retry-After and faults to this worker's own schedule. Retry-After binds this
// worker's address only. A fault of the task's own host also stops the claims of the fleet.
func (g *local) Report(ctx context.Context, r Report) Effect {
	if r.Err != nil {
		return g.fault(ctx, r, func(lane, reason string, rest time.Duration) {
			if r.ofOwn() {
				g.mu.Lock()
				defer g.mu.Unlock()
				g.pages.Backoff(lane, time.Now().Add(rest), reason)
			}
		})
	}
	host := g.answered(ctx, r)
	after, why, ok := r.wanted()
	if !ok {
		return Effect{}
	}
	g.mu.Lock()
	if !Refusal(r.Page) {
		pacer, name := g.pages, host
		if r.Kind == Asset {
			pacer, name = g.assets, r.Kind.lane(host)
		}
		pacer.Backoff(name, time.Now().Add(after), why)
	} else if r.Kind == Asset {
		g.assets.Refused(r.Kind.lane(host), time.Now(), r.Began, after)
	} else {
		g.pages.Refused(host, time.Now(), r.Began, after)
	}
	g.mu.Unlock()
	return g.heeded(r, host, after)
}

// heeded gives up the waiting pages of a host that requested a backoff.
func (g *gate) heeded(r Report, host string, after time.Duration) Effect {
	if r.Kind == Page && after > 0 {
		g.slots.recheck(frontier.AssetLane(host))
		if host == r.Own.Host {
			g.waiting.block(r.Own.Lane)
		}
	}
	return Effect{After: after}
}

// answered records the recovery of the host that gave a response, and returns that host: the
// requested one, or the target of a redirect.
func (g *gate) answered(ctx context.Context, r Report) string {
	host := r.Host
	if r.Kind == Page {
		host = r.Own.Host
		if r.Own.Faults > 0 {
			if err := g.cfg.Frontier.HostUp(ctx, g.cfg.ID, host); err != nil && ctx.Err() == nil {
				g.cfg.Log.WarnContext(ctx, "host's recovery is not stored", "host", host, "err", err)
			}
		}
	}
	if at, err := weburl.Canonical(r.Page.URL); err == nil && weburl.Host(at) != "" {
		host = weburl.Host(at)
	}
	if r.Kind == Asset || host != r.Own.Host {
		g.foreign.reached(r.Kind.lane(host))
	}
	return host
}

// blockedFor is the time for which a challenge blocks its host.
const blockedFor = time.Hour

// wanted returns the backoff that a response requests, and its cause. ok is false if it requests
// none.
func (r Report) wanted() (after time.Duration, why string, ok bool) {
	switch {
	case r.Challenge != "":
		return blockedFor, "blocked: " + r.Challenge, true
	case Refusal(r.Page):
		after, why = retryAfter(r.Page)
		return after, why, true
	}
	after, ok = polite.RateLimit(r.Page.Header, time.Now(), maxRetryAfter)
	return after, "rate limit", ok && after > 0
}

// maxRetryAfter limits the backoff that a host may request.
const maxRetryAfter = time.Hour

// retryAfter returns the backoff that a refusal requests, and its cause.
func retryAfter(page *seine.Page) (after time.Duration, why string) {
	now := time.Now()
	if there, err := http.ParseTime(page.Header.Get("Date")); err == nil {
		now = there // a date is meant by the host's own clock
	}
	after, ok := polite.RetryAfter(page.Header.Get("Retry-After"), now, maxRetryAfter)
	if !ok || after == 0 {
		return 0, fmt.Sprintf("HTTP %d", page.Status)
	}
	return after, "Retry-After"
}

// faulty returns the host that an error names. It is empty if the error names none.
func (r Report) faulty() string {
	var f fetch.Fault
	if errors.As(r.Err, &f) {
		return f.Host
	}
	return ""
}

// ofOwn reports whether the fault belongs to the host of the task's page.
func (r Report) ofOwn() bool {
	host := r.faulty()
	return r.Kind == Page && (host == "" || host == r.Own.Host)
}

// fault records that a host cannot be reached. rest applies the host's rest as the gate does.
func (g *gate) fault(ctx context.Context, r Report, rest func(lane, reason string, rest time.Duration)) Effect {
	host, reason := r.faulty(), fetch.Reason(r.Err)
	if r.ofOwn() {
		rest(r.Own.Key, reason, g.restOf(r.Own.Faults+1))
		return Effect{Down: g.ownFault(ctx, r.Own, reason)}
	}
	if host == "" {
		return Effect{}
	}
	lane := r.Kind.lane(host)
	away, pause := g.foreign.fault(lane, time.Now(), g.restOf)
	rest(lane, reason, pause)
	return Effect{Foreign: host, Rest: pause, Down: away >= g.cfg.Job.Retry.HostDown}
}

// ownFault makes the task's own host rest for the fleet. It reports whether the host has been at
// fault for retry.host_down, which ends all tasks of the host.
func (g *gate) ownFault(ctx context.Context, own Own, reason string) (down bool) {
	faults := own.Faults + 1
	rest := frontier.Backoff{For: g.restOf(faults), Why: reason, Faults: faults}
	if err := g.cfg.Frontier.Backoff(ctx, g.cfg.ID, []string{own.Host}, rest); err != nil {
		g.cfg.Log.WarnContext(ctx, "host's pause is not stored", "err", err)
	}
	g.cfg.Lanes.markUnhealthy(own.Host)
	g.waiting.block(own.Lane)
	after := g.cfg.Job.Retry.HostDown
	down, ended, err := g.cfg.Frontier.HostDown(ctx, g.cfg.ID, own.Host, after, reason)
	if err != nil {
		if ctx.Err() == nil {
			g.cfg.Log.WarnContext(ctx, "tasks of a host that is down are not ended", "host", own.Host, "err", err)
		}
		return false
	}
	if down && ended > 0 {
		g.cfg.Log.WarnContext(ctx, "host is down; its tasks ended in error", "host", own.Host, "reason", reason,
			"tasks", ended+1, "after", after.String())
	}
	return down
}

func (g *gate) backoff(ctx context.Context, lanes []string, b frontier.Backoff) {
	if err := g.cfg.Frontier.Backoff(ctx, g.cfg.ID, lanes, b); err != nil && ctx.Err() == nil {
		g.cfg.Log.WarnContext(ctx, "the backoff of a host is not stored", "refused", b.Slow, "err", err)
	}
}

// leastRest is the shortest rest of a host at fault, for a job with a short retry.host_down.
const leastRest = 200 * time.Millisecond

// restOf returns the rest of a host at fault. At least four requests fit into retry.host_down, so
// that a long rest does not overrun its end.
func (g *gate) restOf(faults int) time.Duration {
	return min(polite.HostPause(faults), max(g.cfg.Job.Retry.HostDown/4, leastRest))
}
