package litefrontier

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// lastVisit returns the visit of a task whose rows a claim reads.
func lastVisit(ctx context.Context, t tx, seq int64) (*frontier.Visit, error) {
	var r visitRow
	err := t.scan(ctx, `select v.etag, v.last_modified, v.hash, v.every_s, v.visits, v.changes, v.checked_at, v.changed_at, v.gone_at
 from queue q join visit v using (job_id, key) where q.seq = ? and q.has_meta`, []any{seq}, &r.etag, &r.modified, &r.hash, &r.every, &r.visits, &r.changes, &r.checked, &r.changed, &r.gone)
	return r.visit(), ignoreNoRows(err)
}

// visitRow holds the columns of a visit, NULL if there is none.
type visitRow struct {
	etag, modified         sql.NullString
	hash                   []byte
	every, visits, changes sql.NullInt64
	checked, changed, gone sql.NullInt64
}

func (r visitRow) visit() *frontier.Visit {
	if !r.etag.Valid {
		return nil
	}
	return &frontier.Visit{
		ETag: r.etag.String, LastModified: r.modified.String, Hash: r.hash, Every: time.Duration(r.every.Int64) * time.Second,
		Visits: r.visits.Int64, Changes: r.changes.Int64,
		CheckedAt: orZero(r.checked.Int64), ChangedAt: orZero(r.changed.Int64), GoneAt: orZero(r.gone.Int64),
	}
}

// visit stores the visit of a page and the time of the next one.
func (k *keeper) visit(ctx context.Context, c frontier.Completion) error {
	now := k.f.now()
	if c.Returns() {
		for _, own := range owned {
			if _, err := k.t.exec(ctx, `update record set gone_at = null where `+own+` and not superseded and gone_at >= ?3`,
				k.job, c.Key, c.Claimed.Visit.GoneAt.UnixMicro()); err != nil {
				return err
			}
		}
	}
	v := c.Visit
	if v != nil {
		var changed, gone any
		if !c.Unchanged && !c.Gone {
			changed = now
		}
		if c.Gone {
			gone = now
		}
		if _, err := k.t.exec(ctx, `insert into visit as v (job_id, key, etag, last_modified, hash, every_s, checked_at, changed_at, gone_at, visits, changes) values (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0)
 on conflict (job_id, key) do update set etag = excluded.etag, last_modified = excluded.last_modified, hash = excluded.hash, every_s = excluded.every_s,
   checked_at = excluded.checked_at, changed_at = coalesce(excluded.changed_at, v.changed_at), gone_at = case when excluded.gone_at is not null then coalesce(v.gone_at, excluded.gone_at) end,
   visits = v.visits + 1, changes = v.changes + (excluded.changed_at is not null)`,
			k.job, c.Key, frontier.Clean(v.ETag), frontier.Clean(v.LastModified), append([]byte{}, v.Hash...), v.EverySeconds(), now, changed, gone); err != nil {
			return err
		}
		if v.Next > 0 {
			_, err := k.t.exec(ctx, `insert into recrawl(job_id, key, due_at, prio) values (?, ?, ?, ?)
 on conflict (job_id, key) do update set due_at = excluded.due_at, prio = excluded.prio`, k.job, c.Key, now+v.Next.Microseconds(), c.Priority)
			return err
		}
	}
	if v == nil && !c.Forgets() {
		return nil
	}
	_, err := k.t.exec(ctx, `delete from recrawl where job_id = ? and key = ?`, k.job, c.Key)
	return err
}

// NextRecrawl returns the time of the job's next visit.
func (f *Frontier) NextRecrawl(ctx context.Context, job frontier.JobID) (time.Time, bool, error) {
	var at int64
	err := f.one(ctx, `select due_at from recrawl where job_id = ? order by due_at limit 1`, []any{job}, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, false, nil
	}
	return orZero(at), err == nil, err
}

// recrawl requeues up to n finished tasks whose next visit is due.
func (f *Frontier) recrawl(ctx context.Context, t tx, n int) (requeued int, err error) {
	type due struct {
		job               frontier.JobID
		key, reason, page string
		prio, state       int
		lane, every       int64
	}
	var (
		all  []due
		jobs []frontier.JobID
	)
	if err := t.each(ctx, `select job_id from job`, nil, func(r *sql.Rows) error {
		var job frontier.JobID
		err := r.Scan(&job)
		jobs = append(jobs, job)
		return err
	}); err != nil {
		return 0, err
	}
	for _, job := range jobs {
		if err := t.each(ctx, `select r.key, r.prio, coalesce(v.every_s, 0), t.state, coalesce(t.reason, ''), t.page, t.lane_id from recrawl r
 join task t using (job_id, key) left join visit v using (job_id, key) where r.job_id = ? and r.due_at <= ? order by r.due_at limit ?`, []any{job, f.now(), n - len(all)}, func(r *sql.Rows) error {
			d := due{job: job}
			err := r.Scan(&d.key, &d.prio, &d.every, &d.state, &d.reason, &d.page, &d.lane)
			all = append(all, d)
			return err
		}); err != nil {
			return 0, err
		}
	}
	slices.SortFunc(all, func(a, b due) int { return cmp.Or(cmp.Compare(a.job, b.job), cmp.Compare(a.key, b.key)) })
	for _, d := range all {
		if d.every > 0 {
			_, err = t.exec(ctx, `update recrawl set due_at = ? where job_id = ? and key = ?`, f.now()+d.every*time.Second.Microseconds(), d.job, d.key)
		} else {
			_, err = t.exec(ctx, `delete from recrawl where job_id = ? and key = ?`, d.job, d.key)
		}
		if err == nil && d.state != 0 {
			requeued++
			err = f.reopen(ctx, t, d.job, d.lane, d.key, d.prio, stat{d.state, d.reason, d.page})
		}
		if err != nil {
			return requeued, err
		}
	}
	return requeued, nil
}
