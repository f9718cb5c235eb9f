package pgfrontier

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seinehq/seine/internal/frontier"
)

// Complete ends tasks and stores their results in one transaction. If the database rejects the
// batch as data, each task gets a transaction of its own, so that one bad record does not fail the
// others.
func (f *Frontier) Complete(ctx context.Context, l frontier.Lease, job frontier.JobID, batch []frontier.Completion) (frontier.Outcome, error) {
	return frontier.CompleteBatch(batch, isData, func(batch []frontier.Completion, owners bool) (frontier.Outcome, error) {
		return f.complete(ctx, l, job, batch, owners)
	})
}

func (f *Frontier) complete(ctx context.Context, l frontier.Lease, job frontier.JobID, batch []frontier.Completion, owners bool) (out frontier.Outcome, err error) {
	var follow []frontier.New
	for _, c := range batch {
		follow = append(follow, c.Follow...)
	}
	lanes, err := f.laneIDs(ctx, job, laneKeys(follow))
	if err != nil {
		return out, fmt.Errorf("complete: %w", err)
	}
	err = f.tx(ctx, func(c *pgx.Conn) error {
		out = frontier.Outcome{}
		var brought files
		for _, t := range batch {
			brought.add(t)
		}
		if !owners && len(follow) == 0 && !slices.ContainsFunc(batch, func(t frontier.Completion) bool { return t.Again != nil }) {
			if whole, err := f.whole(ctx, c, l, job, batch, brought); whole || err != nil {
				out.Kept = len(batch)
				return err
			}
		}
		mine, swept, err := fence(ctx, c, l, batch, func(t frontier.Completion) int64 { return t.Seq }, brought, &out)
		if err != nil || len(mine)+len(swept) == 0 {
			return err
		}
		var held *frontier.Owners
		if owners {
			if mine, held, err = take(ctx, c, job, mine, &out); err != nil {
				return err
			}
		}
		return f.write(ctx, c, l, job, mine, swept, lanes, held, &out)
	})
	if owned(err) {
		err = frontier.ErrOwned
	}
	if err != nil {
		return frontier.Outcome{}, fmt.Errorf("complete: %w", err)
	}
	return out, nil
}

// files are the paths that tasks bring, with the seqs of the tasks.
type files struct {
	seqs  []int64
	paths []string
}

func (f *files) add(t frontier.Completion) {
	for _, path := range t.Paths() {
		f.seqs, f.paths = append(f.seqs, t.Seq), append(f.paths, path)
	}
}

// fence begins a transaction, locks the row of the lease and returns the tasks that are still the
// lease's. It separates the tasks that bring a file pending deletion. If no task is left, the
// transaction is over.
func fence[T any](ctx context.Context, c *pgx.Conn, l frontier.Lease, batch []T, seq func(T) int64, brought files, out *frontier.Outcome) (mine, swept []T, err error) {
	seqs := make([]int64, len(batch))
	for i, t := range batch {
		seqs[i] = seq(t)
	}
	var (
		still, pending []int64
		held           bool
	)
	b := &pgx.Batch{}
	queueLease(b, l, brought, &held)
	b.Queue(sqlStill, l.Token, seqs).Query(collectInto(&still))
	if len(brought.paths) > 0 {
		b.Queue(sqlPendingDeletion, brought.seqs, brought.paths).Query(collectInto(&pending))
	}
	if err := c.SendBatch(ctx, b).Close(); err != nil {
		return nil, nil, err
	}
	if !held {
		return nil, nil, frontier.ErrLeaseLost
	}
	slices.Sort(still)
	mine = make([]T, 0, len(batch))
	for _, t := range batch {
		_, ok := slices.BinarySearch(still, seq(t))
		switch {
		case !ok:
			out.Lost = append(out.Lost, seq(t))
		case slices.Contains(pending, seq(t)):
			swept, out.Lost = append(swept, t), append(out.Lost, seq(t))
		default:
			mine = append(mine, t)
		}
	}
	out.Kept = len(mine)
	if len(mine)+len(swept) == 0 {
		_, err = c.Exec(ctx, `commit`)
	}
	return mine, swept, err
}

func collectInto(to *[]int64) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*to, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	}
}

// queueLease queues the begin of a transaction that ends tasks.
func queueLease(b *pgx.Batch, l frontier.Lease, brought files, held *bool) {
	begin(b)
	if len(brought.paths) > 0 {
		b.Queue(sqlSweepShared)
	}
	b.Queue(sqlMine, l.Token).Exec(func(tag pgconn.CommandTag) error {
		*held = tag.RowsAffected() > 0
		return nil
	})
}

// whole completes a batch without follow-ups and assumes that every task is still the lease's and
// that its records are new, which is nearly always true. A look first would cost a tenth more. If
// an assumption is false, whole rolls back and returns false.
func (f *Frontier) whole(ctx context.Context, c *pgx.Conn, l frontier.Lease, job frontier.JobID, batch []frontier.Completion, brought files) (bool, error) {
	var (
		held    bool
		pending []int64
		n       int64
	)
	b := &pgx.Batch{}
	queueLease(b, l, brought, &held)
	if len(brought.paths) > 0 {
		b.Queue(sqlPendingDeletion, brought.seqs, brought.paths).Query(collectInto(&pending))
	}
	y := yieldOf(batch, nil)
	y.records.fresh = true
	y.queue(b, f.now(), job, l, wake{}, nil).Exec(func(tag pgconn.CommandTag) error {
		n = tag.RowsAffected()
		return nil
	})
	if err := c.SendBatch(ctx, b).Close(); isStored(err) {
		_, err = c.Exec(ctx, `rollback`)
		return false, err
	} else if err != nil {
		return false, err
	}
	if !held {
		return false, frontier.ErrLeaseLost
	}
	whole, end := n == int64(len(batch)) && len(pending) == 0, `rollback`
	if whole {
		end = `commit`
	}
	_, err := c.Exec(ctx, end)
	return whole, err
}

