package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier"
)

// selectionCommand is what drop and prioritize share: a change of the waiting tasks that its flags
// select.
type selectionCommand struct {
	*app

	filter     filterFlags
	all, count bool
}

func (a *selectionCommand) register(c *cobra.Command) *cobra.Command {
	a.filter.register(c)
	c.Flags().BoolVar(&a.all, "all", false, "every waiting task")
	c.Flags().BoolVar(&a.count, "count", false, "only count the tasks")
	return c
}

func (a *selectionCommand) change(ctx context.Context, what string, args []string, act func(context.Context, frontier.Steering, frontier.JobID, frontier.Filter) (int, error)) error {
	by, err := a.filter.filter()
	if err != nil {
		return err
	}
	if by.Keys = args[1:]; a.filter.empty() && len(by.Keys) == 0 && !a.all {
		return usagef("%s: name the tasks: keys, --state, --reason, --host, --older, or --all", what)
	}
	f, info, err := a.infoAt(ctx, args[0])
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if a.count {
		return a.counted(ctx, f, info.ID, by.Waiting())
	}
	n, err := act(ctx, f, info.ID, by)
	if n > 0 || err == nil {
		err = errors.Join(err, a.logChange(context.WithoutCancel(ctx), f, info.ID, "%s%s: %s", what, by.Flags(), counted(n, "task")))
	}
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(map[string]int{"changed": n})
	}
	a.print("%s changed", counted(n, "task"))
	return nil
}

// counted prints the number of tasks of a selection.
func (a *app) counted(ctx context.Context, f frontier.Steering, job frontier.JobID, by frontier.Filter) error {
	n, err := f.Count(ctx, job, by)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(map[string]int64{"tasks": n})
	}
	a.print("%s", counted(n, "task"))
	return nil
}
