// Package runner runs jobs. A worker is one process that processes the tasks of a frontier. Any
// number of workers share one frontier; what one leaves behind when it dies, the others take over.
package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
	"gocloud.dev/blob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/cgroup"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/fetch/chromefetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/health"
	"github.com/seinehq/seine/internal/idspace"
	"github.com/seinehq/seine/internal/wiring"
)

// These are the errors on which callers branch, in addition to those of a job's values.
var (
	// ErrFrontier reports that the frontier is unreachable.
	ErrFrontier = frontier.ErrUnavailable

	// ErrSchema reports that the frontier's schema is too old or too new.
	ErrSchema = frontier.ErrSchema

	// ErrClock reports that this machine's clock differs from the frontier's by minutes.
	ErrClock = frontier.ErrClock

	// ErrRights reports that the frontier's user lacks a right that a worker needs.
	ErrRights = frontier.ErrRights

	// ErrStore reports that a job's store is unreachable.
	ErrStore = wiring.ErrStore

	// ErrBrowser reports that a job needs a browser and that none exists or starts.
	ErrBrowser = wiring.ErrBrowser

	// ErrChanged reports that the job's seeds.url or store.key changed.
	ErrChanged = frontier.ErrChanged

	// ErrDiskFull reports that a disk is full.
	ErrDiskFull = seine.ErrDiskFull

	// ErrSeeds reports that a job's seeds cannot be read or hold an invalid key.
	ErrSeeds = discovery.ErrSeeds

	// ErrAddress: Config.HTTP is not an address.
	ErrAddress = health.ErrAddress

	// ErrLimit reports that a run ended at a limit.
	ErrLimit = engine.ErrLimit

	// ErrDrift reports that an alarm about a changed site paused the job of a run.
	ErrDrift = engine.ErrDrift

	// ErrStopped reports that a person asked the worker to end.
	ErrStopped = engine.ErrStopped
)

// DefaultLease is the default of Config.Lease.
const DefaultLease = engine.DefaultLease

// Config configures a worker.
type Config struct {
	// Jobs to run. Required.
	Jobs []seine.Job

	// Frontier is sqlite:PATH or postgres://…. By default it is the first job's.
	Frontier string

	// Store goes before each job's own.
	Store string

	// Name of this worker. By default it is the host name with the process ID.
	Name string

	// Lease is how long a lease lasts without a heartbeat. Default 60s.
	Lease time.Duration

	// Grace is the time that tasks in flight may continue after ctx is done. Default 30s.
	Grace time.Duration

	// Release, when closed, ends the grace at once.
	Release <-chan struct{}

	// UntilDone ends Run when nothing is left or a limit is met; else it works
	// until ctx is done.
	UntilDone bool

	// Limit bounds this run, in addition to each job's own limit.
	Limit seine.Limit

	// Migrate brings the frontier's schema up to date first.
	Migrate bool

	// AcceptChanges takes a changed seeds.url or store.key.
	AcceptChanges bool

	// Strict stops at the first line of seeds.file that gives no task. Otherwise such lines are
	// logged and left out.
	Strict bool

	// Browser is how the browser of jobs via chrome is run.
	Browser Browser

	// Version of the program, for the user agent. Default "dev".
	Version string

	// HTTP is an address, HOST:PORT or :PORT, at which this worker tells how it
	// is: /livez, /readyz and /startupz answer 200 or 503 with JSON, /metrics in
	// Prometheus' text format. Default: nowhere.
	HTTP string

	// Pages, if not nil, returns a handler of all other paths at that address. end closes it. It
	// gets the whole frontier, because the caller chooses the roles that its pages need.
	Pages func(f drivers.Frontier) (pages http.Handler, end func(), err error)

	// Traces takes a trace of each task, from its claim to its completion. Secrets of the job are
	// left out. By default no trace is made.
	Traces trace.TracerProvider

	Log *slog.Logger
}

// Browser configures a worker's browser. Its zero value works and uses the first browser found,
// with the headless shell before others.
type Browser = wiring.Browser

