package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/terminal"
	"github.com/seinehq/seine/internal/web"
)

func newWorkers(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "workers", Short: "List the workers with their tasks and rates", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.workers(c.Context()) },
	}
}

func (a *app) workers(ctx context.Context) error {
	f, err := a.open(ctx, a.frontierOf(nil))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	list, err := f.Workers(ctx)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(web.WorkersOf(list))
	}
	if len(list) == 0 {
		a.print("no worker is at work")
		return nil
	}
	a.printWorkers(list)
	return nil
}

func (c *console) printWorkers(list []frontier.WorkerStatus) {
	if len(list) == 0 {
		return
	}
	t := c.table()
	_, _ = fmt.Fprintln(t, "WORKER\tTASKS\tPER SECOND\tLEASE UNTIL\t")
	for _, w := range web.WorkersOf(list) {
		note := ""
		if w.Stopping {
			note = "stopping"
		}
		_, _ = fmt.Fprintf(t, "%s\t%d\t%.1f\t%s\t%s\n", terminal.Escape(w.Worker), w.Tasks, w.RatePerS, w.ExpiresAt.Format(time.RFC3339), note)
	}
	_ = t.Flush()
}

func newStop(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "stop WORKER", Short: "Ask one worker to finish its tasks and end", Args: cobra.ExactArgs(1),
		Long: `The worker claims no more tasks, finishes its tasks within its grace, and ends with
exit code 8. It learns of the order within two seconds. A supervisor may start it again,
so scale down first. "seine workers" lists the names.`,
		Example: `  seine stop seine-worker-3`,
		RunE:    func(c *cobra.Command, args []string) error { return a.stopWorker(c.Context(), args[0]) },
	}
}

func (a *app) stopWorker(ctx context.Context, worker string) error {
	f, err := a.open(ctx, a.frontierOf(nil))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	n, err := f.StopWorker(ctx, worker)
	if err != nil {
		return err
	}
	if n == 0 {
		return usagef("no worker %q is at work: `seine workers` lists them", worker)
	}
	if err := a.logChange(ctx, f, 0, "stop %s", worker); err != nil {
		return err
	}
	a.print("%s stops after its tasks", worker)
	return nil
}
