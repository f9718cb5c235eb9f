package cli

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/dataset"
)

// galleryCommand is `seine gallery`.
type galleryCommand struct {
	*app

	by, to string
}

func newGallery(a *app) *cobra.Command {
	x := &galleryCommand{app: a}
	c := &cobra.Command{
		Use: "gallery JOB --by FIELD", Short: "Write sample pictures per value of a field to an HTML file", Args: cobra.ExactArgs(1),
		Long: `Writes one HTML file with sample pictures per value of a field. The file holds the
thumbnails, has no scripts and loads nothing. It shows the 100 most frequent values
with 12 pictures each. The keys decide which pictures, so equal records give an equal
file.`,
		Example: `  seine gallery cards.yaml --by grade
  seine gallery cards.yaml --by grade -o grades.html`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0]) },
	}
	c.Flags().StringVar(&x.by, "by", "", "the field (default: the only field of store.key)")
	c.Flags().StringVarP(&x.to, "output", "o", "", "the HTML file (default: JOB-gallery.html), or - for standard output")
	return c
}

func (a *galleryCommand) run(ctx context.Context, arg string) error {
	set, done, err := a.dataSet(ctx, arg, wants{frontier: true, store: true})
	if err != nil {
		return err
	}
	defer done()
	to := a.to
	if to == "" {
		to = set.Job.Name + "-gallery.html"
	}
	var report dataset.GalleryReport
	write := func(w io.Writer) (err error) {
		report, err = set.Gallery(ctx, a.by, w)
		return err
	}
	if to == "-" {
		var page strings.Builder
		if err = write(&page); err == nil {
			a.print("%s", strings.TrimSuffix(page.String(), "\n"))
		}
	} else {
		err = writeWhole(to, write)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return errStopped
	case err != nil:
		return datasetError(err)
	}
	a.note("seine: %s of %s and %s in %s", counted(int64(report.Pictures), "picture"), counted(report.Records, "record"), counted(int64(report.Values), "value"), to)
	return nil
}
