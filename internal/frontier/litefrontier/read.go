package litefrontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Jobs lists the registered jobs by name.
func (f *Frontier) Jobs(ctx context.Context) ([]frontier.JobInfo, error) {
	var out []frontier.JobInfo
	err := f.each(ctx, `select job_id, name, paused, config, digest from job order by name`, nil, func(r *sql.Rows) error {
		var (
			j      frontier.JobInfo
			config string
		)
		err := r.Scan(&j.ID, &j.Name, &j.Paused, &config, &j.Digest)
		j.Config = json.RawMessage(config)
		out = append(out, j)
		return err
	})
	return out, err
}

// Counts reads the counters.
func (f *Frontier) Counts(ctx context.Context, job frontier.JobID) (frontier.Counts, error) {
	out := frontier.NewCounts()
	if err := f.each(ctx, `select state, sum(n) from stat where job_id = ? group by 1`, []any{job}, func(r *sql.Rows) error {
		var (
			state int
			n     int64
		)
		err := r.Scan(&state, &n)
		out.Add(state, n)
		return err
	}); err != nil {
		return out, err
	}
	return out, f.one(ctx, `select coalesce(sum(hi - next_id + 1), 0) from space where job_id = ? and next_id <= hi`, []any{job}, &out.Unseen)
}

func (f *Frontier) one(ctx context.Context, query string, args []any, dest ...any) error {
	s, err := f.statement(ctx, query) //nolint:sqlclosecheck // closed with the connections
	switch {
	case err != nil:
		return classify(err)
	case s == nil:
		return classify(f.read.QueryRowContext(ctx, query, args...).Scan(dest...))
	}
	return classify(s.QueryRowContext(ctx, args...).Scan(dest...))
}

// maxStatements bounds the statements that stay prepared. Queries whose text depends on the number
// of their arguments would fill the memory.
const maxStatements = 64

// statement returns a prepared query for the readers, nil if too many are prepared. SQLite spends
// more on the text of a short query than on its rows.
func (f *Frontier) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	f.reads.Lock()
	defer f.reads.Unlock()
	if s, ok := f.reads.stmts[query]; ok || len(f.reads.stmts) >= maxStatements {
		return s, nil
	}
	s, err := f.read.PrepareContext(ctx, query) //nolint:sqlclosecheck // closed with the connections
	if err == nil {
		f.reads.stmts[query] = s
	}
	return s, err
}

// Status returns the report of `seine status`.
func (f *Frontier) Status(ctx context.Context, job frontier.JobID) (frontier.Status, error) {
	var s frontier.Status
	counts, err := f.Counts(ctx, job)
	if err != nil {
		return s, err
	}
	s.Counts = counts
	now := f.now()
	var inProgress, waitError, waitStale int64
	err = f.one(ctx, `select paused, (select coalesce(sum(inflight), 0) from lane l where l.job_id = j.job_id),
  (select count(*) from queue q where q.job_id = j.job_id and q.lease_id is null and q.run_at is not null and q.state = 2),
  (select count(*) from queue q where q.job_id = j.job_id and q.lease_id is null and q.run_at is not null and q.state = 3),
  (select coalesce(sum(json_extract(rates, '$."' || j.job_id || '"')), 0.0) from lease where expires_at > ?1),
  (select count(*) from lease where expires_at > ?1 and json_type(rates, '$."' || j.job_id || '"') is not null),
  (select count(*) from asset_failure a where a.job_id = j.job_id), (select count(*) from quarantine x where x.job_id = j.job_id) from job j where job_id = ?2`, []any{now, job},
		&s.Paused, &inProgress, &waitError, &waitStale, &s.Rate, &s.Workers, &s.FailedAssets, &s.Quarantined)
	if errors.Is(err, sql.ErrNoRows) {
		return s, frontier.ErrNoJob
	}
	if err != nil {
		return s, err
	}
	s.States = counts.States(inProgress, waitError, waitStale)
	if err := f.each(ctx, `select lane_key, next_at, paused or coalesce(quiet_until > ?1, 0) or faults > 0 as blocked, case when paused then '`+frontier.WhyPaused+`' else coalesce(why, '') end, slow, delay_least
 from lane where job_id = ?3 and not `+isShard+` and (`+sqlUnhealthy+` or not parked or inflight > 0) order by blocked desc, slow desc, next_at desc limit ?4`,
		[]any{now, frontier.Recovered, job, frontier.StatusHosts}, func(r *sql.Rows) error {
			var (
				h           frontier.HostStatus
				next, least int64
			)
			err := r.Scan(&h.Host, &next, &h.Blocked, &h.Reason, &h.Slow, &least)
			h.NextAt, h.CrawlDelay = fromMicro(next), micro(least)
			s.Hosts = append(s.Hosts, h)
			return err
		}); err != nil {
		return s, err
	}
	err = f.each(ctx, `select state, reason, sum(n) from (
   select state, reason, n from stat where job_id = ?1 and state between 2 and 4
   union all select state, coalesce(reason, ''), 1 from queue where job_id = ?1 and lease_id is null and run_at is not null)
 group by 1, 2 having sum(n) > 0 order by 3 desc, 1, 2 limit ?2`, []any{job, frontier.StatusReasons}, func(r *sql.Rows) error {
		var (
			c     frontier.ReasonCount
			state int
		)
		err := r.Scan(&state, &c.Reason, &c.Count)
		c.State = seine.State(state)
		s.Reasons = append(s.Reasons, c)
		return err
	})
	if err != nil {
		return s, err
	}
	if s.Session, err = f.Session(ctx, job); err != nil {
		return s, err
	}
	s.Session.Cookies = nil // a secret
	return s, f.statusMore(ctx, job, &s)
}

