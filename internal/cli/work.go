package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/health"
	"github.com/seinehq/seine/internal/runner"
)

// workCommand is what run and worker share: a worker with its flags.
type workCommand struct {
	*app

	flags workFlags
}

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
	f.StringVar(&w.http, "http", "", "HOST:PORT or :PORT at which to serve /livez, /readyz, /startupz and /metrics, and with run the console (default: none)")
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

// runnable refuses what this build can't run, before anything is stored.
func (j *jobs) runnable(job *seine.Job) error {
	if err := seedsThere(job); err != nil {
		return err
	}
	if derived.Renders(job) {
		if _, err := j.browser().Find(); err != nil {
			return fmt.Errorf("job %s: fetch.via %s: %w", job.Name, seine.ViaChrome, err)
		}
	}
	return nil
}

// browser is how the browser is run, by the environment.
func (e *environment) browser() runner.Browser {
	return runner.Browser{
		Path: e.getenv("SEINE_BROWSER"), NoSandbox: e.getenv("SEINE_BROWSER_SANDBOX") == "off", NoConfine: e.getenv("SEINE_BROWSER_CONFINE") == "off",
	}
}

func (a *workCommand) config(ctx context.Context, jobs []*seine.Job, w workFlags) (runner.Config, error) {
	cfg := runner.Config{
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
func (a *workCommand) workerName() string { return a.getenv("HOSTNAME") }

// begin prints the first line of run and worker, because a foreign DATABASE_URL must not divert a
// run unseen. If the log is JSON, that line is too.
func (a *workCommand) begin(ctx context.Context, jobs []*seine.Job) {
	if !a.logsJSON() {
		a.whereabouts(jobs)
		return
	}
	a.logger(slog.LevelInfo).InfoContext(ctx, "seine starts", "version", Version, "frontier", a.frontierOf(jobs[0]).String(), "store", a.storesOf(jobs))
}

func (j *jobs) whereabouts(jobs []*seine.Job) {
	j.note("seine: frontier %s, store %s", j.frontierOf(jobs[0]), j.storesOf(jobs))
}

func (j *jobs) storesOf(jobs []*seine.Job) string {
	stores := []string{}
	for _, job := range jobs {
		stores = append(stores, j.storeOf(job).String())
	}
	return strings.Join(stores, ", ")
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
