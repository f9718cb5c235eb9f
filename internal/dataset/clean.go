package dataset

import (
	"context"
	"errors"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// CleanOptions select the files to delete.
type CleanOptions struct {
	// Yes deletes. Without it Clean only reports.
	Yes bool

	// Grace is how old the youngest file of an id must be. Zero: any.
	Grace time.Duration

	// Now returns the time. nil means time.Now.
	Now func() time.Time
}

// Cleaned is one incomplete id.
type Cleaned struct {
	Key   string   `json:"key"`
	Have  []string `json:"have"`
	Lack  []string `json:"lack"`
	Paths []string `json:"paths"`

	// Bytes is the size of the files that may be deleted.
	Bytes int64 `json:"bytes"`

	// Deleted lists the deleted part of Paths.
	Deleted []string `json:"deleted"`

	// Kept is the reason why not all files are deleted: "in progress", "younger than the grace
	// time", "a record owns it", "split over two folders", or empty.
	Kept string `json:"kept"`

	free []object
}

// The reasons why a file stays.
const (
	keptBusy  = "in progress"
	keptYoung = "younger than the grace time"
	keptOwned = "a record owns it"
	keptSplit = "split over two folders"
)

// CleanReport sums a Clean up.
type CleanReport struct {
	// Files and IDs count the inspected files and IDs.
	Files int64 `json:"files"`
	IDs   int64 `json:"ids"`

	Incomplete int64 `json:"incomplete"`

	// Deletable counts the files of incomplete IDs that may be deleted, Deleted the deleted ones,
	// and Bytes their size.
	Deletable int64 `json:"deletable"`
	Deleted   int64 `json:"deleted"`
	Bytes     int64 `json:"bytes"`

	// Kept counts incomplete ids by why they stay.
	Kept map[string]int64 `json:"kept"`

	// Segments counts the files of recordings that hold no recording, SegmentBytes their size, and
	// SegmentsDeleted the deleted ones.
	Segments        int64 `json:"segments"`
	SegmentBytes    int64 `json:"segment_bytes"`
	SegmentsDeleted int64 `json:"segments_deleted"`

	// Screenshots counts the pictures of pages that no longer fail, ScreenshotBytes their size, and
	// ScreenshotsDeleted the deleted ones.
	Screenshots        int64 `json:"screenshots"`
	ScreenshotBytes    int64 `json:"screenshot_bytes"`
	ScreenshotsDeleted int64 `json:"screenshots_deleted"`

	// Strangers counts files that were not inspected.
	Strangers Strangers `json:"-"`
}

// Clean deletes the files of incomplete IDs, which are IDs without a folder that holds every
// required asset. It calls each for each of them, ordered by id. If an ID has all its assets but in
// several folders, Clean deletes nothing, because a single picture of each side may exist.
//
// With a frontier it leaves files that a record owns, which [Set.Audit] repairs, and files of a
// task in progress.
func (s *Set) Clean(ctx context.Context, opts CleanOptions, each func(Cleaned) error) (report CleanReport, err error) {
	report.Kept = map[string]int64{}
	sp, err := newSpill(ctx, placedSchema)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, sp.close()) }()
	if report.Files, report.Strangers, err = s.place(ctx, sp, func(extract.Place) string { return "" }); err != nil {
		return report, err
	}
	if err := s.markOwned(ctx, sp); err != nil {
		return report, err
	}
	c := &cleaner{set: s, opts: opts, report: &report, each: each, before: before(opts.Now, opts.Grace)}
	layout := s.Rules.Layout()
	if err := sp.eachGroup(ctx, func(g group) error {
		report.IDs++
		have := g.have()
		required := layout.RequiredWith(have)
		if g.complete(required) != nil {
			return nil
		}
		report.Incomplete++
		lack := lacks(have, required)
		if lack == nil {
			lack = []string{} // all of them, in several folders
		}
		one := Cleaned{Key: g.id, Have: have, Lack: lack, Deleted: []string{}}
		for _, f := range g.files {
			one.Paths = append(one.Paths, f.path)
			if f.owned {
				one.Kept = keptOwned
				continue
			}
			one.free, one.Bytes = append(one.free, f.object), one.Bytes+f.bytes
		}
		switch {
		case len(lack) == 0:
			one.Kept, one.free, one.Bytes = keptSplit, nil, 0
		case g.youngest().After(c.before):
			one.Kept, one.free, one.Bytes = keptYoung, nil, 0
		}
		if c.pending = append(c.pending, one); len(c.pending) < cleanBatch {
			return nil
		}
		return c.flush(ctx)
	}); err != nil {
		return report, err
	}
	return report, errors.Join(c.flush(ctx), s.cleanSegments(ctx, opts, &report), s.cleanScreenshots(ctx, opts, &report))
}

// cleanBatch is how many incomplete ids are decided on at once.
const cleanBatch = 2000

// before is the time before which a file must have been written.
func before(now func() time.Time, grace time.Duration) time.Time {
	if now == nil {
		now = time.Now
	}
	return now().Add(-grace)
}

// cleaner takes incomplete ids in, and decides and deletes in batches.
type cleaner struct {
	set     *Set
	opts    CleanOptions
	report  *CleanReport
	each    func(Cleaned) error
	before  time.Time
	pending []Cleaned
}

func (c *cleaner) flush(ctx context.Context) error {
	if err := c.keepBusy(ctx); err != nil {
		return err
	}
	gone := map[string]bool{}
	if c.opts.Yes {
		var (
			files []object
			err   error
		)
		for _, one := range c.pending {
			files = append(files, one.free...)
		}
		if gone, err = c.set.remove(ctx, files, c.before); err != nil {
			return err
		}
	}
	for _, one := range c.pending {
		c.report.Deletable += int64(len(one.free))
		c.report.Bytes += one.Bytes
		for _, f := range one.free {
			if gone[f.path] {
				one.Deleted = append(one.Deleted, f.path)
			}
		}
		c.report.Deleted += int64(len(one.Deleted))
		if c.opts.Yes && one.Kept == "" && len(one.Deleted) < len(one.free) {
			one.Kept = keptOwned // since we looked
		}
		if one.Kept != "" {
			c.report.Kept[one.Kept]++
		}
		if err := c.each(one); err != nil {
			return err
		}
	}
	c.pending = c.pending[:0]
	return nil
}

// keepBusy keeps what belongs to tasks in progress. An id that can't be the key
// of a task as it is (its path has it changed) is left to grace and sweep.
func (c *cleaner) keepBusy(ctx context.Context) error {
	if c.set.Frontier == nil || len(c.pending) == 0 {
		return nil
	}
	keys := make([]string, len(c.pending))
	for i, one := range c.pending {
		keys[i] = one.Key
	}
	tasks, err := c.set.Frontier.Tasks(ctx, c.set.ID, frontier.Filter{Keys: keys, States: []seine.State{seine.InProgress}})
	if err != nil {
		return err
	}
	busy := map[string]bool{}
	for _, t := range tasks {
		busy[t.Key] = true
	}
	for i := range c.pending {
		if one := &c.pending[i]; busy[one.Key] {
			one.Kept, one.free, one.Bytes = keptBusy, nil, 0
		}
	}
	return nil
}
