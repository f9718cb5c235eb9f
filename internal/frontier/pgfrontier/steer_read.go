package pgfrontier

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	sqlWorkers = `select l.worker, l.expires_at, l.rates::text, l.stopping, (select count(*) from seine.queue q where q.lease_id = l.lease_id)
 from seine.lease l where l.expires_at > ` + now + ` order by l.worker, l.lease_id limit $2`
	sqlStopWorker = `update seine.lease set stopping = true where worker = $2 and expires_at > ` + now
	sqlNote       = `insert into seine.change(job_id, at, who, what) values ($2, ` + now + `, $3, $4)`
	sqlChanges    = `select change_id, job_id, at, who, what from seine.change where ($1 = 0 or job_id = $1) and ($2 = 0 or change_id < $2) order by change_id desc limit $3`

	// sqlForgetChanges deletes old changes. $1 the number of changes that stay.
	sqlForgetChanges = `delete from seine.change where change_id <= (select max(change_id) from seine.change) - $1`
)

// maxWorkers bounds a list of workers.
const maxWorkers = 10_000

// Count counts the tasks of a filter. The counters know the number of finished tasks by state,
// reason and page kind.
func (f *Frontier) Count(ctx context.Context, job frontier.JobID, by frontier.Filter) (int64, error) {
	var total int64
	count := func(sql string, args []any) error {
		var n int64
		err := f.again(ctx, func(c *pgx.Conn) error { return c.QueryRow(ctx, sql, args...).Scan(&n) })
		total += n
		return err
	}
	s := selectionOf(by, job)
	if by.Part != frontier.FinalTasks {
		if err := count(`select count(*) from seine.queue q where `+strings.Join(s.open, " and "), s.args); err != nil {
			return 0, fmt.Errorf("count: %w", err)
		}
	}
	if by.Part == frontier.OpenTasks {
		return total, nil
	}
	sql := `select count(*) from seine.task t where `
	if by.Counted() {
		sql = `select coalesce(sum(n), 0)::bigint from seine.stat t where t.state between 1 and 4 and `
	}
	if err := count(sql+strings.Join(s.ended, " and "), s.args); err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	return total, nil
}

// Workers lists the sessions with a live lease.
func (f *Frontier) Workers(ctx context.Context) ([]frontier.WorkerStatus, error) {
	return collect(ctx, f, sqlWorkers, []any{f.now(), maxWorkers}, func(row pgx.CollectableRow) (w frontier.WorkerStatus, err error) {
		var rates string
		if err := row.Scan(&w.Worker, &w.ExpiresAt, &rates, &w.Stopping, &w.Tasks); err != nil {
			return w, err
		}
		w.ExpiresAt = w.ExpiresAt.UTC()
		return w, json.Unmarshal([]byte(rates), &w.Rates)
	})
}

// StopWorker asks the sessions of a worker to end.
func (f *Frontier) StopWorker(ctx context.Context, worker string) (int, error) {
	n, err := f.exec(ctx, sqlStopWorker, f.now(), frontier.Clean(worker))
	return int(n), err
}

// Orders returns the orders of a worker.
func (f *Frontier) Orders(ctx context.Context, lease frontier.Lease, jobs []frontier.JobID) (out frontier.Orders, err error) {
	out.Tunings = map[frontier.JobID]frontier.Tunings{}
	err = f.again(ctx, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, `select 0, case when stopping then '1' else '' end from seine.lease where lease_id = $1
 union all select job_id, value::text from seine.tuning where job_id = any($2::int[])`, lease.Token, ints(jobs))
		if err != nil {
			return err
		}
		clear(out.Tunings)
		var (
			job  frontier.JobID
			text string
		)
		_, err = pgx.ForEachRow(rows, []any{&job, &text}, func() error {
			if job == 0 {
				out.Stop = text != ""
				return nil
			}
			var t frontier.Tuning
			err := json.Unmarshal([]byte(text), &t)
			out.Tunings[job] = append(out.Tunings[job], t)
			return err
		})
		return err
	})
	return out, err
}

// Note adds a change to the log.
func (f *Frontier) Note(ctx context.Context, c frontier.Change) error {
	c = c.Bounded()
	if _, err := f.exec(ctx, sqlNote, f.now(), c.Job, c.Who, c.What); err != nil {
		return fmt.Errorf("note a change: %w", err)
	}
	return nil
}

// Changes lists changes, the newest first.
func (f *Frontier) Changes(ctx context.Context, job frontier.JobID, before int64, n int) ([]frontier.Change, error) {
	return collect(ctx, f, sqlChanges, []any{job, before, n}, func(row pgx.CollectableRow) (c frontier.Change, err error) {
		err = row.Scan(&c.ID, &c.Job, &c.At, &c.Who, &c.What)
		c.At = c.At.UTC()
		return c, err
	})
}
