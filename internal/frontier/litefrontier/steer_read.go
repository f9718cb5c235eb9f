package litefrontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/seinehq/seine/internal/frontier"
)

// Count counts the tasks of a filter. The counters know the number of finished tasks by state and
// reason.
func (f *Frontier) Count(ctx context.Context, job frontier.JobID, by frontier.Filter) (total int64, err error) {
	s := selectionOf(job, by)
	count := func(query string) error {
		var n int64
		err := rowsOf(ctx, f.read, query, s.args, func(r *sql.Rows) error { return r.Scan(&n) })
		total += n
		return err
	}
	if by.Part != frontier.FinalTasks {
		if err := count(`select count(*) from queue q where ` + strings.Join(s.open, " and ")); err != nil {
			return 0, fmt.Errorf("count: %w", err)
		}
	}
	if by.Part == frontier.OpenTasks {
		return total, nil
	}
	query := `select count(*) from task t where `
	if by.Counted() && by.Page == "" {
		query = `select coalesce(sum(n), 0) from stat t where t.state between 1 and 4 and `
	}
	if err := count(query + strings.Join(s.ended, " and ")); err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	return total, nil
}

// maxWorkers bounds a list of workers.
const maxWorkers = 10_000

// Workers lists the sessions with a live lease.
func (f *Frontier) Workers(ctx context.Context) (out []frontier.WorkerStatus, err error) {
	err = f.each(ctx, `select l.worker, l.expires_at, l.rates, l.stopping, (select count(*) from queue q where q.lease_id = l.lease_id)
 from lease l where l.expires_at > ? order by l.worker, l.lease_id limit ?`, []any{f.now(), maxWorkers}, func(r *sql.Rows) error {
		var (
			w     frontier.WorkerStatus
			at    int64
			rates string
		)
		if err := r.Scan(&w.Worker, &at, &rates, &w.Stopping, &w.Tasks); err != nil {
			return err
		}
		w.ExpiresAt = fromMicro(at)
		err := json.Unmarshal([]byte(rates), &w.Rates)
		out = append(out, w)
		return err
	})
	return out, err
}

// StopWorker asks the sessions of a worker to end.
func (f *Frontier) StopWorker(ctx context.Context, worker string) (n int, err error) {
	err = f.tx(ctx, func(t tx) error {
		changed, err := t.exec(ctx, `update lease set stopping = 1 where worker = ? and expires_at > ?`, frontier.Clean(worker), f.now())
		n = int(changed)
		return err
	})
	return n, err
}

// Orders returns the orders of a worker.
func (f *Frontier) Orders(ctx context.Context, lease frontier.Lease, jobs []frontier.JobID) (frontier.Orders, error) {
	out := frontier.Orders{Tunings: map[frontier.JobID]frontier.Tunings{}}
	if err := f.each(ctx, `select stopping from lease where lease_id = ?`, []any{lease.Token}, func(r *sql.Rows) error { return r.Scan(&out.Stop) }); err != nil {
		return out, err
	}
	for _, job := range jobs {
		tuned, err := f.Tunings(ctx, job)
		if err != nil {
			return out, err
		}
		if len(tuned) > 0 {
			out.Tunings[job] = tuned
		}
	}
	return out, nil
}

// Note adds a change to the log.
func (f *Frontier) Note(ctx context.Context, c frontier.Change) error {
	c = c.Bounded()
	err := f.tx(ctx, func(t tx) error {
		_, err := t.exec(ctx, `insert into change(job_id, at, who, what) values (?, ?, ?, ?)`, c.Job, f.now(), c.Who, c.What)
		return err
	})
	if err != nil {
		return fmt.Errorf("note a change: %w", err)
	}
	return nil
}

// Changes lists changes, the newest first.
func (f *Frontier) Changes(ctx context.Context, job frontier.JobID, before int64, n int) (out []frontier.Change, err error) {
	err = f.each(ctx, `select change_id, job_id, at, who, what from change where (?1 = 0 or job_id = ?1) and (?2 = 0 or change_id < ?2) order by change_id desc limit ?3`, []any{job, before, n}, func(r *sql.Rows) error {
		var (
			c  frontier.Change
			at int64
		)
		err := r.Scan(&c.ID, &c.Job, &at, &c.Who, &c.What)
		c.At = fromMicro(at)
		out = append(out, c)
		return err
	})
	return out, err
}