// statusMore reads the fields without values, the last retry and the leases.
func (f *Frontier) statusMore(ctx context.Context, job frontier.JobID, s *frontier.Status) error {
	var (
		digest []byte
		last   int64
	)
	if err := f.one(ctx, `select digest, (select coalesce(max(run_at), 0) from queue q where q.job_id = j.job_id and lease_id is null) from job j where job_id = ?`,
		[]any{job}, &digest, &last); err != nil {
		return err
	}
	if last > 0 {
		s.LastRetry = fromMicro(last)
	}
	counters, err := f.FieldCounts(ctx, job)
	if err != nil {
		return err
	}
	stored, err := f.Drift(ctx, job)
	if err != nil {
		return err
	}
	s.Drift = stored.Watch().Alarms
	s.NullFields, s.Unmatched = frontier.NullFields(digest, counters), frontier.UnmatchedRules(digest, counters)
	if err := f.each(ctx, `select l.worker, l.expires_at, count(*) from queue q join lease l on l.lease_id = q.lease_id where q.job_id = ? group by l.lease_id order by 1`, []any{job}, func(r *sql.Rows) error {
		var (
			l  frontier.LeaseStatus
			at int64
		)
		err := r.Scan(&l.Worker, &at, &l.Tasks)
		l.ExpiresAt = fromMicro(at)
		s.Leases = append(s.Leases, l)
		return err
	}); err != nil {
		return err
	}
	return f.statusPages(ctx, job, s)
}

// statusPages reads the page kinds, how fresh the data is, and the links that were left out.
func (f *Frontier) statusPages(ctx context.Context, job frontier.JobID, s *frontier.Status) error {
	var stats, open []frontier.PageCount
	counted := func(into *[]frontier.PageCount) func(r *sql.Rows) error {
		return func(r *sql.Rows) error {
			var c frontier.PageCount
			err := r.Scan(&c.Page, &c.State, &c.N)
			*into = append(*into, c)
			return err
		}
	}
	if err := f.each(ctx, `select page, state, n from page_stat where job_id = ? and state <= 4`, []any{job}, counted(&stats)); err != nil {
		return err
	}
	if len(stats) > 0 {
		// The other tasks have no page kind.
		if err := f.each(ctx, `select '', state, sum(n) from (select state, n from stat where job_id = ?1 and state <= 4
   union all select state, -n from page_stat where job_id = ?1 and state <= 4) group by 2`, []any{job}, counted(&stats)); err != nil {
			return err
		}
		if err := f.each(ctx, `select t.page, `+sqlOpenState+`, count(*) from queue q join task t using (job_id, key)
 where q.job_id = ? and (q.lease_id is not null or q.run_at is not null) group by 1, 2`, []any{job}, counted(&open)); err != nil {
			return err
		}
	}
	s.Pages = frontier.PagesOf(stats, open)
	var oldest, next int64
	if err := f.one(ctx, `select count(*), count(case when checked_at > ?1 - every_s * 1000000 then 1 end), count(gone_at), coalesce(min(checked_at), 0),
   (select coalesce(min(due_at), 0) from recrawl where job_id = ?2), (select count(distinct key) from `+strings.ReplaceAll(unlisted, "?1", "?2")+`)
 from visit where job_id = ?2 and every_s > 0 and substr(key, -?3) <> ?4`, []any{f.now(), job, len(frontier.SitemapMark), frontier.SitemapMark},
		&s.Fresh.Tracked, &s.Fresh.Fresh, &s.Fresh.Gone, &oldest, &next, &s.Fresh.Unlisted); err != nil {
		return err
	}
	s.Fresh.Oldest, s.Fresh.Next = orZero(oldest), orZero(next)
	if err := f.each(ctx, `select name, coalesce(example, ''), n, max from budget where job_id = ? and n >= max order by name limit ?`, []any{job, frontier.StatusReasons}, func(r *sql.Rows) error {
		var b frontier.BudgetStatus
		err := r.Scan(&b.Name, &b.Example, &b.N, &b.Max)
		s.Budgets = append(s.Budgets, b)
		return err
	}); err != nil {
		return err
	}
	count := func(to *[]frontier.LeftOut) func(r *sql.Rows) error {
		return func(r *sql.Rows) error {
			var o frontier.LeftOut
			err := r.Scan(&o.Reason, &o.N)
			*to = append(*to, o)
			return err
		}
	}
	if err := f.each(ctx, `select reason, n from stat where job_id = ? and state = ? and n > 0 order by 2 desc, 1 limit ?`, []any{job, frontier.StatLeftOut, frontier.StatusReasons}, count(&s.LeftOut)); err != nil {
		return err
	}
	var via []frontier.LeftOut
	err := f.each(ctx, `select reason, n from stat where job_id = ? and state = ? and n > 0`, []any{job, frontier.StatVia}, count(&via))
	s.Via = frontier.ViaCounts(via)
	return err
}

