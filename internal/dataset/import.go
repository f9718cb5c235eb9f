package dataset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// ImportOptions name what an import takes over.
type ImportOptions struct {
	// Queue is the Python scraper's queue, and Table its table.
	Queue frontier.ForeignQueue
	Table string

	// From holds the files, below the key template Key. The zero value means the job's store, and
	// an empty Key the job's template.
	From Store
	Key  string

	// DryRun stores nothing.
	DryRun bool

	// Now returns the time. nil means time.Now.
	Now func() time.Time
}

// Importer is the part of a frontier that an import writes to.
type Importer interface {
	Lookup(ctx context.Context, job frontier.JobID, keys []string) (map[string]seine.State, error)
	Add(ctx context.Context, job frontier.JobID, tasks []frontier.New) (int, error)
	Adopt(ctx context.Context, job frontier.JobID, batch []frontier.Adoption) (frontier.Outcome, error)
}

// Mismatch is a row of the queue, or an ID in the store, whose state and files do not agree.
type Mismatch struct {
	Key string `json:"key"`

	// Status is the state in the table. It is empty for files without a row.
	Status string `json:"status"`

	// Became is the state of the task in the job, "known" for a task that the job had, and "left
	// out" if there is no task.
	Became string   `json:"became"`
	Reason string   `json:"reason"`
	Paths  []string `json:"paths"`
}

// The other values of [Mismatch.Became].
const (
	BecameKnown   = "known"
	BecameLeftOut = "left out"
)

// ImportReport sums an import up.
type ImportReport struct {
	// Rows counts the rows of the table, and Files the files that fit the key template.
	Rows  int64 `json:"rows"`
	Files int64 `json:"files"`

	// States counts the new tasks by state.
	States map[string]int64 `json:"states"`

	// Known counts the rows and IDs that the job had finished or queued before.
	Known int64 `json:"known"`

	// Adopted counts the files that tasks took over, Copied the ones of them that were copied, and
	// Bytes their size.
	Adopted int64 `json:"adopted"`
	Copied  int64 `json:"copied"`
	Bytes   int64 `json:"bytes"`

	// Mismatches counts the mismatches, and LeftOut the ones of them without a task.
	Mismatches int64 `json:"mismatches"`
	LeftOut    int64 `json:"left_out"`

	// Strangers are files below the template's folder that it cannot have made.
	Strangers Strangers `json:"-"`
}

// Import takes over the queue of the Python scraper and its files, without a request. A row that is
// done becomes a done task with a record and assets if its files are complete. Otherwise it becomes
// a pending task. It calls each for every row and every ID in the store whose state and files do
// not agree.
//
// Tasks that the job finished or queued before stay as they are. So the same import changes nothing
// the second time, and continues if it was interrupted. No file is deleted or replaced.
func (s *Set) Import(ctx context.Context, to Importer, opts ImportOptions, each func(Mismatch) error) (report ImportReport, err error) {
	report.States = map[string]int64{}
	rules, ok := s.Rules.(*extract.Scraper)
	if !ok {
		return report, fmt.Errorf("job %s has no job file: the layout of its files is code of its program", s.Job.Name)
	}
	im := &importer{
		Set: s, to: to, opts: opts, rules: rules, layout: rules.Layout(), report: &report, tell: each,
		keeper: asset.New(s.Store.Bucket, asset.Options{}), bodies: semaphore.NewWeighted(bodyMemory),
	}
	if im.opts.Now == nil {
		im.opts.Now = time.Now
	}
	if im.opts.From.Bucket == nil {
		im.opts.From = s.Store
	}
	im.from = im.layout.Foreign()
	if opts.Key != "" {
		if im.from, err = im.layout.With(opts.Key); err != nil {
			return report, fmt.Errorf("%w: %w", ErrLayout, err)
		}
	}
	if im.spill, err = newSpill(ctx, placedSchema, `create table claimed (id text primary key) without rowid`); err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, im.spill.close()) }()
	for _, stage := range []func(context.Context) error{im.files, im.rows, im.unclaimed} {
		if err := stage(ctx); err != nil {
			return report, err
		}
	}
	return report, nil
}

// importer is one import.
type importer struct {
	*Set
	to     Importer
	opts   ImportOptions
	rules  *extract.Scraper
	layout *extract.Layout // of the job
	from   *extract.Layout // of the files
	report *ImportReport
	tell   func(Mismatch) error
	keeper *asset.Keeper
	bodies *semaphore.Weighted
	spill  *spill

	batch []*importing
}

// files lists the store.
func (im *importer) files(ctx context.Context) (err error) {
	im.report.Files, im.report.Strangers, err = im.placeFrom(ctx, im.spill, im.opts.From, im.from, func(extract.Place) string { return "" })
	if err != nil {
		return err
	}
	if im.Frontier != nil && im.opts.From == im.Store {
		// The files of records are taken over already.
		if err := im.markOwned(ctx, im.spill); err != nil {
			return err
		}
		if err := im.spill.exec(ctx, `delete from placed where owned`); err != nil {
			return err
		}
	}
	return im.spill.exec(ctx, `create index placed_id on placed (id)`)
}

// rows imports the rows of the table.
func (im *importer) rows(ctx context.Context) error {
	nulls, err := im.opts.Queue.ForeignRows(ctx, im.opts.Table, func(r frontier.ForeignTask) error {
		im.report.Rows++
		im.progress("rows", im.report.Rows)
		return im.add(ctx, &importing{row: r, hasRow: true})
	})
	if err == nil {
		err = im.flush(ctx)
	}
	if err != nil || nulls == 0 {
		return err
	}
	im.report.Rows += nulls
	im.report.LeftOut += nulls
	im.report.Mismatches += nulls
	return im.tell(Mismatch{Became: BecameLeftOut, Reason: fmt.Sprintf("%d rows have no key", nulls), Paths: []string{}})
}

// unclaimed imports the IDs in the store that no row names.
func (im *importer) unclaimed(ctx context.Context) error {
	var ids []string
	after := ""
	for {
		ids = ids[:0]
		err := im.spill.each(ctx, `select distinct id from placed where id > ? and id not in (select id from claimed) order by id limit ?`, []any{after, batch}, func(r *sql.Rows) error {
			var id string
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := im.add(ctx, &importing{row: frontier.ForeignTask{Key: id}}); err != nil {
				return err
			}
		}
		if err := im.flush(ctx); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}

func (im *importer) add(ctx context.Context, t *importing) error {
	if im.batch = append(im.batch, t); len(im.batch) < batch {
		return nil
	}
	return im.flush(ctx)
}
