package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier"
)

// prioritizeCommand is `seine prioritize`.
type prioritizeCommand struct{ selectionCommand }

func newPrioritize(a *app) *cobra.Command {
	x := &prioritizeCommand{selectionCommand{app: a}}
	return x.register(&cobra.Command{
		Use: "prioritize JOB PRIORITY [KEY…]", Short: "Give waiting tasks another priority: 0 goes first, 3 last", Args: cobra.MinimumNArgs(2),
		Long: `Gives pending tasks and tasks that wait for their next attempt another priority. Of a host's
tasks those of priority 0 go first. Tasks in progress and finished tasks stay.`,
		Example: `  seine prioritize cards.yaml 0 70000001
  seine prioritize cards.yaml 3 --host slow.example:443`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	})
}

func (a *prioritizeCommand) run(ctx context.Context, args []string) error {
	priority := strings.TrimSpace(args[1])
	if len(priority) != 1 || priority < "0" || priority > "3" {
		return usagef("prioritize: the priority is %q: give 0 to 3", args[1])
	}
	n := int(priority[0] - '0')
	return a.change(ctx, "prioritize "+priority, append(args[:1:1], args[2:]...), func(ctx context.Context, f frontier.Steering, job frontier.JobID, by frontier.Filter) (int, error) {
		return frontier.PrioritizeAll(ctx, f, job, by, n, nil)
	})
}