// sqlOpenState is the state of an open task.
const sqlOpenState = `case when q.lease_id is not null then 5 when q.run_at is not null then q.state else 0 end`

// InProgress counts the leased tasks.
func (f *Frontier) InProgress(ctx context.Context, job frontier.JobID, host string) (n int64, err error) {
	err = f.one(ctx, `select coalesce(sum(inflight), 0) from lane where job_id = ?1 and (?2 = '' or lane_key = ?2)`, []any{job, host}, &n)
	return n, err
}

// Tasks lists tasks ordered by key. It reads finished and open tasks separately, because the queue
// has no index by key.
func (f *Frontier) Tasks(ctx context.Context, job frontier.JobID, filter frontier.Filter) ([]frontier.TaskInfo, error) {
	by := selectionOf(job, filter)
	by.add(`t.key > ?`, `q.key > ?`, filter.After)
	ended, open, args := by.ended, by.open, by.args
	limit := ""
	if filter.Limit > 0 {
		args = append(args, filter.Limit)
		limit = fmt.Sprintf(` limit ?%d`, len(args))
	}
	var out []frontier.TaskInfo
	err := f.each(ctx, `select * from (select t.key as key, t.state, 1, t.attempt, 1, coalesce(t.reason, ''), coalesce(t.worker, ''), t.meta, null, coalesce(t.finished_at, t.created_at), t.page, `+unlistedAt+`
   from task t where `+strings.Join(ended, " and ")+` order by t.key`+limit+`)
 union all
 select * from (select q.key, q.now, 0, q.attempt, q.prio, coalesce(q.reason, h.why, ''), coalesce(le.worker, t.worker, ''), t.meta, case when q.lease_id is null then coalesce(q.run_at, h.next_at) end, t.created_at, t.page, `+unlistedAt+`
   from (select q.job_id, q.key, q.attempt, q.prio, q.reason, q.lease_id, q.run_at, q.lane_id, `+sqlOpenState+` as now from queue q where `+strings.Join(open, " and ")+` order by q.key`+limit+`) q
   cross join task t on t.job_id = q.job_id and t.key = q.key left join lease le on le.lease_id = q.lease_id
  left join lane h on h.lane_id = q.lane_id and h.why is not null and (h.faults > 0 or h.quiet_until > `+strconv.FormatInt(f.now(), 10)+`))
 order by 1`+limit, args, func(r *sql.Rows) error {
		var (
			t       frontier.TaskInfo
			state   int
			meta    sql.NullString
			next    sql.NullInt64
			left    sql.NullInt64
			updated int64
		)
		if err := r.Scan(&t.Key, &state, &t.Final, &t.Attempt, &t.Priority, &t.Reason, &t.Worker, &meta, &next, &updated, &t.Page, &left); err != nil {
			return err
		}
		t.State, t.UpdatedAt, t.UnlistedAt = seine.State(state), fromMicro(updated), orZero(left.Int64)
		if meta.Valid {
			t.Meta = json.RawMessage(meta.String)
		}
		if next.Valid {
			t.NextAt = fromMicro(next.Int64)
		}
		out = append(out, t)
		return nil
	})
	return out, err
}
