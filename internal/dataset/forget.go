package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"gocloud.dev/gcerrors"

	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/weburl"
)

// Selector selects the tasks that are forgotten. A task is selected if one of its texts matches.
type Selector struct {
	// Keys of tasks or records.
	Keys []string

	// URLs of pages, records or assets.
	URLs []string

	// Hosts of pages, records or assets, as in example.org or example.org:8080.
	Hosts []string

	// SHA256 are digests of assets, their originals or the contents of recordings.
	SHA256 [][sha256.Size]byte
}

// ForgetOptions configure [Set.Forget].
type ForgetOptions struct {
	Selector

	// Yes deletes. Otherwise the tasks are only listed.
	Yes bool
}

// ForgetReport counts the deleted rows and files. Without Yes it counts the selected ones, and of
// recordings only the latest of each task.
type ForgetReport struct {
	Tasks       int64 `json:"tasks"`
	Records     int64 `json:"records"`
	Versions    int64 `json:"earlier_versions"`
	Assets      int64 `json:"assets"`
	Quarantined int64 `json:"quarantined"`
	Recordings  int64 `json:"recordings"`

	// Files and Bytes are the deleted files, Frames the erased parts of segments. Shared counts the
	// files and contents that stay because other records or recordings have them too.
	Files  int64 `json:"files"`
	Bytes  int64 `json:"bytes"`
	Frames int64 `json:"frames"`
	Shared int64 `json:"shared"`

	// Busy lists the tasks in progress, which stay.
	Busy []string `json:"busy"`
}

func (r *ForgetReport) add(f frontier.Forgotten) {
	r.Tasks += f.Tasks
	r.Records += f.Records
	r.Versions += f.Versions
	r.Assets += f.Assets
	r.Quarantined += f.Quarantined
	r.Recordings += f.Recordings
	r.Busy = append(r.Busy, f.Busy...)
}

// Forget deletes all that the data set holds of tasks: records with versions, files, recordings,
// screenshots and metadata. The tasks stay as skipped, so that they are not fetched again. each is
// called for each forgotten key. Files that an earlier call left behind are erased too.
//
// The rows go first, in transactions that list the files. So a file is never missing from a record,
// and a call that was interrupted goes on.
func (s *Set) Forget(ctx context.Context, opts ForgetOptions, each func(key string) error) (report ForgetReport, err error) {
	report.Busy = []string{}
	sp, err := newSpill(ctx, `create table chosen (key text primary key) without rowid; create table named (id text primary key) without rowid`)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, sp.close()) }()
	if err := s.choose(ctx, sp, opts.Selector); err != nil {
		return report, err
	}
	if opts.Yes {
		if err := s.nameFiles(ctx, sp, opts.Keys); err != nil {
			return report, err
		}
	}
	for after := ""; ; {
		var keys []string
		if err := sp.each(ctx, `select key from chosen where key > ? order by key limit ?`, []any{after, batch}, func(r *sql.Rows) error {
			keys = append(keys, "")
			return r.Scan(&keys[len(keys)-1])
		}); err != nil {
			return report, err
		}
		if len(keys) == 0 {
			break
		}
		after = keys[len(keys)-1]
		if opts.Yes {
			if err := s.nameFiles(ctx, sp, keys); err != nil {
				return report, err
			}
		}
		if err := s.forget(ctx, keys, opts.Yes, &report); err != nil {
			return report, err
		}
		for _, key := range keys {
			if slices.Contains(report.Busy, key) {
				continue
			}
			if err := each(key); err != nil {
				return report, err
			}
		}
		s.progress("tasks", report.Tasks)
	}
	if !opts.Yes {
		return report, nil
	}
	if err := s.erase(ctx, &report); err != nil {
		return report, err
	}
	return report, s.eraseStrays(ctx, sp, &report)
}

