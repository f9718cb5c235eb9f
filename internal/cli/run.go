package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/runner"
)

// runCommand is `seine run`.
type runCommand struct{ workCommand }

func newRun(a *app) *cobra.Command {
	x := &runCommand{workCommand{app: a}}
	c := &cobra.Command{
		Use: "run JOB", Short: "Admit the seeds and work until nothing is left", Args: cobra.ExactArgs(1),
		Long: `Admits the job's seeds and works until nothing is left, a limit is met or a signal
arrives. The same command continues an interrupted run. It updates the schema of the
frontier first.`,
		Example: `  seine run cards.yaml
  seine run cards.yaml --limit records=1000 --http :9090`,
		RunE: func(c *cobra.Command, args []string) error {
			job, _, err := a.load(args[0])
			if err != nil {
				return err
			}
			return x.run(c.Context(), job, x.flags)
		},
	}
	x.flags.register(c)
	c.Flags().StringVar(&x.flags.limit, "limit", "", "bound of this run: a number of tasks, or assets=N, records=N, tasks=N, yield=X")
	return c
}

func (a *runCommand) run(ctx context.Context, job *seine.Job, w workFlags) error {
	a.logs = true
	a.begin(ctx, []*seine.Job{job})
	cfg, err := a.config(ctx, []*seine.Job{job}, w)
	if err != nil {
		return err
	}
	level := slog.LevelWarn
	if a.hushed {
		level = slog.LevelError // the bundled sites fail on purpose, and the summary counts it
	}
	log, end := a.quietly(ctx, a.logger(level))
	defer func() { end() }()
	cfg.UntilDone, cfg.Migrate, cfg.Log = true, true, log
	cfg.Pages = func(f drivers.Frontier) (http.Handler, func(), error) {
		return a.webConsole(f, "", nil)
	}
	endTraces, err := a.trace(ctx, &cfg)
	if err != nil {
		return err
	}
	defer endTraces()
	began := time.Now()
	wk, err := runner.Open(ctx, cfg)
	if err != nil {
		return err
	}
	if at := wk.HTTP(); at != "" {
		a.note("seine: console at http://%s", at)
	}
	if st, err := wk.Status(ctx, job.Name); err == nil && st.Paused {
		a.say("seine: job %s is paused, so the run waits: `seine resume %[1]s` lets it continue", job.Name)
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
	stopped := errors.Is(runErr, discovery.ErrDark) || errors.Is(runErr, runner.ErrStopped) || errors.Is(runErr, runner.ErrDrift)
	if runErr != nil && !errors.Is(runErr, runner.ErrLimit) && !stopped {
		return runErr
	}
	if err := errors.Join(err, closeErr); err != nil {
		return err
	}
	if err := a.report(job, status, idle(wk.Progress()), time.Since(began)); err != nil {
		return err
	}
	if n := status.Final[seine.Stale]; n > 0 && runErr == nil && !a.hushed {
		a.say("seine: %s %s used up %s attempts; when the job or the site is mended: `seine retry %s --state stale`, and run again", counted(n, "stale task"), number.Chosen(n, "has", "have"), number.Chosen(n, "its", "their"), job.Name)
	}
	switch failures := status.Final[seine.Error] + status.Final[seine.Stale]; {
	case ctx.Err() != nil && status.Open+status.Unseen > 0:
		return errStopped
	case stopped:
		return runErr
	case runErr != nil:
		met := describeLimit(job, cfg.Limit)
		if met == "" {
			met = fmt.Sprintf("a person set it during the run, and `seine changes %s` names it", job.Name)
		}
		return coded{exitLimit, fmt.Errorf("%w: %s", runErr, met)}
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
func idle(progress []runner.Progress) bool {
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
func (a *runCommand) report(job *seine.Job, s runner.Status, idle bool, took time.Duration) error {
	if a.json() {
		return a.printStatus(job.Name, s, about(job))
	}
	if a.quiet {
		return nil
	}
	if s.Total == 0 && s.Unseen == 0 {
		a.print("nothing to do: job %s has no task: add keys with `seine add %s KEY…`", job.Name, job.Name)
		return nil
	}
	a.print("")
	a.printCounts(job.Name, s, about(job))
	if s.Assets > 0 {
		where := a.storeOf(job).url
		if p, ok := strings.CutPrefix(where, "file:"); ok {
			where = filepath.Clean(p)
		}
		a.print("%s in %s", counted(s.Assets, "file"), where)
	}
	if s.Open+s.Unseen == 0 && a.printNext(s) {
		idle = false
	}
	if idle && s.Open+s.Unseen == 0 {
		a.print("nothing to do: every task has ended: add keys with `seine add %s KEY…`", job.Name)
		return nil
	}
	a.print("took %s", took.Round(100*time.Millisecond))
	return nil
}
