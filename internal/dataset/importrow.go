package dataset

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/columns"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
)

// importing is a row of the queue, or an ID in the store, on its way to a task. One goroutine
// writes it.
type importing struct {
	row    frontier.ForeignTask
	hasRow bool

	task  frontier.New
	files []placed // of the ID, in all folders

	// state and reason end the task. Pending means that the job fetches it. why is the mismatch,
	// empty for none, and became the outcome that differs from state.
	state       seine.State
	reason, why string
	became      string

	values map[string]string // of the folder that is taken over
	stored []assetfile.Stored
	copied int64 // files that are not in place
}

// The reasons of imported tasks.
const (
	whyImportedError   = "imported: error"
	whyImportedStale   = "imported: stale"
	whyImportedSkipped = "imported: skipped"
)

// flush imports the batch.
func (im *importer) flush(ctx context.Context) error {
	list := im.batch
	im.batch = nil
	var keys []string
	for _, t := range list {
		if err := im.admit(t); err != nil {
			return err
		}
		if t.became == "" {
			keys = append(keys, t.task.Key)
		}
	}
	if err := im.claim(ctx, list); err != nil {
		return err
	}
	known := map[string]seine.State{}
	if im.ID != 0 && len(keys) > 0 {
		var err error
		if known, err = im.to.Lookup(ctx, im.ID, keys); err != nil {
			return err
		}
	}
	g, reading := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0) * 2)
	for _, t := range list {
		state, is := known[t.task.Key]
		switch {
		case t.became != "":
		case is && state != seine.Pending:
			t.became = BecameKnown
		default:
			g.Go(func() error {
				err := im.decide(reading, t, is)
				if is && t.state == seine.Pending {
					t.became = BecameKnown
				}
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := im.store(ctx, list); err != nil {
		return err
	}
	return im.count(list)
}

// admit makes the task of a row.
func (im *importer) admit(t *importing) error {
	seed := frontier.Seed{Key: t.row.Key}
	switch urgent, last := 0, 3; {
	case t.row.Priority > 0:
		seed.Priority = &urgent
	case t.row.Priority < 0:
		seed.Priority = &last
	}
	if len(t.row.Meta) > 0 {
		dec := json.NewDecoder(bytes.NewReader(t.row.Meta))
		dec.UseNumber()
		if dec.Decode(&seed.Meta) != nil {
			t.why = "metadata is no object and is left out"
		}
	}
	task, err := frontier.Admit(im.Job, seed)
	switch {
	case errors.Is(err, frontier.ErrKey):
		t.became, t.why = BecameLeftOut, err.Error()
		return nil
	case err != nil:
		return err
	}
	t.task = task
	return nil
}

// claim reads the files of a batch and marks their IDs as claimed.
func (im *importer) claim(ctx context.Context, list []*importing) error {
	of := map[string][]*importing{}
	for _, t := range list {
		ids := []string{extract.Sanitize(t.row.Key)}
		if id := extract.Sanitize(t.task.Key); id != "" && id != ids[0] {
			ids = append(ids, id) // the space pads it
		}
		for _, id := range ids {
			of[id] = append(of[id], t)
		}
	}
	text, err := json.Marshal(slices.Collect(maps.Keys(of)))
	if err != nil {
		return err
	}
	if err := im.spill.exec(ctx, `insert or ignore into claimed select value from json_each(?)`, string(text)); err != nil {
		return err
	}
	const files = `select p.id, p.folder, p.asset, p.path, p.bytes, p.written from json_each(?) i cross join placed p indexed by placed_id on p.id = i.value order by p.folder, p.asset, p.path`
	return im.spill.each(ctx, files, []any{string(text)}, func(r *sql.Rows) error {
		var (
			id      string
			p       placed
			written int64
		)
		err := r.Scan(&id, &p.folder, &p.asset, &p.path, &p.bytes, &written)
		p.written = time.UnixMicro(written)
		for _, t := range of[id] {
			if len(t.files) < maxGroup {
				t.files = append(t.files, p)
			}
		}
		return err
	})
}

// store writes the tasks of a batch.
func (im *importer) store(ctx context.Context, list []*importing) error {
	var (
		ends []frontier.Adoption
		adds []frontier.New
		bySq = map[int64]*importing{}
		seen = map[string]bool{}
	)
	for i, t := range list {
		switch {
		case t.became != "":
			continue
		case seen[t.task.Key]:
			t.became = BecameKnown // a second row of one key
			continue
		case t.state == seine.Pending:
			adds = append(adds, t.task)
		default:
			end, err := im.ending(t, int64(i))
			if err != nil {
				return err
			}
			ends, bySq[int64(i)] = append(ends, end), t
		}
		seen[t.task.Key] = true
	}
	if im.opts.DryRun {
		return nil
	}
	if len(ends) > 0 {
		out, err := im.to.Adopt(ctx, im.ID, ends)
		if err != nil {
			return err
		}
		for _, seq := range out.Lost {
			bySq[seq].became = BecameKnown
		}
		for seq, taken := range out.Taken {
			bySq[seq].became = BecameLeftOut
			bySq[seq].mismatch("its record belongs to task " + taken.Owner)
		}
		for seq, bad := range out.Bad {
			bySq[seq].became = BecameLeftOut
			bySq[seq].mismatch(bad.Error())
		}
	}
	if len(adds) == 0 {
		return nil
	}
	_, err := im.to.Add(ctx, im.ID, adds)
	return err
}

// ending returns the task of a row that ends.
func (im *importer) ending(t *importing, seq int64) (frontier.Adoption, error) {
	a := frontier.Adoption{Task: t.task, End: frontier.Completion{State: t.state, Reason: t.reason}}
	a.End.Job, a.End.Seq = im.ID, seq
	if t.state != seine.Done {
		return a, nil
	}
	for _, one := range t.stored {
		a.End.Assets = append(a.End.Assets, frontier.Asset{Key: t.task.Key, Stored: one})
	}
	kind := im.rules.RecordKind(t.task.Page)
	if kind == "" {
		return a, nil
	}
	fields := map[string]any{}
	types := im.rules.Types()
	for _, name := range im.rules.Columns() {
		fields[name] = nil
		if v, known := t.values[name]; known {
			fields[name] = typedValue(types.Field(name), v)
		}
	}
	asset.Fill(fields, im.rules.FileFields(t.task.Page, kind), t.stored)
	text, err := number.Marshal(fields)
	if err != nil {
		return a, err
	}
	page, err := frontier.PageURL(im.Job, t.task.Key)
	if err != nil {
		return a, err
	}
	at := t.row.UpdatedAt
	if at.IsZero() {
		at = (group{files: t.files}).youngest()
	}
	a.End.Records = []frontier.Record{{Key: t.task.Key, Kind: kind, URL: page, Fields: text, Digest: []byte{}, FetchedAt: at}}
	return a, nil
}

// typedValue reads a value of a path as the type of its field.
func typedValue(t *columns.Type, text string) any {
	if t != nil && (t.Kind == columns.Int || t.Kind == columns.Float) {
		if n, ok := number.Parse(text); ok {
			return n
		}
	}
	return text
}

// count adds a batch to the report and reports its mismatches.
func (im *importer) count(list []*importing) error {
	for _, t := range list {
		became := t.became
		switch became {
		case "":
			became = t.state.String()
			im.report.States[became]++
			if t.state == seine.Done {
				im.report.Copied += t.copied
			}
			for _, one := range t.stored {
				im.report.Adopted++
				im.report.Bytes += one.Bytes
			}
		case BecameKnown:
			im.report.Known++
		case BecameLeftOut:
			im.report.LeftOut++
		}
		if t.why == "" {
			continue
		}
		im.report.Mismatches++
		paths := []string{}
		for _, p := range t.files {
			paths = append(paths, p.path)
		}
		if err := im.tell(Mismatch{Key: t.row.Key, Status: t.row.Status, Became: became, Reason: t.why, Paths: paths}); err != nil {
			return err
		}
	}
	return nil
}
