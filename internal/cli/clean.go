package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/dataset"
)

// cleanCommand is `seine clean`.
type cleanCommand struct {
	*app

	opts       dataset.CleanOptions
	bucketOnly bool
}

func newClean(a *app) *cobra.Command {
	x := &cleanCommand{app: a}
	c := &cobra.Command{
		Use: "clean JOB", Short: "Delete the files of incomplete tasks (dry run unless --yes)", Args: cobra.ExactArgs(1),
		Long: `Deletes the files of incomplete IDs, which lack an asset that the job's rules
require, and prints each. Without --yes it only prints them.

These files stay: files that a record owns ("seine audit --fix" requeues its task),
files of a task in progress, files younger than --grace, and the files of an ID that
is complete over several folders. Files under pages/ that hold no recording go too,
and screenshots of pages that no longer fail.

--bucket-only needs no frontier. It uses only store.key and the names of the assets,
even in a bucket that Seine did not fill, and reports other files in its folder. Only
--grace protects the files that workers are writing, so stop the workers first.

-o json prints a line per incomplete ID, {"key", "have", "lack", "paths", "bytes",
"deleted", "kept"}, and {"summary": …} as the last line.`,
		Example: `  seine clean cards.yaml
  seine clean cards.yaml --yes --grace 1d`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkGrace(x.opts.Grace); err != nil {
				return err
			}
			return x.run(c.Context(), args[0])
		},
	}
	f := c.Flags()
	f.BoolVar(&x.opts.Yes, "yes", false, "delete")
	f.BoolVar(&x.bucketOnly, "bucket-only", false, "use the paths alone, without a frontier")
	durationVar(f, &x.opts.Grace, "grace", dataset.DefaultGrace, "minimum age of the files of an ID")
	a.outputs(c, "table", "json")
	return c
}

func (a *cleanCommand) run(ctx context.Context, arg string) error {
	opts, bucketOnly := a.opts, a.bucketOnly
	set, done, err := a.dataSet(ctx, arg, wants{frontier: !bucketOnly, store: true})
	if err != nil {
		return err
	}
	defer done()
	t := a.table()
	lines := 0
	report, err := set.Clean(ctx, opts, func(one dataset.Cleaned) error {
		if a.json() {
			return a.printJSON(one)
		}
		if lines == 0 {
			_, _ = fmt.Fprintln(t, "KEY\tHAS\tLACKS\t")
		}
		if lines++; lines%tablePage == 0 {
			_ = t.Flush()
		}
		_, err := fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", one.Key, strings.Join(one.Have, ", "), dash(strings.Join(one.Lack, ", ")), fate(one, opts.Yes))
		return err
	})
	_ = t.Flush()
	if err != nil {
		return datasetError(err)
	}
	a.sayStrangers(set, report.Strangers)
	if a.json() {
		return a.printJSON(map[string]any{"summary": report})
	}
	a.print("%s, %d incomplete; %d of their files (%s) may go", counted(report.IDs, "id"), report.Incomplete, report.Deletable, size(report.Bytes))
	if report.Segments > 0 {
		a.print("%s without a recording (%s) may go", counted(report.Segments, "file"), size(report.SegmentBytes))
	}
	if report.Screenshots > 0 {
		a.print("%s of pages that no longer fail (%s) may go", counted(report.Screenshots, "screenshot"), size(report.ScreenshotBytes))
	}
	switch {
	case opts.Yes:
		a.print("%s deleted", counted(report.Deleted+report.SegmentsDeleted+report.ScreenshotsDeleted, "file"))
	case report.Deletable+report.Segments+report.Screenshots > 0:
		a.print("nothing was deleted: add --yes")
	}
	return nil
}

// tablePage is how many lines of a table are put in columns together, so that
// a long one is not held.
const tablePage = 1000

// fate describes the result for an incomplete ID.
func fate(one dataset.Cleaned, deleted bool) string {
	switch {
	case one.Kept != "" && len(one.Deleted) == 0:
		return "stays: " + one.Kept
	case one.Kept != "":
		return fmt.Sprintf("%d deleted; the rest stays: %s", len(one.Deleted), one.Kept)
	case deleted:
		return "deleted"
	}
	return "would be deleted"
}