// nameFiles notes how the paths of files name tasks and their records.
func (s *Set) nameFiles(ctx context.Context, sp *spill, keys []string) error {
	note := func(key string) error {
		return sp.exec(ctx, `insert or ignore into named values (?)`, extract.Sanitize(key))
	}
	records, err := s.Frontier.RecordsOf(ctx, s.ID, keys)
	if err != nil {
		return err
	}
	keys = slices.Clone(keys)
	for _, r := range records {
		keys = append(keys, r.Key)
	}
	for _, key := range keys {
		if err := note(key); err != nil {
			return err
		}
	}
	return nil
}

// eraseStrays deletes the files of forgotten tasks that no record owns: files of records that the
// rules dropped, or that a later visit replaced. Their rows are gone, and their paths tell.
func (s *Set) eraseStrays(ctx context.Context, sp *spill, report *ForgetReport) error {
	layout := s.Rules.Layout()
	if any, err := sp.has(ctx, `select 1 from named`); err != nil || !any || !layout.NamesIDs() {
		return err
	}
	busy := map[string]bool{}
	for _, key := range report.Busy {
		busy[extract.Sanitize(key)] = true
	}
	var files []object
	flush := func() error {
		gone, err := s.remove(ctx, files, time.Now().Add(time.Hour))
		for _, f := range files {
			if gone[f.path] {
				report.Files++
				report.Bytes += f.bytes
			}
		}
		files = files[:0]
		return err
	}
	if err := s.Store.list(ctx, layout.Prefix(), func(o object) error {
		place, ok := layout.Parse(o.path)
		if !ok || busy[place.ID] {
			return nil
		}
		if named, err := sp.has(ctx, `select 1 from named where id = ?`, place.ID); err != nil || !named {
			return err
		}
		if files = append(files, o); len(files) < sweepBatch {
			return nil
		}
		return flush()
	}); err != nil {
		return err
	}
	return flush()
}

// forget deletes the rows of tasks, or counts them.
func (s *Set) forget(ctx context.Context, keys []string, yes bool, report *ForgetReport) error {
	if yes {
		for _, key := range keys { // a screenshot has no row
			if err := s.Store.remove(ctx, asset.ScreenshotPath(s.Job.Name, key)); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
				return storeError("delete the screenshot of "+key, err)
			}
		}
		out, err := s.Frontier.Forget(ctx, s.ID, keys)
		report.add(out)
		return err
	}
	records, err := s.Frontier.RecordsOf(ctx, s.ID, keys)
	if err != nil {
		return err
	}
	recorded, err := s.Frontier.Recorded(ctx, s.ID, keys)
	if err != nil {
		return err
	}
	out := frontier.Forgotten{Tasks: int64(len(keys)), Records: int64(len(records)), Recordings: int64(len(recorded))}
	for _, r := range records {
		out.Assets += int64(len(r.Assets))
	}
	report.add(out)
	return nil
}

