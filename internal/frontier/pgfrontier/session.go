package pgfrontier

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// Every statement returns the session as it is stored then. A write that the condition refuses
	// writes no row. $1 time, $2 job, $3 version.
	sqlSession    = `select version, cookies, logged_in_at, coalesce(log_in_by, ''), failures, coalesce(reason, '') from seine.session where job_id = $1`
	sqlNewSession = `insert into seine.session(job_id) select $1 where not exists (select from seine.session where job_id = $1) on conflict do nothing`

	sqlSaveCookies = `update seine.session set version = version + 1, cookies = $4 where job_id = $2 and version = $3 and coalesce(held_until <= ` + now + `, true)`

	// $4 worker, $5 hold (s).
	sqlBeginLogIn = `update seine.session set held_until = ` + now + ` + $5::float8 * interval '1 s', log_in_by = $4
 where job_id = $2 and version = $3 and coalesce(held_until <= ` + now + `, true)`

	// $4 cookies, $5 failure.
	sqlEndLogIn = `update seine.session set version = version + 1, held_until = null, cookies = case when $5::text = '' then $4 else cookies end,
   logged_in_at = case when $5 = '' then ` + now + ` else logged_in_at end, failures = case when $5 = '' then 0 else failures + 1 end, reason = nullif($5, '')
 where job_id = $2 and version = $3`
)

// Session returns the session of a job.
func (f *Frontier) Session(ctx context.Context, job frontier.JobID) (frontier.Session, error) {
	all, err := collect(ctx, f, sqlSession, []any{job}, func(row pgx.CollectableRow) (s frontier.Session, err error) {
		var (
			cookies *string
			at      *time.Time
		)
		err = row.Scan(&s.Version, &cookies, &at, &s.LogInBy, &s.Failures, &s.Reason)
		if cookies != nil {
			s.Cookies = json.RawMessage(*cookies)
		}
		if at != nil {
			s.LoggedInAt = at.UTC()
		}
		return s, err
	})
	if err != nil || len(all) == 0 {
		return frontier.Session{}, err
	}
	return all[0], nil
}

// change runs a statement on the session of a job and returns the session and whether it changed.
func (f *Frontier) change(ctx context.Context, what string, job frontier.JobID, sql string, args ...any) (s frontier.Session, ok bool, err error) {
	var n int64
	if _, err = f.exec(ctx, sqlNewSession, job); err == nil {
		n, err = f.exec(ctx, sql, append([]any{f.now(), job}, args...)...)
	}
	if err == nil {
		s, err = f.Session(ctx, job)
	}
	if err != nil {
		return frontier.Session{}, false, fmt.Errorf("%s: %w", what, err)
	}
	return s, n > 0, nil
}

// SaveCookies stores cookies as the next version.
func (f *Frontier) SaveCookies(ctx context.Context, job frontier.JobID, version int64, cookies json.RawMessage) (frontier.Session, bool, error) {
	text, err := frontier.CheckCookies(cookies)
	if err != nil {
		return frontier.Session{}, false, err
	}
	return f.change(ctx, "save cookies", job, sqlSaveCookies, version, text)
}

// BeginLogIn reports whether this worker logs in.
func (f *Frontier) BeginLogIn(ctx context.Context, job frontier.JobID, version int64, worker string, hold time.Duration) (bool, frontier.Session, error) {
	s, mine, err := f.change(ctx, "begin a login", job, sqlBeginLogIn, version, frontier.Clean(worker), hold.Seconds())
	return mine, s, err
}

// EndLogIn ends a login.
func (f *Frontier) EndLogIn(ctx context.Context, job frontier.JobID, version int64, cookies json.RawMessage, failure string) (frontier.Session, error) {
	text, err := frontier.CheckCookies(cookies)
	if err != nil {
		return frontier.Session{}, err
	}
	s, _, err := f.change(ctx, "end a login", job, sqlEndLogIn, version, text, frontier.CleanReason(failure))
	return s, err
}
