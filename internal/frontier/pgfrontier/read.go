package pgfrontier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Jobs lists the registered jobs by name.
func (f *Frontier) Jobs(ctx context.Context) ([]frontier.JobInfo, error) {
	return collect(ctx, f, `select job_id, name, paused, config::text, digest from seine.job order by name`, nil,
		func(row pgx.CollectableRow) (j frontier.JobInfo, err error) {
			var config string
			err = row.Scan(&j.ID, &j.Name, &j.Paused, &config, &j.Digest)
			j.Config = json.RawMessage(config)
			return j, err
		})
}

func collect[T any](ctx context.Context, f *Frontier, sql string, args []any, scan pgx.RowToFunc[T]) ([]T, error) {
	var out []T
	err := f.again(ctx, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, scan)
		return err
	})
	return out, err
}

// Counts reads the counters.
func (f *Frontier) Counts(ctx context.Context, job frontier.JobID) (frontier.Counts, error) {
	out := frontier.NewCounts()
	type row struct {
		state int
		n     int64
	}
	rows, err := collect(ctx, f, `select state::int, sum(n)::bigint from seine.stat where job_id = $1 group by 1`, []any{job},
		func(r pgx.CollectableRow) (v row, err error) { return v, r.Scan(&v.state, &v.n) })
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		out.Add(r.state, r.n)
	}
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select coalesce(sum(hi - next_id + 1), 0)::bigint from seine.space where job_id = $1 and next_id <= hi`, job).Scan(&out.Unseen)
	})
	return out, err
}

// $2 job.
const sqlStatus = `select j.paused,
  (select coalesce(sum(inflight), 0) from seine.lane l where l.job_id = j.job_id)::bigint,
  (select count(*) from seine.queue q where q.job_id = j.job_id and q.lease_id is null and q.run_at is not null and q.state = 2),
  (select count(*) from seine.queue q where q.job_id = j.job_id and q.lease_id is null and q.run_at is not null and q.state = 3),
  (select coalesce(sum((rates->>(j.job_id::text))::float8), 0) from seine.lease where expires_at > ` + now + `)::float8,
  (select count(*) from seine.lease where expires_at > ` + now + ` and rates ? j.job_id::text)::int,
  (select count(*) from seine.asset_failure a where a.job_id = j.job_id),
  (select count(*) from seine.quarantine x where x.job_id = j.job_id)
 from seine.job j where j.job_id = $2`

// sqlHosts lists the lanes of a status. $2 job, $3 limit.
var sqlHosts = `select lane_key, next_at, ` + laneBlocked + `, case when paused then '` + frontier.WhyPaused + `' else coalesce(why, '') end, slow, extract(epoch from delay_least)::float8
 from seine.lane l where job_id = $2 and not ` + isShard + ` and (` + laneUnhealthy + ` or not parked or inflight > 0)
 order by 3 desc, slow desc, next_at desc limit $3`

// Status returns the report of `seine status`.
func (f *Frontier) Status(ctx context.Context, job frontier.JobID) (frontier.Status, error) {
	var s frontier.Status
	counts, err := f.Counts(ctx, job)
	if err != nil {
		return s, err
	}
	s.Counts = counts
	var inProgress, waitError, waitStale int64
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, sqlStatus, f.now(), job).Scan(&s.Paused, &inProgress, &waitError, &waitStale, &s.Rate, &s.Workers, &s.FailedAssets, &s.Quarantined)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return s, frontier.ErrNoJob
	}
	if err != nil {
		return s, err
	}
	s.States = counts.States(inProgress, waitError, waitStale)
	s.Hosts, err = collect(ctx, f, sqlHosts, []any{f.now(), job, frontier.StatusHosts},
		func(row pgx.CollectableRow) (h frontier.HostStatus, err error) {
			var least float64
			err = row.Scan(&h.Host, &h.NextAt, &h.Blocked, &h.Reason, &h.Slow, &least)
			h.CrawlDelay = seconds(least)
			return h, err
		})
	if err != nil {
		return s, err
	}
	s.Reasons, err = collect(ctx, f, `select state::int, reason, sum(n)::bigint from (
   select state, coalesce(reason, '') as reason, n from seine.stat where job_id = $1 and state between 2 and 4
   union all select state, coalesce(reason, ''), 1 from seine.queue where job_id = $1 and lease_id is null and run_at is not null) x
 group by 1, 2 having sum(n) > 0 order by 3 desc, 1, 2 limit $2`, []any{job, frontier.StatusReasons},
		func(row pgx.CollectableRow) (r frontier.ReasonCount, err error) {
			var state int
			err = row.Scan(&state, &r.Reason, &r.Count)
			r.State = seine.State(state)
			return r, err
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
		last   *time.Time
	)
	err := f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select digest, (select max(run_at) from seine.queue q where q.job_id = j.job_id and lease_id is null) from seine.job j where job_id = $1`, job).Scan(&digest, &last)
	})
	if err != nil {
		return err
	}
	if last != nil {
		s.LastRetry = *last
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
	s.Leases, err = collect(ctx, f, `select l.worker, l.expires_at, count(*) from seine.queue q join seine.lease l using (lease_id) where q.job_id = $1 group by l.lease_id order by 1`, []any{job},
		func(row pgx.CollectableRow) (l frontier.LeaseStatus, err error) {
			return l, row.Scan(&l.Worker, &l.ExpiresAt, &l.Tasks)
		})
	if err != nil {
		return err
	}
	return f.statusPages(ctx, job, s)
}

