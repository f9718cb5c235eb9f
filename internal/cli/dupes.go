package cli

import (
	"bytes"
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/dataset"
)

// dupesCommand is `seine dupes`.
type dupesCommand struct {
	*app

	distance    int
	keep, sheet string
}

// shownDupes bounds the printed groups, and the images of one.
const shownDupes = 20

func newDupes(a *app) *cobra.Command {
	x := &dupesCommand{app: a}
	c := &cobra.Command{
		Use: "dupes JOB", Short: "Find images that equal or nearly equal others", Args: cobra.ExactArgs(1),
		Long: `Groups the stored images of a job. Images with equal bytes (SHA-256) are exact
duplicates. Images whose perceptual hashes differ in at most --distance of 64 bits look
alike. Each image of a group is that near to the first one, in the order of keys.
Originals beside a rendition are left out. Images that were stored before the schema
1.21 have no hash: "seine render" and a further fetch compute it.

--keep first marks all images of a group but the first, and removes marks that no
longer hold. "seine export --skip-duplicates" leaves out the marked ones.

--sheet FILE writes a page of thumbnails: the first 200 groups with 8 images each.

-o json prints a line for each group, {"images": [{"key", "asset", "path",
"sha256"}]}, and {"summary": …} as the last line.`,
		Example: `  seine dupes cards.yaml --sheet dupes.html
  seine dupes cards.yaml --distance 4 --keep first`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0]) },
	}
	f := c.Flags()
	f.IntVar(&x.distance, "distance", dataset.DefaultDistance, "most bits in which hashes of a group differ, 0 to 15")
	f.StringVar(&x.keep, "keep", "", "first: mark the other images of each group")
	f.StringVar(&x.sheet, "sheet", "", "write a page of thumbnails to this HTML file")
	a.outputs(c, "table", "json")
	return c
}

func (a *dupesCommand) run(ctx context.Context, arg string) error {
	switch {
	case a.distance < 0 || a.distance > dataset.MaxDistance:
		return usagef("--distance %d: give 0 to %d", a.distance, dataset.MaxDistance)
	case a.keep != "" && a.keep != "first":
		return usagef("--keep %s: first is the only choice", a.keep)
	}
	set, done, err := a.dataSet(ctx, arg, wants{frontier: true, store: a.sheet != ""})
	if err != nil {
		return err
	}
	defer done()
	var sheet dataset.Sheet
	groups := 0
	report, err := set.Dupes(ctx, dataset.DupesOptions{Distance: a.distance, Mark: a.keep != ""}, func(group []dataset.DupeImage) error {
		sheet.Add(group)
		groups++
		switch {
		case a.json():
			return a.printJSON(map[string]any{"images": group})
		case groups > shownDupes:
			return nil
		}
		a.print("%s: %s", counted(int64(len(group)), "image"), group[0].Path)
		for i, other := range group[1:] {
			if i == shownDupes {
				a.print("  … %d more", len(group)-1-i)
				break
			}
			a.print("  %s", other.Path)
		}
		return nil
	})
	if err == nil && a.sheet != "" {
		err = writeWhole(a.sheet, func(w io.Writer) error { return sheet.Write(ctx, set, w) })
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return errStopped
	case err != nil:
		return datasetError(err)
	case a.json():
		return a.printJSON(map[string]any{"summary": report})
	}
	if report.Groups > shownDupes {
		a.print("… %s more", counted(report.Groups-shownDupes, "group"))
	}
	a.print("%s: %d exact and %d near duplicates in %s", counted(report.Images, "image"), report.Exact, report.Near, counted(report.Groups, "group"))
	if report.Unhashed > 0 {
		a.print("%s without a perceptual hash", counted(report.Unhashed, "image"))
	}
	if a.keep != "" {
		a.print("%s changed", counted(report.Marked, "mark"))
	}
	return nil
}

// writeWhole writes a file that appears as a whole or not at all.
func writeWhole(name string, write func(io.Writer) error) error {
	var page bytes.Buffer // bounded by the page's thumbnails
	if err := write(&page); err != nil {
		return err
	}
	target, err := dataset.ToFile(name)
	if err != nil {
		return err
	}
	defer target.Abort()
	if _, err := target.Write(page.Bytes()); err != nil {
		return err
	}
	return target.Commit()
}
