package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/terminal"
	"github.com/seinehq/seine/internal/web"
)

// who names the person at this machine.
func who() string {
	name := "someone"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

// logChange adds a change to the frontier's log.
func (a *app) logChange(ctx context.Context, f frontier.Steering, job frontier.JobID, format string, args ...any) error {
	return f.Note(ctx, frontier.Change{Job: job, Who: who(), What: strings.TrimSpace(fmt.Sprintf(format, args...))})
}

// changesCommand is `seine changes`.
type changesCommand struct {
	*app

	limit int
}

func newChanges(a *app) *cobra.Command {
	x := &changesCommand{app: a}
	c := &cobra.Command{
		Use: "changes [JOB]", Short: "List who changed what: pauses, paces, requeued and dropped tasks, stopped workers", Args: cobra.MaximumNArgs(1),
		Long: `Lists the changes that people made by commands, the console and its API, the newest
first. The frontier keeps the last 100,000.`,
		Example: `  seine changes
  seine changes cards.yaml --limit 20`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	}
	c.Flags().IntVar(&x.limit, "limit", 100, "at most this many")
	return c
}

func (a *changesCommand) run(ctx context.Context, args []string) error {
	if a.limit < 1 || a.limit > 100_000 {
		return usagef("--limit %d: give 1 to 100000", a.limit)
	}
	var (
		f   drivers.Frontier
		job frontier.JobID
		err error
	)
	if len(args) == 1 {
		var info frontier.JobInfo
		f, info, err = a.infoAt(ctx, args[0])
		job = info.ID
	} else {
		f, err = a.open(ctx, a.frontierOf(nil))
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	jobs, err := f.Jobs(ctx)
	if err != nil {
		return err
	}
	list, err := f.Changes(ctx, job, 0, a.limit)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(a.human(), 2, 8, 2, ' ', 0)
	defer func() { _ = t.Flush() }()
	for _, c := range web.ChangesOf(list, jobs) {
		if a.json() {
			if err := a.printJSON(c); err != nil {
				return err
			}
			continue
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", c.At.Format(time.RFC3339), c.Job, terminal.Escape(c.Who), terminal.Escape(c.What))
	}
	return nil
}

// dropCommand is `seine drop` and `seine prioritize`.
type dropCommand struct {
	*app

	filter     filterFlags
	all, count bool
}

func (a *dropCommand) register(c *cobra.Command) *cobra.Command {
	a.filter.register(c)
	c.Flags().BoolVar(&a.all, "all", false, "every waiting task")
	c.Flags().BoolVar(&a.count, "count", false, "only count the tasks")
	return c
}

func newDrop(a *app) *cobra.Command {
	x := &dropCommand{app: a}
	return x.register(&cobra.Command{
		Use: "drop JOB [KEY…]", Short: "End waiting tasks without a request, by key, state, reason, host or age", Args: cobra.MinimumNArgs(1),
		Long: `Ends pending tasks and tasks that wait for their next try as skipped, with the reason
"dropped". "seine retry" sends them back. Tasks in progress and finished tasks stay.
A requeued task whose page was done before is done again.`,
		Example: `  seine drop cards.yaml --host slow.example:443 --count
  seine drop cards.yaml --host slow.example:443`,
		RunE: func(c *cobra.Command, args []string) error {
			return x.run(c.Context(), "drop", args, func(ctx context.Context, f drivers.Frontier, job frontier.JobID, by frontier.Filter) (int, error) {
				return frontier.DropAll(ctx, f, job, by, nil)
			})
		},
	})
}

func newPrioritize(a *app) *cobra.Command {
	x := &dropCommand{app: a}
	return x.register(&cobra.Command{
		Use: "prioritize JOB PRIORITY [KEY…]", Short: "Give waiting tasks another priority: 0 goes first, 3 last", Args: cobra.MinimumNArgs(2),
		Long: `Gives pending tasks and tasks that wait for their next try another priority. Of a host's
tasks those of priority 0 go first. Tasks in progress and finished tasks stay.`,
		Example: `  seine prioritize cards.yaml 0 70000001
  seine prioritize cards.yaml 3 --host slow.example:443`,
		RunE: func(c *cobra.Command, args []string) error {
			priority := strings.TrimSpace(args[1])
			if len(priority) != 1 || priority < "0" || priority > "3" {
				return usagef("prioritize: the priority is %q: give 0 to 3", args[1])
			}
			n := int(priority[0] - '0')
			return x.run(c.Context(), "prioritize "+priority, append(args[:1:1], args[2:]...), func(ctx context.Context, f drivers.Frontier, job frontier.JobID, by frontier.Filter) (int, error) {
				return frontier.PrioritizeAll(ctx, f, job, by, n, nil)
			})
		},
	})
}

func (a *dropCommand) run(ctx context.Context, what string, args []string, act func(context.Context, drivers.Frontier, frontier.JobID, frontier.Filter) (int, error)) error {
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
