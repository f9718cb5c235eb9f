package dataset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// Of what a path is.
const (
	ofTemplate = iota
	ofKilledWriter
	ofStranger
)

var auditSchema = []string{
	placedSchema,
	// What the store (src 0) and the records (src 1) say of a path.
	`create table fact (path text, src integer, bytes integer, written integer, key text, name text)`,
	// Rows that the store does not bear out, and files that no row names.
	`create table suspect (key text, name text, primary key (key, name)) without rowid`,
	`create table stray (path text primary key, kind integer, bytes integer, written integer) without rowid`,
	`create table gone (path text primary key) without rowid`,
	`create table told (id text primary key) without rowid`,
}

// Audit compares records and store, both ways, and calls each for every fault.
// It may run beside workers: what belongs to a task in progress is no fault.
//
// The store is listed first, then the records are read, so a file that is
// missing by the list is looked at again before it is told; a file that came
// after the list is not known to it and no fault.
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
		before: before(opts.Now, opts.Grace), bodies: semaphore.NewWeighted(bodyMemory), pixels: semaphore.NewWeighted(pixelMemory),
	}
	for _, stage := range []func(context.Context) error{
		a.readStore, a.readAssets, a.merge, a.forgetOthers, a.verify, a.readRecords, a.strays, a.groups,
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

	// before is when a file that nobody owns must have been written.
	before         time.Time
	bodies, pixels *semaphore.Weighted
}

const insertFact = `insert into fact values (?, ?, ?, ?, ?, ?)`

func (a *auditor) readStore(ctx context.Context) error {
	return a.Store.list(ctx, a.layout.Prefix(), func(o object) error {
		a.report.Files++
		a.report.Bytes += o.bytes
		a.progress("files", a.report.Files)
		return a.spill.exec(ctx, insertFact, o.path, 0, o.bytes, o.written.UnixMicro(), "", "")
	})
}

func (a *auditor) readAssets(ctx context.Context) error {
	return a.Frontier.Assets(ctx, a.ID, func(r frontier.Asset) error {
		a.report.Assets++
		a.progress("assets", a.report.Assets)
		return a.spill.exec(ctx, insertFact, r.Path, 1, r.Bytes, 0, r.Key, r.Name)
	})
}

// fact is what is known of one path.
type fact struct {
	object
	there bool
	rows  []struct {
		bytes     int64
		key, name string
	}
}

