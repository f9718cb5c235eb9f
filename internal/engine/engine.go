// Package engine works tasks off a frontier: claim → fetch → scrape → keep →
// complete. Start reading at process.go, which is the life of one task.
//
// An engine holds one lease at a time. When the lease is lost (its row is gone)
// every task stops at once and stores nothing, and the engine goes on with a new
// lease. When no heartbeat got through for three quarters of its length it may be
// lost: every task stops too, and what was finished by then is committed when the
// frontier is back, if the lease's row still stands.
// Results wait in memory only until they are committed, and a task holds its
// slot until then, so a slow database or store slows the claims down instead of
// filling memory.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/cgroup"
	"github.com/seinehq/seine/internal/frontier"
)

// DefaultLease is how long a lease lasts without a heartbeat.
const DefaultLease = time.Minute

// Config is what an engine works with.
type Config struct {
	Frontier frontier.Frontier
	Jobs     []*Job

	// Worker names this process in leases and logs.
	Worker string

	// Lease is how long a lease lasts without a heartbeat. Default [DefaultLease].
	Lease time.Duration

	// Near says that the frontier can't be away: it is a file here.
	Near bool

	// Grace is how long tasks in flight may go on after ctx of Run is done,
	// before they are released. Default 30s.
	Grace time.Duration

	// Deadline bounds the page of a task, and each of its assets anew. The wait for a start on the
	// page's host is not counted. Default 5m.
	Deadline time.Duration

	// UntilDone ends Run when nothing is left to do.
	UntilDone bool

	// Limit bounds this run, beside each job's own limit.
	Limit seine.Limit

	Log *slog.Logger

	// StuckAfter is how long a step of a loop may last while the frontier
	// answers. Default 2m: a claim is given up after 30s.
	StuckAfter time.Duration

	// Seed makes the draws of exploring repeatable. Default: drawn.
	Seed uint64

	// Watch looks at what the process may use: short of memory or CPU, fewer
	// tasks are under way. Default: nobody does.
	Watch *cgroup.Watch

	// Meter counts what happens. Default: nobody does.
	Meter Meter

	// Traces makes a trace for each task. Default: none.
	Traces trace.TracerProvider

	// Release, when closed, ends the grace at once.
	Release <-chan struct{}

	// Abort is called when a task does not stop although it was told to:
	// heartbeats would keep it leased for ever. Default: panic.
	Abort func(error)
}

// Job is a registered job, ready to run.
type Job struct {
	seine.Job
	ID     frontier.JobID
	Fetch  seine.Fetcher
	Keeper *asset.Keeper
}

// ErrLimit says that a run ended because a limit was met.
var ErrLimit = errors.New("limit met")

// errSilent is the cause that ends tasks when no heartbeat got through for so
// long that the lease may be another's.
var errSilent = errors.New("no heartbeat got through")

// errStopping is the cause that ends tasks when the grace is over.
var errStopping = errors.New("stopping")

// Limits of an engine's own.
const (
	// stuckAfter is how long after its end a task may take to return.
	stuckAfter = 30 * time.Second

	// maxBatch is the most results of one commit.
	maxBatch = 50
)

// Engine runs jobs.
type Engine struct {
	cfg    Config
	jobs   []*runner
	outage *outage
	share  share

	// ahead is how far the frontier's clock is ahead of ours, in nanoseconds.
	ahead atomic.Int64
}

