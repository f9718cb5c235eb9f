package pgfrontier

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// A claim locks its lane before its tasks, so these locks come in the same order. $1 job, $2
	// keys.
	sqlForgetLanes = `select l.lane_id from seine.lane l where l.lane_id = any(array(select q.lane_id from seine.queue q where q.job_id = $1 and q.key = any($2::text[])))
 order by 1 for update`
	sqlForgetTasks = `select t.key from seine.task t where t.job_id = $1 and t.key = any($2::text[]) order by 1 for update`
	sqlForgetBusy  = `select q.key from seine.queue q where q.job_id = $1 and q.key = any($2::text[]) and q.lease_id is not null order by 1`

	// sqlForgetStat moves the counters of tasks. $1 job, $2 keys, $3 the reason.
	sqlForgetStat = `insert into seine.stat(job_id, lane_id, state, reason, page, n)
 select job_id, lane_id, state, reason, page, -count(*) from seine.task where job_id = $1 and key = any($2::text[]) and state <> 0 group by 1, 2, 3, 4, 5
 union all select job_id, 0, 4, $3, page, count(*) from seine.task where job_id = $1 and key = any($2::text[]) group by 1, 5`
	sqlForgetQueue = `delete from seine.queue where job_id = $1 and key = any($2::text[]) and lease_id is null`
	sqlForgetPark  = `update seine.lane l set parked = true where l.lane_id = any($1::int[])
 and not exists (select from seine.queue q where q.lane_id = l.lane_id and q.lease_id is null and q.run_at is null)`
	sqlForgetTask = `update seine.task set state = 4, reason = $3, meta = null, finished_at = coalesce($4::timestamptz, clock_timestamp()) where job_id = $1 and key = any($2::text[])`

	// sqlErase lists the files and frames of tasks. $1 job, $2 keys.
	sqlErase = `insert into seine.erasure(job_id, path, pos, bytes, sha256)
 select job_id, path, 0, 0, ''::bytea from seine.asset where job_id = $1 and task is null and key = any($2::text[])
 union select job_id, path, 0, 0, ''::bytea from seine.asset where job_id = $1 and task = any($2::text[])
 union select job_id, path, 0, 0, ''::bytea from seine.rendering where job_id = $1 and task = any($2::text[])
 union select job_id, segment, pos, bytes, ''::bytea from seine.recording where job_id = $1 and key = any($2::text[])
 union select job_id, body_segment, body_pos, body_bytes, sha256 from seine.recording where job_id = $1 and key = any($2::text[])
 on conflict do nothing`

	// The data of tasks. Records and assets change their counters. $1 job, $2 keys.
	sqlForgetRecords = `with d as (delete from seine.record where ctid = any(array(
   select ctid from seine.record where job_id = $1 and task is null and key = any($2::text[])
   union all select ctid from seine.record where job_id = $1 and task = any($2::text[]))) returning superseded),
 s as (insert into seine.stat(job_id, lane_id, state, n) select $1::int, 0, 10, -count(*) from d where not superseded having count(*) > 0)
 select count(*) filter (where not superseded), count(*) filter (where superseded) from d`
	sqlForgetAssets = `with d as (delete from seine.asset where ctid = any(array(
   select ctid from seine.asset where job_id = $1 and task is null and key = any($2::text[])
   union all select ctid from seine.asset where job_id = $1 and task = any($2::text[]))) returning 1),
 s as (insert into seine.stat(job_id, lane_id, state, n) select $1::int, 0, 11, -count(*) from d having count(*) > 0)
 select count(*) from d`
	sqlForgetFailed = `delete from seine.asset_failure where ctid = any(array(
   select ctid from seine.asset_failure where job_id = $1 and task is null and key = any($2::text[])
   union all select ctid from seine.asset_failure where job_id = $1 and task = any($2::text[])))`
	sqlForgetQuarantine = `with d as (delete from seine.quarantine where job_id = $1 and task = any($2::text[]) returning 1) select count(*) from d`
	sqlForgetRecordings = `with d as (delete from seine.recording where job_id = $1 and key = any($2::text[]) returning 1) select count(*) from d`
	// No other row may name what is forgotten.
	sqlForgetMarks = `update seine.asset set duplicate_of = null where job_id = $1 and duplicate_of in (
   select key || '/' || name from seine.asset where job_id = $1 and task is null and key = any($2::text[])
   union all select key || '/' || name from seine.asset where job_id = $1 and task = any($2::text[]))`
	sqlForgetNotes = `delete from seine.rendering where job_id = $1 and task = any($2::text[])`

	sqlForgetOwed    = `delete from seine.owed where job_id = $1 and key = any($2::text[])`
	sqlForgetVisit   = `delete from seine.visit where job_id = $1 and key = any($2::text[])`
	sqlForgetTries   = `delete from seine.attempt where job_id = $1 and key = any($2::text[])`
	sqlForgetListed  = `delete from seine.listed where job_id = $1 and key = any($2::text[])`
	sqlForgetRecrawl = `delete from seine.recrawl where job_id = $1 and key = any($2::text[])`

	sqlErasures = `select path, pos, bytes, exists (select from seine.recording r
   where r.job_id = e.job_id and r.sha256 = e.sha256 and r.body_segment = e.path and r.body_pos = e.pos)
 from seine.erasure e where job_id = $1 order by path, pos, bytes limit $2`
	sqlErased = `delete from seine.erasure e using unnest($2::text[], $3::bigint[], $4::bigint[]) i(path, pos, bytes)
 where e.job_id = $1 and e.path = i.path collate "C" and e.pos = i.pos and e.bytes = i.bytes`
)

