package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/dataset"
)

func (a *app) cleanCommand() *cobra.Command {
	var (
		opts       dataset.CleanOptions
		bucketOnly bool
	)
	c := &cobra.Command{
		Use: "clean JOB", Short: "Delete the files of incomplete tasks (dry run unless --yes)", Args: cobra.ExactArgs(1),
		Long: `Deletes what the store has of incomplete ids, those that lack an asset which the
job's rules want, and says what it deletes. Without --yes it only says so.

What a record owns stays ("seine audit --fix" sends its task back), and so does
what belongs to a task in progress or is younger than --grace. An id that has all
its files, some in one folder and some in another, stays too.

--bucket-only needs no frontier: it goes by store.key and the names of the assets
alone, also in a bucket that Seine did not fill; files in its folder that it can't
have made are told, and stay. Nothing but --grace protects the
files of workers then: stop them first.

-o json prints a line for each incomplete id, {"key", "have", "lack", "paths",
"bytes", "deleted", "kept"}, and {"summary": …} as the last one.`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkGrace(opts.Grace); err != nil {
				return err
			}
			return a.clean(c.Context(), args[0], opts, bucketOnly)
		},
	}
	f := c.Flags()
	f.BoolVar(&opts.Yes, "yes", false, "delete")
	f.BoolVar(&bucketOnly, "bucket-only", false, "go by the paths alone, without a frontier")
	durationVar(f, &opts.Grace, "grace", dataset.DefaultGrace, "how old the files of an id must be")
	a.outputs(c, "table", "json")
	return c
}

func (a *app) clean(ctx context.Context, arg string, opts dataset.CleanOptions, bucketOnly bool) error {
	set, done, err := a.dataSet(ctx, arg, wants{frontier: !bucketOnly, store: true})
	if err != nil {
		return err
	}
	defer done()
	t := tabwriter.NewWriter(a.human(), 2, 8, 2, ' ', 0)
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
	switch {
	case opts.Yes:
		a.print("%s deleted", counted(report.Deleted, "file"))
	case report.Deletable > 0:
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
