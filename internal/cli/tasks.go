package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/terminal"
	"github.com/seinehq/seine/internal/wiring"
)

// filterFlags choose tasks by state, reason, host or age.
type filterFlags struct {
	states       []string
	reason, host string
	older        time.Duration
	unlisted     bool
	limit        int
}

func (f *filterFlags) register(c *cobra.Command) {
	flags := c.Flags()
	flags.StringSliceVar(&f.states, "state", nil, "only these states: pending, in_progress, done, skipped, stale, error")
	flags.StringVar(&f.reason, "reason", "", "only tasks whose reason contains this")
	flags.StringVar(&f.host, "host", "", "only tasks of this host, as HOST:PORT")
	flags.BoolVar(&f.unlisted, "unlisted", false, "only pages that no sitemap lists any more")
	durationVar(flags, &f.older, "older", 0, "only tasks that were last written this long ago or earlier, such as 90m, 2h or 7d")
}

func (f *filterFlags) filter() (frontier.Filter, error) {
	out := frontier.Filter{Reason: f.reason, Host: f.host, Unlisted: f.unlisted, Limit: f.limit}
	for _, word := range f.states {
		s, err := parseState(word)
		if err != nil {
			return out, usagef("--state: %w", err)
		}
		out.States = append(out.States, s)
	}
	if f.older > 0 {
		out.Before = time.Now().Add(-f.older)
	}
	return out, nil
}

func (f *filterFlags) empty() bool {
	return len(f.states) == 0 && f.reason == "" && f.host == "" && f.older == 0 && !f.unlisted
}

// taskJSON is a task as `tasks -o json` prints it, one a line.
type taskJSON struct {
	Key      string `json:"key"`
	State    string `json:"state"`
	Final    bool   `json:"final"`
	Attempt  int    `json:"attempt"`
	Priority int    `json:"priority"`
	Reason   string `json:"reason"`

	// Screenshot is the path of a picture of the task's page in the store.
	Screenshot string `json:"screenshot,omitempty"`

	Worker    string     `json:"worker"`
	NextAt    *time.Time `json:"next_at"`
	UpdatedAt time.Time  `json:"updated_at"`

	// UnlistedAt is the time since when no sitemap lists the page.
	UnlistedAt *time.Time `json:"unlisted_at,omitempty"`

	Meta json.RawMessage `json:"meta,omitempty"`
}

// taskPage is the number of tasks per page of a list. Each page reads the queue once.
const taskPage = 20_000

// tasksCommand is `seine tasks`.
type tasksCommand struct {
	*app

	filter filterFlags
}

func newTasks(a *app) *cobra.Command {
	x := &tasksCommand{app: a}
	c := &cobra.Command{
		Use: "tasks JOB [KEY…]", Short: "List tasks by state, reason, host or age", Args: cobra.MinimumNArgs(1),
		Example: `  seine tasks cards.yaml --state error
  seine tasks cards.yaml --reason "page did not load" -o json`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	}
	x.filter.register(c)
	c.Flags().IntVar(&x.filter.limit, "limit", 0, "most tasks to list; 0: all")
	return c
}

func (a *tasksCommand) run(ctx context.Context, args []string) error {
	f := &a.filter
	filter, err := f.filter()
	if err != nil {
		return err
	}
	fr, info, err := a.infoAt(ctx, args[0])
	if err != nil {
		return err
	}
	defer func() { _ = fr.Close() }()
	filter.Keys = args[1:]
	t := a.table()
	defer func() { _ = t.Flush() }()
	if !a.json() {
		_, _ = fmt.Fprintln(t, "KEY\tSTATE\tATTEMPT\tNEXT TRY\tREASON")
	}
	seen := map[string]bool{}
	for left := f.limit; ; {
		if filter.Limit = taskPage; f.limit > 0 {
			filter.Limit = min(left, taskPage)
		}
		page, err := fr.Tasks(ctx, info.ID, filter)
		if err != nil {
			return err
		}
		for _, x := range page {
			seen[x.Key] = true
			if err := a.printTask(t, info.Name, x); err != nil {
				return err
			}
		}
		left -= len(page)
		if len(page) < filter.Limit || f.limit > 0 && left <= 0 {
			if f.empty() && f.limit == 0 {
				return unseen(args[1:], seen)
			}
			return nil
		}
		filter.After = page[len(page)-1].Key
	}
}

// unseen reports the given keys that are not tasks.
func unseen(keys []string, seen map[string]bool) error {
	var missing []string
	for _, k := range keys {
		if !seen[k] {
			missing = append(missing, k)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return usagef("no such task: %s", strings.Join(missing, ", "))
}

func (a *tasksCommand) printTask(t io.Writer, job string, x frontier.TaskInfo) error {
	shot := ""
	if strings.HasSuffix(x.Reason, wiring.WithScreenshot) {
		shot = asset.ScreenshotPath(job, x.Key)
	}
	if a.json() {
		out := taskJSON{
			Screenshot: shot,
			Key:        x.Key, State: x.State.String(), Final: x.Final, Attempt: x.Attempt, Priority: x.Priority, Reason: x.Reason,
			Worker: x.Worker, UpdatedAt: x.UpdatedAt, Meta: x.Meta,
		}
		if !x.NextAt.IsZero() {
			out.NextAt = &x.NextAt
		}
		if !x.UnlistedAt.IsZero() {
			out.UnlistedAt = &x.UnlistedAt
		}
		return a.printJSON(out)
	}
	next := "-"
	if !x.NextAt.IsZero() {
		next = "in " + brief(max(0, time.Until(x.NextAt)))
	}
	reason := terminal.Escape(x.Reason)
	if shot != "" {
		reason = strings.TrimSuffix(reason, ")") + " " + shot + ")"
	}
	if !x.UnlistedAt.IsZero() {
		reason = strings.TrimSpace(reason + " (unlisted since " + x.UnlistedAt.Format(time.RFC3339) + ")")
	}
	_, err := fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\n", terminal.Escape(x.Key), x.State, x.Attempt, next, reason)
	return err
}

// parseState returns the state with a name.
func parseState(name string) (seine.State, error) {
	for _, s := range seine.States {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("unknown state %q: one of pending, in_progress, done, skipped, stale, error", name)
}
