package litefrontier

import (
	"context"
	"database/sql"
	"errors"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Attempts lists failed attempts.
func (f *Frontier) Attempts(ctx context.Context, job frontier.JobID, key string, n int) (out []frontier.Attempt, err error) {
	query, args := `order by attempt_id desc limit ?2`, []any{job, n}
	if key != "" {
		query, args = `and key = ?3 order by attempt_id desc limit ?2`, append(args, frontier.Clean(key))
	}
	err = f.each(ctx, `select key, attempt, at, state, coalesce(reason, ''), coalesce(worker, ''), final from attempt where job_id = ?1 `+query, args, func(r *sql.Rows) error {
		var (
			a     frontier.Attempt
			state int
			at    int64
		)
		err := r.Scan(&a.Key, &a.N, &at, &state, &a.Reason, &a.Worker, &a.Final)
		a.State, a.At = seine.State(state), fromMicro(at)
		out = append(out, a)
		return err
	})
	return out, err
}

// sqlNewest lists files. ?2 to ?4 the file before, ?5 limit.
const sqlNewest = `select key, name, path, bytes, sha256, coalesce(width, 0) as width, coalesce(height, 0) as height, url, coalesce(original_bytes, 0) as original_bytes, original_sha256, coalesce(task, '') as task, phash, rendered_by,
   coalesce(duplicate_of, '') as duplicate_of, stored_at
 from asset where job_id = ?1 and stored_at is not null and stored_at <= ?2 and (stored_at, key, name) < (?2, ?3, ?4) order by stored_at desc, key desc, name desc limit ?5`

// fileBefore returns the arguments of sqlNewest.
func fileBefore(job frontier.JobID, before frontier.StoredFile, n int) []any {
	at := int64(1) << 62
	if !before.StoredAt.IsZero() {
		at = before.StoredAt.UnixMicro()
	}
	return []any{job, at, before.Key, before.Name, n}
}

func scanFile(r *sql.Rows, more ...any) (a frontier.StoredFile, err error) {
	var stored int64
	err = r.Scan(append([]any{&a.Key, &a.Name, &a.Path, &a.Bytes, &a.SHA256, &a.Width, &a.Height, &a.URL, &a.OriginalBytes, &a.OriginalSHA256, &a.Task, &a.PHash, &a.RenderedBy, &a.DuplicateOf, &stored}, more...)...)
	a.StoredAt = fromMicro(stored)
	return a, err
}

// Newest lists files, the newest first.
func (f *Frontier) Newest(ctx context.Context, job frontier.JobID, before frontier.StoredFile, n int) (out []frontier.StoredFile, err error) {
	err = f.each(ctx, sqlNewest, fileBefore(job, before, n), func(r *sql.Rows) error {
		a, err := scanFile(r)
		out = append(out, a)
		return err
	})
	return out, err
}

// NewestWith lists files of records with a field value.
func (f *Frontier) NewestWith(ctx context.Context, job frontier.JobID, by frontier.FieldValue, before frontier.StoredFile, n int) ([]frontier.StoredFile, frontier.StoredFile, error) {
	var (
		listed  []frontier.StoredFile
		matches []bool
	)
	err := f.each(ctx, `select * from (select l.*, exists (select 1 from record r, json_each(r.fields) v where r.job_id = ?1 and r.key = l.key and v.key = ?6
   and case v.type when 'text' then v.value else r.fields -> v.fullkey end = ?7) as matches, row_number() over (order by stored_at desc, key desc, name desc) as rank from (`+sqlNewest+`) l)
 where matches or rank = ?5 order by stored_at desc, key desc, name desc limit ?8`, append(fileBefore(job, before, frontier.NewestWithin), by.Field, by.Value, n), func(r *sql.Rows) error {
		var is bool
		var rank int
		a, err := scanFile(r, &is, &rank)
		listed, matches = append(listed, a), append(matches, is)
		return err
	})
	if err != nil {
		return nil, frontier.StoredFile{}, err
	}
	list, next := frontier.NextFile(listed, matches, n)
	return list, next, nil
}

// Numbers returns the part of a status that changes.
func (f *Frontier) Numbers(ctx context.Context, job frontier.JobID) (frontier.Status, error) {
	s := frontier.Status{Counts: frontier.NewCounts()}
	var (
		sums, watch                            string
		inProgress, waitError, waitStale, last int64
	)
	err := f.one(ctx, `select paused, coalesce((select json_group_object(state, n) from (select state, sum(n) as n from stat where job_id = ?2 group by 1)), '{}'),
  (select coalesce(sum(hi - next_id + 1), 0) from space where job_id = ?2 and next_id <= hi), (select coalesce(sum(inflight), 0) from lane where job_id = ?2),
  (select count(*) from queue where job_id = ?2 and lease_id is null and run_at is not null and state = 2),
  (select count(*) from queue where job_id = ?2 and lease_id is null and run_at is not null and state = 3),
  (select coalesce(max(run_at), 0) from queue where job_id = ?2 and lease_id is null),
  (select coalesce(sum(json_extract(rates, '$."' || ?2 || '"')), 0.0) from lease where expires_at > ?1),
  (select count(*) from lease where expires_at > ?1 and json_type(rates, '$."' || ?2 || '"') is not null),
  coalesce((select state from drift where job_id = ?2), '') from job where job_id = ?2`, []any{f.now(), job},
		&s.Paused, &sums, &s.Unseen, &inProgress, &waitError, &waitStale, &last, &s.Rate, &s.Workers, &watch)
	if errors.Is(err, sql.ErrNoRows) {
		return s, frontier.ErrNoJob
	}
	if err == nil {
		err = s.AddAll([]byte(sums))
	}
	if last > 0 {
		s.LastRetry = fromMicro(last)
	}
	s.States = s.Counts.States(inProgress, waitError, waitStale)
	if watch != "" {
		s.Drift = frontier.DriftState{State: []byte(watch)}.Watch().Alarms
	}
	return s, err
}

// KeyAfter returns a key by its place.
func (f *Frontier) KeyAfter(ctx context.Context, job frontier.JobID, after string, n int) (key string, err error) {
	err = f.each(ctx, `select key from task where job_id = ?1 and key > ?2 order by key limit 1 offset ?3`, []any{job, after, n - 1}, func(r *sql.Rows) error { return r.Scan(&key) })
	return key, err
}

// LaneList lists the lanes of a job.
func (f *Frontier) LaneList(ctx context.Context, job frontier.JobID, after string, n int) (out []frontier.LaneInfo, err error) {
	now := fromMicro(f.now())
	err = f.each(ctx, sqlLaneColumns+`where job_id = ? and lane_key > ? order by lane_key limit ?`, []any{job, after, n}, func(r *sql.Rows) error {
		w, err := scanLane(r.Scan)
		l := frontier.LaneInfo{
			HostStatus: frontier.HostStatus{Host: w.key, NextAt: w.NextAt, Blocked: w.Blocked(now), Reason: w.Why, Slow: w.Slow, CrawlDelay: w.Least},
			Pace:       frontier.LanePace{Delay: w.Pace.Delay, Inflight: w.Pace.Inflight}, Inflight: w.Inflight, Paused: w.Paused, Ready: w.Ready,
		}
		if w.Paused {
			l.Reason = frontier.WhyPaused
		}
		out = append(out, l)
		return err
	})
	return out, err
}
