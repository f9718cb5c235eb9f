// Package worker runs jobs, from Go. A worker is one process that processes the tasks of a
// frontier. Any number of workers share one frontier. When a worker dies, the others take over its
// tasks.
//
// [Main] makes a program the whole command for its own jobs: run, worker, status, try, export and
// the others. [Run] works in the middle of a program. [Load] reads a job file, and [Records] the
// stored records.
package worker

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/runner"
)

const (
	// DefaultFrontier is the frontier of a worker whose Config and jobs name none.
	DefaultFrontier = runner.DefaultFrontier

	// DefaultLease is the default of Config.Lease.
	DefaultLease = runner.DefaultLease
)

// Config configures a worker.
type Config struct {
	// Jobs to run. Required.
	Jobs []seine.Job

	// Frontier is sqlite:PATH or a URL of postgres://. Default: the first job's, or else
	// DefaultFrontier.
	Frontier string

	// Store is a URL such as file:./data/ that goes before each job's own. A program links the
	// drivers of other stores by an import, such as gocloud.dev/blob/gcsblob for gs://.
	Store string

	// Name of this worker, in leases and logs. Default: the host name with the process ID.
	Name string

	// Lease is how long a lease lasts without a heartbeat. Default 60s.
	Lease time.Duration

	// Grace is the time that tasks in flight may continue after ctx is done. Default 30s.
	Grace time.Duration

	// Release, when closed, ends the grace at once. Default: never.
	Release <-chan struct{}

	// UntilDone ends Run when nothing is left or a limit is met. By default Run works until ctx is
	// done.
	UntilDone bool

	// Limit bounds this run, in addition to each job's own limit. Default: no bound.
	Limit seine.Limit

	// Migrate brings the frontier's schema up to date first. By default an old schema is ErrSchema.
	Migrate bool

	// AcceptChanges takes a changed seeds.url or store.key. By default such a change is ErrChanged.
	AcceptChanges bool

	// Strict stops at the first line of Seeds.File that gives no task. By default such lines are
	// logged and left out.
	Strict bool

	// Browser is how the browser of jobs via chrome is run.
	Browser Browser

	// Version of the program, for the user agent. Default "dev".
	Version string

	// HTTP is an address, HOST:PORT or :PORT, that serves this worker's state: /livez, /readyz and
	// /startupz answer 200 or 503 with JSON, /metrics in Prometheus' text format. Default: none.
	HTTP string

	// Traces takes a trace of each task, from its claim to its completion. Secrets of the job are
	// left out. Default: no trace.
	Traces trace.TracerProvider

	// Log receives the log. Default: no log.
	Log *slog.Logger
}

// Browser configures a worker's browser. The zero value works.
type Browser struct {
	// Path of the program. Default: the first browser found, with the headless shell before others.
	Path string

	// NoSandbox turns its sandbox off. As root it always is.
	NoSandbox bool

	// NoConfine turns the browser's confinement off. On Linux the kernel keeps other files and
	// processes from a browser, and every connection past the proxies of Seine.
	NoConfine bool

	// MaxMemory is the most bytes of all its processes. Above it another browser takes its place.
	// Default 2 GiB.
	MaxMemory int64
}

func (c Config) internal() runner.Config {
	return runner.Config{
		Jobs: c.Jobs, Frontier: c.Frontier, Store: c.Store, Name: c.Name, Lease: c.Lease, Grace: c.Grace, Release: c.Release,
		UntilDone: c.UntilDone, Limit: c.Limit, Migrate: c.Migrate, AcceptChanges: c.AcceptChanges, Strict: c.Strict,
		Browser: runner.Browser(c.Browser), Version: c.Version, HTTP: c.HTTP, Traces: c.Traces, Log: c.Log,
	}
}

// Worker is an opened worker.
type Worker struct{ own *runner.Worker }

// Run opens a worker, runs it and closes it. It returns the errors of Open, Worker.Run and Close.
func Run(ctx context.Context, cfg Config) error { return runner.Run(ctx, cfg.internal()) }

// Open opens the frontier and the stores, registers the jobs and admits their seeds. Its errors
// wrap [ErrFrontier], [ErrSchema], [ErrClock], [ErrRights], [ErrStore], [ErrBrowser], [ErrChanged],
// [ErrDiskFull], [ErrSeeds] or [ErrAddress], or name the wrong values of a job.
func Open(ctx context.Context, cfg Config) (*Worker, error) {
	own, err := runner.Open(ctx, cfg.internal())
	if err != nil {
		return nil, err
	}
	return &Worker{own}, nil
}

// Run works until ctx is done and returns nil then. With UntilDone it ends when nothing is left, or
// with [ErrLimit] when a limit is met, or with [ErrDark] when exploring was stopped.
func (w *Worker) Run(ctx context.Context) error { return w.own.Run(ctx) }

// Close closes the frontier, the stores and the browser.
func (w *Worker) Close() error { return w.own.Close() }

// HTTP returns the address of this worker's reports, or an empty text without Config.HTTP.
func (w *Worker) HTTP() string { return w.own.HTTP() }

// Progress returns the work of this process so far, by job.
func (w *Worker) Progress() []Progress {
	var out []Progress
	for _, p := range w.own.Progress() {
		out = append(out, Progress(p))
	}
	return out
}

// Counts reads a job's counters, over all workers. It fails with [ErrNoJob] if this worker does not
// run the job, and with [ErrFrontier].
func (w *Worker) Counts(ctx context.Context, job string) (Counts, error) {
	c, err := w.own.Counts(ctx, job)
	return Counts(c), err
}

// Status reads the state of a job, over all workers. It fails as Counts does.
func (w *Worker) Status(ctx context.Context, job string) (Status, error) {
	s, err := w.own.Status(ctx, job)
	return statusOf(s), err
}
