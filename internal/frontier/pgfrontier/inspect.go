package pgfrontier

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

const (
	sqlAttempts = `select key, attempt::int, at, state::int, coalesce(reason, ''), coalesce(worker, ''), final from seine.attempt
 where job_id = $1 `

	// sqlForgetAttempts deletes old attempts. The first of a job are the oldest, so only the first
	// ones are looked at. The bounds are computed once per job: in the condition of the delete,
	// they were computed for each attempt. $2 the number of attempts that stay, $3 for how long
	// (s).
	sqlForgetAttempts = `with bound as materialized (select j.job_id, greatest(
   (select max(m.attempt_id) from seine.job i cross join lateral (select max(attempt_id) as attempt_id from seine.attempt x where x.job_id = i.job_id) m) - $2,
   (select max(attempt_id) from (select attempt_id, at from seine.attempt x where x.job_id = j.job_id order by attempt_id limit ` + frontier.TendAttempts + `) y
    where y.at < ` + now + ` - $3::float8 * interval '1 s')) as upto from seine.job j)
 delete from seine.attempt a using bound b where a.job_id = b.job_id and a.attempt_id <= b.upto`

	sqlNewest = `select key, name, path, bytes, sha256, coalesce(width, 0) as width, coalesce(height, 0) as height, url, coalesce(original_bytes, 0) as original_bytes, original_sha256, coalesce(task, '') as task, phash, rendered_by,
   coalesce(duplicate_of, '') as duplicate_of, stored_at
 from seine.asset where job_id = $1 and stored_at is not null and ($2::timestamptz is null or stored_at <= $2 and (stored_at, key, name) < ($2, $3, $4))
 order by stored_at desc, key desc, name desc limit $5`

	// sqlNewestWith lists the matching files among the newest, and the last of these. $5 how many
	// are looked at, $6 the field, $7 its value, $8 limit.
	sqlNewestWith = `with looked as materialized (select x.*, row_number() over (order by stored_at desc, key desc, name desc) as rank from (` + sqlNewest + `) x)
 select key, name, path, bytes, sha256, width, height, url, original_bytes, original_sha256, task, phash, rendered_by, duplicate_of, stored_at, matches
 from (select l.*, exists (select from seine.record r where r.job_id = $1 and r.key = l.key and r.fields->>$6 = $7) as matches from looked l) l
 where matches or rank = $5 order by stored_at desc, key desc, name desc limit $8`
)

// $2 job, $3 key, $4 limit.
var sqlLaneList = `select lane_key, next_at, ` + laneBlocked + `, case when paused then '` + frontier.WhyPaused + `' else coalesce(why, '') end, slow, extract(epoch from delay_least)::float8,
   extract(epoch from delay_min)::float8, extract(epoch from delay_max)::float8, max_inflight, inflight, paused, not parked
 from seine.lane l where job_id = $2 and lane_key > $3 order by lane_key limit $4`

// Attempts lists failed attempts.
func (f *Frontier) Attempts(ctx context.Context, job frontier.JobID, key string, n int) ([]frontier.Attempt, error) {
	sql, args := sqlAttempts+`order by attempt_id desc limit $2`, []any{job, n}
	if key != "" {
		sql, args = sqlAttempts+`and key = $2 order by attempt_id desc limit $3`, []any{job, frontier.Clean(key), n}
	}
	return collect(ctx, f, sql, args, func(row pgx.CollectableRow) (a frontier.Attempt, err error) {
		var state int
		err = row.Scan(&a.Key, &a.N, &a.At, &state, &a.Reason, &a.Worker, &a.Final)
		a.State, a.At = seine.State(state), a.At.UTC()
		return a, err
	})
}

// Newest lists files, the newest first.
func (f *Frontier) Newest(ctx context.Context, job frontier.JobID, before frontier.StoredFile, n int) ([]frontier.StoredFile, error) {
	var at *time.Time
	if !before.StoredAt.IsZero() {
		at = &before.StoredAt
	}
	return collect(ctx, f, sqlNewest, []any{job, at, before.Key, before.Name, n}, func(row pgx.CollectableRow) (a frontier.StoredFile, err error) {
		err = row.Scan(&a.Key, &a.Name, &a.Path, &a.Bytes, &a.SHA256, &a.Width, &a.Height, &a.URL, &a.OriginalBytes, &a.OriginalSHA256, &a.Task, &a.PHash, &a.RenderedBy, &a.DuplicateOf, &a.StoredAt)
		a.StoredAt = a.StoredAt.UTC()
		return a, err
	})
}

