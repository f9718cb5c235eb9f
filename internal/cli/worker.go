package cli

import (
	"context"
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/runner"
)

// workerCommand is `seine worker`.
type workerCommand struct{ workCommand }

func newWorker(a *app) *cobra.Command {
	x := &workerCommand{workCommand{app: a}}
	c := &cobra.Command{
		Use: "worker JOB…", Short: "Work until a signal arrives", Args: cobra.MinimumNArgs(1),
		Long: `Processes the tasks of jobs until a signal arrives. Any number of workers share one
frontier. The schema must exist, so run "seine migrate" first.`,
		Example: `  seine worker cards.yaml --frontier postgres://seine@db.example/seine --http :9090`,
		RunE:    func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	}
	x.flags.register(c)
	return c
}

func (a *workerCommand) run(ctx context.Context, args []string) error {
	var jobs []*seine.Job
	for _, arg := range args {
		job, _, err := a.load(arg)
		if err != nil {
			return err
		}
		jobs = append(jobs, job)
	}
	return a.work(ctx, jobs, a.flags)
}

func (a *workerCommand) work(ctx context.Context, jobs []*seine.Job, w workFlags) error {
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
	err = runner.Run(ctx, cfg)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