// New returns an engine.
func New(cfg Config) (*Engine, error) {
	if cfg.Lease == 0 {
		cfg.Lease = DefaultLease
	}
	if cfg.Grace == 0 {
		cfg.Grace = 30 * time.Second
	}
	if cfg.Deadline == 0 {
		cfg.Deadline = 5 * time.Minute
	}
	if cfg.StuckAfter == 0 {
		cfg.StuckAfter = 2 * time.Minute
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Abort == nil {
		cfg.Abort = func(err error) { panic(err) }
	}
	if cfg.Release == nil {
		cfg.Release = make(chan struct{})
	}
	if cfg.Meter == nil {
		cfg.Meter = noMeter{}
	}
	e := &Engine{cfg: cfg, outage: frontierAway(cfg.Log)}
	e.outage.failed = cfg.Meter.FrontierError
	for _, j := range cfg.Jobs {
		normal, err := j.Normal()
		if err != nil {
			return nil, err
		}
		own := *j // the caller may give one job to several engines
		own.Job = normal
		r := newRunner(e, &own)
		own.Fetch = &watched{r: r, next: j.Fetch}
		e.jobs = append(e.jobs, r)
	}
	return e, nil
}

// Run works until ctx is done, and with Config.UntilDone until nothing is left
// or a limit is met, which is ErrLimit. When ctx is done it stops claiming,
// lets tasks finish within the grace, and releases the rest.
func (e *Engine) Run(ctx context.Context) error {
	// Tasks outlive ctx by the grace.
	work, stopWork := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stopWork(nil)
	var house sync.WaitGroup
	house.Go(func() { e.housekeep(work) })
	house.Go(func() { e.watch(work) })
	go e.endGrace(ctx, work, stopWork)
	for {
		err := e.session(ctx, work)
		over := errors.Is(err, frontier.ErrLeaseLost) || errors.Is(err, errSilent)
		if over {
			e.cfg.Meter.LeaseLost()
		}
		if over && ctx.Err() == nil {
			e.cfg.Log.WarnContext(ctx, "going on with a new lease", "err", err)
			continue
		}
		stopWork(nil)
		house.Wait()
		if over {
			err = nil
		}
		return err
	}
}

// endGrace stops the tasks that are still in flight when the grace is over.
func (e *Engine) endGrace(ctx, work context.Context, stop context.CancelCauseFunc) {
	select {
	case <-work.Done():
		return
	case <-ctx.Done():
	}
	t := time.NewTimer(e.cfg.Grace)
	defer t.Stop()
	select {
	case <-work.Done():
	case <-t.C:
		stop(errStopping)
	case <-e.cfg.Release:
		stop(errStopping)
	}
}

// session works under one lease, until ctx is done, the lease is lost, or
// nothing is left. It returns ErrLeaseLost when a new one should follow.
func (e *Engine) session(ctx, work context.Context) error {
	lease, err := e.openLease(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	e.compareClocks(ctx)
	held, lose := context.WithCancelCause(work)
	defer lose(nil)
	var beats sync.WaitGroup
	beats.Go(func() { e.beat(held, lease, lose) })

	claiming, stopClaiming := context.WithCancel(ctx)
	defer stopClaiming()
	context.AfterFunc(held, stopClaiming)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for _, r := range e.jobs {
		wg.Go(func() {
			if err := r.run(claiming, work, held, lease, lose); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
				if !errors.Is(err, ErrLimit) && !errors.Is(err, ErrDark) {
					stopClaiming()
				}
			}
		})
	}
	wg.Wait()
	why := context.Cause(held)
	lose(nil)
	beats.Wait()
	if errors.Is(why, frontier.ErrLeaseLost) {
		return frontier.ErrLeaseLost
	}
	if errors.Is(why, errSilent) && len(errs) == 0 {
		errs = append(errs, errSilent)
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := e.cfg.Frontier.CloseLease(closing, lease); err != nil && len(errs) == 0 {
		e.cfg.Log.WarnContext(ctx, "lease stays until it expires", "err", err)
	}
	return errors.Join(errs...)
}

// openLease waits for as long as the frontier is away.
func (e *Engine) openLease(ctx context.Context) (frontier.Lease, error) {
	for {
		lease, err := e.cfg.Frontier.OpenLease(ctx, e.cfg.Worker, e.cfg.Lease)
		if err == nil {
			e.outage.over(ctx)
			return lease, nil
		}
		if ctx.Err() != nil {
			return lease, nil //nolint:nilerr // stopping is no error
		}
		if wait := e.outage.note(ctx, err); wait == 0 {
			return lease, fmt.Errorf("open a lease: %w", err)
		} else if !sleep(ctx, wait) {
			return lease, nil
		}
	}
}

// beat keeps the lease, and loses it when its row is gone or when no heartbeat
// got through for three quarters of its length on this process's own clock: while
// one is under way too, as one that is never answered is.
func (e *Engine) beat(ctx context.Context, lease frontier.Lease, lose context.CancelCauseFunc) {
	silent := time.AfterFunc(lease.TTL*3/4, func() { lose(errSilent) })
	defer silent.Stop()
	for wait := time.Duration(0); sleep(ctx, wait); wait = lease.TTL / 4 {
		began := time.Now()
		try, cancel := context.WithTimeout(ctx, lease.TTL/4)
		err := e.cfg.Frontier.Heartbeat(try, lease, e.rates())
		cancel()
		switch {
		case err == nil:
			silent.Reset(lease.TTL*3/4 - time.Since(began))
			e.outage.over(ctx)
			continue
		case errors.Is(err, frontier.ErrLeaseLost):
			lose(frontier.ErrLeaseLost)
			return
		case ctx.Err() != nil:
			return
		}
		if e.outage.note(ctx, err) == 0 && !errors.Is(err, context.DeadlineExceeded) {
			e.cfg.Log.WarnContext(ctx, "heartbeat missed", "err", err)
		}
	}
}

func (e *Engine) rates() map[frontier.JobID]float64 {
	rates := map[frontier.JobID]float64{}
	for _, r := range e.jobs {
		rates[r.job.ID] = r.tally.rate(time.Now())
	}
	return rates
}

// sleep waits and reports whether ctx is still live.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
