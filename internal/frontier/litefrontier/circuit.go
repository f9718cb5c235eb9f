package litefrontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// OpenCircuit stops a space.
func (f *Frontier) OpenCircuit(ctx context.Context, job frontier.JobID, space int, reason string) (opened bool, err error) {
	err = f.tx(ctx, func(t tx) error {
		n, err := t.exec(ctx, `insert into circuit(job_id, space, reason, opened_at) values (?, ?, ?, ?)
 on conflict (job_id, space) do update set reason = excluded.reason, opened_at = excluded.opened_at, closed_at = null where closed_at is not null`,
			job, space, frontier.CleanReason(reason), f.now())
		opened = n > 0
		return err
	})
	return opened, err
}

// CloseCircuits lets the spaces of a job go on.
func (f *Frontier) CloseCircuits(ctx context.Context, job frontier.JobID) (n int, err error) {
	err = f.tx(ctx, func(t tx) error {
		closed, err := t.exec(ctx, `update circuit set closed_at = ? where job_id = ? and closed_at is null`, f.now(), job)
		n = int(closed)
		return err
	})
	return n, err
}

// Circuits lists the spaces that were ever stopped.
func (f *Frontier) Circuits(ctx context.Context, job frontier.JobID) ([]frontier.Circuit, error) {
	var out []frontier.Circuit
	err := f.each(ctx, `select space, reason, opened_at, closed_at from circuit where job_id = ? order by space`, []any{job}, func(r *sql.Rows) error {
		var (
			c      frontier.Circuit
			opened int64
			closed sql.NullInt64
		)
		err := r.Scan(&c.Space, &c.Reason, &opened, &closed)
		c.OpenedAt = time.UnixMicro(opened).UTC()
		if closed.Valid {
			c.ClosedAt = time.UnixMicro(closed.Int64).UTC()
		}
		out = append(out, c)
		return err
	})
	return out, err
}

// Recount counts anew what is known of a job's spaces.
func (f *Frontier) Recount(ctx context.Context, job frontier.JobID, each func(frontier.TaskInfo) *frontier.Explored) (tasks int64, err error) {
	err = f.tx(ctx, func(t tx) error {
		tasks = 0
		if _, err := t.exec(ctx, `update block_stat set done = 0, probes = 0, probe_hits = 0, walks = 0, walk_hits = 0, wanted = 0, updated_at = ? where job_id = ?`, f.now(), job); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `update step_stat set trials = 0, hits = 0 where job_id = ? and ctx >= -1`, job); err != nil {
			return err
		}
		var sums frontier.Recounted
		if err := t.each(ctx, `select t.key, case when t.state <> 0 then t.state else q.state end, t.state <> 0, case when t.state = 0 then coalesce(q.attempt, 0) else t.attempt end,
   coalesce(t.reason, q.reason, ''), t.meta, coalesce(q.mark, 0)
 from task t left join queue q on t.state = 0 and q.job_id = t.job_id and q.key = t.key
 where t.job_id = ? and (t.state <> 0 or q.mark >= 2)`, []any{job}, func(r *sql.Rows) error {
			var (
				info  frontier.TaskInfo
				state int
				meta  sql.NullString
			)
			if err := r.Scan(&info.Key, &state, &info.Final, &info.Attempt, &info.Reason, &meta, &info.Mark); err != nil {
				return err
			}
			tasks++
			info.State = seine.State(state)
			if meta.Valid {
				info.Meta = json.RawMessage(meta.String)
			}
			sums.Add(each(info))
			return nil
		}); err != nil {
			return err
		}
		blocks, steps := sums.Rows()
		return f.statRows(ctx, t, job, 0, blocks, steps)
	})
	if err != nil {
		return 0, fmt.Errorf("recount: %w", err)
	}
	return tasks, nil
}