// isStored reports that sqlNewRecords found one of its records stored.
func isStored(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "23505" && pe.ConstraintName == "record_pkey"
}

// write stores the results of tasks, moves the tasks to their final state, releases the swept ones
// and commits.
func (f *Frontier) write(ctx context.Context, c *pgx.Conn, l frontier.Lease, job frontier.JobID, mine, swept []frontier.Completion, lanes map[string]int32, owners *frontier.Owners, out *frontier.Outcome) error {
	var follow, steps []frontier.New
	for _, t := range mine {
		follow = append(follow, t.Follow...)
		if t.Explored != nil {
			steps = append(steps, t.Follow...)
		}
	}
	y := yieldOf(mine, owners)
	var back []int64
	for _, t := range swept {
		back, y.lock = append(back, t.Seq), append(y.lock, int32(t.Lane))
	}
	var w wake
	if len(follow) > 0 {
		var err error
		if w, err = addRows(ctx, c, job, follow, lanes, len(steps) > 0); err != nil {
			return err
		}
		out.Refused, out.OverBudget = known(steps, w.keys), w.over
	}
	b := &pgx.Batch{}
	y.queue(b, f.now(), job, l, w, back)
	b.Queue(`commit`)
	_, err := run(ctx, c, b)
	return err
}

// known lists the keys of tasks that were not new.
func known(tasks []frontier.New, fresh []string) (keys []string) {
	for _, t := range tasks {
		if !slices.Contains(fresh, t.Key) {
			keys = append(keys, t.Key)
		}
	}
	return keys
}

// Fail returns tasks to the queue, to be retried after their delays.
func (f *Frontier) Fail(ctx context.Context, l frontier.Lease, job frontier.JobID, batch []frontier.Failure) (out frontier.Outcome, err error) {
	var follow []frontier.New
	for _, t := range batch {
		follow = append(follow, t.Follow...)
	}
	lanes, err := f.laneIDs(ctx, job, laneKeys(follow))
	if err != nil {
		return out, fmt.Errorf("fail: %w", err)
	}
	err = f.tx(ctx, func(c *pgx.Conn) error {
		out = frontier.Outcome{}
		mine, _, err := fence(ctx, c, l, batch, func(t frontier.Failure) int64 { return t.Seq }, files{}, &out)
		if err != nil || len(mine) == 0 {
			return err
		}
		var (
			seqs    []int64
			states  []int16
			reasons []*string
			delays  []float64
			marks   []int16
			free    []int16
			refused []bool
			lock    []int32
			follow  []frontier.New
			steps   []frontier.New // follow-ups of tasks with an Explored
			answers []*frontier.Explored
			w       wake
		)
		for _, t := range mine {
			seqs, states, reasons = append(seqs, t.Seq), append(states, int16(t.State)), append(reasons, reason(t.Reason))
			delays, lock, marks = append(delays, t.Delay.Seconds()), append(lock, int32(t.Lane)), append(marks, int16(t.Mark))
			follow, answers = append(follow, t.Follow...), append(answers, t.Explored)
			if t.Explored != nil {
				steps = append(steps, t.Follow...)
			}
			not := int16(0)
			if t.Free {
				not = 1
			}
			free, refused = append(free, not), append(refused, t.Refused)
		}
		if len(follow) > 0 {
			if w, err = addRows(ctx, c, job, follow, lanes, len(steps) > 0); err != nil {
				return err
			}
			out.Refused, out.OverBudget = known(steps, w.keys), w.over
			lock = append(lock, w.lanes...)
		}
		b := &pgx.Batch{}
		b.Queue(sqlLock, sorted(lock))
		w.queue(b, f.now())
		exploredRows(b, f.now(), job, l, answers)
		b.Queue(sqlFail, f.now(), l.Token, seqs, states, reasons, delays, marks, free, refused)
		b.Queue(`commit`)
		_, err = run(ctx, c, b)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("fail: %w", err)
	}
	return out, nil
}

// Release returns tasks to the queue at no cost of an attempt.
func (f *Frontier) Release(ctx context.Context, l frontier.Lease, batch []frontier.Claimed) (out frontier.Outcome, err error) {
	err = f.tx(ctx, func(c *pgx.Conn) error {
		out = frontier.Outcome{}
		mine, _, err := fence(ctx, c, l, batch, func(t frontier.Claimed) int64 { return t.Seq }, files{}, &out)
		if err != nil || len(mine) == 0 {
			return err
		}
		var (
			seqs []int64
			lock []int32
		)
		for _, t := range mine {
			seqs, lock = append(seqs, t.Seq), append(lock, int32(t.Lane))
		}
		b := &pgx.Batch{}
		b.Queue(sqlLock, sorted(lock))
		b.Queue(sqlRelease, f.now(), l.Token, seqs)
		b.Queue(`commit`)
		_, err = run(ctx, c, b)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("release: %w", err)
	}
	return out, nil
}

func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func reason(s string) *string { return orNull(frontier.CleanReason(s)) }

func sorted(ids []int32) []int32 {
	slices.Sort(ids)
	return slices.Compact(ids)
}
