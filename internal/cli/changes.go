package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier"
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
	c.Flags().IntVar(&x.limit, "limit", 100, "most changes to list")
	return c
}

// changesFrontier is the part of a frontier that tells of its changes.
type changesFrontier interface {
	frontier.Reader
	frontier.Steering
	io.Closer
}

func (a *changesCommand) run(ctx context.Context, args []string) error {
	if a.limit < 1 || a.limit > 100_000 {
		return usagef("--limit %d: give 1 to 100000", a.limit)
	}
	var (
		f   changesFrontier
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
