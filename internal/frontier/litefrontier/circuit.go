package litefrontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
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

// CloseCircuits restarts all spaces of a job.
func (f *Frontier) CloseCircuits(ctx context.Context, job frontier.JobID) (n int, err error) {
	err = f.tx(ctx, func(t tx) error {
		now := f.now()
		if _, err := t.exec(ctx, sqlRewatch, now, job, explore.Suspect); err != nil {
			return err
		}
		closed, err := t.exec(ctx, `update circuit set closed_at = ? where job_id = ? and closed_at is null`, now, job)
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

// The last time a space behaved as expected. The statements ignore rows from before the end of its
// circuit.
const (
	sqlWatched = `insert into watch as w (job_id, space, closed_at, doubt, expected, asked, hits, at, done, errors, stale_doubt, answers, stale) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
 on conflict (job_id, space) do update set closed_at = excluded.closed_at,
   doubt = case when w.closed_at is excluded.closed_at and w.doubt <= excluded.doubt then w.doubt else excluded.doubt end,
   expected = case when w.closed_at is excluded.closed_at and w.doubt <= excluded.doubt then w.expected else excluded.expected end,
   asked = case when w.closed_at is excluded.closed_at and w.doubt <= excluded.doubt then w.asked else excluded.asked end,
   hits = case when w.closed_at is excluded.closed_at and w.doubt <= excluded.doubt then w.hits else excluded.hits end,
   at = case when w.closed_at is excluded.closed_at and w.doubt <= excluded.doubt then w.at else excluded.at end,
   done = case when w.closed_at is excluded.closed_at and w.done >= excluded.done then w.done else excluded.done end,
   errors = case when w.closed_at is excluded.closed_at and w.done >= excluded.done then w.errors else excluded.errors end,
   stale_doubt = case when w.closed_at is excluded.closed_at and w.stale_doubt <= excluded.stale_doubt then w.stale_doubt else excluded.stale_doubt end,
   answers = case when w.closed_at is excluded.closed_at and w.stale_doubt <= excluded.stale_doubt then w.answers else excluded.answers end,
   stale = case when w.closed_at is excluded.closed_at and w.stale_doubt <= excluded.stale_doubt then w.stale else excluded.stale end
 where w.closed_at is excluded.closed_at or w.closed_at is null or w.closed_at < excluded.closed_at`
	// At the end of a circuit the watch continues from the doubt of now. The doubt and the
	// expectation of the last good time stay. The watch of a space that was not stopped for its
	// answers, now or before, starts again.
	sqlRewatch = `update watch as w set closed_at = ?1, doubt = s.doubt, done = s.done, errors = s.errors,
   stale_doubt = s.stale_doubt, answers = s.done + s.stale, stale = s.stale
 from (select space, sum(doubt) as doubt, sum(done) as done, sum(errors) as errors, sum(stale) as stale, sum(stale_doubt) as stale_doubt from block_stat where job_id = ?2 group by space) s
 where w.job_id = ?2 and w.space = s.space and (s.doubt - w.doubt >= ?3 or w.at < w.closed_at)
 and exists (select 1 from circuit c where c.job_id = ?2 and c.space = w.space and c.closed_at is null)`
	sqlReadWatch = `select doubt, expected, asked, hits, at, done, errors, stale_doubt, answers, stale from watch w where job_id = ? and space = ?
 and closed_at is (select c.closed_at from circuit c where c.job_id = w.job_id and c.space = w.space)`
)

// Watched stores the last time a space behaved as expected.
func (f *Frontier) Watched(ctx context.Context, job frontier.JobID, space int, closed time.Time, w explore.Watch) error {
	at := sql.NullInt64{Int64: closed.UnixMicro(), Valid: !closed.IsZero()}
	return f.tx(ctx, func(t tx) error {
		_, err := t.exec(ctx, sqlWatched, job, space, at, w.Doubt, w.Expected, w.Asked, w.Hits, w.At.UnixMicro(), w.Done, w.Errors, w.StaleDoubt, w.Answers, w.Stale)
		return err
	})
}

// watch returns the last time a space behaved as expected.
func (f *Frontier) watch(ctx context.Context, job frontier.JobID, space int) (w explore.Watch, err error) {
	err = f.each(ctx, sqlReadWatch, []any{job, space}, func(r *sql.Rows) error {
		var at int64
		err := r.Scan(&w.Doubt, &w.Expected, &w.Asked, &w.Hits, &at, &w.Done, &w.Errors, &w.StaleDoubt, &w.Answers, &w.Stale)
		w.At = time.UnixMicro(at).UTC()
		return err
	})
	return w, err
}

// Answers counts the answered IDs by space.
func (f *Frontier) Answers(ctx context.Context, job frontier.JobID) (map[int]int64, error) {
	out := map[int]int64{}
	err := f.each(ctx, `select space, sum(done) from block_stat where job_id = ? group by space`, []any{job}, func(r *sql.Rows) error {
		var (
			space int
			done  int64
		)
		err := r.Scan(&space, &done)
		out[space] = done
		return err
	})
	return out, err
}

// Recount recomputes the statistics of a job's spaces.
func (f *Frontier) Recount(ctx context.Context, job frontier.JobID, each func(frontier.TaskInfo) *frontier.Explored) (tasks int64, err error) {
	err = f.tx(ctx, func(t tx) error {
		tasks = 0
		if _, err := t.exec(ctx, `update block_stat set done = 0, probes = 0, probe_hits = 0, walks = 0, walk_hits = 0, wanted = 0, errors = 0, absent = 0, newest = 0, updated_at = ? where job_id = ?`, f.now(), job); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `update step_stat set trials = 0, hits = 0 where job_id = ? and ctx >= -1`, job); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `delete from watch where job_id = ?`, job); err != nil {
			return err
		}
		var sums frontier.Recounted
		if err := t.each(ctx, `select key, state, 1, attempt, coalesce(reason, ''), meta, 0 from task where job_id = ?1 and state <> 0
 union all select q.key, q.state, 0, q.attempt, coalesce(q.reason, ''), t.meta, q.mark
 from queue q cross join task t on t.job_id = q.job_id and t.key = q.key where q.job_id = ?1 and q.mark >= 2`, []any{job}, func(r *sql.Rows) error {
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
