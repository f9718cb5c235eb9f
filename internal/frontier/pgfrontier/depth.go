package pgfrontier

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

const (
	// $2 job, $3 how many lanes, $4 how long due a lane is busy (s). In progress
	// is bounded by the slots of the workers.
	sqlDepth = `select j.paused,
  (select count(*) from seine.queue q where q.lease_id is not null and q.job_id = j.job_id),
  (select count(*) from seine.lease where expires_at > ` + now + `),
  greatest(0, coalesce(extract(epoch from ` + now + ` - (select min(at) from (
     select (select next_at from seine.lane l where l.job_id = $2 and l.prio = p and not parked and not "full" and not paused order by next_at limit 1) as at
     from generate_series(0, 3) p) x)), 0))::float8,
  k.busy, k.lanes
 from seine.job j cross join lateral (
   select count(*) filter (where "full" or next_at > ` + now + ` - $4::float8 * interval '1 s') as busy, count(*) as lanes
   from (select * from seine.lane where job_id = $2 limit $3) l
   where not parked and not paused and delay_max > interval '0' and lane_key not like 'assets/%') k
 where j.job_id = $2`

	// $1 how many rows.
	sqlDepthWaits = `select job_id, state::int, count(*) from (
   select job_id, state from seine.queue where lease_id is null and run_at is not null order by run_at limit $1) s group by 1, 2`

	// $1 job, $2 how many rows.
	sqlDepthReady = `select count(*) from (select from seine.lane l cross join lateral (
   select from seine.queue q where q.lane_id = l.lane_id and lease_id is null and run_at is null limit $2) q
  where l.job_id = $1 and not l.parked limit $2) s`

	sqlDepthReasons = `select state::int, coalesce(reason, ''), sum(n)::bigint from seine.stat where job_id = $1 and state between 2 and 4
 group by 1, 2 having sum(n) > 0 order by 3 desc, 1, 2 limit 20`
)

// Depth reads what waits, by bounded reads.
func (f *Frontier) Depth(ctx context.Context, job frontier.JobID) (d frontier.Depth, err error) {
	if d.Counts, err = f.Counts(ctx, job); err != nil {
		return d, err
	}
	var (
		inProgress int64
		oldest     float64
	)
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, sqlDepth, f.now(), job, frontier.LaneRows, frontier.BusyWithin.Seconds()).
			Scan(&d.Paused, &inProgress, &d.Workers, &oldest, &d.Busy, &d.Lanes)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return d, frontier.ErrNoJob
	}
	if err != nil {
		return d, err
	}
	if !d.Paused {
		d.Oldest = seconds(oldest)
	}
	sample, err := f.sample(ctx, job)
	if err != nil {
		return d, err
	}
	d.Split(inProgress, sample)
	d.Reasons, err = collect(ctx, f, sqlDepthReasons, []any{job}, func(row pgx.CollectableRow) (r frontier.ReasonCount, err error) {
		var state int
		err = row.Scan(&state, &r.Reason, &r.Count)
		r.State = seine.State(state)
		return r, err
	})
	return d, err
}

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
		err = f.again(ctx, func(c *pgx.Conn) error {
			return c.QueryRow(ctx, sqlDepthReady, job, frontier.SampleRows).Scan(&s.Ready)
		})
	}
	return s, err
}