// erase deletes the files and overwrites the frames of forgotten tasks.
func (s *Set) erase(ctx context.Context, report *ForgetReport) error {
	for {
		list, err := s.Frontier.Erasures(ctx, s.ID, sweepBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		var files []object
		for _, e := range list {
			if e.Bytes > 0 {
				continue
			}
			at, err := s.Store.attributes(ctx, e.Path)
			switch {
			case err == nil:
				files = append(files, object{path: e.Path, bytes: at.Size, written: at.ModTime})
			case gcerrors.Code(err) != gcerrors.NotFound:
				return storeError("look at "+e.Path, err)
			}
		}
		gone, err := s.remove(ctx, files, time.Now().Add(time.Hour))
		if err != nil {
			return err
		}
		for _, f := range files {
			if gone[f.path] {
				report.Files++
				report.Bytes += f.bytes
			} else {
				report.Shared++ // a record owns it
			}
		}
		if err := s.eraseFrames(ctx, list, report); err != nil {
			return err
		}
		if err := s.Frontier.Erased(ctx, s.ID, list); err != nil {
			return err
		}
	}
}

// eraseFrames overwrites frames. A content that another recording has stays.
func (s *Set) eraseFrames(ctx context.Context, list []frontier.Erasure, report *ForgetReport) error {
	frames := map[string][]frontier.Frame{}
	for _, e := range list {
		at := frontier.Frame{Segment: e.Path, Pos: e.Pos, Bytes: e.Bytes}
		switch {
		case e.Bytes == 0:
		case e.Shared:
			report.Shared++
		default:
			frames[e.Path] = append(frames[e.Path], at)
			report.Frames++
		}
	}
	pages := recording.NewStore(s.Store.Bucket, s.Store.Folder, s.Job.Name)
	for segment, all := range frames {
		if err := pages.Erase(ctx, segment, all); err != nil {
			return fmt.Errorf("%w: %w", ErrStore, err)
		}
	}
	return nil
}

// chooser matches what the data set holds with a selector.
type chooser struct {
	Selector
	sp   *spill
	urls map[string]bool // canonical
}

func (c *chooser) take(ctx context.Context, task string) error {
	return c.sp.exec(ctx, `insert or ignore into chosen values (?)`, task)
}

// url reports whether a URL is selected, by itself or by its host.
func (c *chooser) url(raw string) bool {
	if raw == "" || len(c.urls)+len(c.Hosts) == 0 {
		return false
	}
	if at, err := weburl.Canonical(raw); err == nil {
		raw = at
	}
	if c.urls[raw] {
		return true
	}
	u, err := url.Parse(raw)
	return err == nil && slices.ContainsFunc(c.Hosts, func(h string) bool {
		return strings.EqualFold(h, u.Hostname()) || strings.EqualFold(h, u.Host)
	})
}

func (c *chooser) sum(digest []byte) bool {
	return slices.ContainsFunc(c.SHA256, func(s [sha256.Size]byte) bool { return bytes.Equal(s[:], digest) })
}

func (c *chooser) record(r frontier.Stored) bool {
	return slices.Contains(c.Keys, r.Key) || c.url(r.URL) || slices.ContainsFunc(r.Assets, func(a frontier.Asset) bool {
		return c.url(a.URL) || c.sum(a.SHA256) || c.sum(a.OriginalSHA256)
	})
}

// choose stores the keys of the selected tasks.
func (s *Set) choose(ctx context.Context, sp *spill, by Selector) error {
	c := &chooser{Selector: by, sp: sp, urls: map[string]bool{}}
	for _, raw := range by.URLs {
		if at, err := weburl.Canonical(raw); err == nil {
			raw = at
		}
		c.urls[raw] = true
	}
	if err := s.chooseTasks(ctx, c); err != nil {
		return err
	}
	if err := s.Frontier.Versions(ctx, s.ID, func(r frontier.Stored) error {
		if !c.record(r) {
			return nil
		}
		return c.take(ctx, r.Owner())
	}); err != nil {
		return err
	}
	if err := s.Frontier.Quarantined(ctx, s.ID, func(q frontier.Quarantined) error {
		if !slices.Contains(c.Keys, q.Key) && !c.url(q.URL) {
			return nil
		}
		return c.take(ctx, q.Task)
	}); err != nil || len(c.SHA256) == 0 {
		return err
	}
	return s.Frontier.Recordings(ctx, s.ID, func(r frontier.Recording) error {
		if !c.sum(r.SHA256) {
			return nil
		}
		return c.take(ctx, r.Key)
	})
}

// chooseTasks stores the tasks whose key or page is selected.
func (s *Set) chooseTasks(ctx context.Context, c *chooser) error {
	filter := frontier.Filter{Limit: batch}
	if len(c.urls)+len(c.Hosts) == 0 {
		if filter.Keys = c.Keys; len(c.Keys) == 0 {
			return nil
		}
	}
	for {
		tasks, err := s.Frontier.Tasks(ctx, s.ID, filter)
		if err != nil {
			return err
		}
		for _, t := range tasks {
			page, _ := frontier.PageURL(s.Job, t.Key)
			if slices.Contains(c.Keys, t.Key) || c.url(page) {
				if err := c.take(ctx, t.Key); err != nil {
					return err
				}
			}
		}
		if len(tasks) < batch {
			return nil
		}
		filter.After = tasks[len(tasks)-1].Key
	}
}
