package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/terminal"
	"github.com/seinehq/seine/internal/wiring"
)

// importCommand is `seine import`.
type importCommand struct {
	*addCommand

	from, files string
	opts        dataset.ImportOptions
}

func newImport(a *app) *cobra.Command {
	x := &importCommand{addCommand: &addCommand{app: a}}
	c := &cobra.Command{
		Use: "import JOB", Short: "Take over the queue and the files of the Python scraper, without a request", Args: cobra.ExactArgs(1),
		Long: `Takes over a table work_queue of PostgreSQL and the files of its bucket. It makes no
request, deletes and changes nothing there, and replaces no file. Stop the Python
workers first.

A row that is done and whose files are complete becomes a done task with a record and
files: sizes and SHA-256 are read from the store, and the record holds the fields of
store.key. Files at other paths than store.key gives are copied. Rows that are error,
stale or skipped become tasks in that state ("seine retry" requeues them), and pending
and in_progress become pending. A row that is done without its files becomes pending
too, so nothing is lost.

Each row, and each ID in the store without a row, whose state and files do not agree is
listed with its reason. A task that the job has finished or queued stays as it is, so
the same command changes nothing the second time, and continues after an interruption.
The exit code is 3 if a row has a key that the job cannot take.

--from names the database; without it DB_HOST … or else the frontier is read. The table
has a column task_id, cert_id, id, key or url, a column status, and may have priority,
metadata and updated_at. --files names the bucket (default: the job's store), and
--files-key its layout (default: store.key).

-o json prints a line per mismatch, {"key", "status", "became", "reason", "paths"},
and {"summary": …} as the last line.`,
		Example: `  seine import cards.yaml --dry-run
  seine import cards.yaml --from postgres://psa@db/psa --files gs://old-cards`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0]) },
	}
	f := c.Flags()
	f.StringVar(&x.from, "from", "", "database of the table: postgres://… (default: DB_HOST …, else the frontier)")
	f.StringVar(&x.opts.Table, "table", "work_queue", "name of the table")
	f.StringVar(&x.files, "files", "", "file:FOLDER or the URL of a bucket with the files (default: the job's store)")
	f.StringVar(&x.opts.Key, "files-key", "", "layout of the files, such as png/{grade}/{id}_{asset}.png (default: store.key)")
	f.BoolVar(&x.opts.DryRun, "dry-run", false, "read and compare everything, and store nothing")
	f.BoolVar(&x.accept, "accept-changes", false, "accept a changed seeds.url or store.key")
	a.outputs(c, "table", "json")
	return c
}

func (a *importCommand) run(ctx context.Context, arg string) error {
	set, target, done, err := a.set(ctx, arg)
	if err != nil {
		return err
	}
	defer done()
	source, err := a.source(ctx, set.Job)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	queue, ok := source.(frontier.ForeignQueue)
	if !ok {
		return usagef("the queue of the Python scraper is a table of PostgreSQL: give --from postgres://USER:PASSWORD@HOST/DATABASE")
	}
	a.opts.Queue = queue
	if a.files != "" {
		at := place{a.files, "--files"}
		a.redact.add(drivers.Passwords(at.url))
		from, err := a.existingStore(ctx, at)
		if err != nil {
			return err
		}
		defer func() { _ = from.Bucket.Close() }()
		a.opts.From = from
	}
	t := a.table()
	lines := 0
	report, err := set.Import(ctx, target, a.opts, func(m dataset.Mismatch) error {
		if a.json() {
			return a.printJSON(m)
		}
		if lines == 0 {
			_, _ = fmt.Fprintln(t, "KEY\tSTATUS\tBECOMES\tWHY")
		}
		if lines++; lines%tablePage == 0 {
			_ = t.Flush()
		}
		_, err := fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", terminal.Escape(dash(m.Key)), terminal.Escape(dash(m.Status)), m.Became, terminal.Escape(m.Reason))
		return err
	})
	_ = t.Flush()
	switch {
	case errors.Is(err, frontier.ErrNoTable):
		return coded{exitUsage, err}
	case errors.Is(err, context.Canceled):
		return errStopped
	case err != nil:
		return datasetError(err)
	}
	if err := a.recount(ctx, set, target, report); err != nil {
		return err
	}
	return a.report(set, report)
}

