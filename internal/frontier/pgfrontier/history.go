package pgfrontier

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// sqlSampler makes this worker sample a minute, unless another one did. The time is a column,
	// because date_trunc of a constant would be one.
	sqlSampler = `insert into seine.history(job_id, step, at, done, skipped, stale, error, open, records, assets, workers)
 values (0, ` + frontier.MinuteStep + `, date_trunc('minute', ` + now + `, 'UTC'), 0, 0, 0, 0, 0, 0, 0, 0) on conflict do nothing`

	// sqlSample stores the counters. $2 the step (s), $3 its unit.
	sqlSample = `with s as materialized (select j.job_id,
   coalesce(sum(n) filter (where state = 1), 0)::bigint as done, coalesce(sum(n) filter (where state = 4), 0)::bigint as skipped,
   coalesce(sum(n) filter (where state = 3), 0)::bigint as stale, coalesce(sum(n) filter (where state = 2), 0)::bigint as error,
   coalesce(sum(case when state = 0 then n when state <= 4 then -n end), 0)::bigint as open,
   coalesce(sum(n) filter (where state = 10), 0)::bigint as records, coalesce(sum(n) filter (where state = 11), 0)::bigint as assets,
   (select count(*) from seine.lease where expires_at > ` + now + ` and rates ? j.job_id::text)::bigint as workers
   from seine.job j left join seine.stat using (job_id) group by j.job_id)
 insert into seine.history(job_id, step, at, done, skipped, stale, error, open, records, assets, workers)
 select s.job_id, $2::int, date_trunc($3, ` + now + `, 'UTC'), s.done, s.skipped, s.stale, s.error, s.open, s.records, s.assets, s.workers
 from s left join lateral (select * from seine.history h where h.job_id = s.job_id and h.step = $2::int order by at desc limit 1) l on true
 where s.workers > 0 or (s.done, s.skipped, s.stale, s.error, s.open, s.records, s.assets) is distinct from (l.done, l.skipped, l.stale, l.error, l.open, l.records, l.assets)
 on conflict do nothing`

	// $2 and $3 how long samples of minutes and hours are kept (s).
	sqlForgetHistory = `delete from seine.history where step = ` + frontier.MinuteStep + ` and at < ` + now + ` - $2::float8 * interval '1 s'
   or step = ` + frontier.HourStep + ` and at < ` + now + ` - $3::float8 * interval '1 s'`

	sqlHistory = `select at, done, skipped, stale, error, open, records, assets, workers from seine.history where job_id = $1 and step = $2 and at >= $3 order by at`
)

// Sample stores the counters of jobs.
func (f *Frontier) Sample(ctx context.Context) error {
	n, err := f.exec(ctx, sqlSampler, f.now())
	if err == nil && n > 0 {
		err = f.sampleAll(ctx)
	}
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	return nil
}

func (f *Frontier) sampleAll(ctx context.Context) error {
	for _, step := range []struct {
		of   time.Duration
		unit string
	}{{time.Minute, "minute"}, {time.Hour, "hour"}} {
		if _, err := f.exec(ctx, sqlSample, f.now(), int(step.of.Seconds()), step.unit); err != nil {
			return err
		}
	}
	_, err := f.exec(ctx, sqlForgetHistory, f.now(), frontier.KeptMinutes.Seconds(), frontier.KeptHours.Seconds())
	return err
}

// History returns the samples of a job.
func (f *Frontier) History(ctx context.Context, job frontier.JobID, step time.Duration, from time.Time) ([]frontier.Moment, error) {
	return collect(ctx, f, sqlHistory, []any{job, int(step.Seconds()), from}, func(row pgx.CollectableRow) (s frontier.Moment, err error) {
		err = row.Scan(&s.At, &s.Done, &s.Skipped, &s.Stale, &s.Error, &s.Open, &s.Records, &s.Assets, &s.Workers)
		s.At = s.At.UTC()
		return s, err
	})
}
