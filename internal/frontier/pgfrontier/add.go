package pgfrontier

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// wake lists the lanes with new ready tasks, and the best priority of each.
type wake struct {
	lanes []int32
	prios []int16
	n     int64
	keys  []string // the new ones, if requested
	over  int      // tasks over a budget
}

func (w wake) queue(b *pgx.Batch, now any) {
	if len(w.lanes) > 0 {
		b.Queue(sqlWake, now, w.lanes, w.prios)
	}
}

func laneKeys(tasks []frontier.New) []string {
	keys := make([]string, 0, len(tasks))
	for _, t := range tasks {
		keys = append(keys, t.Lane)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// addRows admits tasks within a transaction. With say it also returns the new keys.
func addRows(ctx context.Context, c *pgx.Conn, job frontier.JobID, tasks []frontier.New, lanes map[string]int32, say bool) (w wake, err error) {
	if purse := frontier.NewPurse(tasks); purse != nil {
		if tasks, err = spend(ctx, c, job, purse, tasks); err != nil {
			return wake{}, err
		}
		w.over = purse.Over()
	}
	n := len(tasks)
	if n == 0 {
		return w, nil
	}
	keys, ids, prios, metas := make([]string, n), make([]int32, n), make([]int16, n), make([]*string, n)
	var pages pageColumn
	for i, t := range tasks {
		keys[i], ids[i], prios[i] = t.Key, lanes[t.Lane], int16(frontier.Priority(t.Priority))
		pages.add(t.Page)
		if len(t.Meta) > 0 {
			s := string(frontier.CleanJSON(t.Meta))
			metas[i] = &s
		}
	}
	var rows pgx.Rows
	if len(slices.Compact(slices.Clone(prios))) == 1 {
		rows, err = c.Query(ctx, sqlAdd, job, keys, ids, prios[0], metas, say, pages.values())
	} else {
		rows, err = c.Query(ctx, sqlAddMixed, job, keys, ids, prios, metas, say, pages.values())
	}
	if err != nil {
		return wake{}, err
	}
	var (
		lane  int32
		prio  int16
		added int64
		fresh []string
	)
	_, err = pgx.ForEachRow(rows, []any{&lane, &prio, &added, &fresh}, func() error {
		w.lanes, w.prios, w.n, w.keys = append(w.lanes, lane), append(w.prios, prio), w.n+added, append(w.keys, fresh...)
		return nil
	})
	return w, err
}

func collectWake(rows pgx.Rows) (w wake, err error) {
	var (
		lane int32
		prio int16
		n    int64
	)
	_, err = pgx.ForEachRow(rows, []any{&lane, &prio, &n}, func() error {
		w.lanes, w.prios, w.n = append(w.lanes, lane), append(w.prios, prio), w.n+n
		return nil
	})
	return w, err
}

// Add admits tasks whose key the job has not seen.
func (f *Frontier) Add(ctx context.Context, job frontier.JobID, tasks []frontier.New) (int, error) {
	if len(tasks) == 0 {
		return 0, nil
	}
	n, err := f.insert(ctx, job, tasks, nil, func(ctx context.Context, c *pgx.Conn, lanes map[string]int32) (wake, error) {
		return addRows(ctx, c, job, tasks, lanes, false)
	})
	if err != nil {
		return 0, fmt.Errorf("add: %w", err)
	}
	return n, nil
}

var errMoved = errors.New("another worker took these IDs")

// begin queues the begin of a transaction that writes.
func begin(b *pgx.Batch) {
	b.Queue(`begin`)
	b.Queue(sqlPlanOnce)
}

// insert runs a transaction that adds queue rows. first queues the statements before them, and its
// result can refuse the transaction. rows adds the rows. Then insert locks and wakes the lanes.
func (f *Frontier) insert(ctx context.Context, job frontier.JobID, tasks []frontier.New, first func(b *pgx.Batch) (refused func() error),
	rows func(context.Context, *pgx.Conn, map[string]int32) (wake, error),
) (int, error) {
	lanes, err := f.laneIDs(ctx, job, laneKeys(tasks))
	if err != nil {
		return 0, err
	}
	var n int64
	err = f.tx(ctx, func(c *pgx.Conn) error {
		n = 0
		b := &pgx.Batch{}
		begin(b)
		refused := func() error { return nil }
		if first != nil {
			refused = first(b)
		}
		if err := c.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		if err := refused(); err != nil {
			return err
		}
		w, err := rows(ctx, c, lanes)
		if err != nil {
			return err
		}
		n = w.n
		b = &pgx.Batch{}
		if len(w.lanes) > 0 {
			b.Queue(sqlLock, sorted(slices.Clone(w.lanes)))
			w.queue(b, f.now())
		}
		b.Queue(`commit`)
		_, err = run(ctx, c, b)
		return err
	})
	return int(n), err
}

// SetSpace replaces the range of IDs to enumerate.
func (f *Frontier) SetSpace(ctx context.Context, job frontier.JobID, from, to int64) error {
	_, err := f.exec(ctx, sqlSetSpace, job, from, to)
	return err
}

// Fill admits the next n IDs of the job's range.
func (f *Frontier) Fill(ctx context.Context, job frontier.JobID, n int, admit func(id int64) (frontier.New, error)) (taken int, left bool, err error) {
	var (
		lo, hi, next int64
		ready        int
	)
	err = f.again(ctx, func(c *pgx.Conn) error { return c.QueryRow(ctx, sqlSpacePeek, job).Scan(&lo, &hi, &next) })
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, true, err
	}
	lanes, err := frontier.NextLanes(next, hi, admit)
	if err == nil {
		err = f.again(ctx, func(c *pgx.Conn) error { return c.QueryRow(ctx, sqlReadyLanes, job, lanes).Scan(&ready) })
	}
	if err != nil || !frontier.Refill(ready, len(lanes)) {
		return 0, true, err
	}
	tasks, to, err := frontier.Block(next, hi, n, admit)
	if err != nil {
		return 0, true, err
	}
	_, err = f.insert(ctx, job, tasks, func(b *pgx.Batch) func() error {
		var took bool
		b.Queue(sqlSpaceTake, job, lo, next, to).Exec(func(tag pgconn.CommandTag) error {
			took = tag.RowsAffected() > 0
			return nil
		})
		return func() error {
			if !took {
				return errMoved
			}
			return nil
		}
	}, func(ctx context.Context, c *pgx.Conn, lanes map[string]int32) (wake, error) {
		return addRows(ctx, c, job, tasks, lanes, false)
	})
	if errors.Is(err, errMoved) {
		return 0, true, nil
	}
	if err != nil {
		return 0, true, fmt.Errorf("fill: %w", err)
	}
	return len(tasks), true, nil
}

// Retry requeues finished or waiting tasks.
func (f *Frontier) Retry(ctx context.Context, job frontier.JobID, tasks []frontier.New) (int, error) {
	keys, prios := make([]string, len(tasks)), make([]int16, len(tasks))
	for i, t := range tasks {
		keys[i], prios[i] = t.Key, int16(t.Priority)
	}
	n, err := f.insert(ctx, job, tasks, nil, func(ctx context.Context, c *pgx.Conn, lanes map[string]int32) (wake, error) {
		ids := make([]int32, len(tasks))
		for i, t := range tasks {
			ids[i] = lanes[t.Lane]
		}
		rows, err := c.Query(ctx, sqlRequeue, job, keys, ids, prios)
		if err != nil {
			return wake{}, err
		}
		return collectWake(rows)
	})
	if err != nil {
		return 0, fmt.Errorf("retry: %w", err)
	}
	retried, err := f.retryNow(ctx, job, keys)
	return n + retried, err
}

// retryNow makes waiting tasks ready.
func (f *Frontier) retryNow(ctx context.Context, job frontier.JobID, keys []string) (int, error) {
	var n int64
	err := f.tx(ctx, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, `begin`); err != nil {
			return err
		}
		rows, err := c.Query(ctx, sqlWaitingLanes, job, keys)
		if err != nil {
			return err
		}
		lanes, err := pgx.CollectRows(rows, pgx.RowTo[int32])
		if err != nil {
			return err
		}
		if _, err := c.Exec(ctx, sqlLock, sorted(lanes)); err != nil {
			return err
		}
		rows, err = c.Query(ctx, sqlRetryNow, job, keys)
		if err != nil {
			return err
		}
		w, err := collectWake(rows)
		if err != nil {
			return err
		}
		n = w.n
		b := &pgx.Batch{}
		w.queue(b, f.now())
		b.Queue(`commit`)
		_, err = run(ctx, c, b)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("retry: %w", err)
	}
	return int(n), nil
}

