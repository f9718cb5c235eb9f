package dataset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/recording"
)

// segmentSchema holds the segments of a job's recordings: what the store says (there, bytes,
// written), and what the index rows say (the bytes that they use, one of their keys, their number).
const segmentSchema = `create table segment (path text primary key, there integer not null default 0, bytes integer not null default 0,
 written integer not null default 0, used integer not null default 0, key text not null default '', named integer not null default 0) without rowid`

// segments compares the segments of the job with the index rows, which are read after the store is
// listed. each is called for each segment that rows name and the store lacks or has cut, and spare
// for each that no row names.
func (s *Set) segments(ctx context.Context, sp *spill, each func(path, key string, there bool, bytes, used int64) error, spare func(object) error) error {
	if err := s.Store.segments(ctx, s.Job.Name, func(o object) error {
		return sp.exec(ctx, `insert into segment(path, there, bytes, written) values (?, 1, ?, ?)`, o.path, o.bytes, o.written.UnixMicro())
	}); err != nil {
		return err
	}
	n := int64(0)
	if err := s.Frontier.Recordings(ctx, s.ID, func(r frontier.Recording) error {
		n++
		s.progress("recordings", n)
		for _, f := range []frontier.Frame{r.Head, r.Body} {
			if err := sp.exec(ctx, `insert into segment(path, used, key, named) values (?1, ?2, ?3, 1)
 on conflict (path) do update set used = max(used, ?2), key = ?3, named = named + 1`, f.Segment, f.Pos+f.Bytes, r.Key); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return fmt.Errorf("recordings of job %s: %w", s.Job.Name, err)
	}
	return sp.each(ctx, `select path, there, bytes, written, used, key, named from segment order by path`, nil, func(r *sql.Rows) error {
		var (
			o                    object
			there                bool
			key                  string
			written, used, named int64
		)
		if err := r.Scan(&o.path, &there, &o.bytes, &written, &used, &key, &named); err != nil {
			return err
		}
		o.written = time.UnixMicro(written)
		switch {
		case named == 0:
			return spare(o)
		case !there || o.bytes < used:
			return each(o.path, key, there, o.bytes, used)
		}
		return nil
	})
}

// recordings audits the recordings of the job.
func (a *auditor) recordings(ctx context.Context) error {
	var spare []object
	if err := a.segments(ctx, a.spill, func(path, key string, there bool, bytes, used int64) error {
		f := Finding{Kind: Missing, Key: key, Path: path, Detail: "the store lacks the file of its recording"}
		if there {
			f.Kind, f.Detail = Broken, fmt.Sprintf("the recording needs %d bytes of it and it has %d", used, bytes)
		}
		f.Detail += recordAgain(a.Job.Name, key)
		return a.found(f)
	}, func(o object) error {
		if o.written.After(a.before) {
			a.report.Young++
			return nil
		}
		spare = append(spare, o)
		return nil
	}); err != nil {
		return err
	}
	gone := map[string]bool{}
	if a.opts.Fix {
		var err error
		if gone, err = a.remove(ctx, spare, a.before); err != nil {
			return err
		}
	}
	for _, o := range spare {
		f := Finding{Kind: Orphaned, Path: o.path, Detail: "no recording is in it"}
		if gone[o.path] {
			f.Fixed = Removed
		} else if a.opts.Fix {
			continue // a row names it by now
		}
		if err := a.found(f); err != nil {
			return err
		}
	}
	if !a.opts.Deep {
		return nil
	}
	return a.readRecordings(ctx)
}

// readRecordings reads every recording back.
func (a *auditor) readRecordings(ctx context.Context) error {
	pages, n := recording.NewStore(a.Store.Bucket, "", a.Job.Name), int64(0)
	return a.Frontier.Recordings(ctx, a.ID, func(r frontier.Recording) error {
		n++
		a.progress("recordings read", n)
		_, err := pages.Page(ctx, r)
		if !errors.Is(err, recording.ErrDamaged) {
			return err
		}
		return a.found(Finding{Kind: Broken, Key: r.Key, Path: r.Body.Segment, Detail: err.Error() + recordAgain(a.Job.Name, r.Key)})
	})
}

// recordAgain is the remedy for a damaged recording.
func recordAgain(job, key string) string {
	return fmt.Sprintf("; `seine retry %s %s` fetches the page again", job, key)
}

// cleanSegments deletes the segments that no recording is in.
func (s *Set) cleanSegments(ctx context.Context, opts CleanOptions, report *CleanReport) (err error) {
	if s.Frontier == nil {
		return nil
	}
	sp, err := newSpill(ctx, segmentSchema)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sp.close()) }()
	limit := before(opts.Now, opts.Grace)
	var spare []object
	if err := s.segments(ctx, sp, func(string, string, bool, int64, int64) error { return nil }, func(o object) error {
		if o.written.After(limit) {
			return nil
		}
		report.Segments++
		report.SegmentBytes += o.bytes
		spare = append(spare, o)
		return nil
	}); err != nil || !opts.Yes {
		return err
	}
	gone, err := s.remove(ctx, spare, limit)
	report.SegmentsDeleted = int64(len(gone))
	return err
}