// registry is the part of a frontier that a worker uses beside its engine.
type registry interface {
	wiring.Registry
	discovery.Seeds
	frontier.Reader
	Migrate(ctx context.Context) (int64, error)
}

// Worker is an opened worker.
type Worker struct {
	cfg      Config
	frontier registry
	console  func() (pages http.Handler, end func(), err error) // nil: it has none
	engine   *engine.Engine
	jobs     []*engine.Job
	stores   []store
	chrome   *chromefetch.Chrome // nil: no job needs one
	monitor  *monitor            // nil: no HTTP address
	closers  []func() error
}

// DefaultFrontier is used when neither Config nor job names one.
const DefaultFrontier = "sqlite:./data/seine.db"

// Run opens a worker, runs it and closes it.
func Run(ctx context.Context, cfg Config) error {
	w, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(w.Run(ctx), w.Close())
}

// Open opens the frontier and the stores, registers the jobs and admits their
// seeds.
func Open(ctx context.Context, cfg Config) (*Worker, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	w := &Worker{cfg: cfg}
	if err := w.open(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *Worker) open(ctx context.Context) (err error) {
	cfg := w.cfg
	if err := w.tell(ctx); err != nil {
		return err
	}
	w.starting("opening the frontier")
	f, err := drivers.Open(ctx, cfg.Frontier, drivers.Options{})
	if err != nil {
		return err
	}
	w.frontier, w.closers = f, append(w.closers, f.Close)
	if cfg.Pages != nil {
		w.console = func() (http.Handler, func(), error) { return cfg.Pages(f) }
	}
	if err := w.schema(ctx); err != nil {
		return err
	}
	if err := w.clock(ctx); err != nil {
		return err
	}
	w.starting("starting the browser")
	if w.chrome, err = cfg.Browser.Open(ctx, cfg.Log, cfg.Jobs...); err != nil {
		return err
	}
	if w.chrome != nil {
		w.closers = append(w.closers, w.chrome.Close)
	}
	buckets := map[string]*asset.Keeper{}
	for _, job := range cfg.Jobs {
		w.starting("opening the store and admitting the seeds of job " + job.Name)
		if err := w.add(ctx, job, buckets); err != nil {
			return err
		}
	}
	settings := engine.Config{
		Frontier: f, Jobs: w.jobs, Worker: cfg.Name, Near: drivers.Near(f), UntilDone: cfg.UntilDone,
		Times: engine.Times{Lease: cfg.Lease, Grace: cfg.Grace},
		Limit: cfg.Limit, Log: cfg.Log, Release: cfg.Release, Abort: func(err error) {
			cfg.Log.Error("ending this process", "err", err)
			os.Exit(1)
		},
		Traces: cfg.Traces, Watch: cgroup.NewWatch(cgroup.Own()),
	}
	if w.monitor != nil {
		settings.Meter = w.monitor.metrics
		settings.Stopping = func() { w.monitor.drains.Store(true) }
	}
	if w.engine, err = engine.New(settings); err != nil {
		return err
	}
	w.started()
	return nil
}

func (c *Config) check() error {
	if len(c.Jobs) == 0 {
		return errors.New("worker: no jobs")
	}
	if c.Frontier == "" {
		c.Frontier = c.Jobs[0].Frontier
	}
	if c.Frontier == "" {
		c.Frontier = DefaultFrontier
	}
	if c.Name == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "worker"
		}
		c.Name = fmt.Sprintf("%s-%d", host, os.Getpid())
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var errs []error
	if c.HTTP != "" {
		errs = append(errs, health.Address(c.HTTP))
	}
	for _, j := range c.Jobs {
		_, err := j.Normal()
		errs = append(errs, err)
		errs = append(errs, idspace.Check(j.Seeds.IDs)...)
	}
	return errors.Join(errs...)
}

func (w *Worker) schema(ctx context.Context) error {
	if w.cfg.Migrate {
		_, err := w.frontier.Migrate(ctx)
		return err
	}
	return w.schemaFits(ctx)
}

