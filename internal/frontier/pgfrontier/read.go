package pgfrontier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Jobs lists the registered jobs by name.
func (f *Frontier) Jobs(ctx context.Context) ([]frontier.JobInfo, error) {
	return collect(ctx, f, `select job_id, name, paused, config::text, digest from seine.job order by name`, nil,
		func(row pgx.CollectableRow) (j frontier.JobInfo, err error) {
			var config string
			err = row.Scan(&j.ID, &j.Name, &j.Paused, &config, &j.Digest)
			j.Config = json.RawMessage(config)
			return j, err
		})
}

func collect[T any](ctx context.Context, f *Frontier, sql string, args []any, scan pgx.RowToFunc[T]) ([]T, error) {
	var out []T
	err := f.again(ctx, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, scan)
		return err
	})
	return out, err
}

// Counts reads the counters.
func (f *Frontier) Counts(ctx context.Context, job frontier.JobID) (frontier.Counts, error) {
	out := frontier.NewCounts()
	type row struct {
		state int
		n     int64
	}
	rows, err := collect(ctx, f, `select state::int, sum(n)::bigint from seine.stat where job_id = $1 group by 1`, []any{job},
		func(r pgx.CollectableRow) (v row, err error) { return v, r.Scan(&v.state, &v.n) })
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		out.Add(r.state, r.n)
	}
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select coalesce(sum(hi - next_id + 1), 0)::bigint from seine.space where job_id = $1 and next_id <= hi`, job).Scan(&out.Unseen)
	})
	return out, err
}

const sqlStatus = `select j.paused,
  (select coalesce(sum(inflight), 0) from seine.lane l where l.job_id = j.job_id)::bigint,
  (select count(*) from seine.queue q where q.job_id = j.job_id and q.lease_id is null and q.run_at is not null and q.state = 2),
  (select count(*) from seine.queue q where q.job_id = j.job_id and q.lease_id is null and q.run_at is not null and q.state = 3),
  (select coalesce(sum((rates->>(j.job_id::text))::float8), 0) from seine.lease where expires_at > clock_timestamp())::float8,
  (select count(*) from seine.lease where expires_at > clock_timestamp())::int
 from seine.job j where j.job_id = $1`

// maxHosts bounds the hosts that a status names.
const maxHosts = 20

// Status reads what people look at.
func (f *Frontier) Status(ctx context.Context, job frontier.JobID) (frontier.Status, error) {
	var s frontier.Status
	counts, err := f.Counts(ctx, job)
	if err != nil {
		return s, err
	}
	s.Counts = counts
	var inProgress, waitError, waitStale int64
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, sqlStatus, job).Scan(&s.Paused, &inProgress, &waitError, &waitStale, &s.Rate, &s.Workers)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return s, frontier.ErrNoJob
	}
	if err != nil {
		return s, err
	}
	s.States = counts.States(inProgress, waitError, waitStale)
	s.Hosts, err = collect(ctx, f, `select lane_key, next_at, paused or coalesce(quiet_until > clock_timestamp(), false) or faults > 0,
   case when paused then 'paused' else coalesce(why, '') end, slow
 from seine.lane where job_id = $1 and lane_key not like 'shard/%'
   and (paused or quiet_until > clock_timestamp() or faults > 0 or slow > 1.01 or not parked or inflight > 0)
 order by 3 desc, slow desc, next_at desc limit $2`, []any{job, maxHosts},
		func(row pgx.CollectableRow) (h frontier.HostStatus, err error) {
			return h, row.Scan(&h.Host, &h.NextAt, &h.Parked, &h.Reason, &h.Slow)
		})
	if err != nil {
		return s, err
	}
	s.Reasons, err = collect(ctx, f, `select state::int, reason, sum(n)::bigint from (
   select state, coalesce(reason, '') as reason, n from seine.stat where job_id = $1 and state between 2 and 4
   union all select state, coalesce(reason, ''), 1 from seine.queue where job_id = $1 and lease_id is null and run_at is not null) x
 group by 1, 2 having sum(n) > 0 order by 3 desc, 1, 2 limit 50`, []any{job},
		func(row pgx.CollectableRow) (r frontier.ReasonCount, err error) {
			var state int
			err = row.Scan(&state, &r.Reason, &r.Count)
			r.State = seine.State(state)
			return r, err
		})
	return s, err
}

// InProgress counts the tasks that are leased.
func (f *Frontier) InProgress(ctx context.Context, job frontier.JobID, host string) (n int64, err error) {
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select coalesce(sum(inflight), 0)::bigint from seine.lane where job_id = $1 and ($2 = '' or lane_key = $2)`, job, host).Scan(&n)
	})
	return n, err
}

// Tasks lists tasks in the order of their keys.
func (f *Frontier) Tasks(ctx context.Context, job frontier.JobID, filter frontier.Filter) ([]frontier.TaskInfo, error) {
	where, args := []string{`t.job_id = $1`, `t.key > $2`}, []any{job, filter.After}
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
	}
	if len(filter.States) > 0 {
		states := make([]int16, len(filter.States))
		for i, s := range filter.States {
			states[i] = int16(s)
		}
		add(sqlState+` = any(?::smallint[])`, states)
	}
	if filter.Reason != "" {
		add(`position(? in coalesce(t.reason, q.reason, '')) > 0`, filter.Reason)
	}
	if filter.Host != "" {
		add(`l.lane_key = ?`, filter.Host)
	}
	if !filter.Before.IsZero() {
		add(`coalesce(t.finished_at, t.created_at) < ?`, filter.Before)
	}
	if len(filter.Keys) > 0 {
		add(`t.key = any(?::text[])`, filter.Keys)
	}
	limit := ""
	if filter.Limit > 0 {
		args = append(args, filter.Limit)
		limit = fmt.Sprintf(` limit $%d`, len(args))
	}
	return collect(ctx, f, `select t.key, (`+sqlState+`)::int, t.state <> 0, (case when t.state = 0 then coalesce(q.attempt, 0) else t.attempt end)::int, coalesce(q.prio, 1)::int,
   coalesce(t.reason, q.reason, ''), coalesce(le.worker, t.worker, ''), t.meta::text, case when q.lease_id is null then q.run_at end, coalesce(t.finished_at, t.created_at)
 from seine.task t left join seine.queue q on t.state = 0 and q.job_id = t.job_id and q.key = t.key
 left join seine.lane l on l.lane_id = t.lane_id left join seine.lease le on le.lease_id = q.lease_id
 where `+strings.Join(where, " and ")+` order by t.key`+limit, args, scanTask)
}

const sqlState = `case when t.state <> 0 then t.state when q.lease_id is not null then 5 when q.run_at is not null then q.state else 0 end`

func scanTask(row pgx.CollectableRow) (t frontier.TaskInfo, err error) {
	var (
		state int
		meta  *string
		next  *time.Time
	)
	err = row.Scan(&t.Key, &state, &t.Final, &t.Attempt, &t.Priority, &t.Reason, &t.Worker, &meta, &next, &t.UpdatedAt)
	t.State, t.UpdatedAt = seine.State(state), t.UpdatedAt.UTC()
	if meta != nil {
		t.Meta = json.RawMessage(*meta)
	}
	if next != nil {
		t.NextAt = next.UTC()
	}
	return t, err
}

const sqlClock = `select coalesce($1::timestamptz, clock_timestamp())`

// Clock is the frontier's time now.
func (f *Frontier) Clock(ctx context.Context) (t time.Time, err error) {
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, sqlClock, f.now()).Scan(&t)
	})
	return t.UTC(), err
}
