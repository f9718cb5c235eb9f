package litefrontier

import (
	"context"
	"database/sql"
	"errors"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Depth reads what waits, by bounded reads.
func (f *Frontier) Depth(ctx context.Context, job frontier.JobID) (d frontier.Depth, err error) {
	if d.Counts, err = f.Counts(ctx, job); err != nil {
		return d, err
	}
	var (
		now        = f.now()
		inProgress int64
		oldest     sql.NullInt64
	)
	err = f.one(ctx, `select paused,
  (select count(*) from queue q where q.lease_id is not null and q.job_id = j.job_id),
  (select count(*) from lease where expires_at > ?1),
  (select min(at) from (select (select next_at from lane l where l.job_id = ?2 and l.prio = p.p and parked = 0 and "full" = 0 and paused = 0 order by next_at limit 1) as at
    from (select 0 as p union all select 1 union all select 2 union all select 3) p)),
  (select count(*) from (select * from lane where job_id = ?2 limit ?3) where parked = 0 and paused = 0 and delay_max > 0 and lane_key not like 'assets/%' and ("full" or next_at > ?4)),
  (select count(*) from (select * from lane where job_id = ?2 limit ?3) where parked = 0 and paused = 0 and delay_max > 0 and lane_key not like 'assets/%')
 from job j where job_id = ?2`, []any{now, job, frontier.LaneRows, now - frontier.BusyWithin.Microseconds()},
		&d.Paused, &inProgress, &d.Workers, &oldest, &d.Busy, &d.Lanes)
	if errors.Is(err, sql.ErrNoRows) {
		return d, frontier.ErrNoJob
	}
	if err != nil {
		return d, err
	}
	if oldest.Valid && !d.Paused {
		d.Oldest = max(0, micro(now-oldest.Int64))
	}
	sample, err := f.sample(ctx, job)
	if err != nil {
		return d, err
	}
	d.Split(inProgress, sample)
	err = f.each(ctx, `select state, reason, sum(n) from stat where job_id = ? and state between 2 and 4 group by 1, 2 having sum(n) > 0 order by 3 desc, 1, 2 limit 20`, []any{job}, func(r *sql.Rows) error {
		var (
			c     frontier.ReasonCount
			state int
		)
		err := r.Scan(&state, &c.Reason, &c.Count)
		c.State = seine.State(state)
		d.Reasons = append(d.Reasons, c)
		return err
	})
	return d, err
}

func (f *Frontier) sample(ctx context.Context, job frontier.JobID) (s frontier.Sample, err error) {
	var all int64
	err = f.each(ctx, `select job_id, state, count(*) from (select job_id, state from queue where lease_id is null and run_at is not null order by run_at limit ?) group by 1, 2`,
		[]any{frontier.SampleRows}, func(r *sql.Rows) error {
			var (
				of    frontier.JobID
				state int
				n     int64
			)
			err := r.Scan(&of, &state, &n)
			all += n
			if of == job {
				s.Add(seine.State(state), n)
			}
			return err
		})
	if s.Full = err == nil && all >= frontier.SampleRows; s.Full {
		err = f.one(ctx, `select count(*) from (select 1 from lane l join queue q on q.lane_id = l.lane_id and q.lease_id is null and q.run_at is null where l.job_id = ?1 and l.parked = 0 limit ?2)`,
			[]any{job, frontier.SampleRows}, &s.Ready)
	}
	return s, err
}
