package litefrontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

const sqlRobotsColumns = `select origin, status, %s, coalesce(reason, ''), coalesce(fetched_at, 0), coalesce(expires_at, 0), crawl_delay, coalesce(held_until, 0) from robots where job_id = ?`

// robotsRow is a file with the end of its reservation.
type robotsRow struct {
	frontier.RobotsFile
	held int64
}

func scanRobots(scan func(dest ...any) error) (r robotsRow, err error) {
	var fetched, expires, delay int64
	err = scan(&r.Origin, &r.Status, &r.Body, &r.Reason, &fetched, &expires, &delay, &r.held)
	r.FetchedAt, r.ExpiresAt, r.CrawlDelay = orZero(fetched), orZero(expires), micro(delay)
	if len(r.Body) == 0 {
		r.Body = nil
	}
	return r, err
}

// Robots returns the robots.txt of an origin.
func (f *Frontier) Robots(ctx context.Context, job frontier.JobID, origin string, hold time.Duration) (file frontier.RobotsFile, mine bool, err error) {
	origin = frontier.Clean(origin)
	err = f.tx(ctx, func(t tx) error {
		mine = false
		r := robotsRow{RobotsFile: frontier.RobotsFile{Origin: origin}}
		if err := t.each(ctx, fmt.Sprintf(sqlRobotsColumns, "body")+` and origin = ?`, []any{job, origin}, func(rows *sql.Rows) (err error) {
			r, err = scanRobots(rows.Scan)
			return err
		}); err != nil {
			return err
		}
		now := f.now()
		r.Pending = !r.ExpiresAt.After(fromMicro(now))
		file = r.RobotsFile
		if !r.Pending || r.held > now {
			return nil
		}
		mine = true
		_, err := t.exec(ctx, `insert into robots(job_id, origin, held_until) values (?1, ?2, ?3) on conflict (job_id, origin) do update set held_until = ?3`, job, origin, now+hold.Microseconds())
		return err
	})
	if err != nil {
		return frontier.RobotsFile{}, false, fmt.Errorf("robots.txt of %s: %w", origin, err)
	}
	return file, mine, nil
}

