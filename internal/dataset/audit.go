package dataset

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// The kinds of paths.
const (
	ofTemplate = iota
	ofKilledWriter
	ofStranger
)

var auditSchema = []string{
	placedSchema, segmentSchema,
	// The facts of the store (src 0) and of the records (src 1) about a path.
	`create table fact (path text, src integer, bytes integer, written integer, key text, name text, sha text)`,
	// Rows that the store contradicts, and files without a row.
	`create table suspect (key text, name text, primary key (key, name)) without rowid`,
	`create table stray (path text primary key, kind integer, bytes integer, written integer) without rowid`,
	`create table gone (path text primary key) without rowid`,
	`create table told (id text primary key) without rowid`,
}

// Audit compares records and store, both ways, and calls each for every fault. It may run while
// workers do, because files of a task in progress are no fault.
//
// The store is listed before the records are read. A file that the list lacks is therefore checked
// again before it is reported, and a file newer than the list is unknown to it and no fault.
func (s *Set) Audit(ctx context.Context, opts AuditOptions, each func(Finding) error) (report AuditReport, err error) {
	report = AuditReport{Found: map[Kind]int64{}, Fixed: map[Kind]int64{}}
	for _, k := range Kinds {
		report.Found[k], report.Fixed[k] = 0, 0
	}
	sp, err := newSpill(ctx, auditSchema...)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, sp.close()) }()
	a := &auditor{
		Set: s, opts: opts, spill: sp, report: &report, tell: each, layout: s.Rules.Layout(),
		before: before(opts.Now, opts.Grace), bodies: semaphore.NewWeighted(bodyMemory), images: asset.New(nil, asset.Options{}),
	}
	if a.began, err = s.Frontier.Clock(ctx); err != nil {
		return report, err
	}
	for _, stage := range []func(context.Context) error{
		a.readStore, a.readAssets, a.merge, a.forgetOthers, a.verify, a.readRecords, a.strays, a.groups, a.recordings,
	} {
		if err := stage(ctx); err != nil {
			return report, err
		}
	}
	for kind, n := range report.Found {
		report.Wrong += n
		if kind == Orphaned || kind == Leftover {
			report.Wrong -= report.Fixed[kind]
		}
	}
	return report, nil
}

// auditor is one audit.
type auditor struct {
	*Set
	opts   AuditOptions
	spill  *spill
	report *AuditReport
	tell   func(Finding) error
	layout *extract.Layout

	// began is by the frontier's clock. A task that finished later is left to the next audit,
	// because only part of it may have been read.
	began time.Time

	// before is the latest write time of an ownerless file that counts as a fault.
	before time.Time
	bodies *semaphore.Weighted
	images *asset.Keeper
}

const insertFact = `insert into fact values (?, ?, ?, ?, ?, ?, ?)`

func (a *auditor) readStore(ctx context.Context) error {
	return a.Store.list(ctx, a.layout.Prefix(), func(o object) error {
		a.report.Files++
		a.report.Bytes += o.bytes
		a.progress("files", a.report.Files)
		return a.spill.exec(ctx, insertFact, o.path, 0, o.bytes, o.written.UnixMicro(), "", "", "")
	})
}

func (a *auditor) readAssets(ctx context.Context) error {
	return a.Frontier.Assets(ctx, a.ID, func(r frontier.Asset) error {
		a.report.Assets++
		a.progress("assets", a.report.Assets)
		return a.spill.exec(ctx, insertFact, r.Path, 1, r.Bytes, 0, r.Key, r.Name, hex.EncodeToString(r.SHA256))
	})
}

// fact is the known data about one path.
type fact struct {
	object
	there bool
	rows  []struct {
		bytes          int64
		key, name, sha string
	}
}

// merge goes through all paths, in order.
func (a *auditor) merge(ctx context.Context) error {
	var f fact
	err := a.spill.each(ctx, `select path, src, bytes, written, key, name, sha from fact order by path, src, key, name`, nil, func(r *sql.Rows) error {
		var (
			path, key, name, sha string
			src, bytes, written  int64
		)
		if err := r.Scan(&path, &src, &bytes, &written, &key, &name, &sha); err != nil {
			return err
		}
		if path != f.path {
			if err := a.judge(ctx, f); err != nil {
				return err
			}
			f = fact{object: object{path: path}, rows: f.rows[:0]}
		}
		if src == 0 {
			f.there, f.bytes, f.written = true, bytes, time.UnixMicro(written)
			return nil
		}
		f.rows = append(f.rows, struct {
			bytes          int64
			key, name, sha string
		}{bytes, key, name, sha})
		return nil
	})
	if err != nil {
		return err
	}
	if err := a.judge(ctx, f); err != nil {
		return err
	}
	return a.spill.exec(ctx, `delete from fact`)
}

// judge notes what one path is.
func (a *auditor) judge(ctx context.Context, f fact) error {
	for _, r := range f.rows {
		if !f.there || f.bytes != r.bytes {
			if err := a.spill.exec(ctx, `insert or ignore into suspect values (?, ?)`, r.key, r.name); err != nil {
				return err
			}
		}
	}
	for i, r := range f.rows {
		if i > 0 && r.sha != f.rows[0].sha && (r.key != f.rows[0].key || r.name != f.rows[0].name) {
			first := f.rows[0]
			if err := a.found(Finding{Kind: Shared, Key: r.key, Asset: r.name, Path: f.path, Detail: fmt.Sprintf("asset %s of task %s has the same path and other bytes", first.name, first.key)}); err != nil {
				return err
			}
		}
	}
	if !f.there {
		return nil
	}
	place, made := a.layout.Parse(f.path)
	if made {
		if err := a.spill.exec(ctx, insertPlaced, place.ID, folderOf(a.layout, place), place.Asset, f.path, f.bytes, f.written.UnixMicro(), len(f.rows) > 0, ""); err != nil {
			return err
		}
	}
	if len(f.rows) > 0 {
		return nil
	}
	kind := ofTemplate
	if !made {
		kind = ofStranger
		if of, ok := leftover(f.path); ok {
			if _, ours := a.layout.Parse(of); ours {
				kind = ofKilledWriter
			}
		}
	}
	return a.spill.exec(ctx, `insert into stray values (?, ?, ?, ?)`, f.path, kind, f.bytes, f.written.UnixMicro())
}

// forgetOthers leaves out the files of other jobs in the frontier, because jobs may share a store.
func (a *auditor) forgetOthers(ctx context.Context) error {
	if some, err := a.spill.has(ctx, `select 1 from stray limit 1`); err != nil || !some {
		return err
	}
	jobs, err := a.Frontier.Jobs(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.ID == a.ID {
			continue
		}
		if err := a.Frontier.Assets(ctx, j.ID, func(r frontier.Asset) error {
			known, err := a.spill.has(ctx, `select 1 from stray where path = ?`, r.Path)
			if err != nil || !known {
				return err
			}
			if err := a.spill.exec(ctx, `delete from stray where path = ?`, r.Path); err != nil {
				return err
			}
			return a.spill.exec(ctx, `insert or ignore into gone values (?)`, r.Path)
		}); err != nil {
			return fmt.Errorf("assets of job %s: %w", j.Name, err)
		}
	}
	return nil
}
