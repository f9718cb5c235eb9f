package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/health"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/worker"
)

// workFlags are what run and worker have in common.
type workFlags struct {
	lease, grace time.Duration
	accept       bool
	strict       bool
	concurrency  int
	limit        string
	http         string
}

func (w *workFlags) register(c *cobra.Command) {
	f := c.Flags()
	durationVar(f, &w.lease, "lease", time.Minute, "how long a lease lasts without a heartbeat")
	durationVar(f, &w.grace, "grace", 30*time.Second, "how long tasks in flight may continue after SIGTERM")
	f.BoolVar(&w.strict, "strict", false, "stop at the first line of seeds.file that gives no task")
	f.BoolVar(&w.accept, "accept-changes", false, "take a changed seeds.url or store.key")
	f.StringVar(&w.http, "http", "", "HOST:PORT or :PORT at which to serve /livez, /readyz, /startupz and /metrics (default: none)")
	f.IntVar(&w.concurrency, "concurrency", 0, "tasks at once in this worker (default: the job's)")
}

// check bounds the flags as the job file's keys are bounded. A zero is the default, because the
// demo sets none.
func (w *workFlags) check() error {
	switch {
	case w.concurrency < 0 || w.concurrency > 100_000:
		return usagef("--concurrency %d: give a number from 1 to 100000", w.concurrency)
	case w.lease != 0 && (w.lease < time.Second || w.lease > time.Hour):
		return usagef("--lease %v: give a time from 1s to 1h", w.lease)
	case w.grace < 0 || w.grace > 24*time.Hour:
		return usagef("--grace %v: give a time from 0s to 24h", w.grace)
	}
	if w.http != "" {
		if err := health.Address(w.http); err != nil {
			return usagef("--http: %w", err)
		}
	}
	return nil
}

func (a *app) runCommand() *cobra.Command {
	var w workFlags
	c := &cobra.Command{
		Use: "run JOB", Short: "Admit the seeds and work until nothing is left", Args: cobra.ExactArgs(1),
		Long: `Admits the job's seeds and works until nothing is left, a limit is met or a
signal comes. Run again, it goes on where it was. The schema of the frontier is
brought up to date first.`,
		RunE: func(c *cobra.Command, args []string) error {
			job, _, err := a.load(args[0])
			if err != nil {
				return err
			}
			return a.run(c.Context(), job, w)
		},
	}
	w.register(c)
	c.Flags().StringVar(&w.limit, "limit", "", "bound this run: a number of tasks, or assets=N, records=N, tasks=N, yield=X")
	return c
}

func (a *app) workerCommand() *cobra.Command {
	var w workFlags
	c := &cobra.Command{
		Use: "worker JOB…", Short: "Work until told to stop", Args: cobra.MinimumNArgs(1),
		Long: `Works jobs off until told to stop; any number of workers share one frontier.
The schema must be there: run "seine migrate" first.`,
		RunE: func(c *cobra.Command, args []string) error {
			var jobs []*seine.Job
			for _, arg := range args {
				job, _, err := a.load(arg)
				if err != nil {
					return err
				}
				jobs = append(jobs, job)
			}
			return a.work(c.Context(), jobs, w)
		},
	}
	w.register(c)
	return c
}

// runnable refuses what this build can't run, before anything is stored.
func (a *app) runnable(job *seine.Job) error {
	if err := seedsThere(job); err != nil {
		return err
	}
	if job.Fetch.Via == seine.ViaChrome {
		if _, err := a.browser().Find(); err != nil {
			return fmt.Errorf("job %s: fetch.via %s: %w", job.Name, job.Fetch.Via, err)
		}
	}
	return nil
}

// browser is how the browser is run, by the environment.
func (a *app) browser() worker.Browser {
	return worker.Browser{Path: a.getenv("SEINE_BROWSER"), NoSandbox: a.getenv("SEINE_BROWSER_SANDBOX") == "off"}
}

// seedsThere reports a list that can't be read.
func seedsThere(job *seine.Job) error {
	if job.Seeds.File == "" {
		return nil
	}
	f, err := os.Open(job.Seeds.File)
	if err != nil {
		return coded{exitJobFile, fmt.Errorf("job %s: seeds.file: %w: the path is relative to the job file", job.Name, err)}
	}
	return f.Close()
}

