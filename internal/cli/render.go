package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/dataset"
)

func newRender(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "render JOB", Short: "Make images anew from stored originals; no request", Args: cobra.ExactArgs(1),
		Long: `Makes the images of a job anew with the options of image in the job file as it is
now: crop, resize, mode, format and quality. It reads the stored originals
(keep: original) and makes no request. Images with the same options are left out, so
a command that was stopped goes on where it was. Workers may run meanwhile.

If the format changes, the file gets the path with the extension of the new format,
and the earlier file is deleted. Fields that name a property of a file, such as
front.width, get its new value.

An image whose original can't be rendered stays as it is and is listed with the
reason. The exit code is 1 then.

-o json prints a line for each image that is not unchanged, {"key", "asset", "path",
"outcome", "reason"}, and {"summary": …} as the last line.`,
		Example: `  seine render cards.yaml
  seine render cards.yaml -o json`,
		RunE: func(c *cobra.Command, args []string) error { return a.render(c.Context(), args[0]) },
	}
	a.outputs(c, "table", "json")
	return c
}

func (a *app) render(ctx context.Context, arg string) error {
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
		a.showRender(report)
	}
	if err == nil && report.Failed > 0 {
		err = fmt.Errorf("%s could not be rendered; the others are", counted(report.Failed, "image"))
	}
	return err
}

func (a *app) showRender(r dataset.RenderReport) {
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
