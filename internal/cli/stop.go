package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// stopCommand is `seine stop`.
type stopCommand struct{ *app }

func newStop(a *app) *cobra.Command {
	x := &stopCommand{a}
	return &cobra.Command{
		Use: "stop WORKER", Short: "Ask one worker to finish its tasks and end", Args: cobra.ExactArgs(1),
		Long: `The worker claims no more tasks, finishes its tasks within its grace, and ends with
exit code 8. It learns of the order within two seconds. A supervisor may start it again,
so scale down first. "seine workers" lists the names.`,
		Example: `  seine stop seine-worker-3`,
		RunE:    func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0]) },
	}
}

func (a *stopCommand) run(ctx context.Context, worker string) error {
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
