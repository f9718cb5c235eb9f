package litefrontier

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Depth measures the queue by bounded reads.
func (f *Frontier) Depth(ctx context.Context, job frontier.JobID) (d frontier.Depth, err error) {
	if d.Counts, err = f.Counts(ctx, job); err != nil {
		return d, err
	}
	var (
		now        = f.now()
		inProgress int64
	)
	err = f.one(ctx, `select paused,
  (select count(*) from queue q where q.lease_id is not null and q.job_id = j.job_id),
  (select count(*) from lease where expires_at > ?1),
  (select count(*) from (select * from lane where job_id = ?2 limit ?3) where parked = 0 and paused = 0 and delay_max > 0 and not `+isAssets+` and ("full" or next_at > ?4)),
  (select count(*) from (select * from lane where job_id = ?2 limit ?3) where parked = 0 and paused = 0 and delay_max > 0 and not `+isAssets+`)
 from job j where job_id = ?2`, []any{now, job, frontier.LaneRows, now - frontier.BusyWithin.Microseconds()},
		&d.Paused, &inProgress, &d.Workers, &d.Busy, &d.Lanes)
	if errors.Is(err, sql.ErrNoRows) {
		return d, frontier.ErrNoJob
	}
	if err != nil {
		return d, err
	}
	if err := f.one(ctx, `select count(*) from quarantine where job_id = ?`, []any{job}, &d.Quarantined); err != nil {
		return d, err
	}
	stored, err := f.Drift(ctx, job)
	if err != nil {
		return d, err
	}
	d.Alarms = int64(len(stored.Watch().Alarms))
	if !d.Paused {
		if d.Oldest, err = f.oldest(ctx, job, now); err != nil {
			return d, err
		}
	}
	sample, err := f.sample(ctx, job)
	if err != nil {
		return d, err
	}
	d.Split(inProgress, sample)
	err = f.each(ctx, `select state, reason, sum(n) from stat where job_id = ? and state between 2 and 4 group by 1, 2 having sum(n) > 0 order by 3 desc, 1, 2 limit ?`, []any{job, frontier.DepthReasons}, func(r *sql.Rows) error {
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

// oldest reads the first task per priority of the lanes that have been due the longest. It is the
// oldest one there, because a queue is first in, first out. A task with a mark may have been
// requeued.
func (f *Frontier) oldest(ctx context.Context, job frontier.JobID, now int64) (age time.Duration, err error) {
	for prio := range 4 {
		var since sql.NullInt64
		err := f.one(ctx, `select min((select case when q.mark > 0 then max(t.created_at, l.next_at) else t.created_at end
   from queue q join task t on t.job_id = q.job_id and t.key = q.key
   where q.lane_id = l.lane_id and q.prio = a.prio and q.lease_id is null and q.run_at is null order by q.seq limit 1))
 from (select lane_id, next_at, prio from lane where job_id = ?2 and prio = ?3 and parked = 0 and "full" = 0 and paused = 0
   and next_at <= ?1 and (`+isShard+` or next_at < ?4) order by next_at limit ?5) l
 join (select 0 as prio union all select 1 union all select 2 union all select 3) a on a.prio >= l.prio`,
			[]any{now, job, prio, now - frontier.BusyWithin.Microseconds(), frontier.OldestLanes}, &since)
		if err != nil {
			return 0, err
		}
		if since.Valid {
			age = max(age, micro(now-since.Int64))
		}
	}
	return age, nil
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
