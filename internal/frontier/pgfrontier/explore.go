package pgfrontier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// Idle reports whether nothing of the job is ready, and the time until something is, in one round
// trip.
func (f *Frontier) Idle(ctx context.Context, job frontier.JobID) (out frontier.IdleState, err error) {
	err = f.again(ctx, func(c *pgx.Conn) error {
		var wait *float64
		out = frontier.IdleState{}
		b := &pgx.Batch{}
		b.Queue(sqlIdle, f.now(), job).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Idle) })
		b.Queue(sqlDue, f.dueArgs([]frontier.JobID{job})...).QueryRow(func(row pgx.Row) error { return row.Scan(&wait) })
		if err := c.SendBatch(ctx, b).Close(); err != nil || wait == nil {
			return err
		}
		out.Due, out.Wait = true, max(0, seconds(*wait))
		return nil
	})
	if err != nil {
		return out, fmt.Errorf("idle: %w", err)
	}
	return out, nil
}

var errNotNow = errors.New("the job is not idle or another worker explores the space")

// Explore admits tasks in a space, one worker at a time.
func (f *Frontier) Explore(ctx context.Context, job frontier.JobID, space int, tasks []frontier.New) (int, error) {
	if len(tasks) == 0 {
		return 0, nil
	}
	n, err := f.insert(ctx, job, tasks, func(b *pgx.Batch) func() error {
		var mine, idle bool
		b.Queue(sqlExploring, job, space).QueryRow(func(row pgx.Row) error { return row.Scan(&mine) })
		// The snapshot is newer than the lock, so it includes the tasks of the previous worker.
		b.Queue(sqlIdle, f.now(), job).QueryRow(func(row pgx.Row) error { return row.Scan(&idle) })
		return func() error {
			if !mine || !idle {
				return errNotNow
			}
			return nil
		}
	}, func(ctx context.Context, c *pgx.Conn, lanes map[string]int32) (wake, error) {
		return addRows(ctx, c, job, tasks, lanes, false)
	})
	if errors.Is(err, errNotNow) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("explore: %w", err)
	}
	return n, nil
}

// Blocks returns the sums written since a time.
func (f *Frontier) Blocks(ctx context.Context, job frontier.JobID, space int, since time.Time) (map[int64]explore.Sums, error) {
	k, err := f.Known(ctx, job, space, since)
	return k.Blocks, err
}

// Steps returns the table of steps.
func (f *Frontier) Steps(ctx context.Context, job frontier.JobID, space int) (map[explore.Step]explore.Trial, error) {
	out := map[explore.Step]explore.Trial{}
	err := f.again(ctx, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, sqlReadSteps, job, space)
		if err != nil {
			return err
		}
		var (
			at explore.Step
			t  explore.Trial
		)
		_, err = pgx.ForEachRow(rows, []any{&at.Context, &at.M, &t.Trials, &t.Hits}, func() error {
			out[at] = t
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	return out, nil
}

// Known returns the state of a space, in one round trip.
func (f *Frontier) Known(ctx context.Context, job frontier.JobID, space int, since time.Time) (out frontier.Knowledge, err error) {
	err = f.again(ctx, func(c *pgx.Conn) error {
		out = frontier.Knowledge{Blocks: map[int64]explore.Sums{}}
		b := &pgx.Batch{}
		b.Queue(sqlClock, f.now()).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Now) })
		b.Queue(sqlReadBlocks, job, space, since).Query(func(rows pgx.Rows) error {
			var (
				block int64
				s     explore.Sums
			)
			_, err := pgx.ForEachRow(rows, []any{&block, &s.Done, &s.Probes, &s.ProbeHits, &s.Walks, &s.WalkHits, &s.Wanted, &s.Errors, &s.Absent, &s.Stale, &s.Newest, &s.Doubt, &s.Expected, &s.StaleDoubt}, func() error {
				out.Blocks[block] = s
				return nil
			})
			return err
		})
		b.Queue(sqlCircuits, job, space).Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, scanCircuit)
			if len(found) > 0 {
				out.Circuit = found[0]
			}
			return err
		})
		b.Queue(sqlReadWatch, job, space).Query(func(rows pgx.Rows) error {
			w := &out.Watch
			_, err := pgx.ForEachRow(rows, []any{&w.Doubt, &w.Expected, &w.Asked, &w.Hits, &w.At, &w.Done, &w.Errors, &w.StaleDoubt, &w.Answers, &w.Stale}, func() error { return nil })
			w.At = w.At.UTC()
			return err
		})
		return c.SendBatch(ctx, b).Close()
	})
	out.Now = out.Now.UTC()
	if err != nil {
		return out, fmt.Errorf("known of a space: %w", err)
	}
	return out, nil
}

// exploredRows queues the statement that adds answers to the statistics of spaces.
func exploredRows(b *pgx.Batch, now any, job frontier.JobID, l frontier.Lease, answers []*frontier.Explored) {
	blocks, steps := frontier.SumExplored(answers)
	statRows(b, now, job, l.Slot(), blocks, steps)
}

func statRows(b *pgx.Batch, now any, job frontier.JobID, slot int, blocks []frontier.BlockSums, steps []frontier.StepTrials) {
	if len(blocks)+len(steps) == 0 {
		return
	}
	var (
		n                = len(blocks)
		spaces, ids      = make([]int32, n), make([]int64, n)
		sums             [10][]int64
		doubts, expected = make([]float64, n), make([]float64, n)
		staleDoubts      = make([]float64, n)
	)
	for k := range sums {
		sums[k] = make([]int64, n)
	}
	for i, x := range blocks {
		spaces[i], ids[i] = int32(x.Space), x.Block
		doubts[i], expected[i], staleDoubts[i] = x.Doubt, x.Expected, x.StaleDoubt
		for k, v := range []int64{x.Done, x.Probes, x.ProbeHits, x.Walks, x.WalkHits, x.Wanted, x.Errors, x.Absent, x.Stale, x.Newest} {
			sums[k][i] = v
		}
	}
	n = len(steps)
	in, contexts, ms := make([]int32, n), make([]int16, n), make([]int16, n)
	trials, hits := make([]float64, n), make([]float64, n)
	for i, x := range steps {
		in[i], contexts[i], ms[i] = int32(x.Space), int16(x.Context), int16(x.M)
		trials[i], hits[i] = x.Trials, x.Hits
	}
	b.Queue(sqlAnswers, now, job, spaces, ids, sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], doubts, expected,
		int16(slot), in, contexts, ms, trials, hits, sums[6], sums[7], sums[8], sums[9], staleDoubts)
}
