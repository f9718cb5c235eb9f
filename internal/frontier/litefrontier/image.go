package litefrontier

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/seinehq/seine/internal/frontier"
)

// Intend notes the paths that a render is about to change.
func (f *Frontier) Intend(ctx context.Context, job frontier.JobID, intents []frontier.Intent) error {
	return f.eachOf(ctx, "intend", len(intents), func(t tx, i int) error {
		_, err := t.exec(ctx, `insert into rendering(job_id, path, task) values (?, ?, ?) on conflict (job_id, path) do update set task = excluded.task`,
			job, frontier.Clean(intents[i].Path), frontier.Clean(intents[i].Task))
		return err
	})
}

// eachOf calls one for n things in one transaction.
func (f *Frontier) eachOf(ctx context.Context, what string, n int, one func(t tx, i int) error) error {
	if n == 0 {
		return nil
	}
	err := f.tx(ctx, func(t tx) error {
		for i := range n {
			if err := one(t, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Intents calls each for every noted path.
func (f *Frontier) Intents(ctx context.Context, job frontier.JobID, each func(frontier.Intent) error) error {
	return frontier.EachIntent(each, func(path string, n int) (page []frontier.Intent, err error) {
		err = f.each(ctx, `select path, task from rendering where job_id = ? and path > ? order by path limit ?`, []any{job, path, n}, func(r *sql.Rows) error {
			var i frontier.Intent
			err := r.Scan(&i.Path, &i.Task)
			page = append(page, i)
			return err
		})
		return page, err
	})
}

// Settled deletes notes.
func (f *Frontier) Settled(ctx context.Context, job frontier.JobID, paths []string) error {
	return f.eachOf(ctx, "settled", len(paths), func(t tx, i int) error {
		_, err := t.exec(ctx, `delete from rendering where job_id = ? and path = ?`, job, paths[i])
		return err
	})
}

// Render replaces the rows of files of finished tasks.
func (f *Frontier) Render(ctx context.Context, job frontier.JobID, batch []frontier.Rendered) (lost []string, err error) {
	err = f.tx(ctx, func(t tx) error {
		lost = nil
		for _, r := range batch {
			ok, err := f.renders(ctx, t, job, r)
			if err != nil {
				return err
			}
			if !ok {
				lost = append(lost, r.Task)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	return lost, nil
}

func (f *Frontier) renders(ctx context.Context, t tx, job frontier.JobID, r frontier.Rendered) (ok bool, err error) {
	for _, path := range r.Paths() {
		if swept, err := exists(ctx, t, `select exists (select 1 from condemned where path = ?)`, path); err != nil || swept {
			return false, err
		}
	}
	n, err := t.exec(ctx, `update task set finished_at = ?3 where job_id = ?1 and key = ?2 and state <> 0 and finished_at = ?4`, job, r.Task, f.now(), r.At.UnixMicro())
	if err != nil || n == 0 {
		return false, err
	}
	for _, a := range r.Assets {
		if _, err := t.exec(ctx, sqlAssetUpdate, append(assetValues(job, a), r.Task)...); err != nil {
			return false, err
		}
	}
	for _, x := range r.Fields {
		if _, err := t.exec(ctx, `update record set revision = revision + (fields <> ?4), fields = ?4 where job_id = ?1 and key = ?2 and kind = ?3 and not superseded`,
			job, x.Key, x.Kind, string(frontier.CleanJSON(x.Fields))); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Mark states which assets nearly equal others.
func (f *Frontier) Mark(ctx context.Context, job frontier.JobID, marks []frontier.Duplicate) error {
	return f.eachOf(ctx, "mark", len(marks), func(t tx, i int) error {
		m := marks[i]
		_, err := t.exec(ctx, `update asset set duplicate_of = ?5 where job_id = ?1 and key = ?2 and name = ?3 and version = 1 and sha256 = ?4`,
			job, m.Key, m.Name, m.SHA256, orNull(frontier.Clean(m.Of)))
		return err
	})
}