// NewestWith lists files of records with a field value.
func (f *Frontier) NewestWith(ctx context.Context, job frontier.JobID, by frontier.FieldValue, before frontier.StoredFile, n int) ([]frontier.StoredFile, frontier.StoredFile, error) {
	var at *time.Time
	if !before.StoredAt.IsZero() {
		at = &before.StoredAt
	}
	var matches []bool
	args := []any{job, at, before.Key, before.Name, frontier.NewestWithin, by.Field, by.Value, n}
	listed, err := collect(ctx, f, sqlNewestWith, args, func(row pgx.CollectableRow) (a frontier.StoredFile, err error) {
		var is bool
		err = row.Scan(&a.Key, &a.Name, &a.Path, &a.Bytes, &a.SHA256, &a.Width, &a.Height, &a.URL, &a.OriginalBytes, &a.OriginalSHA256, &a.Task, &a.PHash, &a.RenderedBy, &a.DuplicateOf, &a.StoredAt, &is)
		a.StoredAt = a.StoredAt.UTC()
		matches = append(matches, is)
		return a, err
	})
	if err != nil {
		return nil, frontier.StoredFile{}, err
	}
	list, next := frontier.NextFile(listed, matches[len(matches)-len(listed):], n)
	return list, next, nil
}

// $2 job.
const sqlNumbers = `select j.paused,
  coalesce((select json_object_agg(state, n)::text from (select state, sum(n)::bigint as n from seine.stat where job_id = $2 group by 1) s), '{}'),
  (select coalesce(sum(hi - next_id + 1), 0)::bigint from seine.space where job_id = $2 and next_id <= hi),
  (select count(*) from seine.queue where lease_id is not null and job_id = $2), w.errors, w.stale, w.last,
  r.rate, r.workers, coalesce((select state::text from seine.drift where job_id = $2), '')
 from seine.job j
 cross join lateral (select count(*) filter (where state = 2) as errors, count(*) filter (where state = 3) as stale, max(run_at) as last
   from seine.queue where job_id = $2 and lease_id is null and run_at is not null) w
 cross join lateral (select coalesce(sum((rates->>($2::int)::text)::float8), 0)::float8 as rate, count(*)::int as workers from seine.lease where expires_at > ` + now + ` and rates ? ($2::int)::text) r
 where j.job_id = $2`

// Numbers returns the part of a status that changes.
func (f *Frontier) Numbers(ctx context.Context, job frontier.JobID) (s frontier.Status, err error) {
	var (
		sums, watch                      string
		inProgress, waitError, waitStale int64
		last                             *time.Time
	)
	err = f.again(ctx, func(c *pgx.Conn) error {
		s = frontier.Status{Counts: frontier.NewCounts()}
		return c.QueryRow(ctx, sqlNumbers, f.now(), job).Scan(&s.Paused, &sums, &s.Unseen, &inProgress, &waitError, &waitStale, &last, &s.Rate, &s.Workers, &watch)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return s, frontier.ErrNoJob
	}
	if err == nil {
		err = s.AddAll([]byte(sums))
	}
	if last != nil {
		s.LastRetry = last.UTC()
	}
	s.States = s.Counts.States(inProgress, waitError, waitStale)
	if watch != "" {
		s.Drift = frontier.DriftState{State: []byte(watch)}.Watch().Alarms
	}
	return s, err
}

const sqlKeyAfter = `select key from seine.task where job_id = $1 and key > $2 order by key offset $3 limit 1`

// KeyAfter returns a key by its place.
func (f *Frontier) KeyAfter(ctx context.Context, job frontier.JobID, after string, n int) (string, error) {
	keys, err := collect(ctx, f, sqlKeyAfter, []any{job, after, n - 1}, pgx.RowTo[string])
	if err != nil || len(keys) == 0 {
		return "", err
	}
	return keys[0], nil
}

// LaneList lists the lanes of a job.
func (f *Frontier) LaneList(ctx context.Context, job frontier.JobID, after string, n int) ([]frontier.LaneInfo, error) {
	return collect(ctx, f, sqlLaneList, []any{f.now(), job, after, n}, func(row pgx.CollectableRow) (l frontier.LaneInfo, err error) {
		var least, low, high float64
		err = row.Scan(&l.Host, &l.NextAt, &l.Blocked, &l.Reason, &l.Slow, &least, &low, &high, &l.Pace.Inflight, &l.Inflight, &l.Paused, &l.Ready)
		l.NextAt, l.CrawlDelay, l.Pace.Delay = l.NextAt.UTC(), seconds(least), seine.Span{Min: seconds(low), Max: seconds(high)}
		return l, err
	})
}
