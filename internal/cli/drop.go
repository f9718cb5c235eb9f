package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier"
)

// dropCommand is `seine drop`.
type dropCommand struct{ selectionCommand }

func newDrop(a *app) *cobra.Command {
	x := &dropCommand{selectionCommand{app: a}}
	return x.register(&cobra.Command{
		Use: "drop JOB [KEY…]", Short: "End waiting tasks without a request, by key, state, reason, host or age", Args: cobra.MinimumNArgs(1),
		Long: `Ends pending tasks and tasks that wait for their next attempt as skipped, with the reason
"dropped". "seine retry" sends them back. Tasks in progress and finished tasks stay.
A requeued task whose page was done before is done again.`,
		Example: `  seine drop cards.yaml --host slow.example:443 --count
  seine drop cards.yaml --host slow.example:443`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	})
}

func (a *dropCommand) run(ctx context.Context, args []string) error {
	return a.change(ctx, "drop", args, func(ctx context.Context, f frontier.Steering, job frontier.JobID, by frontier.Filter) (int, error) {
		return frontier.DropAll(ctx, f, job, by, nil)
	})
}