func (a *app) config(ctx context.Context, jobs []*seine.Job, w workFlags) (worker.Config, error) {
	cfg := worker.Config{
		Lease: w.lease, Grace: w.grace, AcceptChanges: w.accept, Strict: w.strict, Release: a.release, Version: Version, Name: a.workerName(),
		Browser: a.browser(), HTTP: w.http,
	}
	if err := w.check(); err != nil {
		return cfg, err
	}
	limit, err := parseLimit(w.limit)
	if err != nil {
		return cfg, err
	}
	cfg.Limit = limit
	for _, job := range jobs {
		if err := a.runnable(job); err != nil {
			return cfg, err
		}
		if w.concurrency > 0 {
			job.Concurrency = w.concurrency
		}
		store := a.storeOf(job)
		if err := a.checkCredentials(ctx, store); err != nil {
			return cfg, err
		}
		job.Store.URL = store.url
		cfg.Jobs = append(cfg.Jobs, *job)
	}
	cfg.Browser.MaxMemory = a.followMemory(jobs)
	cfg.Frontier = a.frontierOf(jobs[0]).url
	return cfg, nil
}

// workerName is the original's HOSTNAME, when it is set.
func (a *app) workerName() string { return a.getenv("HOSTNAME") }

// begin prints the first line of run and worker, because a foreign DATABASE_URL must not divert a
// run unseen. If the log is JSON, that line is too.
func (a *app) begin(ctx context.Context, jobs []*seine.Job) {
	if !a.logsJSON() {
		a.whereabouts(jobs)
		return
	}
	a.logger(slog.LevelInfo).InfoContext(ctx, "seine starts", "version", Version, "frontier", a.frontierOf(jobs[0]).String(), "store", a.storesOf(jobs))
}

func (a *app) whereabouts(jobs []*seine.Job) {
	a.say("seine: frontier %s, store %s", a.frontierOf(jobs[0]), a.storesOf(jobs))
}

func (a *app) storesOf(jobs []*seine.Job) string {
	stores := []string{}
	for _, job := range jobs {
		stores = append(stores, a.storeOf(job).String())
	}
	return strings.Join(stores, ", ")
}

func (a *app) work(ctx context.Context, jobs []*seine.Job, w workFlags) error {
	a.begin(ctx, jobs)
	a.logs = true
	cfg, err := a.config(ctx, jobs, w)
	if err != nil {
		return err
	}
	log, end := a.quietly(ctx, a.logger(slog.LevelInfo))
	defer end()
	cfg.Log = log
	endTraces, err := a.trace(ctx, &cfg)
	if err != nil {
		return err
	}
	defer endTraces()
	err = worker.Run(ctx, cfg)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (a *app) run(ctx context.Context, job *seine.Job, w workFlags) error {
	a.begin(ctx, []*seine.Job{job})
	cfg, err := a.config(ctx, []*seine.Job{job}, w)
	if err != nil {
		return err
	}
	log, end := a.quietly(ctx, a.logger(slog.LevelWarn))
	defer func() { end() }()
	cfg.UntilDone, cfg.Migrate, cfg.Log = true, true, log
	endTraces, err := a.trace(ctx, &cfg)
	if err != nil {
		return err
	}
	defer endTraces()
	began := time.Now()
	wk, err := worker.Open(ctx, cfg)
	if err != nil {
		return err
	}
	showing, stopShowing := context.WithCancel(ctx)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		a.showProgress(showing, wk, job)
	}()
	runErr := wk.Run(ctx)
	stopShowing()
	<-shown
	end()
	end = func() {} // the rest is said before the result
	status, err := wk.Status(context.WithoutCancel(ctx), job.Name)
	closeErr := wk.Close()
	if runErr != nil && !errors.Is(runErr, worker.ErrLimit) && !errors.Is(runErr, discovery.ErrDark) {
		return runErr
	}
	if err := errors.Join(err, closeErr); err != nil {
		return err
	}
	if err := a.report(job, status, idle(wk.Progress()), time.Since(began)); err != nil {
		return err
	}
	if n := status.Final[seine.Stale]; n > 0 && runErr == nil {
		a.say("seine: %s %s used up %s attempts; when the job or the site is mended: `seine retry %s --state stale`, and run again", counted(n, "stale task"), number.Chosen(n, "has", "have"), number.Chosen(n, "its", "their"), job.Name)
	}
	switch failures := status.Final[seine.Error] + status.Final[seine.Stale]; {
	case ctx.Err() != nil && status.Open+status.Unseen > 0:
		return errStopped
	case errors.Is(runErr, discovery.ErrDark):
		return runErr
	case runErr != nil:
		return coded{exitLimit, fmt.Errorf("%w: %s", runErr, describeLimit(job, cfg.Limit))}
	case status.Final[seine.Error] > int64(job.MaxFailures):
		return coded{exitFailures, fmt.Errorf("%s ended in error and max_failures is %d: `seine tasks --state error %s` lists %[4]s, `seine retry --state error %[3]s` sends %[4]s back",
			counted(failures-status.Final[seine.Stale], "task"), job.MaxFailures, job.Name, number.Chosen(failures-status.Final[seine.Stale], "it", "them"))}
	}
	return nil
}

