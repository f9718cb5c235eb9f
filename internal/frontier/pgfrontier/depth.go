package pgfrontier

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

var (
	// $2 job, $3 limit of lanes, $4 the time since when a busy lane is due (s). The slots of the
	// workers bound the number of leased tasks.
	sqlDepth = `select j.paused,
  (select count(*) from seine.queue q where q.lease_id is not null and q.job_id = j.job_id),
  (select count(*) from seine.lease where expires_at > ` + now + `),
  k.busy, k.lanes
 from seine.job j cross join lateral (
   select count(*) filter (where "full" or next_at > ` + now + ` - $4::float8 * interval '1 s') as busy, count(*) as lanes
   from (select * from seine.lane where job_id = $2 limit $3) l
   where not parked and not paused and delay_max > interval '0' and not ` + isAssets + `) k
 where j.job_id = $2`

	// The first task per priority of the lanes that have been due the longest. It is the oldest one
	// there, because a queue is first in, first out. A task with a mark may have been requeued. $2
	// job, $3 lanes per priority, $4 the hint per priority, $5 the time since when a busy lane is
	// due (s), $6 lanes with ends, $7 and $8 a priority and a seq for each: see scanHints. The
	// condition compares rows, because an equal priority would let the planner walk the queue by
	// seq.
	sqlDepthOldest = `select greatest(0, coalesce(extract(epoch from ` + now + ` - min(greatest(case when q.mark > 0 then l.next_at end,
   (select created_at from seine.task t where t.job_id = $2 and t.key = q.key)))), 0))::float8
 from generate_series(0, 3) p(p)
 cross join lateral (
   select lane_id, next_at, prio from seine.lane
   where job_id = $2 and prio = p.p and not parked and not "full" and not paused
     and next_at >= ($4::timestamptz[])[p.p + 1] and next_at <= ` + now + `
     and (` + isShard + ` or next_at < ` + now + ` - $5::float8 * interval '1 s')
   order by next_at limit $3) l
 left join unnest($6::int[], $7::smallint[], $8::bigint[]) low(lane_id, prio, seq) on low.lane_id = l.lane_id
 cross join lateral generate_series(l.prio, 3) a(prio)
 cross join lateral (
   select key, mark from seine.queue q
   where q.lane_id = l.lane_id and (q.prio, q.seq) >= (a.prio, case when low.prio = a.prio then low.seq else 0 end) and q.prio <= a.prio
     and lease_id is null and run_at is null
   order by prio, seq limit 1) q`

	// $1 limit.
	sqlDepthWaits = `select job_id, state::int, count(*) from (
   select job_id, state from seine.queue where lease_id is null and run_at is not null order by run_at limit $1) s group by 1, 2`

	// $1 job, $2 limit.
	sqlDepthReady = `select count(*) from (select from seine.lane l cross join lateral (
   select from seine.queue q where q.lane_id = l.lane_id and lease_id is null and run_at is null limit $2) q
  where l.job_id = $1 and not l.parked limit $2) s`

	// sqlNoBitmap is for a transaction that reads the first entries of an index. A planner with a
	// low estimate of a lane's tasks would read all of them.
	sqlNoBitmap = `select set_config('enable_bitmapscan', 'off', true)`

	sqlDepthReasons = `select state::int, coalesce(reason, ''), sum(n)::bigint from seine.stat where job_id = $1 and state between 2 and 4
 group by 1, 2 having sum(n) > 0 order by 3 desc, 1, 2 limit $2`
)

// Depth reads what waits, by bounded reads.
func (f *Frontier) Depth(ctx context.Context, job frontier.JobID) (d frontier.Depth, err error) {
	if d.Counts, err = f.Counts(ctx, job); err != nil {
		return d, err
	}
	var inProgress int64
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, sqlDepth, f.now(), job, frontier.LaneRows, frontier.BusyWithin.Seconds()).
			Scan(&d.Paused, &inProgress, &d.Workers, &d.Busy, &d.Lanes)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return d, frontier.ErrNoJob
	}
	if err != nil {
		return d, err
	}
	if err := f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select count(*) from seine.quarantine where job_id = $1`, job).Scan(&d.Quarantined)
	}); err != nil {
		return d, err
	}
	stored, err := f.Drift(ctx, job)
	if err != nil {
		return d, err
	}
	d.Alarms = int64(len(stored.Watch().Alarms))
	if !d.Paused {
		if d.Oldest, err = f.oldest(ctx, job); err != nil {
			return d, err
		}
	}
	sample, err := f.sample(ctx, job)
	if err != nil {
		return d, err
	}
	d.Split(inProgress, sample)
	d.Reasons, err = collect(ctx, f, sqlDepthReasons, []any{job, frontier.DepthReasons}, func(row pgx.CollectableRow) (r frontier.ReasonCount, err error) {
		var state int
		err = row.Scan(&state, &r.Reason, &r.Count)
		r.State = seine.State(state)
		return r, err
	})
	return d, err
}

// oldest uses the hints of the claims, so that an old transaction does not make a scrape expensive.
func (f *Frontier) oldest(ctx context.Context, job frontier.JobID) (time.Duration, error) {
	due := f.dueHints(job)
	lanes, prios, seqs := f.allEndHints(job)
	var age float64
	err := f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, sqlDepthOldest, f.now(), job, frontier.OldestLanes, due[:], frontier.BusyWithin.Seconds(), lanes, prios, seqs).Scan(&age)
	})
	return seconds(age), err
}

// sample reads the first waiting tasks of all jobs.
func (f *Frontier) sample(ctx context.Context, job frontier.JobID) (s frontier.Sample, err error) {
	type waits struct {
		job   frontier.JobID
		state int
		n     int64
	}
	rows, err := collect(ctx, f, sqlDepthWaits, []any{frontier.SampleRows}, func(r pgx.CollectableRow) (w waits, err error) {
		return w, r.Scan(&w.job, &w.state, &w.n)
	})
	if err != nil {
		return s, err
	}
	var all int64
	for _, w := range rows {
		all += w.n
		if w.job == job {
			s.Add(seine.State(w.state), w.n)
		}
	}
	if s.Full = all >= frontier.SampleRows; s.Full {
		err = f.tx(ctx, func(c *pgx.Conn) error {
			return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, sqlNoBitmap); err != nil {
					return err
				}
				return tx.QueryRow(ctx, sqlDepthReady, job, frontier.SampleRows).Scan(&s.Ready)
			})
		})
	}
	return s, err
}
