package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/terminal"
)

// quarantineCommand is `seine quarantine`.
type quarantineCommand struct {
	*app

	limit int
}

func newQuarantine(a *app) *cobra.Command {
	x := &quarantineCommand{app: a}
	c := &cobra.Command{
		Use: "quarantine JOB", Short: "List the records that are not part of the data set, with the reason", Args: cobra.ExactArgs(1),
		Long: `Lists the records that break the job's schema, and the records that lost a value
when the site changed (on_drift: pause). They are in no export and no count. Their
tasks ended in error. Correct the job file and run "seine retry JOB --reason schema",
or "seine retry JOB --reason 'held back'", and the pages are judged again.

-o json prints a line per record, with its fields.`,
		Example: `  seine quarantine shop.yaml
  seine quarantine shop.yaml -o json --limit 20`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0]) },
	}
	c.Flags().IntVar(&x.limit, "limit", 0, "most records to list; 0: all")
	return c
}

// quarantineJSON is a record as `quarantine -o json` prints it, one a line.
type quarantineJSON struct {
	Task      string          `json:"task"`
	Key       string          `json:"key"`
	Kind      string          `json:"kind"`
	Page      string          `json:"page,omitempty"`
	Field     string          `json:"field"`
	Reason    string          `json:"reason"`
	URL       string          `json:"url"`
	Fields    json.RawMessage `json:"fields"`
	Digest    string          `json:"digest"`
	FetchedAt time.Time       `json:"fetched_at"`
	At        time.Time       `json:"at"`
}

func (a *quarantineCommand) run(ctx context.Context, arg string) error {
	if a.limit < 0 {
		return usagef("--limit %d: give a number of records of at least 1", a.limit)
	}
	f, info, err := a.infoAt(ctx, arg)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	t := a.table()
	n := 0
	err = f.Quarantined(ctx, info.ID, func(q frontier.Quarantined) error {
		if a.limit > 0 && n == a.limit {
			return errEnough
		}
		if n++; a.json() {
			return a.printJSON(quarantineJSON{
				q.Task, q.Key, q.Kind, q.Page, q.Field, q.Reason, q.URL, q.Fields, fmt.Sprintf("%x", q.Digest), q.FetchedAt, q.At,
			})
		}
		if n == 1 {
			_, _ = fmt.Fprintln(t, "TASK\tRECORD\tFIELD\tREASON")
		}
		if n%tablePage == 0 {
			_ = t.Flush()
		}
		_, err := fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", terminal.Escape(q.Task), terminal.Escape(q.Key), dash(terminal.Escape(q.Field)), terminal.Escape(q.Reason))
		return err
	})
	_ = t.Flush()
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	if n == 0 && !a.json() {
		a.print("no record of job %s is in quarantine", info.Name)
	}
	return nil
}

// rejectedJSON is a record that breaks the schema in a trial.
type rejectedJSON struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// printQuarantine counts the quarantined records. If a schema rejects all of them, it says so.
func (c *console) printQuarantine(job string, s frontier.Status) {
	switch {
	case s.Quarantined == 0:
	case s.Records == 0:
		c.print("  every record is in quarantine (%d): see `seine quarantine %s`, correct schema or fields, then run `seine retry %s --reason schema`", s.Quarantined, job, job)
	default:
		c.print("  %s in quarantine and in no export: see `seine quarantine %s`", counted(s.Quarantined, "record"), job)
	}
}

// printDrift prints the alarms of page kinds that changed.
func (c *console) printDrift(job string, s frontier.Status) {
	for _, a := range s.Drift {
		of := ""
		if a.Page != "" {
			of = " of page kind " + terminal.Escape(a.Page)
		}
		what := fmt.Sprintf("field %s%s has a value on %.0f %% of the records", terminal.Escape(a.Field), of, 100*a.Now)
		if a.Field == "" {
			what = fmt.Sprintf("pages%s are read in %.0f %% of the cases", of, 100*a.Now)
		}
		c.print("  the site changed since %s: %s, before %.0f %%: correct the job file, then run `seine resume %s`",
			a.Since.UTC().Format(time.RFC3339), what, 100*a.Before, job)
	}
}
