package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/terminal"
)

// forgetCommand is `seine forget`.
type forgetCommand struct {
	*app

	opts dataset.ForgetOptions
	sums []string
}

func newForget(a *app) *cobra.Command {
	x := &forgetCommand{app: a}
	c := &cobra.Command{
		Use: "forget JOB", Short: "Delete all that is stored of keys, URLs, hosts or files (dry run unless --yes)", Args: cobra.ExactArgs(1),
		Long: `Deletes the records with all their versions, the files, recordings, quarantined
records, screenshots and metadata of tasks, and prints each task. Without --yes it only
prints them. Each flag may be given several times, and a task is selected if one of
them matches it, one of its records or one of its files.

The task stays as "skipped: forgotten", with its key, so that no seed, link or later
visit fetches it again. "seine retry JOB KEY" does. A file or a page's content that
another record or recording has too stays, and is counted as shared. Tasks in progress
stay; the exit code is 1 then.

Files go after the records that name them. If the command is interrupted, the same
command goes on. Exports that were written before are not changed. A bucket with object
versions keeps the old ones until its own rules delete them.

-o json prints a line per task, {"key"}, and {"summary": …} as the last line.`,
		Example: `  seine forget shop.yaml --url https://shop.example.org/p/17
  seine forget shop.yaml --host images.example.org --yes`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0]) },
	}
	f := c.Flags()
	f.StringArrayVar(&x.opts.Keys, "key", nil, "key of a task or a record")
	f.StringArrayVar(&x.opts.URLs, "url", nil, "URL of a page, a record or a file")
	f.StringArrayVar(&x.opts.Hosts, "host", nil, "host of pages, records or files, with or without a port")
	f.StringArrayVar(&x.sums, "sha256", nil, "digest of a file, its original or a recorded content, in hex")
	f.BoolVar(&x.opts.Yes, "yes", false, "delete")
	a.outputs(c, "table", "json")
	return c
}

func (a *forgetCommand) run(ctx context.Context, arg string) error {
	opts := a.opts
	for _, text := range a.sums {
		sum, err := hex.DecodeString(text)
		if err != nil || len(sum) != sha256.Size {
			return usagef("--sha256 %s: give a digest of 64 hexadecimal digits", terminal.Escape(text))
		}
		opts.SHA256 = append(opts.SHA256, [sha256.Size]byte(sum))
	}
	if len(opts.Keys)+len(opts.URLs)+len(opts.Hosts)+len(opts.SHA256) == 0 {
		return usagef("forget: select tasks by --key, --url, --host or --sha256")
	}
	set, done, err := a.dataSet(ctx, arg, wants{frontier: true, store: true})
	if err != nil {
		return err
	}
	defer done()
	report, err := set.Forget(ctx, opts, func(key string) error {
		if a.json() {
			return a.printJSON(map[string]string{"key": key})
		}
		a.print("%s", terminal.Escape(key))
		return nil
	})
	if err != nil {
		return datasetError(err)
	}
	if a.json() {
		err = a.printJSON(map[string]any{"summary": report})
	} else {
		a.show(report, opts.Yes)
	}
	switch {
	case err != nil:
		return err
	case len(report.Busy) > 0:
		return fmt.Errorf("%s in progress and not forgotten; run the same command again", counted(int64(len(report.Busy)), "task"))
	case report.Tasks == 0 && report.Files+report.Frames == 0:
		return fmt.Errorf("nothing of job %s matches", set.Job.Name)
	}
	return nil
}

func (a *forgetCommand) show(r dataset.ForgetReport, yes bool) {
	what := fmt.Sprintf("%s with %s, %s and %s", counted(r.Tasks, "task"), counted(r.Records, "record"), counted(r.Assets, "file"), counted(r.Recordings, "recording"))
	if !yes {
		a.print("%s would be forgotten", what)
		if r.Tasks > 0 {
			a.print("nothing was deleted: add --yes")
		}
		return
	}
	a.print("forgot %s", what)
	for _, x := range []struct {
		n    int64
		what string
	}{{r.Versions, "earlier version"}, {r.Quarantined, "quarantined record"}} {
		if x.n > 0 {
			a.print("%s deleted", counted(x.n, x.what))
		}
	}
	a.print("%s deleted (%s), %s of recordings overwritten", counted(r.Files, "file"), size(r.Bytes), counted(r.Frames, "part"))
	if r.Shared > 0 {
		a.print("%s left: others have the same content", counted(r.Shared, "file or part"))
	}
}
