package litefrontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Forget deletes all that a job knows of tasks.
func (f *Frontier) Forget(ctx context.Context, job frontier.JobID, keys []string) (out frontier.Forgotten, err error) {
	list, err := json.Marshal(keys)
	if err != nil {
		return out, err
	}
	err = f.tx(ctx, func(t tx) error {
		out = frontier.Forgotten{}
		k := &forgetter{f: f, t: t, job: job, moved: counts{}, out: &out}
		tasks, err := k.tasks(ctx, string(list))
		if err != nil {
			return err
		}
		for _, x := range tasks {
			if err := k.forget(ctx, x); err != nil {
				return err
			}
		}
		return k.moved.write(ctx, t, job)
	})
	if err != nil {
		return frontier.Forgotten{}, fmt.Errorf("forget: %w", err)
	}
	return out, nil
}

// forgetter is a transaction of Forget.
type forgetter struct {
	f     *Frontier
	t     tx
	job   frontier.JobID
	moved counts
	out   *frontier.Forgotten
}

// remembered is a task that is to be forgotten. Only an open one has a lane.
type remembered struct {
	key        string
	was        stat
	open, busy bool
	lane       int64
}

// tasks reads tasks with the places of open ones. The queue has no index by key: it is read once.
func (k *forgetter) tasks(ctx context.Context, keys string) (out []remembered, err error) {
	err = k.t.each(ctx, `with q as materialized (select key, lane_id, lease_id from queue where job_id = ?1 and key in (select value from json_each(?2)))
 select t.key, t.state, coalesce(t.reason, ''), t.page, q.key is not null, q.lease_id is not null, coalesce(q.lane_id, 0)
 from json_each(?2) i cross join task t on t.job_id = ?1 and t.key = i.value left join q on q.key = t.key`, []any{k.job, keys}, func(r *sql.Rows) error {
		var x remembered
		err := r.Scan(&x.key, &x.was.state, &x.was.reason, &x.was.page, &x.open, &x.busy, &x.lane)
		out = append(out, x)
		return err
	})
	return out, err
}

func (k *forgetter) forget(ctx context.Context, x remembered) error {
	switch {
	case x.busy:
		k.out.Busy = append(k.out.Busy, x.key)
		return nil
	case x.open:
		if err := k.leave(ctx, x.key, x.lane); err != nil {
			return err
		}
	default:
		k.moved[x.was]--
	}
	k.moved[stat{int(seine.Skipped), frontier.WhyForgotten, x.was.page}]++
	k.out.Tasks++
	if _, err := k.t.exec(ctx, `update task set state = ?, reason = ?, meta = null, finished_at = ? where job_id = ? and key = ?`,
		int(seine.Skipped), frontier.WhyForgotten, k.f.now(), k.job, x.key); err != nil {
		return err
	}
	return k.data(ctx, x.key)
}

// leave deletes a task from the queue.
func (k *forgetter) leave(ctx context.Context, key string, lane int64) error {
	if _, err := k.t.exec(ctx, `delete from queue where job_id = ? and key = ?`, k.job, key); err != nil {
		return err
	}
	return k.f.park(ctx, k.t, lane)
}

// data deletes the rows of a task and lists their files.
func (k *forgetter) data(ctx context.Context, key string) error {
	if err := k.list(ctx, key); err != nil {
		return err
	}
	current := int64(0)
	for _, own := range owned {
		var n int64
		if err := k.t.scan(ctx, `select count(*) from record where `+own+` and not superseded`, []any{k.job, key}, &n); err != nil {
			return err
		}
		current += n
	}
	k.moved[stat{frontier.StatRecords, "", ""}] -= current
	k.out.Records += current
	k.out.Versions -= current
	for _, own := range owned {
		for table, n := range map[string]*int64{"record": &k.out.Versions, "asset": &k.out.Assets, "asset_failure": nil} {
			gone, err := k.t.exec(ctx, `delete from `+table+` where `+own, k.job, key)
			if err != nil {
				return err
			}
			if table == "asset" {
				k.moved[stat{frontier.StatAssets, "", ""}] -= gone
			}
			if n != nil {
				*n += gone
			}
		}
	}
	for _, x := range []struct {
		query string
		n     *int64
	}{
		{`delete from recording where job_id = ? and key = ?`, &k.out.Recordings},
		{`delete from quarantine where job_id = ? and task = ?`, &k.out.Quarantined},
		{`delete from owed where job_id = ? and key = ?`, nil},
		{`delete from rendering where job_id = ? and task = ?`, nil},
		{`delete from attempt where job_id = ? and key = ?`, nil},
		{`delete from visit where job_id = ? and key = ?`, nil},
		{`delete from recrawl where job_id = ? and key = ?`, nil},
		{`delete from listed where job_id = ? and key = ?`, nil},
	} {
		n, err := k.t.exec(ctx, x.query, k.job, key)
		if err != nil {
			return err
		}
		if x.n != nil {
			*x.n += n
		}
	}
	return nil
}

// list lists the files and frames of a task.
func (k *forgetter) list(ctx context.Context, key string) error {
	for _, own := range owned {
		if _, err := k.t.exec(ctx, `insert into erasure(job_id, path, pos, bytes, sha256) select job_id, path, 0, 0, x'' from asset where `+own+` on conflict do nothing`, k.job, key); err != nil {
			return err
		}
		// No other row may name what is forgotten.
		if _, err := k.t.exec(ctx, `update asset set duplicate_of = null where job_id = ?1 and duplicate_of in (select key || '/' || name from asset where `+own+`)`, k.job, key); err != nil {
			return err
		}
	}
	if _, err := k.t.exec(ctx, `insert into erasure(job_id, path, pos, bytes, sha256) select job_id, path, 0, 0, x'' from rendering where job_id = ? and task = ? on conflict do nothing`, k.job, key); err != nil {
		return err
	}
	_, err := k.t.exec(ctx, `insert into erasure(job_id, path, pos, bytes, sha256) select job_id, segment, pos, bytes, x'' from recording where job_id = ?1 and key = ?2
 union select job_id, body_segment, body_pos, body_bytes, sha256 from recording where job_id = ?1 and key = ?2 on conflict do nothing`, k.job, key)
	return err
}

// Erasures returns files and frames that have not been erased.
func (f *Frontier) Erasures(ctx context.Context, job frontier.JobID, n int) (out []frontier.Erasure, err error) {
	err = f.each(ctx, `select path, pos, bytes, exists (select 1 from recording r indexed by recording_body
   where r.job_id = e.job_id and r.sha256 = e.sha256 and r.body_segment = e.path and r.body_pos = e.pos)
 from erasure e where job_id = ? order by path, pos, bytes limit ?`, []any{job, n}, func(r *sql.Rows) error {
		var e frontier.Erasure
		err := r.Scan(&e.Path, &e.Pos, &e.Bytes, &e.Shared)
		out = append(out, e)
		return err
	})
	return out, err
}

// Erased deletes erasures from the list.
func (f *Frontier) Erased(ctx context.Context, job frontier.JobID, done []frontier.Erasure) error {
	return f.tx(ctx, func(t tx) error {
		for _, e := range done {
			if _, err := t.exec(ctx, `delete from erasure where job_id = ? and path = ? and pos = ? and bytes = ?`, job, e.Path, e.Pos, e.Bytes); err != nil {
				return err
			}
		}
		return nil
	})
}
