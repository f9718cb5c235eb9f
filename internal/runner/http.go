package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"gocloud.dev/blob"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/health"
	"github.com/seinehq/seine/internal/metric"
	"github.com/seinehq/seine/internal/redact"
	"github.com/seinehq/seine/internal/wiring"
)

// monitor is a worker's report over HTTP.
type monitor struct {
	server  *health.Server
	metrics *metric.Metrics
	clean   func(string) string
	drains  atomic.Bool
}

// store is an opened bucket.
type store struct {
	at     string
	bucket *blob.Bucket
}

// These limit the age of an answer, because a probe costs the frontier two short statements, and a
// bucket one listing.
const (
	keepFrontier = 2 * time.Second
	keepStore    = 5 * time.Second
)

// tell opens the address, if there is one, before anything else, so that a start that hangs is
// visible.
func (w *Worker) tell(ctx context.Context) error {
	if w.cfg.HTTP == "" {
		return nil
	}
	server, err := health.Listen(ctx, w.cfg.HTTP)
	if err != nil {
		return err
	}
	w.closers = append(w.closers, server.Close)
	var names, secrets []string
	for _, j := range w.cfg.Jobs {
		names, secrets = append(names, j.Name), append(secrets, j.Secrets...)
	}
	w.monitor = &monitor{server: server, metrics: metric.New(w.cfg.Version, names...), clean: redact.New(secrets).Replace}
	server.Clean = w.monitor.clean
	server.Handle("/metrics", w.monitor.metrics.Handler())
	w.cfg.Log.InfoContext(ctx, "health and metrics are served", "addr", server.Addr())
	return nil
}

// HTTP returns the address of this worker's reports, or an empty string.
func (w *Worker) HTTP() string {
	if w.monitor == nil {
		return ""
	}
	return w.monitor.server.Addr()
}

func (w *Worker) starting(step string) {
	if w.monitor != nil {
		w.monitor.server.Starting(step)
	}
}

// started adds the checks.
func (w *Worker) started() {
	if w.monitor == nil {
		return
	}
	ids := map[string]frontier.JobID{}
	for _, j := range w.jobs {
		ids[j.Name] = j.ID
	}
	w.monitor.metrics.Observe(metric.Source{
		Jobs: ids, Depth: w.frontier.Depth, Share: w.engine.Share, Clean: w.monitor.clean,
		Browser: func() (int, int64) {
			if w.chrome == nil {
				return 0, 0
			}
			return w.chrome.Usage()
		},
	})
	if err := w.pages(); err != nil {
		w.cfg.Log.Error("the console is not served", "err", err)
	}
	ready := []health.Check{
		{Name: "draining", Look: func(context.Context) error {
			if w.monitor.drains.Load() {
				return errors.New("shutting down: the worker claims no more tasks")
			}
			return nil
		}},
		{Name: "frontier", Look: w.checkFrontier, Every: keepFrontier},
		{Name: "store", Look: w.checkStores, Every: keepStore},
	}
	if w.chrome != nil {
		ready = append(ready, health.Check{Name: "browser", Look: func(context.Context) error { return w.chrome.Err() }})
	}
	w.monitor.server.Explain(func() []string {
		var why []string
		for _, p := range w.engine.Progress() {
			if p.Why != "" {
				why = append(why, fmt.Sprintf("job %s: %s", p.Job, p.Why))
			}
		}
		return why
	})
	w.monitor.server.Started([]health.Check{{Name: "loop", Look: func(context.Context) error {
		if stuck := w.engine.Stuck(); len(stuck) > 0 {
			return errors.New(strings.Join(stuck, "; "))
		}
		return nil
	}}}, ready)
}

// pages serves the pages of the configuration.
func (w *Worker) pages() error {
	if w.console == nil {
		return nil
	}
	pages, end, err := w.console()
	if err != nil {
		return err
	}
	w.closers = append(w.closers, func() error { end(); return nil })
	w.monitor.server.Handle("/", pages)
	return nil
}

// checkFrontier reads the frontier's schema, which also detects a schema that changed while the
// worker runs.
func (w *Worker) checkFrontier(ctx context.Context) error {
	for _, a := range w.engine.Away() {
		if a.Job == "" {
			return fmt.Errorf("away since %s: %w", a.Since.UTC().Format(time.RFC3339), a.Err)
		}
	}
	return w.schemaFits(ctx)
}

// checkStores reports missing buckets and buckets that rejected a job's files.
func (w *Worker) checkStores(ctx context.Context) error {
	var errs []error
	for _, s := range w.stores {
		errs = append(errs, s.check(ctx))
	}
	for _, a := range w.engine.Away() {
		if a.Job != "" {
			errs = append(errs, fmt.Errorf("job %s: unreachable since %s: %w", a.Job, a.Since.UTC().Format(time.RFC3339), a.Err))
		}
	}
	return errors.Join(errs...)
}

// check reports whether the bucket exists.
func (s store) check(ctx context.Context) error {
	ok, err := s.bucket.IsAccessible(ctx)
	if dir, e := wiring.Folder(s.at); err == nil && e == nil && dir != "" {
		var info os.FileInfo
		if info, err = os.Stat(dir); err == nil && !info.IsDir() { // the driver takes what is no folder for an empty one
			err = errors.New("it is no folder")
		}
	}
	if err == nil && !ok {
		err = errors.New("it does not exist or may not be read")
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", wiring.ErrStore, drivers.Redact(s.at), err)
	}
	return nil
}

// draining reports, after ctx ends, that the worker claims no more tasks.
func (w *Worker) draining(ctx context.Context) (stop func()) {
	if w.monitor == nil {
		return func() {}
	}
	end := context.AfterFunc(ctx, func() { w.monitor.drains.Store(true) })
	return func() { end() }
}