func describeLimit(job *seine.Job, run seine.Limit) string {
	var parts []string
	for _, l := range []struct {
		limit seine.Limit
		from  string
	}{{run, "--limit"}, {job.Limit, "the job's limit"}} {
		for _, n := range []struct {
			name string
			n    int64
		}{{"asset", l.limit.Assets}, {"record", l.limit.Records}, {"task", l.limit.Tasks}} {
			if n.n > 0 {
				parts = append(parts, fmt.Sprintf("%s (%s)", counted(n.n, n.name), l.from))
			}
		}
		if l.limit.Yield > 0 {
			parts = append(parts, fmt.Sprintf("yield %g (%s)", l.limit.Yield, l.from))
		}
	}
	return strings.Join(parts, ", ")
}

// parseLimit reads --limit, a number of tasks or names with numbers.
func parseLimit(s string) (seine.Limit, error) {
	var l seine.Limit
	if s == "" {
		return l, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		name, number, found := strings.Cut(strings.TrimSpace(part), "=")
		if !found {
			name, number = "tasks", name
		}
		if name == "yield" {
			y, err := strconv.ParseFloat(number, 64)
			if err != nil || !(y > 0 && y <= 1) {
				return l, usagef("--limit %q: yield is a number from 0 to 1", s)
			}
			l.Yield = y
			continue
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < 1 {
			return l, usagef("--limit %q: give a number of tasks, or assets=N, records=N, tasks=N, yield=X", s)
		}
		switch name {
		case "assets":
			l.Assets = n
		case "records":
			l.Records = n
		case "tasks":
			l.Tasks = n
		default:
			return l, usagef("--limit %q: unknown %q: assets, records, tasks or yield", s, name)
		}
	}
	return l, nil
}

// idle reports whether a run worked no task.
func idle(progress []worker.Progress) bool {
	for _, p := range progress {
		for _, n := range p.Ends {
			if n > 0 {
				return false
			}
		}
	}
	return true
}

// report prints the result of a run. A run that was idle may have had nothing to do.
func (a *app) report(job *seine.Job, s worker.Status, idle bool, took time.Duration) error {
	if a.json() {
		return a.printStatus(job.Name, s, explores(job))
	}
	if s.Total == 0 && s.Unseen == 0 {
		a.print("nothing to do: job %s has no task: add keys with `seine add %s KEY…`", job.Name, job.Name)
		return nil
	}
	a.print("")
	a.printCounts(job.Name, s, explores(job))
	if s.Assets > 0 {
		where := a.storeOf(job).url
		if p, ok := strings.CutPrefix(where, "file:"); ok {
			where = filepath.Clean(p)
		}
		a.print("%s in %s", counted(s.Assets, "file"), where)
	}
	if idle && s.Open+s.Unseen == 0 {
		a.print("nothing to do: every task has ended: add keys with `seine add %s KEY…`", job.Name)
		return nil
	}
	a.print("took %s", took.Round(100*time.Millisecond))
	return nil
}
