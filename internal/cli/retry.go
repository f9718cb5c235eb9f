package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// retryCommand is `seine retry`.
type retryCommand struct {
	*app

	filter filterFlags
	all    bool
	count  bool
}

func newRetry(a *app) *cobra.Command {
	x := &retryCommand{app: a}
	c := &cobra.Command{
		Use: "retry JOB [KEY…]", Short: "Requeue tasks by key, state, reason, host or age", Args: cobra.MinimumNArgs(1),
		Long: `Requeues finished tasks as pending, and makes waiting tasks ready at once. Their
attempts restart at zero. Pending tasks and tasks in progress stay unchanged. A
forgotten task is only requeued by its key.`,
		Example: `  seine retry cards.yaml 70000001
  seine retry cards.yaml --state error --older 1d`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	}
	x.filter.register(c)
	c.Flags().BoolVar(&x.all, "all", false, "every finished and waiting task")
	c.Flags().BoolVar(&x.count, "count", false, "only count the tasks")
	return c
}

func (a *retryCommand) run(ctx context.Context, args []string) error {
	f, all := &a.filter, a.all
	if f.empty() && len(args) == 1 && !all {
		return usagef("retry: name the tasks: keys, --state, --reason, --host, --older, or --all")
	}
	filter, err := f.filter()
	if err != nil {
		return err
	}
	fr, job, info, err := a.jobAt(ctx, args[0], needs{hosts: true})
	if err != nil {
		return err
	}
	defer func() { _ = fr.Close() }()
	if filter.Keys = args[1:]; a.count {
		return a.counted(ctx, fr, info.ID, filter.Requeued())
	}
	seen := map[string]bool{}
	total, err := requeue(ctx, fr, job, info.ID, filter, func(n int, keys []string) {
		for _, key := range keys {
			seen[key] = true
		}
	})
	if err == nil || total > 0 {
		err = errors.Join(err, a.logChange(context.WithoutCancel(ctx), fr, info.ID, "retry%s: %s", filter.Flags(), counted(total, "task")))
	}
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(map[string]int{"sent_back": total})
	}
	a.print("%s sent back", counted(total, "task"))
	return unseen(args[1:], seen)
}

// requeuer is the part of a frontier that requeues tasks.
type requeuer interface {
	frontier.Reader
	frontier.Sweeper
}

// requeue requeues the tasks that a filter selects, and returns their number. A forgotten task is
// only requeued by its key. each is called for each batch, with the number so far and the selected
// keys.
func requeue(ctx context.Context, f requeuer, job *seine.Job, id frontier.JobID, filter frontier.Filter, each func(n int, keys []string)) (total int, err error) {
	filter.Limit = taskPage
	for {
		page, err := f.Tasks(ctx, id, filter)
		if err != nil {
			return total, err
		}
		var (
			back []frontier.New
			keys []string
		)
		for _, x := range page {
			keys = append(keys, x.Key)
			if x.Reason == frontier.WhyForgotten && len(filter.Keys) == 0 {
				continue
			}
			if at, err := frontier.PageURL(job, x.Key); err == nil {
				back = append(back, frontier.New{Key: x.Key, Lane: frontier.LaneKey(job, x.Key, at), Priority: x.Priority})
			}
		}
		if len(back) > 0 {
			n, err := f.Retry(ctx, id, back)
			if err != nil {
				return total, err
			}
			total += n
		}
		each(total, keys)
		if len(page) < filter.Limit {
			return total, nil
		}
		filter.After = page[len(page)-1].Key
	}
}
