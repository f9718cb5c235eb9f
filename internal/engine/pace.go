package engine

import (
	"context"
	"math/rand/v2"
	"net/http"
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
	own  *polite.Pacer // nil: the frontier paces
	most int           // see each

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
		slots := p.Concurrency
		if slots <= 0 {
			slots = maxBatch
		}
		out.most = frontier.LaneRoom(frontier.LanePace{Delay: p.Delay, Inflight: slots}, 0, 0)
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

// each is the most tasks of a lane to claim: 0: as many as the frontier's pace
// allows.
func (p *pacer) each() int { return p.most }

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
	if p.own == nil || !refusal(page) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.own.Refused(lane, time.Now(), began, after)
}

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

// A claim's answer is on its way for so long that the time of a start may have
// passed when it comes: starts are asked for that are so far ahead. Where the
// database is near it is nothing.
const (
	leastLead = 10 * time.Millisecond
	mostLead  = 2 * time.Second
)

// leadAfter is how long claims take, by one more that took so long.
func leadAfter(lead, took time.Duration) time.Duration {
	if took = min(took, mostLead); lead == 0 {
		if took < leastLead {
			return 0
		}
		return took
	}
	if lead += (took - lead) / 4; lead < leastLead {
		return 0
	}
	return lead
}

// startOf is when a start that was asked for is made, and from when on it may have
// been due: its wait was counted between then and the answer.
func startOf(asked time.Time, turn frontier.Turn) (at, due time.Time) {
	due = asked.Add(turn.Wait)
	return due.Add(min(time.Since(asked), lateAfter) / 2), due
}

// awaitStart waits for the task's start and takes one of the slots in which
// tasks run. It reports false when the task is to be given back: we stop
// claiming, the lane is held, the lease is lost, or ctx ended. asked is when the
// claim was: the frontier counted c.Wait from some time between then and its
// answer.
func (r *runner) awaitStart(ctx context.Context, c frontier.Claimed, asked time.Time) bool {
	if c.Wait <= 0 && r.pace.delay == 0 && r.pace.own == nil && r.open() {
		select {
		case r.running <- struct{}{}:
			if r.laneOf(c) == c.LaneKey {
				return true
			}
			r.finished()
			return false
		default:
		}
	}
	waiter, end := r.waiters.add(c.Lane)
	defer end()
	at, due := time.Now().Add(c.Wait), asked.Add(c.Wait)
	if !c.ReadAt.IsZero() {
		at = c.ReadAt.Add(c.Wait)
		due = at
	}
	for tries := 0; ; {
		wait := time.Until(at)
		if wait <= 0 && tries < lateTries && late(r.pace.delay, due, time.Now()) {
			tries++
			// Whoever stood still for long may have lost the task meanwhile.
			if r.owned(ctx) != nil {
				return false
			}
			asked := time.Now()
			turn, err := r.e.cfg.Frontier.Reserve(ctx, r.job.ID, c.LaneKey, rand.Float64(), startPatience)
			if err != nil || turn.Paused || turn.Wait > startPatience {
				return false
			}
			at, due = startOf(asked, turn)
			wait = time.Until(at)
		}
		if wait <= 0 {
			if wait = r.pace.start(c.LaneKey, c.Lane, time.Now()); wait == 0 {
				break
			}
			if wait > startPatience {
				return false // the next claim leaves this lane alone
			}
		}
		if !r.pause(ctx, wait, waiter) {
			return false
		}
	}
	if !r.open() {
		r.pace.ended(c.LaneKey, polite.Silent)
		return false
	}
	select {
	case r.running <- struct{}{}:
		if r.laneOf(c) == c.LaneKey {
			return true
		}
		r.finished() // its host came into trouble since the claim
	case <-ctx.Done():
	case <-r.stop:
	case <-waiter:
	}
	r.pace.ended(c.LaneKey, polite.Silent)
	return false
}

// startPatience is how long a claimed task waits for its host: beyond it, it is
// given back, for whoever comes when the host may be asked.
const startPatience = 10 * time.Second

// pause waits, unless we stop or held is closed.
func (r *runner) pause(ctx context.Context, d time.Duration, held <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-r.stop:
	case <-held:
	}
	return false
}

// onRedirect adapts a wait for a host to [seine.Request.OnRedirect].
func onRedirect(wait func(ctx context.Context, host string) error) func(ctx context.Context, from, to string) error {
	return func(ctx context.Context, _, to string) error {
		at, err := weburl.Canonical(to)
		if err != nil {
			return err
		}
		return wait(ctx, weburl.Host(at))
	}
}

// redirected waits for a start on the host that a task's page leads to.
func (r *runner) redirected(lane string) func(context.Context, string) error {
	return func(ctx context.Context, host string) error {
		switch {
		case r.job.Pace.Unpaced() && !r.inTrouble(host):
			return nil
		case r.pace.own == nil:
			turn, err := r.e.cfg.Frontier.Reserve(ctx, r.job.ID, host, rand.Float64(), hostPatience)
			return r.await(ctx, host, turn, err)
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
			if err := r.await(ctx, host, frontier.Turn{Wait: wait}, nil); err != nil {
				return err
			}
		}
		if host != lane {
			r.pace.ended(host, polite.Silent)
		}
		return nil
	}
}