// Waiting lists open tasks without a lease, ordered by Seq.
func (f *Frontier) Waiting(ctx context.Context, job frontier.JobID, shards bool, after int64, n int) ([]frontier.Claimed, error) {
	var (
		out   []frontier.Claimed
		there bool
	)
	// Most jobs have no such lane, and the queue may be long.
	err := f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select exists (select from seine.lane where job_id = $1 and (`+isShard+`) = $2)`, job, shards).Scan(&there)
	})
	if err != nil || !there {
		return nil, err
	}
	err = f.again(ctx, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, `select q.job_id, q.seq, q.key, q.lane_id, l.lane_key, q.prio::int from seine.queue q join seine.lane l using (lane_id)
 where q.job_id = $1 and q.seq > $2 and q.lease_id is null and (`+isShard+`) = $4 order by q.seq limit $3`, job, after, n, shards)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (t frontier.Claimed, err error) {
			err = row.Scan(&t.Job, &t.Seq, &t.Key, &t.Lane, &t.LaneKey, &t.Priority)
			return t, err
		})
		return err
	})
	return out, err
}

// Move puts tasks into other lanes.
func (f *Frontier) Move(ctx context.Context, job frontier.JobID, tasks []frontier.Claimed, to []string) error {
	ids, err := f.laneIDs(ctx, job, to)
	if err != nil {
		return err
	}
	var (
		seqs        []int64
		lanes, lock []int32
	)
	for i, t := range tasks {
		seqs, lanes = append(seqs, t.Seq), append(lanes, ids[to[i]])
		lock = append(lock, int32(t.Lane), ids[to[i]])
	}
	return f.tx(ctx, func(c *pgx.Conn) error {
		b := &pgx.Batch{}
		b.Queue(`begin`)
		b.Queue(sqlLock, sorted(slices.Clone(lock)))
		if _, err := run(ctx, c, b); err != nil {
			return err
		}
		rows, err := c.Query(ctx, sqlMove, seqs, lanes)
		if err != nil {
			return err
		}
		var (
			w    wake
			lane int32
			prio int16
		)
		if _, err := pgx.ForEachRow(rows, []any{&lane, &prio}, func() error {
			w.lanes, w.prios = append(w.lanes, lane), append(w.prios, prio)
			return nil
		}); err != nil {
			return err
		}
		b = &pgx.Batch{}
		w.queue(b, f.now())
		b.Queue(`commit`)
		_, err = run(ctx, c, b)
		return err
	})
}

// Lookup returns the states of the keys that the job has seen.
func (f *Frontier) Lookup(ctx context.Context, job frontier.JobID, keys []string) (map[string]seine.State, error) {
	out := map[string]seine.State{}
	err := f.again(ctx, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, sqlLookup, job, keys)
		if err != nil {
			return err
		}
		var (
			key   string
			state int16
		)
		_, err = pgx.ForEachRow(rows, []any{&key, &state}, func() error {
			out[key] = seine.State(state)
			return nil
		})
		return err
	})
	return out, err
}