// Forget deletes all that a job knows of tasks.
func (f *Frontier) Forget(ctx context.Context, job frontier.JobID, keys []string) (out frontier.Forgotten, err error) {
	err = f.tx(ctx, func(c *pgx.Conn) error {
		out = frontier.Forgotten{}
		var (
			lanes []int32
			there []string
		)
		b := &pgx.Batch{}
		begin(b)
		b.Queue(sqlForgetLanes, job, keys).Query(func(rows pgx.Rows) (err error) {
			lanes, err = pgx.CollectRows(rows, pgx.RowTo[int32])
			return err
		})
		b.Queue(sqlForgetTasks, job, keys).Query(func(rows pgx.Rows) (err error) {
			there, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		b.Queue(sqlForgetBusy, job, keys).Query(func(rows pgx.Rows) (err error) {
			out.Busy, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		if err := c.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		mine := slices.DeleteFunc(there, func(key string) bool { return slices.Contains(out.Busy, key) })
		out.Tasks = int64(len(mine))
		b = &pgx.Batch{}
		b.Queue(sqlForgetStat, job, mine, frontier.WhyForgotten)
		b.Queue(sqlForgetQueue, job, mine)
		b.Queue(sqlForgetPark, lanes)
		b.Queue(sqlForgetTask, job, mine, frontier.WhyForgotten, f.now())
		b.Queue(sqlErase, job, mine)
		b.Queue(sqlForgetMarks, job, mine)
		b.Queue(sqlForgetNotes, job, mine)
		b.Queue(sqlForgetRecords, job, mine).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Records, &out.Versions) })
		b.Queue(sqlForgetAssets, job, mine).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Assets) })
		b.Queue(sqlForgetFailed, job, mine)
		b.Queue(sqlForgetQuarantine, job, mine).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Quarantined) })
		b.Queue(sqlForgetRecordings, job, mine).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Recordings) })
		b.Queue(sqlForgetOwed, job, mine)
		b.Queue(sqlForgetVisit, job, mine)
		b.Queue(sqlForgetRecrawl, job, mine)
		b.Queue(sqlForgetListed, job, mine)
		b.Queue(sqlForgetTries, job, mine)
		b.Queue(`commit`)
		return c.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return frontier.Forgotten{}, fmt.Errorf("forget: %w", err)
	}
	return out, nil
}

// Erasures returns files and frames that have not been erased.
func (f *Frontier) Erasures(ctx context.Context, job frontier.JobID, n int) ([]frontier.Erasure, error) {
	return collect(ctx, f, sqlErasures, []any{job, n}, func(row pgx.CollectableRow) (e frontier.Erasure, err error) {
		err = row.Scan(&e.Path, &e.Pos, &e.Bytes, &e.Shared)
		return e, err
	})
}

// Erased deletes erasures from the list.
func (f *Frontier) Erased(ctx context.Context, job frontier.JobID, done []frontier.Erasure) error {
	var (
		paths      []string
		pos, bytes []int64
	)
	for _, e := range done {
		paths, pos, bytes = append(paths, e.Path), append(pos, e.Pos), append(bytes, e.Bytes)
	}
	_, err := f.exec(ctx, sqlErased, job, paths, pos, bytes)
	return err
}