// merge goes through all paths, in order.
func (a *auditor) merge(ctx context.Context) error {
	var f fact
	err := a.spill.each(ctx, `select path, src, bytes, written, key, name from fact order by path, src`, nil, func(r *sql.Rows) error {
		var (
			path, key, name     string
			src, bytes, written int64
		)
		if err := r.Scan(&path, &src, &bytes, &written, &key, &name); err != nil {
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
			bytes     int64
			key, name string
		}{bytes, key, name})
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

// forgetOthers leaves out what other jobs of the frontier own: jobs may share a
// store.
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

// readRecords looks at each record: does it own every asset that it owes, each
// under the path that its fields make?
func (a *auditor) readRecords(ctx context.Context) error {
	var found []Finding
	err := a.Frontier.Records(ctx, a.ID, func(r frontier.Stored) error {
		a.report.Records++
		a.progress("records", a.report.Records)
		faults, err := a.faultsOf(r)
		if err != nil {
			return err
		}
		found = append(found, faults...)
		if len(found) < batch {
			return nil
		}
		err = a.settle(ctx, found)
		found = found[:0]
		return err
	})
	if err != nil {
		return err
	}
	return a.settle(ctx, found)
}

func (a *auditor) faultsOf(r frontier.Stored) ([]Finding, error) {
	fields, err := decodeFields(r.Fields)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", r.Key, err)
	}
	value := func(name string) (string, bool) {
		v, known := fields[name]
		return extract.Printed(v), known && v != nil
	}
	var (
		found []Finding
		have  []string
	)
	for _, x := range r.Assets {
		have = append(have, x.Name)
		if !a.layout.Fits(x.Path, r.Key, x.Name, value) {
			found = append(found, Finding{Kind: Misnamed, Key: r.Key, Asset: x.Name, Path: x.Path, Detail: "not the path that the record's fields make"})
		}
	}
	if lack := lacks(have, a.layout.Required()); lack != nil {
		found = append(found, Finding{Kind: Incompleted, Key: r.Key, Detail: incomplete(have, lack)})
	}
	return found, nil
}

func incomplete(have, lack []string) string {
	if len(have) == 0 {
		return "lacks " + strings.Join(lack, ", ")
	}
	return "has " + strings.Join(have, ", ") + "; lacks " + strings.Join(lack, ", ")
}

// groups looks at each id of the store, at what is left of it.
func (a *auditor) groups(ctx context.Context) error {
	if err := a.spill.exec(ctx, `delete from placed where path in (select path from gone)`); err != nil {
		return err
	}
	var found []Finding
	err := a.spill.eachGroup(ctx, func(g group) error {
		if g.young(a.before) {
			return nil // its task may be in progress
		}
		if lack := lacks(g.have(), a.layout.Required()); lack != nil {
			if told, err := a.spill.has(ctx, `select 1 from told where id = ?`, g.id); err != nil {
				return err
			} else if !told {
				found = append(found, Finding{Kind: Incompleted, Key: g.id, Detail: incomplete(g.have(), lack)})
			}
		}
		if folders := g.folders(); len(folders) > 1 {
			found = append(found, Finding{Kind: Doubled, Key: g.id, Detail: "in " + strings.Join(folders, ", ")})
		}
		if len(found) < batch {
			return nil
		}
		err := a.settle(ctx, found)
		found = found[:0]
		return err
	})
	if err != nil {
		return err
	}
	return a.settle(ctx, found)
}

// young reports whether a file of the id that nobody owns is too young to be
// judged.
func (g group) young(before time.Time) bool {
	for _, f := range g.files {
		if !f.owned && f.written.After(before) {
			return true
		}
	}
	return false
}

// settle tells faults of tasks, at most a few hundred, after it has sent back
// what a run mends. Tasks in progress have no faults: they are being done.
func (a *auditor) settle(ctx context.Context, found []Finding) error {
	if len(found) == 0 {
		return nil
	}
	states, err := a.tasks(ctx, found)
	if err != nil {
		return err
	}
	sent := map[string]bool{}
	if a.opts.Fix {
		if sent, err = a.sendBack(ctx, found, states); err != nil {
			return err
		}
	}
	for _, f := range found {
		t, known := states[f.Key]
		switch {
		case t.State == seine.InProgress:
			continue
		case sent[f.Key] && mendable(f.Kind):
			f.Fixed = SentBack
		case known && !t.Final && mendable(f.Kind):
			f.Detail += "; its task is to be done again"
		}
		if f.Kind == Incompleted {
			if err := a.spill.exec(ctx, `insert or ignore into told values (?)`, extract.Sanitize(f.Key)); err != nil {
				return err
			}
		}
		if err := a.found(f); err != nil {
			return err
		}
	}
	return nil
}

// mendable reports whether doing a task again mends it.
func mendable(k Kind) bool { return k == Missing || k == Broken || k == Incompleted }

func (a *auditor) found(f Finding) error {
	a.report.Found[f.Kind]++
	if f.Fixed != "" {
		a.report.Fixed[f.Kind]++
	}
	return a.tell(f)
}

func (a *auditor) tasks(ctx context.Context, found []Finding) (map[string]frontier.TaskInfo, error) {
	var keys []string
	seen := map[string]bool{}
	for _, f := range found {
		if !seen[f.Key] {
			seen[f.Key], keys = true, append(keys, f.Key)
		}
	}
	list, err := a.Frontier.Tasks(ctx, a.ID, frontier.Filter{Keys: keys})
	states := map[string]frontier.TaskInfo{}
	for _, t := range list {
		states[t.Key] = t
	}
	return states, err
}

// sendBack sends the finished tasks of these faults back.
func (a *auditor) sendBack(ctx context.Context, found []Finding, states map[string]frontier.TaskInfo) (map[string]bool, error) {
	sent := map[string]bool{}
	var back []frontier.New
	for _, f := range found {
		t := states[f.Key]
		if !t.Final || sent[f.Key] || !mendable(f.Kind) {
			continue
		}
		// A key that is no task's of the job as it is now can't be asked for.
		if at, err := frontier.PageURL(a.Job, t.Key); err == nil {
			sent[f.Key] = true
			back = append(back, frontier.New{Key: t.Key, Lane: frontier.LaneKey(a.Job, t.Key, at), Priority: t.Priority})
		}
	}
	if len(back) == 0 {
		return sent, nil
	}
	n, err := a.Frontier.Retry(ctx, a.ID, back)
	a.report.Tasks += int64(n)
	return sent, err
}