// SetRobots stores a robots.txt.
func (f *Frontier) SetRobots(ctx context.Context, job frontier.JobID, file frontier.RobotsFile) error {
	file = file.Bounded()
	err := f.tx(ctx, func(t tx) error {
		now := f.now()
		_, err := t.exec(ctx, `insert into robots(job_id, origin, status, body, reason, fetched_at, expires_at, crawl_delay) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
 on conflict (job_id, origin) do update set status = ?3, body = ?4, reason = ?5, fetched_at = ?6, expires_at = ?7, crawl_delay = ?8, held_until = null`,
			job, file.Origin, file.Status, append([]byte{}, file.Body...), file.Reason, now, now+file.TTL.Microseconds(), file.CrawlDelay.Microseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("store robots.txt of %s: %w", file.Origin, err)
	}
	return nil
}

// RobotsFiles lists stored files without their bodies.
func (f *Frontier) RobotsFiles(ctx context.Context, job frontier.JobID, limit int) (out []frontier.RobotsFile, err error) {
	now := f.now()
	err = f.each(ctx, fmt.Sprintf(sqlRobotsColumns, "null")+` order by origin limit ?`, []any{job, limit}, func(rows *sql.Rows) error {
		r, err := scanRobots(rows.Scan)
		r.Pending = !r.ExpiresAt.After(fromMicro(now)) && r.held > now
		out = append(out, r.RobotsFile)
		return err
	})
	return out, err
}

// SetDelay makes the delay of a lane at least this long.
func (f *Frontier) SetDelay(ctx context.Context, job frontier.JobID, lane string, least time.Duration) error {
	err := f.tx(ctx, func(t tx) error {
		id, err := f.laneID(ctx, t, job, lane)
		if err != nil {
			return err
		}
		paceOf, err := pacesOf(ctx, t, job)
		if err != nil {
			return err
		}
		w, err := f.lane(ctx, t, id)
		if err != nil {
			return err
		}
		l := w.Ask(fromMicro(f.now()), max(0, least).Truncate(time.Microsecond), paceOf(lane))
		if _, err := t.exec(ctx, sqlStorePace, append(paceArgs(l.Pace), id)...); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `update lane set delay_least = ? where lane_id = ?`, l.Least.Microseconds(), id); err != nil {
			return err
		}
		return storeLane(ctx, t, id, l)
	})
	if err != nil {
		return fmt.Errorf("set a delay: %w", err)
	}
	return nil
}

// Session returns the session of a job.
func (f *Frontier) Session(ctx context.Context, job frontier.JobID) (s frontier.Session, err error) {
	err = f.tx(ctx, func(t tx) error {
		s, err = session(ctx, t, job)
		return err
	})
	return s, err
}

func session(ctx context.Context, t tx, job frontier.JobID) (s frontier.Session, err error) {
	var (
		cookies sql.NullString
		at      int64
	)
	err = t.scan(ctx, `select version, cookies, coalesce(logged_in_at, 0), coalesce(log_in_by, ''), failures, coalesce(reason, '') from session where job_id = ?`, []any{job},
		&s.Version, &cookies, &at, &s.LogInBy, &s.Failures, &s.Reason)
	if cookies.Valid {
		s.Cookies = json.RawMessage(cookies.String)
	}
	s.LoggedInAt = orZero(at)
	return s, ignoreNoRows(err)
}

// changeSession runs a statement on the session of a job and returns the session and whether it
// changed.
func (f *Frontier) changeSession(ctx context.Context, what string, job frontier.JobID, query string, args ...any) (s frontier.Session, ok bool, err error) {
	err = f.tx(ctx, func(t tx) error {
		if _, err := t.exec(ctx, `insert into session(job_id) values (?) on conflict do nothing`, job); err != nil {
			return err
		}
		n, err := t.exec(ctx, query, append([]any{job, f.now()}, args...)...)
		if err != nil {
			return err
		}
		ok = n > 0
		s, err = session(ctx, t, job)
		return err
	})
	if err != nil {
		return frontier.Session{}, false, fmt.Errorf("%s: %w", what, err)
	}
	return s, ok, nil
}

// SaveCookies stores cookies as the next version.
func (f *Frontier) SaveCookies(ctx context.Context, job frontier.JobID, version int64, cookies json.RawMessage) (frontier.Session, bool, error) {
	text, err := frontier.CheckCookies(cookies)
	if err != nil {
		return frontier.Session{}, false, err
	}
	return f.changeSession(ctx, "save cookies", job, `update session set version = version + 1, cookies = ?4 where job_id = ?1 and version = ?3 and coalesce(held_until, 0) <= ?2`, version, text)
}

// BeginLogIn reports whether this worker logs in.
func (f *Frontier) BeginLogIn(ctx context.Context, job frontier.JobID, version int64, worker string, hold time.Duration) (bool, frontier.Session, error) {
	s, mine, err := f.changeSession(ctx, "begin a login", job, `update session set held_until = ?2 + ?5, log_in_by = ?4 where job_id = ?1 and version = ?3 and coalesce(held_until, 0) <= ?2`,
		version, frontier.Clean(worker), hold.Microseconds())
	return mine, s, err
}

// EndLogIn ends a login.
func (f *Frontier) EndLogIn(ctx context.Context, job frontier.JobID, version int64, cookies json.RawMessage, failure string) (frontier.Session, error) {
	text, err := frontier.CheckCookies(cookies)
	if err != nil {
		return frontier.Session{}, err
	}
	s, _, err := f.changeSession(ctx, "end a login", job, `update session set version = version + 1, held_until = null, cookies = case when ?5 = '' then ?4 else cookies end,
   logged_in_at = case when ?5 = '' then ?2 else logged_in_at end, failures = case when ?5 = '' then 0 else failures + 1 end, reason = nullif(?5, '')
 where job_id = ?1 and version = ?3`, version, text, frontier.CleanReason(failure))
	return s, err
}

// readBudgets reads the budgets of a transaction.
func readBudgets(ctx context.Context, t tx, job frontier.JobID, purse *frontier.Purse) error {
	if purse == nil {
		return nil
	}
	for _, name := range purse.Names() {
		b := frontier.BudgetStatus{Name: name}
		if err := t.scan(ctx, `select coalesce(example, ''), n, max from budget where job_id = ? and name = ?`, []any{job, name}, &b.Example, &b.N, &b.Max); ignoreNoRows(err) != nil {
			return err
		}
		purse.Set(b)
	}
	return nil
}

// writeBudgets stores the budgets of a transaction and counts the refused tasks.
func writeBudgets(ctx context.Context, t tx, job frontier.JobID, purse *frontier.Purse, moved counts) error {
	for _, b := range purse.Changed() {
		if _, err := t.exec(ctx, `insert into budget(job_id, name, n, max, example) values (?1, ?2, ?3, ?4, ?5) on conflict (job_id, name) do update set n = ?3, max = ?4, example = ?5`,
			job, b.Name, b.N, b.Max, orNull(b.Example)); err != nil {
			return err
		}
	}
	for _, l := range purse.LeftOut() {
		moved[stat{frontier.StatLeftOut, l.Reason, ""}] += l.N
	}
	return nil
}

// ReturnStart takes back the start of a claimed task.
func (f *Frontier) ReturnStart(ctx context.Context, c frontier.Claimed) error {
	err := f.tx(ctx, func(t tx) error {
		return f.change(ctx, t, int64(c.Lane), func(l frontier.Lane, now time.Time) frontier.Lane { return l.Return(now, c.StartAt) })
	})
	if err != nil {
		return fmt.Errorf("return a start: %w", err)
	}
	return nil
}