func (w *Worker) schemaFits(ctx context.Context) error {
	v, _, err := w.frontier.Version(ctx)
	if err != nil {
		return err
	}
	return frontier.CheckSchema(v)
}

func (w *Worker) clock(ctx context.Context) error {
	before := time.Now()
	there, err := w.frontier.Clock(ctx)
	if err != nil {
		return err
	}
	return frontier.CheckClock(before.Add(time.Since(before)/2), there)
}

func (w *Worker) add(ctx context.Context, job seine.Job, buckets map[string]*asset.Keeper) error {
	job, err := job.Normal()
	if err != nil {
		return err
	}
	at := w.cfg.Store
	if at == "" {
		at = job.Store.URL
	}
	if buckets[at] == nil {
		var bucket *blob.Bucket
		if bucket, err = wiring.Store(ctx, at); err != nil {
			return err
		}
		w.closers = append(w.closers, bucket.Close)
		if !strings.HasPrefix(at, "file:") { // the keeper checks a folder at each write
			if err := wiring.CheckWrites(ctx, bucket, at); err != nil {
				return err
			}
		}
		w.stores = append(w.stores, store{at: at, bucket: bucket})
		buckets[at] = asset.New(bucket, asset.Options{})
	}
	registered, err := wiring.Register(ctx, w.frontier, job, wiring.Options{AcceptChanges: w.cfg.AcceptChanges, Store: at})
	if err != nil {
		return err
	}
	done, err := wiring.Equip(registered, buckets[at], w.chrome, w.cfg.Version, w.cfg.Log)
	if err != nil {
		return err
	}
	w.closers = append(w.closers, func() error { done(); return nil })
	if derived.Records(&job) {
		pages, err := wiring.Recordings(w.bucketOf(at), at, job.Name)
		if err != nil {
			return err
		}
		registered.Recorder = pages
		w.closers = append(w.closers, pages.Close)
	}
	if err := w.seed(ctx, registered); err != nil {
		return fmt.Errorf("job %s: %w", job.Name, err)
	}
	w.jobs = append(w.jobs, registered)
	return nil
}

// bucketOf returns the open store at a URL.
func (w *Worker) bucketOf(at string) *blob.Bucket {
	for _, s := range w.stores {
		if s.at == at {
			return s.bucket
		}
	}
	return nil
}

// Run works until ctx is done; with UntilDone, until nothing is left, or a
// limit is met, which is ErrLimit.
func (w *Worker) Run(ctx context.Context) error {
	defer w.draining(ctx)()
	return w.engine.Run(ctx)
}

// Close closes what Open opened.
func (w *Worker) Close() error {
	var errs []error
	for i := len(w.closers) - 1; i >= 0; i-- {
		errs = append(errs, w.closers[i]())
	}
	w.closers = nil
	return errors.Join(errs...)
}

// Progress is what this process did for one job so far.
type Progress = engine.Progress

// Recent is a record that this process stored lately.
type Recent = engine.Recent

// Progress tells what this process did so far, job by job.
func (w *Worker) Progress() []Progress { return w.engine.Progress() }

// Recent returns the last records that this process stored for a job, the latest first.
func (w *Worker) Recent(job string) []Recent { return w.engine.Recent(job) }

// Counts reads a job's counters, over all workers.
func (w *Worker) Counts(ctx context.Context, job string) (Counts, error) {
	for _, j := range w.jobs {
		if j.Name == job {
			return w.frontier.Counts(ctx, j.ID)
		}
	}
	return Counts{}, frontier.ErrNoJob
}

// Status reads what people look at of a job, over all workers.
func (w *Worker) Status(ctx context.Context, job string) (Status, error) {
	for _, j := range w.jobs {
		if j.Name == job {
			return w.frontier.Status(ctx, j.ID)
		}
	}
	return Status{}, frontier.ErrNoJob
}

// Counts are a job's counters, and Status is what people look at.
type (
	Counts = frontier.Counts
	Status = frontier.Status
)
