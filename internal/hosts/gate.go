// Package hosts decides when a worker may send a request to a host.
//
// Every request of a job enters the job's [Gate]: pages, redirects, assets, and further documents
// such as robots.txt, sitemaps and log-ins.
//
// A redirect enters the gate with its new address, by the hook that every request of the executor
// carries (onRedirect of package engine).
//
//	Enter ─→ request ─→ Leave
//	  │         └─────→ Report: answered, refused, unreachable
//	  └─→ *BusyError or ErrBlocked: the task returns to the queue
//
// [New] chooses the implementation once, by pace.scope. The fleet's gate reserves starts in the
// frontier, so a host's pace holds over all workers. The local gate paces a worker that has an
// address of its own. If the frontier does not answer, Enter returns its error and no request is
// sent.
package hosts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
)

// Kind is the purpose of a request.
type Kind int8

// Page is the page of a claimed task, whose start the claim reserved. Redirect and AssetRedirect
// are the requests that a redirect of a page or an asset leads to. Assets have lanes of their own.
// Every other kind takes its turn on the lane of the host's pages.
const (
	Page Kind = iota
	Redirect
	Asset
	AssetRedirect
	Robots
	Sitemap
	LogIn
)

// lane returns the key of the lane that paces a request.
func (k Kind) lane(host string) string {
	if k == Asset || k == AssetRedirect {
		return frontier.AssetLane(host)
	}
	return host
}

// Own is the host of a claimed task's page and its lane.
type Own struct {
	// Host is the host, as HOST:PORT.
	Host string

	// Lane and Key name the lane of the claim. Key is a shard if the job has no pace.
	Lane frontier.LaneID
	Key  string

	// Faults is the number of host faults in a row at the time of the claim.
	Faults int
}

// Visit is one request to a host.
type Visit struct {
	Kind Kind
	Host string

	// Own is the task's own host, with Page and Redirect.
	Own Own

	// Start is the reserved start, with Page.
	Start Start
}

// Start is the start that the claim of a task reserved.
type Start struct {
	// At is the planned start. Due is the earliest time that the frontier may have meant, because
	// it counted the wait from some moment between the request and the reply.
	At, Due time.Time

	// Held returns an error if the task's lease is lost.
	Held func(ctx context.Context) error
}

// StartOf returns the start of a task that was claimed at a time of this process.
func StartOf(c frontier.Claimed, claimed time.Time, held func(ctx context.Context) error) Start {
	s := Start{At: time.Now().Add(c.Wait), Due: claimed.Add(c.Wait), Held: held}
	if !c.ReadAt.IsZero() {
		s.At = c.ReadAt.Add(c.Wait)
		s.Due = s.At
	}
	return s
}

// Pass is the permission for one request.
type Pass struct {
	blocked <-chan struct{}
	begin   func()
	leave   func(polite.Outcome)
}

// Blocked is closed if the lane of a page is paused or in backoff before the call of Begin. It is
// nil for other kinds.
func (p *Pass) Blocked() <-chan struct{} { return p.blocked }

// Begin states that the request is about to be sent.
func (p *Pass) Begin() {
	if p.begin != nil {
		p.begin()
	}
}

// Leave states that the request ended. Call it once.
func (p *Pass) Leave(o polite.Outcome) {
	p.Begin()
	if p.leave != nil {
		p.leave(o)
	}
}

// Gate paces the requests of a job to hosts. It is safe for concurrent use.
type Gate interface {
	// Enter waits until a host may be requested. If that is too far away, it returns *BusyError
	// with the time, or ErrBlocked for a page.
	Enter(ctx context.Context, v Visit) (*Pass, error)

	// Report records what a request showed about its host and returns what follows for the task.
	Report(ctx context.Context, r Report) Effect

	// Claim returns the bounds of this worker's own pace for a claim: the largest number of tasks
	// per lane (zero for no bound) and the lanes to skip.
	Claim(now time.Time) (each int, not []frontier.LaneID)

	// Watch gives pages up whose lane is paused or in backoff while they wait. It ends with ctx.
	Watch(ctx context.Context)
}

// Frontier is the part of a frontier that a gate uses.
type Frontier interface {
	Reserve(
		ctx context.Context, job frontier.JobID, lane string, draw float64, most time.Duration,
	) (frontier.Turn, error)
	Backoff(ctx context.Context, job frontier.JobID, lanes []string, b frontier.Backoff) error
	Blocked(ctx context.Context, lanes []frontier.LaneID) ([]frontier.LaneState, error)
	HostDown(
		ctx context.Context, job frontier.JobID, host string, after time.Duration, reason string,
	) (down bool, ended int, err error)
	HostUp(ctx context.Context, job frontier.JobID, host string) error
}

// Config describes a job to its gate.
type Config struct {
	Frontier Frontier
	Job      *seine.Job // with defaults
	ID       frontier.JobID
	Log      *slog.Logger

	// Lanes records the hosts that need a lane of their own.
	Lanes *Lanes

	// Delay returns the shortest time between two starts on a lane, from the job's. A person may
	// have changed it. Default: the job's.
	Delay func(lane string, own time.Duration) time.Duration

	// Least returns the shortest delay that a host accepts, or zero. The frontier assigns starts of
	// the fleet with it, except those that it assigned before. Default: zero.
	Least func(host string) time.Duration

	// Patience limits the further wait of a claimed page. After it, the task returns to the queue
	// for any worker that comes when the host may be requested. Default 10s.
	Patience time.Duration
}

