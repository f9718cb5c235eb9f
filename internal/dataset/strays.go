package dataset

import (
	"context"
	"database/sql"
	"time"

	"gocloud.dev/gcerrors"
)

// strays reports the files that no record owns, and removes Seine's own.
func (a *auditor) strays(ctx context.Context) error {
	var (
		files []object
		kinds = map[string]int{}
	)
	flush := func() error {
		err := a.settleStrays(ctx, files, kinds)
		files = files[:0]
		clear(kinds)
		return err
	}
	err := a.spill.each(ctx, `select path, kind, bytes, written from stray order by path`, nil, func(r *sql.Rows) error {
		var (
			o       object
			kind    int
			written int64
		)
		if err := r.Scan(&o.path, &kind, &o.bytes, &written); err != nil {
			return err
		}
		if o.written = time.UnixMicro(written); o.written.After(a.before) && kind != ofStranger {
			a.report.Young++
			return nil
		}
		files, kinds[o.path] = append(files, o), kind
		if len(files) < sweepBatch {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

func (a *auditor) settleStrays(ctx context.Context, files []object, kinds map[string]int) error {
	files, err := a.withoutRendered(ctx, files)
	if err != nil {
		return err
	}
	var ours []object
	for _, f := range files {
		// Files that do not fit the template are not Seine's to delete.
		if kinds[f.path] != ofStranger {
			ours = append(ours, f)
		}
	}
	gone := map[string]bool{}
	if a.opts.Fix {
		if gone, err = a.remove(ctx, ours, a.before); err != nil {
			return err
		}
	}
	for _, f := range files {
		finding := Finding{Path: f.path}
		if place, ok := a.layout.Parse(f.path); ok {
			finding.Key, finding.Asset = place.ID, place.Asset
		}
		switch kinds[f.path] {
		case ofTemplate:
			finding.Kind, finding.Detail = Orphaned, "no record owns it"
		case ofKilledWriter:
			finding.Kind, finding.Detail = Leftover, "a killed writer's"
		default:
			finding.Kind, finding.Detail = Misnamed, "not a path that store.key makes"
		}
		if gone[f.path] {
			finding.Fixed = Removed
			if err := a.spill.exec(ctx, `insert or ignore into gone values (?)`, f.path); err != nil {
				return err
			}
		} else if a.opts.Fix && kinds[f.path] != ofStranger {
			// A record owns it by now, or it was rewritten, so there is no fault.
			continue
		}
		if err := a.found(finding); err != nil {
			return err
		}
	}
	return nil
}

// withoutRendered leaves out the files that a render is writing or deleting, and those that it
// deleted since the store was listed.
func (a *auditor) withoutRendered(ctx context.Context, files []object) (rest []object, err error) {
	if len(files) == 0 {
		return nil, nil
	}
	noted, err := a.noted(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if noted[f.path] {
			continue
		}
		switch _, err := a.Store.attributes(ctx, f.path); {
		case gcerrors.Code(err) == gcerrors.NotFound:
			continue
		case err != nil:
			return nil, storeError("look at "+f.path, err)
		}
		rest = append(rest, f)
	}
	return rest, nil
}
