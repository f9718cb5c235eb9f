package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/dataset"
)

// renderCommand is `seine render`.
type renderCommand struct{ *app }

func newRender(a *app) *cobra.Command {
	x := &renderCommand{a}
	c := &cobra.Command{
		Use: "render JOB", Short: "Render images again from stored originals, without requests", Args: cobra.ExactArgs(1),
		Long: `Renders the images of a job again with the current options of image in the job file:
crop, resize, mode, format and quality. It reads the stored originals (keep: original)
and makes no request. Images with the same options are left out, so a stopped command
continues where it was. Workers may run meanwhile.

If the format changes, the file gets the path with the extension of the new format,
and the earlier file is deleted. Fields that name a property of a file, such as
front.width, get its new value.

An image whose original can't be rendered stays as it is and is listed with the
reason. The exit code is 1 then.

-o json prints a line for each image that is not unchanged, {"key", "asset", "path",
"outcome", "reason"}, and {"summary": …} as the last line.`,
		Example: `  seine render cards.yaml
  seine render cards.yaml -o json`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0]) },
	}
	a.outputs(c, "table", "json")
	return c
}

func (a *renderCommand) run(ctx context.Context, arg string) error {
	set, done, err := a.dataSet(ctx, arg, wants{frontier: true, store: true})
	if err != nil {
		return err
	}
	defer done()
	set.Progress = a.datasetProgress()
	report, err := set.Render(ctx, func(r dataset.Rendering) error {
		switch {
		case r.Outcome == dataset.RenderedSame || r.Outcome == dataset.RenderedBare && r.Reason == "":
			return nil
		case a.json():
			return a.printJSON(r)
		case r.Outcome == dataset.RenderedFailed:
			a.print("%s: %s: %s", r.Key, r.Asset, r.Reason)
		}
		return nil
	})
	switch {
	case errors.Is(err, asset.ErrStore):
		return coded{exitStore, err}
	case err != nil && ctx.Err() != nil:
		return errStopped
	case err != nil:
		return datasetError(err)
	}
	if a.json() {
		err = a.printJSON(map[string]any{"summary": report})
	} else {
		a.show(report)
	}
	if err == nil && report.Failed > 0 {
		err = fmt.Errorf("%s could not be rendered; the others are", counted(report.Failed, "image"))
	}
	return err
}

func (a *renderCommand) show(r dataset.RenderReport) {
	a.print("%s rendered, %d unchanged, %d failed", counted(r.Rendered, "image"), r.Unchanged, r.Failed)
	for _, x := range []struct {
		n    int64
		what string
	}{
		{r.Bare, "without a stored original: they stay"}, {r.Open, "of unfinished tasks: they stay"},
		{r.Meanwhile, "changed by another process meanwhile: run the same command again"},
	} {
		if x.n > 0 {
			a.print("%s %s", counted(x.n, "image"), x.what)
		}
	}
	if r.Removed > 0 {
		a.print("%s of the earlier format deleted", counted(r.Removed, "file"))
	}
}
