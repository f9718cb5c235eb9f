// Package engine works tasks off a frontier: claim → fetch → scrape → keep → complete. Start
// reading at process.go, the life of one task.
//
// A job has three parts. The [producer] claims tasks and dispatches them. The [executor] runs one
// attempt of a task. The [committer] stores results in batches. A [session] is one lease:
//
//	producer ─work→ executor ─outcome→ committer
//	   ↑ slots are freed                   │
//	   └───────────────────────────────────┘
//
// A task holds its slot until its result is committed, so a slow database or store slows the claims
// down instead of filling memory.
//
// A lease is lost when a heartbeat (Engine.beat) or a commit (committer.persist) meets
// [frontier.ErrLeaseLost]. If the lease is lost, every task stops at once and stores nothing, and
// the engine opens another lease. If no heartbeat succeeded for three quarters of the lease, the
// lease may be lost: every task stops too, and finished results are committed once the frontier
// answers, if the lease still exists.
package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/cgroup"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/outage"
	"github.com/seinehq/seine/internal/recording"
)

// DefaultLease is the length of a lease without a heartbeat.
const DefaultLease = time.Minute

// ErrLimit means that a run ended because a limit was met.
var ErrLimit = discovery.ErrLimit

// ErrDrift means that a run ended because an alarm about a changed site paused its job.
var ErrDrift = errors.New("the site changed, so the job is paused: correct the job file, then run `seine resume`")

// Frontier is the part of a frontier that an engine uses.
type Frontier interface {
	frontier.Queue
	frontier.Maintainer
	frontier.Robots
	frontier.Sessions
	frontier.Drifts
	frontier.Histories
	hosts.Frontier
	hosts.Mover
	discovery.Frontier
	recording.Index
	reader
	PauseJob(ctx context.Context, job frontier.JobID, paused bool) error
	Orders(ctx context.Context, lease frontier.Lease, jobs []frontier.JobID) (frontier.Orders, error)
}

// Config describes an engine.
type Config struct {
	Frontier Frontier
	Jobs     []*Job

	// Worker names this process in leases and logs.
	Worker string

	// Near means that the frontier is a file of this machine and cannot be unreachable.
	Near bool

	// UntilDone ends Run when no task is left.
	UntilDone bool

	// Limit bounds this run. Each job's own limit applies too.
	Limit seine.Limit

	// Seed makes the draws of exploring repeatable. Default: drawn.
	Seed uint64

	Times

	Log *slog.Logger

	// Watch measures memory and CPU. If they are short, fewer tasks run at once. Default: none.
	Watch *cgroup.Watch

	// Meter counts events. Default: none.
	Meter Meter

	// Traces makes a trace for each task. Default: none.
	Traces trace.TracerProvider

	// Release ends the grace at once when it is closed.
	Release <-chan struct{}

	// Stopping is called when a person asked this worker to end. Default: nothing.
	Stopping func()

	// Abort is called if a task ignores the end of its context, because heartbeats would keep it
	// leased forever. Default: panic.
	Abort func(error)
}

// Times bounds the parts of an engine. Zero values have defaults.
type Times struct {
	// Lease is the length of a lease without a heartbeat. Default [DefaultLease].
	Lease time.Duration

	// Grace is the time for tasks in flight after ctx of Run ends. Then they are released. Default
	// 30s.
	Grace time.Duration

	// Deadline bounds the page of a task, and each of its assets by itself. The wait for a start on
	// the page's host does not count. Default 5m.
	Deadline time.Duration

	// StuckAfter is the longest step of a loop while the frontier answers. Default 2m: a claim is
	// canceled after 30s.
	StuckAfter time.Duration
}

func (t Times) withDefaults() Times {
	orDefault := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	orDefault(&t.Lease, DefaultLease)
	orDefault(&t.Grace, 30*time.Second)
	orDefault(&t.Deadline, 5*time.Minute)
	orDefault(&t.StuckAfter, 2*time.Minute)
	return t
}

// Job is a registered job, ready to run.
type Job struct {
	seine.Job
	ID     frontier.JobID
	Fetch  seine.Fetcher
	Keeper Keeper

	// Recorder stores responses, if the job records them. Nil: none is recorded.
	Recorder Recorder
}

// Keeper stores the files of assets, and pictures of pages.
type Keeper interface {
	Keep(ctx context.Context, from seine.Fetcher, a seine.Asset, hold asset.Hold) ([]assetfile.Stored, error)

	// KeepScreenshot stores the picture of a task's page.
	KeepScreenshot(ctx context.Context, job, key string, image []byte) error
}

// errSilent is the cause that ends tasks if no heartbeat succeeded for so long that the lease may
// be another worker's.
var errSilent = errors.New("no heartbeat got through")

// errStopping is the cause that ends tasks when the grace is over.
var errStopping = errors.New("stopping")

// maxBatch is the largest number of results of one commit, and of tasks of one claim.
const maxBatch = 50

// Engine runs jobs.
type Engine struct {
	cfg      Config
	crews    []*crew
	outage   *outage.Outage
	pressure *pressure
	clock    *clock
}

// New returns an engine.
func New(cfg Config) (*Engine, error) {
	cfg.Times = cfg.Times.withDefaults()
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
	e := &Engine{cfg: cfg, outage: outage.OfFrontier(cfg.Log, cfg.Meter.FrontierError), pressure: &pressure{},
		clock: &clock{}}
	for _, j := range cfg.Jobs {
		normal, err := j.Normal()
		if err != nil {
			return nil, err
		}
		own := *j // the caller may give one job to several engines
		own.Job = normal
		e.crews = append(e.crews, newCrew(e, &own))
	}
	return e, nil
}

// Run works until ctx ends. With Config.UntilDone it ends when no task is left, or with ErrLimit
// when a limit is met. After the end of ctx it claims nothing, lets tasks finish within the grace,
// and releases the other tasks. If a person asked the worker to end, it does the same, and returns
// ErrStopped.
func (e *Engine) Run(ctx context.Context) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	running, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	var background sync.WaitGroup
	background.Go(func() { newHousekeeper(e).run(running) })
	background.Go(func() { e.pressure.watch(running, e.cfg.Watch, e.cfg.Log) })
	go e.endGrace(ctx, running, stop)
	for {
		err := e.session(ctx, running, end)
		over := errors.Is(err, frontier.ErrLeaseLost) || errors.Is(err, errSilent)
		if over {
			e.cfg.Meter.LeaseLost()
		}
		if over && ctx.Err() == nil {
			e.cfg.Log.WarnContext(ctx, "going on with a new lease", "err", err)
			continue
		}
		stop(nil)
		background.Wait()
		if over {
			err = nil
		}
		if err == nil && errors.Is(context.Cause(ctx), ErrStopped) {
			err = ErrStopped
		}
		return err
	}
}

// endGrace stops the tasks that are still in flight when the grace is over.
func (e *Engine) endGrace(ctx, running context.Context, stop context.CancelCauseFunc) {
	select {
	case <-running.Done():
		return
	case <-ctx.Done():
	}
	t := time.NewTimer(e.cfg.Grace)
	defer t.Stop()
	select {
	case <-running.Done():
	case <-t.C:
		stop(errStopping)
	case <-e.cfg.Release:
		stop(errStopping)
	}
}

// wake ends the idle waits of all jobs.
func (e *Engine) wake() {
	for _, c := range e.crews {
		c.slots.wakeUp()
	}
}
