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

// workersCommand is `seine workers`.
type workersCommand struct{ *app }

func newWorkers(a *app) *cobra.Command {
	x := &workersCommand{a}
	return &cobra.Command{
		Use: "workers", Short: "List the workers with their tasks and rates", Args: cobra.NoArgs,
		Long: `Lists the processes that hold a lease in the frontier: the name, the tasks that each
has claimed, the tasks it finished per second, and the end of its lease.`,
		Example: `  seine workers
  seine workers --frontier "$DATABASE_URL" -o json`,
		RunE: func(c *cobra.Command, _ []string) error { return x.run(c.Context()) },
	}
}

func (a *workersCommand) run(ctx context.Context) error {
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