// recount brings the statistics of the job's ID spaces up to date.
func (a *importCommand) recount(ctx context.Context, set *dataset.Set, to discovery.Recounter, r dataset.ImportReport) error {
	if a.opts.DryRun || len(r.States) == 0 && r.Known == 0 || len(discovery.Spaces(set.Job)) == 0 {
		return nil
	}
	_, err := discovery.Recount(ctx, to, set.ID, *set.Job)
	return err
}

func (a *importCommand) report(set *dataset.Set, r dataset.ImportReport) error {
	a.sayStrangers(set, r.Strangers)
	if a.json() {
		if err := a.printJSON(map[string]any{"summary": r}); err != nil {
			return err
		}
	} else {
		a.print("%s and %s, %s", counted(r.Rows, "row"), counted(r.Files, "file"), disagree(r.Mismatches))
		var states []string
		for _, s := range []seine.State{seine.Done, seine.Pending, seine.Error, seine.Stale, seine.Skipped} {
			if n := r.States[s.String()]; n > 0 {
				states = append(states, fmt.Sprintf("%d %s", n, s))
			}
		}
		verb := "new tasks"
		if a.opts.DryRun {
			verb = "tasks would be new"
		}
		a.print("%s: %s; %d known already, %d left out", verb, dash(strings.Join(states, ", ")), r.Known, r.LeftOut)
		a.print("%s taken over (%s), %d of them copied", counted(r.Adopted, "file"), size(r.Bytes), r.Copied)
		if a.opts.DryRun {
			a.print("nothing was stored: leave --dry-run out")
		}
	}
	if r.LeftOut > 0 {
		return fmt.Errorf("%w: %s left out", frontier.ErrKey, counted(r.LeftOut, "row"))
	}
	return nil
}

func disagree(n int64) string {
	if n == 0 {
		return "all agree"
	}
	return fmt.Sprintf("%d %s not agree", n, number.Chosen(n, "does", "do"))
}

// source opens the database of the table.
func (a *importCommand) source(ctx context.Context, job *seine.Job) (drivers.Frontier, error) {
	at := a.frontierOf(job)
	for _, one := range []place{{a.from, "--from"}, {a.originalDSN(), "DB_HOST"}} {
		if one.url != "" {
			at = one
			break
		}
	}
	a.redact.add(drivers.Passwords(at.url))
	if strings.HasPrefix(at.url, "sqlite:") { // Open would create it
		return nil, usagef("the queue of the Python scraper is a table of PostgreSQL: give --from postgres://USER:PASSWORD@HOST/DATABASE")
	}
	a.note("seine: table %s of %s", a.opts.Table, at)
	return drivers.Open(ctx, at.url, drivers.Options{})
}

// importTarget is the part of a frontier that takes a job over.
type importTarget interface {
	dataset.Frontier
	dataset.Importer
	discovery.Recounter
	io.Closer
}

// set registers the job and opens its data set. A dry run registers nothing, and without a
// registered job its data set has no frontier.
func (a *importCommand) set(ctx context.Context, arg string) (*dataset.Set, importTarget, func(), error) {
	set := &dataset.Set{Progress: a.datasetProgress()}
	var f importTarget
	closeAll := func() {
		if set.Store.Bucket != nil {
			_ = set.Store.Bucket.Close()
		}
		if f != nil {
			_ = f.Close()
		}
	}
	var err error
	if a.opts.DryRun {
		var info frontier.JobInfo
		f, set.Job, info, err = a.jobAt(ctx, arg, needs{hosts: true, store: true})
		set.ID = info.ID
		if isFile(arg) && (errors.Is(err, errNoFile) || errors.Is(err, frontier.ErrNoJob) || errors.Is(err, frontier.ErrSchema)) {
			f = nil
			set.Job, err = a.look(arg, needs{hosts: true, store: true})
		}
	} else {
		f, set.Job, set.ID, err = a.registered(ctx, arg)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	if f != nil {
		set.Frontier = f
	}
	if rules, ok := set.Job.Scraper.(*extract.Scraper); ok {
		set.Rules = rules
	}
	at := a.storeOf(set.Job)
	switch {
	case a.files == "" || a.files == at.url:
		a.files = ""
		set.Store, err = a.existingStore(ctx, at)
	case !a.opts.DryRun:
		if set.Store.Bucket, err = a.openStore(ctx, at); err == nil {
			set.Store.Folder, err = wiring.Folder(at.url)
		}
	}
	if err != nil {
		closeAll()
		return nil, nil, nil, err
	}
	a.whereabouts([]*seine.Job{set.Job})
	return set, f, closeAll, nil
}