// New returns the gate of a job.
func New(cfg Config) Gate {
	if cfg.Patience == 0 {
		cfg.Patience = startPatience
	}
	g := &gate{cfg: cfg, slots: newSlots(cfg.Job.Pace.Assets.Concurrency)}
	if cfg.Job.Pace.Scope == seine.ScopeWorker {
		return newLocal(g)
	}
	return newFleet(g)
}

// ErrBlocked means that a claimed page may not start soon. Another claim brings the task back.
var ErrBlocked = errors.New("the start is given up")

// BusyError means that a task cannot continue before another host may be requested. The task
// returns to the queue until then, at no cost of an attempt.
type BusyError struct {
	Host  string
	After time.Duration

	// Paused means that a person paused the host or its job.
	Paused bool
}

// Error states when the host may be requested.
func (e *BusyError) Error() string {
	return fmt.Sprintf("%s may be asked in %s", e.Host, e.After.Round(time.Second))
}

// DeclinedError means that the job's own bounds or the host's wishes forbid a request.
type DeclinedError struct {
	// Reason is for the task.
	Reason string

	// After is the time after which another attempt may succeed. Zero: never.
	After time.Duration
}

// Error returns the reason.
func (e *DeclinedError) Error() string { return e.Reason }

const (
	// patience limits the wait for another host. Meanwhile the task holds its slot and a fetched
	// page.
	patience = time.Minute

	// ownPatience limits the wait of a redirect on the page's own host. The claim of the page has
	// moved the next start of this host on by a whole delay, so a shorter limit would return each
	// such task to the queue for ever. It is below the deadline of a task.
	ownPatience = 4 * time.Minute

	// startPatience is the default of Config.Patience.
	startPatience = 10 * time.Second

	// pausedFor is the delay of a task whose other host is paused.
	pausedFor = 5 * time.Minute

	// maxHosts limits the hosts that a map remembers.
	maxHosts = 10_000
)

// gate is the part that both gates share.
type gate struct {
	cfg     Config
	waiting waiting
	foreign foreign
	slots   *slots
}

// await waits for a turn of a request after the page's first one, at most for the time most.
func await(ctx context.Context, host string, turn frontier.Turn, most time.Duration, err error) error {
	switch {
	case err != nil:
		return err
	case turn.Paused:
		return &BusyError{host, pausedFor, true}
	case turn.Wait > most:
		return &BusyError{Host: host, After: turn.Wait}
	case !sleep(ctx, turn.Wait):
		return context.Cause(ctx)
	}
	return nil
}

// page waits for the reserved start of a claimed page. delay is the pace that late starts must
// keep. start returns the time that this process still has to wait, and records the start if it is
// zero.
func (g *gate) page(
	ctx context.Context, v Visit, delay time.Duration, start func(now time.Time) time.Duration,
) (*Pass, error) {
	blocked, end := g.waiting.add(v.Own.Lane)
	at, due := v.Start.At, v.Start.Due
	for tries := 0; ; {
		wait := time.Until(at)
		if wait <= 0 && tries < lateTries && late(delay, due, time.Now()) {
			tries++
			var err error
			if at, due, err = g.reserveAgain(ctx, v); err != nil {
				end()
				return nil, err
			}
			wait = time.Until(at)
		}
		if wait <= 0 {
			if wait = start(time.Now()); wait == 0 {
				return &Pass{blocked: blocked, begin: end}, nil
			}
			if wait > g.cfg.Patience {
				end()
				return nil, ErrBlocked // the next claim skips this lane
			}
		}
		if !pause(ctx, wait, blocked) {
			end()
			return nil, ErrBlocked
		}
	}
}

// reserveAgain replaces a start that came too late.
func (g *gate) reserveAgain(ctx context.Context, v Visit) (at, due time.Time, err error) {
	// A process that stood still for long may have lost the task meanwhile.
	if v.Start.Held(ctx) != nil {
		return at, due, ErrBlocked
	}
	asked := time.Now()
	turn, err := g.cfg.Frontier.Reserve(ctx, g.cfg.ID, v.Own.Key, draw(), g.cfg.Patience)
	if err != nil || turn.Paused || turn.Wait > g.cfg.Patience {
		return at, due, ErrBlocked
	}
	at, due = startOf(asked, turn)
	return at, due, nil
}

// pause waits unless ctx ends or blocked is closed.
func pause(ctx context.Context, d time.Duration, blocked <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-blocked:
	}
	return false
}

// sleep waits and reports whether ctx is still live.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	return pause(ctx, d, nil)
}

// asset takes a slot of a host of assets and waits for a start. The pass holds the slot.
func (g *gate) asset(
	ctx context.Context, host string, start func(ctx context.Context, host string) error,
) (*Pass, error) {
	release, err := g.slots.take(ctx, Asset.lane(host))
	if err != nil {
		return nil, err
	}
	if err := start(ctx, host); err != nil {
		release()
		return nil, err
	}
	return &Pass{leave: func(polite.Outcome) { release() }}, nil
}
