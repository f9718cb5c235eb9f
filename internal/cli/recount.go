package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/discovery"
)

// recountCommand is `seine recount`.
type recountCommand struct{ *app }

func newRecount(a *app) *cobra.Command {
	x := &recountCommand{a}
	return &cobra.Command{
		Use: "recount JOB", Short: "Recompute an ID space's statistics with the current hit rule", Args: cobra.ExactArgs(1),
		Long: `Recomputes the statistics of a job's ID spaces from the stored verdicts of its tasks,
after a change of explore.hit or of the division of a space (its first ID,
explore.blocks). It makes no request. With the job's name instead of its file it uses
the rules of the last run. Workers may run meanwhile, and their results wait.`,
		Example: `  seine recount cards.yaml`,
		RunE:    func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	}
}

func (a *recountCommand) run(ctx context.Context, args []string) error {
	f, job, info, err := a.jobAt(ctx, args[0], needs{})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if len(derived.Source(job)) == 0 {
		return usagef("job %s has no job file: its rules are code of its program", job.Name)
	}
	if len(discovery.Spaces(job)) == 0 {
		return usagef("job %s does not explore an ID space", job.Name)
	}
	n, err := discovery.Recount(ctx, f, info.ID, *job)
	if err != nil {
		return err
	}
	rule := "the rules of " + args[0]
	if !isFile(args[0]) {
		rule = "the rules of its last run (give the job file to use its rules)"
	}
	if a.json() {
		return a.printJSON(map[string]any{"job": info.Name, "tasks": n, "rule": rule})
	}
	a.print("recounted %s of job %s by %s", counted(n, "task"), info.Name, rule)
	return nil
}
