package cli

import (
	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/discovery"
)

func (a *app) recountCommand() *cobra.Command {
	return &cobra.Command{
		Use: "recount JOB", Short: "Count anew what is known of an ID space, by the job's hit rule of now", Args: cobra.ExactArgs(1),
		Long: `Counts what is known of the ID spaces that a job explores anew, from what each of
its tasks was judged as and why: after a change of "explore.hit", or of how a
space is divided (its first id, "explore.blocks"). Nothing is asked for again.
JOB is the job's file, or its name: then the rules count that it was last run
with, not those of a file that was changed since. Workers may go on meanwhile; what they end waits for it.`,
		RunE: func(c *cobra.Command, args []string) error {
			f, job, info, err := a.jobAt(c.Context(), args[0], needs{})
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }()
			if len(job.Source) == 0 {
				return usagef("job %s has no job file: its rules are code of its own program", job.Name)
			}
			if len(discovery.Spaces(job)) == 0 {
				return usagef("job %s does not explore an ID space", job.Name)
			}
			n, err := discovery.Recount(c.Context(), f, info.ID, *job)
			if err != nil {
				return err
			}
			rule := "the rules of " + args[0]
			if !isFile(args[0]) {
				rule = "the rules it was last run with: give its job file to judge by that"
			}
			if a.json() {
				return a.printJSON(map[string]any{"job": info.Name, "tasks": n, "rule": rule})
			}
			a.print("recounted %s of job %s by %s", counted(n, "task"), info.Name, rule)
			return nil
		},
	}
}