// statusPages reads the page kinds, how fresh the data is, and the links that were left out.
func (f *Frontier) statusPages(ctx context.Context, job frontier.JobID, s *frontier.Status) error {
	stats, err := collect(ctx, f, `select page, state::int, sum(n)::bigint from seine.stat where job_id = $1 and state between 0 and 4 group by 1, 2`,
		[]any{job}, pgx.RowToStructByPos[frontier.PageCount])
	if err != nil {
		return err
	}
	var open []frontier.PageCount
	if slices.ContainsFunc(stats, func(c frontier.PageCount) bool { return c.Page != "" }) {
		open, err = collect(ctx, f, `select t.page, (`+sqlOpenState+`)::int, count(*) from seine.queue q join seine.task t on t.job_id = q.job_id and t.key = q.key
 where q.job_id = $1 and (q.lease_id is not null or q.run_at is not null) group by 1, 2`, []any{job}, pgx.RowToStructByPos[frontier.PageCount])
		if err != nil {
			return err
		}
	}
	s.Pages = frontier.PagesOf(stats, open)
	var oldest, next *time.Time
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select count(*), count(*) filter (where checked_at > `+now+` - every_s * interval '1 s'), count(gone_at), min(checked_at),
   (select min(due_at) from seine.recrawl where job_id = $2), (select count(distinct key) from `+fmt.Sprintf(unlisted, `$2`)+` u)
 from seine.visit where job_id = $2 and every_s > 0 and right(key, length($3::text)) <> $3`, f.now(), job, frontier.SitemapMark).Scan(&s.Fresh.Tracked, &s.Fresh.Fresh, &s.Fresh.Gone, &oldest, &next, &s.Fresh.Unlisted)
	})
	if err != nil {
		return err
	}
	if oldest != nil {
		s.Fresh.Oldest = oldest.UTC()
	}
	if next != nil {
		s.Fresh.Next = next.UTC()
	}
	s.Budgets, err = collect(ctx, f, `select name, coalesce(example, ''), n, max from seine.budget where job_id = $1 and n >= max order by name limit $2`,
		[]any{job, frontier.StatusReasons}, pgx.RowToStructByPos[frontier.BudgetStatus])
	if err != nil {
		return err
	}
	s.LeftOut, err = collect(ctx, f, `select coalesce(reason, ''), sum(n)::bigint from seine.stat where job_id = $1 and state = `+strconv.Itoa(frontier.StatLeftOut)+`
 group by 1 having sum(n) > 0 order by 2 desc, 1 limit $2`, []any{job, frontier.StatusReasons}, pgx.RowToStructByPos[frontier.LeftOut])
	if err != nil {
		return err
	}
	via, err := collect(ctx, f, `select coalesce(reason, ''), sum(n)::bigint from seine.stat where job_id = $1 and state = `+strconv.Itoa(frontier.StatVia)+`
 group by 1 having sum(n) > 0`, []any{job}, pgx.RowToStructByPos[frontier.LeftOut])
	s.Via = frontier.ViaCounts(via)
	return err
}

// InProgress counts the leased tasks. If it returns zero, no claim of such a task is in flight
// either.
func (f *Frontier) InProgress(ctx context.Context, job frontier.JobID, host string) (n int64, err error) {
	const of = ` from seine.lane where job_id = $1 and ($2 = '' or lane_key = $2)`
	err = f.again(ctx, func(c *pgx.Conn) error {
		if err := c.QueryRow(ctx, `select coalesce(sum(inflight), 0)::bigint`+of, job, host).Scan(&n); err != nil || n > 0 {
			return err
		}
		// A claim that began before a pause locks its lanes until its commit.
		return c.QueryRow(ctx, `select coalesce(sum(inflight), 0)::bigint from (select inflight`+of+` order by lane_id for share) l`, job, host).Scan(&n)
	})
	return n, err
}

// Tasks lists tasks ordered by key. It reads finished and open tasks separately: a join would
// search the queue for each task, and an index by key would slow every claim.
func (f *Frontier) Tasks(ctx context.Context, job frontier.JobID, filter frontier.Filter) ([]frontier.TaskInfo, error) {
	by := selectionOf(filter, f.now(), job)
	by.add(filter.After, `t.key > ?`, `q.key > ?`)
	ended, open, args := by.ended, by.open, by.args
	limit := ""
	if filter.Limit > 0 {
		args = append(args, filter.Limit)
		limit = fmt.Sprintf(` limit $%d`, len(args))
	}
	at := fmt.Sprintf(unlistedAt, `$2`)
	return collect(ctx, f, `select * from (
   (select t.key, t.state::int as state, true, t.attempt::int, 1, coalesce(t.reason, ''), coalesce(t.worker, ''), t.meta::text, null::timestamptz, coalesce(t.finished_at, t.created_at), t.page, `+at+`
   from seine.task t where `+strings.Join(ended, " and ")+` order by t.key`+limit+`)
   union all
   select q.key, q.now, false, q.attempt::int, q.prio::int, coalesce(q.reason, h.why, ''), coalesce(le.worker, t.worker, ''), t.meta, case when q.lease_id is null then coalesce(q.run_at, h.next_at) end, t.created_at, t.page, t.left_at
   from (select q.key, q.attempt, q.prio, q.reason, q.lease_id, q.run_at, q.lane_id, (`+sqlOpenState+`)::int as now from seine.queue q where `+strings.Join(open, " and ")+` order by q.key`+limit+`) q
   cross join lateral (select worker, meta::text, created_at, page, `+at+` as left_at from seine.task t where t.job_id = $2 and t.key = q.key) t
   left join seine.lease le on le.lease_id = q.lease_id
   left join seine.lane h on h.lane_id = q.lane_id and h.why is not null and (h.faults > 0 or h.quiet_until > `+now+`)
 ) x order by key`+limit, args, scanTask)
}

// sqlOpenState is the state of an open task.
const sqlOpenState = `case when q.lease_id is not null then 5 when q.run_at is not null then q.state else 0 end`

func scanTask(row pgx.CollectableRow) (t frontier.TaskInfo, err error) {
	var (
		state int
		meta  *string
		next  *time.Time
		left  *time.Time
	)
	err = row.Scan(&t.Key, &state, &t.Final, &t.Attempt, &t.Priority, &t.Reason, &t.Worker, &meta, &next, &t.UpdatedAt, &t.Page, &left)
	t.State, t.UpdatedAt = seine.State(state), t.UpdatedAt.UTC()
	if meta != nil {
		t.Meta = json.RawMessage(*meta)
	}
	if next != nil {
		t.NextAt = next.UTC()
	}
	if left != nil {
		t.UnlistedAt = left.UTC()
	}
	return t, err
}

const sqlClock = `select coalesce($1::timestamptz, clock_timestamp())`

// Clock returns the frontier's time.
func (f *Frontier) Clock(ctx context.Context) (t time.Time, err error) {
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, sqlClock, f.now()).Scan(&t)
	})
	return t.UTC(), err
}
