package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
	"github.com/seinehq/seine/internal/weburl"
)

// pacer is what one process adds to the pace that the frontier decides. With
// pace.scope host it only keeps late starts apart: a start that came late must
// not crowd the next one, which is on time. With pace.scope worker it is the
// whole pace, since each worker has an address of its own.
type pacer struct {
	own *polite.Pacer // nil: the frontier paces

	mu    sync.Mutex
	delay time.Duration
	last  map[string]time.Time       // by lane: this process's last start
	lanes map[string]frontier.LaneID // by key, of lanes seen
}

// maxLast bounds the lanes whose last start is remembered.
const maxLast = 10_000

func newPacer(p seine.Pace) *pacer {
	out := &pacer{delay: p.Delay.Min, last: map[string]time.Time{}, lanes: map[string]frontier.LaneID{}}
	if p.Scope == seine.ScopeWorker {
		out.own, out.delay = polite.New(p), 0
	}
	return out
}

// blocked lists the lanes that this worker's own pace holds back.
func (p *pacer) blocked(now time.Time) []frontier.LaneID {
	if p.own == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []frontier.LaneID
	for _, host := range p.own.Blocked(now) {
		if id, ok := p.lanes[host]; ok {
			out = append(out, id)
		}
	}
	return out
}

// start says how long a start on a lane must still wait, and notes the start
// when that is no time.
func (p *pacer) start(lane string, id frontier.LaneID, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.own != nil {
		if len(p.lanes) > maxLast {
			clear(p.lanes)
		}
		if id != 0 {
			p.lanes[lane] = id
		}
		if p.own.Start(lane, now, rand.Float64) {
			return 0
		}
		at, ok := p.own.Next(lane, now)
		if !ok {
			return 50 * time.Millisecond // full: until one of ours ends
		}
		return max(at.Sub(now), time.Millisecond)
	}
	if p.delay == 0 {
		return 0
	}
	if wait := p.last[lane].Add(p.delay).Sub(now); wait > 0 {
		return wait
	}
	if len(p.last) > maxLast {
		clear(p.last)
	}
	p.last[lane] = now
	return 0
}

// ended notes that a fetch that was started ended.
func (p *pacer) ended(lane string, o polite.Outcome) {
	if p.own == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.own.End(lane, time.Now(), o)
}

// outcomeOf says what a fetch tells of its host, for the cooldown.
func outcomeOf(page *seine.Page, err error) polite.Outcome {
	if err != nil || page.Status >= 500 || page.Status == http.StatusTooManyRequests {
		return polite.Failed
	}
	return polite.OK
}

func (p *pacer) quiet(lane string, d time.Duration, why string) {
	if p.own == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.own.Quiet(lane, time.Now().Add(d), why)
}

// refused notes a page that says to come later, or more slowly.
func (p *pacer) refused(lane string, page *seine.Page, after time.Duration, began time.Time) {
	if p.own == nil || page.Status != http.StatusTooManyRequests && page.Status != http.StatusServiceUnavailable {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.own.Refused(lane, time.Now(), began, after)
}

// heldAfter is how long after its claim a task that still waits for its start
// asks whether its lane was paused or became quiet meanwhile.
const heldAfter = 2 * time.Second

// lateAfter is how long after its time a start may still be made: beyond it the
// others' next starts are on time, and this one would crowd them. A quarter of
// the delay where that is more.
const lateAfter = 50 * time.Millisecond

// lateTries bounds how often a start that came late is given up for a later one:
// a machine that is always late goes on all the same.
const lateTries = 5

// late reports whether a start's time has passed: the process was stopped, or
// the frontier's answer was long on its way. delay is the pace's.
func late(delay time.Duration, due, now time.Time) bool {
	return delay > 0 && now.Sub(due) > max(lateAfter, delay/4)
}

// awaitStart waits for the task's start and takes one of the slots in which
// tasks run. It reports false when the task is to be given back: we stop
// claiming, the lane is held, the lease is lost, or ctx ended. asked is when the
// claim was: the frontier counted c.Wait from some time between then and its
// answer.
func (r *runner) awaitStart(ctx context.Context, c frontier.Claimed, asked time.Time) bool {
	at, due := time.Now().Add(c.Wait), asked.Add(c.Wait)
	for tries := 0; ; {
		wait := time.Until(at)
		if wait <= 0 && tries < lateTries && late(r.pace.delay, due, time.Now()) {
			tries++
			// Whoever stood still for long may have lost the task meanwhile.
			if r.owned(ctx) != nil {
				return false
			}
			asked := time.Now()
			again, held, err := r.e.cfg.Frontier.Reserve(ctx, r.job.ID, c.LaneKey, rand.Float64())
			if err != nil || held {
				return false
			}
			at, due = time.Now().Add(again), asked.Add(again)
			wait = again
		}
		if wait <= 0 {
			if wait = r.pace.start(c.LaneKey, c.Lane, time.Now()); wait == 0 {
				break
			}
		}
		if !r.pause(ctx, wait) {
			return false
		}
	}
	if !r.open() {
		r.pace.ended(c.LaneKey, polite.Silent)
		return false
	}
	if c.Wait > heldAfter {
		states, err := r.e.cfg.Frontier.Held(ctx, []frontier.LaneID{c.Lane})
		if err != nil || slices.ContainsFunc(states, func(s frontier.LaneState) bool { return s.Held || s.Quiet > 0 }) {
			r.pace.ended(c.LaneKey, polite.Silent)
			return false
		}
	}
	select {
	case r.running <- struct{}{}:
		return true
	case <-ctx.Done():
	case <-r.stop:
	}
	r.pace.ended(c.LaneKey, polite.Silent)
	return false
}

// pause waits, unless we stop.
func (r *runner) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-r.stop:
	}
	return false
}

