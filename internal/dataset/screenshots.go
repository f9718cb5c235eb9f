package dataset

import (
	"context"

	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/frontier"
)

// cleanScreenshots deletes the pictures of pages that no longer fail. The reason of a task states
// whether it has a picture.
func (s *Set) cleanScreenshots(ctx context.Context, opts CleanOptions, report *CleanReport) error {
	if s.Frontier == nil {
		return nil
	}
	limit := before(opts.Now, opts.Grace)
	var spare []object
	if err := s.Store.listAll(ctx, asset.ScreenshotFolder+s.Job.Name+"/", func(o object) error {
		if !o.written.After(limit) {
			spare = append(spare, o)
		}
		return nil
	}); err != nil || len(spare) == 0 {
		return err
	}
	named := map[string]bool{} // read after the list, so that each listed picture has its reason
	filter := frontier.Filter{Reason: frontier.WithScreenshot, Limit: cleanBatch}
	for {
		tasks, err := s.Frontier.Tasks(ctx, s.ID, filter)
		if err != nil {
			return err
		}
		for _, t := range tasks {
			named[asset.ScreenshotPath(s.Job.Name, t.Key)] = true
		}
		if len(tasks) < cleanBatch {
			break
		}
		filter.After = tasks[len(tasks)-1].Key
	}
	rest := spare[:0]
	for _, o := range spare {
		if named[o.path] {
			continue
		}
		report.Screenshots++
		report.ScreenshotBytes += o.bytes
		rest = append(rest, o)
	}
	if !opts.Yes {
		return nil
	}
	gone, err := s.remove(ctx, rest, limit)
	report.ScreenshotsDeleted = int64(len(gone))
	return err
}
