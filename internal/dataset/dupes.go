package dataset

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
)

// DupesOptions control the search for near duplicates.
type DupesOptions struct {
	// Distance is the number of bits in which hashes of one group may differ, 0 to [MaxDistance].
	Distance int

	// Mark marks all images of a group but the first, and removes earlier marks of others.
	Mark bool
}

// DefaultDistance finds 99 % of resized, recompressed, brightened and slightly cropped images in a
// set of 1,500, and took no two different ones for equal, of 1.3 million pairs.
const DefaultDistance = 8

// DupesReport sums a search up.
type DupesReport struct {
	Images   int64 `json:"images"`
	Unhashed int64 `json:"unhashed"`

	// Exact counts the images whose bytes an earlier image has, and Near those that look like an
	// earlier one. Groups counts the groups of both.
	Exact  int64 `json:"exact"`
	Near   int64 `json:"near"`
	Groups int64 `json:"groups"`

	// Marked counts the changed marks.
	Marked int64 `json:"marks_changed"`
}

// DupeImage is an image of a group.
type DupeImage struct {
	Key    string `json:"key"`
	Asset  string `json:"asset"`
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

var dupesSchema = []string{
	`create table image (n integer primary key, key text, name text, path text, sha blob, mark text)`,
	`create table dupe (n integer primary key, first integer)`,
}

// Dupes finds the images of a job that equal or nearly equal others. It calls each for every group,
// in the order of their first keys. It reads rows, not files. Originals beside a rendition are left
// out. Memory is about 150 bytes per image.
func (s *Set) Dupes(ctx context.Context, opts DupesOptions, each func([]DupeImage) error) (report DupesReport, err error) {
	sp, err := newSpill(ctx, dupesSchema...)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, sp.close()) }()
	groups, n := newGroups(opts.Distance), uint32(0)
	if err := s.Frontier.Assets(ctx, s.ID, func(a frontier.Asset) error {
		if a.Width == 0 || strings.HasSuffix(a.Name, assetfile.OriginalSuffix) {
			return nil
		}
		n++
		report.Images++
		s.progress("images", report.Images)
		var (
			sum  [16]byte
			hash uint64
		)
		copy(sum[:], a.SHA256)
		hashed := len(a.PHash) == 8
		if hashed {
			hash = binary.BigEndian.Uint64(a.PHash)
		} else {
			report.Unhashed++
		}
		if err := sp.exec(ctx, `insert into image values (?, ?, ?, ?, ?, ?)`, n, a.Key, a.Name, a.Path, a.SHA256, a.DuplicateOf); err != nil {
			return err
		}
		first, exact := groups.add(n, sum, hash, hashed)
		switch {
		case exact:
			report.Exact++
		case first != n:
			report.Near++
		default:
			return nil
		}
		return sp.exec(ctx, `insert into dupe values (?, ?)`, n, first)
	}); err != nil {
		return report, err
	}
	if err := eachDupe(ctx, sp, func(group []DupeImage) error {
		report.Groups++
		return each(group)
	}); err != nil {
		return report, err
	}
	if opts.Mark {
		report.Marked, err = s.markDupes(ctx, sp)
	}
	return report, err
}

// eachDupe calls each for every group, ordered by its first image.
func eachDupe(ctx context.Context, sp *spill, each func([]DupeImage) error) error {
	var (
		group []DupeImage
		of    int64
	)
	flush := func() error {
		if len(group) == 0 {
			return nil
		}
		err := each(group)
		group = nil
		return err
	}
	err := sp.each(ctx, `select g.first, i.key, i.name, i.path, lower(hex(i.sha)) from (select first, n from dupe union select first, first from dupe) g
 join image i on i.n = g.n order by g.first, g.n`, nil, func(r *sql.Rows) error {
		var (
			first int64
			i     DupeImage
		)
		if err := r.Scan(&first, &i.Key, &i.Asset, &i.Path, &i.SHA256); err != nil {
			return err
		}
		if first != of {
			if err := flush(); err != nil {
				return err
			}
			of = first
		}
		group = append(group, i)
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// markDupes stores the marks that differ from the rows.
func (s *Set) markDupes(ctx context.Context, sp *spill) (changed int64, err error) {
	var marks []frontier.Duplicate
	flush := func() error {
		changed += int64(len(marks))
		err := s.Frontier.Mark(ctx, s.ID, marks)
		marks = marks[:0]
		return err
	}
	if err := sp.each(ctx, `select * from (select i.key, i.name, i.sha, i.mark, coalesce(f.key || '/' || f.name, '') as of from image i
 left join dupe d on d.n = i.n left join image f on f.n = d.first order by i.n) where mark <> of`, nil, func(r *sql.Rows) error {
		var (
			d   frontier.Duplicate
			was string
		)
		if err := r.Scan(&d.Key, &d.Name, &d.SHA256, &was, &d.Of); err != nil {
			return err
		}
		if marks = append(marks, d); len(marks) < batch {
			return nil
		}
		return flush()
	}); err != nil {
		return changed, err
	}
	return changed, flush()
}
