package pgfrontier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

// Rescue takes back the tasks of one expired lease and deletes the lease.
func (f *Frontier) Rescue(ctx context.Context) (found bool, back, died int, err error) {
	err = f.tx(ctx, func(c *pgx.Conn) error {
		found, back, died = false, 0, 0
		if _, err := c.Exec(ctx, `begin`); err != nil {
			return err
		}
		var lease int64
		err := c.QueryRow(ctx, sqlDead, f.now()).Scan(&lease)
		if errors.Is(err, pgx.ErrNoRows) {
			_, err = c.Exec(ctx, `commit`)
			return err
		}
		if err != nil {
			return err
		}
		found = true
		if _, err := c.Exec(ctx, sqlDeadLanes, lease); err != nil {
			return err
		}
		dead, retried, delays, err := f.deadTasks(ctx, c, lease)
		if err != nil {
			return err
		}
		if err := c.QueryRow(ctx, sqlRescue, f.now(), lease, dead, retried, delays).Scan(&back, &died); err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(sqlDropLease, lease)
		b.Queue(`commit`)
		_, err = run(ctx, c, b)
		return err
	})
	if err != nil {
		return false, 0, 0, fmt.Errorf("rescue: %w", err)
	}
	return found, back, died, nil
}

// deadTasks reads the tasks of an expired lease: those at their last attempt, and the others with
// the time until they are retried.
func (f *Frontier) deadTasks(ctx context.Context, c *pgx.Conn, lease int64) (dead, retried []int64, delays []float64, err error) {
	rows, err := c.Query(ctx, sqlDeadTasks, lease)
	if err != nil {
		return nil, nil, nil, err
	}
	var (
		seq     int64
		attempt int
		last    bool
	)
	_, err = pgx.ForEachRow(rows, []any{&seq, &attempt, &last}, func() error {
		if last {
			dead = append(dead, seq)
			return nil
		}
		retried, delays = append(retried, seq), append(delays, frontier.RescueDelay(attempt, f.draw()).Seconds())
		return nil
	})
	return dead, retried, delays, err
}

// Promote makes due retries ready and requeues finished tasks whose next visit is due.
func (f *Frontier) Promote(ctx context.Context, n int) (promoted int, err error) {
	err = f.tx(ctx, func(c *pgx.Conn) error {
		promoted = 0
		if _, err := c.Exec(ctx, `begin`); err != nil {
			return err
		}
		var (
			seqs  []int64
			lanes []int32
			first *time.Time
		)
		if err := c.QueryRow(ctx, sqlDueSeqs, f.now(), n, f.retryFrom()).Scan(&seqs, &lanes, &first); err != nil {
			return err
		}
		if first != nil {
			f.raiseRetryHint(*first)
		}
		if len(seqs) > 0 {
			if _, err := c.Exec(ctx, sqlLock, sorted(lanes)); err != nil {
				return err
			}
			if err := c.QueryRow(ctx, sqlPromote, f.now(), seqs).Scan(&promoted); err != nil {
				return err
			}
		}
		_, err := c.Exec(ctx, `commit`)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("promote: %w", err)
	}
	again, err := f.recrawl(ctx, n)
	if err != nil {
		return promoted, fmt.Errorf("promote: recrawl: %w", err)
	}
	return promoted + again, nil
}

// Fold sums the counters. One worker at a time does so.
func (f *Frontier) Fold(ctx context.Context) error {
	err := f.tx(ctx, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, `begin`); err != nil {
			return err
		}
		var mine bool
		if err := c.QueryRow(ctx, sqlFoldLock).Scan(&mine); err != nil {
			return err
		}
		if mine {
			if _, err := c.Exec(ctx, sqlFold); err != nil {
				return err
			}
		}
		_, err := c.Exec(ctx, `commit`)
		return err
	})
	if err != nil {
		return fmt.Errorf("fold: %w", err)
	}
	return nil
}

// Reserve takes a start on a lane. It is one statement and never part of a transaction, so it holds
// no lane while it waits for another.
func (f *Frontier) Reserve(ctx context.Context, job frontier.JobID, lane string, draw float64, most time.Duration) (frontier.Turn, error) {
	ids, err := f.laneIDs(ctx, job, []string{lane})
	if err != nil {
		return frontier.Turn{}, err
	}
	var (
		turn frontier.Turn
		wait float64
	)
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, sqlReserve, f.now(), ids[lane], draw, most.Seconds()).Scan(&wait, &turn.Paused, &turn.Paced)
	})
	if err != nil {
		return frontier.Turn{}, fmt.Errorf("reserve a start: %w", err)
	}
	turn.Wait = seconds(wait)
	return turn, nil
}

// Backoff stops claims of lanes for a time and slows the lanes down.
func (f *Frontier) Backoff(ctx context.Context, job frontier.JobID, lanes []string, b frontier.Backoff) error {
	if _, err := f.laneIDs(ctx, job, lanes); err != nil {
		return err
	}
	_, err := f.exec(ctx, sqlBackoff, f.now(), job, lanes, b.For.Seconds(), frontier.CleanReason(b.Why), b.Faults, b.Slow, b.Ago.Seconds())
	return err
}