// assetFetcher asks for assets: through the same client as pages, so that the
// asset host is treated gently too, by pace.assets and not by pace.delay.
type assetFetcher struct {
	r *runner

	mu    sync.Mutex
	hosts map[string]*assetHost

	// own is the schedule with pace.scope worker; nil: the frontier's.
	own *polite.Pacer
}

// assetHost is what this process knows of one.
type assetHost struct {
	slots   chan struct{}
	checked time.Time // when the frontier last said that the host is not quiet
}

func (f *assetFetcher) host(name string) *assetHost {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.hosts[name]
	if h == nil {
		if len(f.hosts) > maxLast {
			clear(f.hosts)
		}
		h = &assetHost{slots: make(chan struct{}, max(1, f.r.job.Pace.Assets.Concurrency))}
		f.hosts[name] = h
	}
	return h
}

var errHeld = errors.New("host paused")

// Fetch waits for a start on the asset's host, then fetches.
func (f *assetFetcher) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	at, err := weburl.Canonical(req.URL)
	if err != nil {
		return nil, err
	}
	lane := frontier.AssetLane(weburl.Host(at))
	h := f.host(lane)
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-h.slots }()
	if err := f.await(ctx, h, lane); err != nil {
		return nil, err
	}
	began := time.Now()
	page, err := f.r.job.Fetch.Fetch(onRedirect(ctx, func(ctx context.Context, host string) error {
		lane := frontier.AssetLane(host)
		return f.await(ctx, f.host(lane), lane)
	}), req)
	if err != nil {
		return nil, err
	}
	if page.Status == http.StatusTooManyRequests || page.Status == http.StatusServiceUnavailable {
		after := f.r.heedHost(ctx, lane, page, began)
		f.mu.Lock()
		h.checked = time.Time{}
		if f.own != nil {
			f.own.Refused(lane, time.Now(), began, after)
		}
		f.mu.Unlock()
	}
	return page, nil
}

// quietCheck is how long a host without a delay is taken not to be quiet: its
// starts need no schedule, so not each of them asks the frontier.
const quietCheck = time.Second

// await takes a start of the lane's schedule and waits for it.
func (f *assetFetcher) await(ctx context.Context, h *assetHost, lane string) error {
	free := f.r.job.Pace.Assets.Delay == seine.Span{}
	if f.own != nil {
		return f.awaitOwn(ctx, lane)
	}
	f.mu.Lock()
	fresh := free && time.Since(h.checked) < quietCheck
	f.mu.Unlock()
	if fresh {
		return nil
	}
	for tries := 0; ; {
		asked := time.Now()
		wait, held, err := f.r.e.cfg.Frontier.Reserve(ctx, f.r.job.ID, lane, rand.Float64())
		if err != nil {
			return err
		}
		if !held {
			if free && wait == 0 {
				f.mu.Lock()
				h.checked = time.Now()
				f.mu.Unlock()
			}
			if !sleep(ctx, wait) {
				return context.Cause(ctx)
			}
			if tries++; tries <= lateTries && late(f.r.job.Pace.Assets.Delay.Min, asked.Add(wait), time.Now()) {
				continue
			}
			return nil
		}
		if !f.r.pause(ctx, quietCheck) {
			return errHeld
		}
	}
}

// awaitOwn waits for a start of this worker's own schedule.
func (f *assetFetcher) awaitOwn(ctx context.Context, lane string) error {
	for {
		f.mu.Lock()
		now := time.Now()
		started := f.own.Start(lane, now, rand.Float64)
		at, _ := f.own.Next(lane, now)
		if started {
			f.own.End(lane, now, polite.Silent) // the slots are counted by assetHost
		}
		f.mu.Unlock()
		if started {
			return nil
		}
		if !sleep(ctx, max(at.Sub(now), time.Millisecond)) {
			return context.Cause(ctx)
		}
	}
}

// redirectKey is the context's key of what a redirect waits for.
type redirectKey struct{}

// onRedirect has wait called before a redirect of a fetch in ctx is followed.
func onRedirect(ctx context.Context, wait func(ctx context.Context, host string) error) context.Context {
	return context.WithValue(ctx, redirectKey{}, wait)
}

// Redirect waits for a start before a redirect is followed: it is one more
// request, maybe to another host. A job's fetcher calls it.
func Redirect(ctx context.Context, to string) error {
	wait, ok := ctx.Value(redirectKey{}).(func(context.Context, string) error)
	if !ok {
		return nil
	}
	at, err := weburl.Canonical(to)
	if err != nil {
		return err
	}
	return wait(ctx, weburl.Host(at))
}

// redirected waits for a start on the host that a task's page leads to.
func (r *runner) redirected(lane string) func(context.Context, string) error {
	return func(ctx context.Context, host string) error {
		switch {
		case r.job.Pace.Unpaced():
			return nil
		case r.pace.own == nil:
			wait, _, err := r.e.cfg.Frontier.Reserve(ctx, r.job.ID, host, rand.Float64())
			if err == nil && !sleep(ctx, wait) {
				err = context.Cause(ctx)
			}
			return err
		}
		// This worker's own pace: on its own host the page gives its slot up for
		// the next start; elsewhere only the start counts.
		if host == lane {
			r.pace.ended(lane, polite.Silent)
		}
		for {
			wait := r.pace.start(host, 0, time.Now())
			if wait == 0 {
				break
			}
			if !sleep(ctx, wait) {
				return context.Cause(ctx)
			}
		}
		if host != lane {
			r.pace.ended(host, polite.Silent)
		}
		return nil
	}
}
