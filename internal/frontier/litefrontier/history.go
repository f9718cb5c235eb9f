package litefrontier

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// Sample stores the counters of jobs. The row of job 0 tells that a minute was sampled.
func (f *Frontier) Sample(ctx context.Context) error {
	now := f.now()
	minute := fromMicro(now).Truncate(time.Minute).UnixMicro()
	var there bool
	if err := f.one(ctx, `select exists (select 1 from history where job_id = 0 and step = `+frontier.MinuteStep+` and at = ?)`, []any{minute}, &there); err != nil || there {
		return err
	}
	err := f.tx(ctx, func(t tx) error {
		n, err := t.exec(ctx, `insert into history(job_id, step, at, done, skipped, stale, error, open, records, assets, workers) values (0, `+frontier.MinuteStep+`, ?, 0, 0, 0, 0, 0, 0, 0, 0) on conflict do nothing`, minute)
		if err != nil || n == 0 {
			return err
		}
		for _, step := range []time.Duration{time.Minute, time.Hour} {
			if err := sample(ctx, t, now, step); err != nil {
				return err
			}
		}
		_, err = t.exec(ctx, `delete from history where step = `+frontier.MinuteStep+` and at < ?1 or step = `+frontier.HourStep+` and at < ?2`, now-frontier.KeptMinutes.Microseconds(), now-frontier.KeptHours.Microseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	return nil
}

func sample(ctx context.Context, t tx, now int64, step time.Duration) error {
	_, err := t.exec(ctx, `with s as materialized (select j.job_id as job,
   coalesce(sum(case when state = 1 then n end), 0) as done, coalesce(sum(case when state = 4 then n end), 0) as skipped,
   coalesce(sum(case when state = 3 then n end), 0) as stale, coalesce(sum(case when state = 2 then n end), 0) as error,
   coalesce(sum(case when state = 0 then n when state <= 4 then -n end), 0) as open,
   coalesce(sum(case when state = 10 then n end), 0) as records, coalesce(sum(case when state = 11 then n end), 0) as assets,
   (select count(*) from lease where expires_at > ?1 and json_type(rates, '$."' || j.job_id || '"') is not null) as workers
   from job j left join stat using (job_id) group by j.job_id)
 insert into history(job_id, step, at, done, skipped, stale, error, open, records, assets, workers)
 select job, ?2, ?3, done, skipped, stale, error, open, records, assets, workers from s
 where workers > 0 or not exists (select 1 from history h where h.job_id = s.job and h.step = ?2
   and h.at = (select max(at) from history l where l.job_id = s.job and l.step = ?2)
   and (h.done, h.skipped, h.stale, h.error, h.open, h.records, h.assets) = (s.done, s.skipped, s.stale, s.error, s.open, s.records, s.assets))
 on conflict do nothing`, now, int64(step.Seconds()), fromMicro(now).Truncate(step).UnixMicro())
	return err
}

// History returns the samples of a job.
func (f *Frontier) History(ctx context.Context, job frontier.JobID, step time.Duration, from time.Time) (out []frontier.Moment, err error) {
	err = f.each(ctx, `select at, done, skipped, stale, error, open, records, assets, workers from history where job_id = ? and step = ? and at >= ? order by at`,
		[]any{job, int64(step.Seconds()), from.UnixMicro()}, func(r *sql.Rows) error {
			var (
				s  frontier.Moment
				at int64
			)
			err := r.Scan(&at, &s.Done, &s.Skipped, &s.Stale, &s.Error, &s.Open, &s.Records, &s.Assets, &s.Workers)
			s.At = fromMicro(at)
			out = append(out, s)
			return err
		})
	return out, err
}
