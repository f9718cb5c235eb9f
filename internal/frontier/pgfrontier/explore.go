package pgfrontier

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// Dry reports whether it is time to explore.
func (f *Frontier) Dry(ctx context.Context, job frontier.JobID) (dry bool, err error) {
	err = f.again(ctx, func(c *pgx.Conn) error { return c.QueryRow(ctx, sqlDry, f.now(), job).Scan(&dry) })
	if err != nil {
		return false, fmt.Errorf("dry: %w", err)
	}
	return dry, nil
}

// Explore admits tasks in a space, one worker at a time.
func (f *Frontier) Explore(ctx context.Context, job frontier.JobID, space int, tasks []frontier.New) (int, error) {
	if len(tasks) == 0 {
		return 0, nil
	}
	n, err := f.insert(ctx, job, tasks, ``, nil, func(ctx context.Context, c *pgx.Conn, lanes map[string]int32) (wake, error) {
		var mine, dry bool
		b := &pgx.Batch{}
		b.Queue(`begin`)
		b.Queue(sqlExploring, job, space).QueryRow(func(row pgx.Row) error { return row.Scan(&mine) })
		// Its snapshot is newer than the lock: what the one before admitted is seen.
		b.Queue(sqlDry, f.now(), job).QueryRow(func(row pgx.Row) error { return row.Scan(&dry) })
		if err := c.SendBatch(ctx, b).Close(); err != nil || !mine || !dry {
			return wake{}, err
		}
		return addRows(ctx, c, job, tasks, lanes, false)
	})
	if err != nil {
		return 0, fmt.Errorf("explore: %w", err)
	}
	return n, nil
}

// Blocks lists the sums that were written since a time.
func (f *Frontier) Blocks(ctx context.Context, job frontier.JobID, space int, since time.Time) (map[int64]explore.Sums, error) {
	k, err := f.Known(ctx, job, space, since)
	return k.Blocks, err
}

// Steps reads the table of steps.
func (f *Frontier) Steps(ctx context.Context, job frontier.JobID, space int) (map[explore.Step]explore.Trial, error) {
	k, err := f.Known(ctx, job, space, time.Now())
	return k.Steps, err
}

// Known is what is known of a space, in one round trip.
func (f *Frontier) Known(ctx context.Context, job frontier.JobID, space int, since time.Time) (out frontier.Knowledge, err error) {
	err = f.again(ctx, func(c *pgx.Conn) error {
		out = frontier.Knowledge{Blocks: map[int64]explore.Sums{}, Steps: map[explore.Step]explore.Trial{}}
		b := &pgx.Batch{}
		b.Queue(sqlClock, f.now()).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Now) })
		b.Queue(sqlReadBlocks, job, space, since).Query(func(rows pgx.Rows) error {
			var (
				block int64
				s     explore.Sums
			)
			_, err := pgx.ForEachRow(rows, []any{&block, &s.Done, &s.Probes, &s.ProbeHits, &s.Walks, &s.WalkHits, &s.Wanted, &s.Doubt, &s.Expected}, func() error {
				out.Blocks[block] = s
				return nil
			})
			return err
		})
		b.Queue(sqlReadSteps, job, space).Query(func(rows pgx.Rows) error {
			var (
				at explore.Step
				t  explore.Trial
			)
			_, err := pgx.ForEachRow(rows, []any{&at.Context, &at.M, &t.Trials, &t.Hits}, func() error {
				out.Steps[at] = t
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
		return c.SendBatch(ctx, b).Close()
	})
	out.Now = out.Now.UTC()
	if err != nil {
		return out, fmt.Errorf("known of a space: %w", err)
	}
	return out, nil
}

// exploredRows queues what answers add to what is known of spaces.
func exploredRows(b *pgx.Batch, now any, job frontier.JobID, l frontier.Lease, answers []*frontier.Explored) {
	blocks, steps := frontier.SumExplored(answers)
	statRows(b, now, job, l.Slot(), blocks, steps)
}

func statRows(b *pgx.Batch, now any, job frontier.JobID, slot int, blocks []frontier.BlockSums, steps []frontier.StepTrials) {
	if n := len(blocks); n > 0 {
		spaces, ids := make([]int32, n), make([]int64, n)
		var sums [6][]int64
		doubts, expected := make([]float64, n), make([]float64, n)
		for i, x := range blocks {
			spaces[i], ids[i] = int32(x.Space), x.Block
			doubts[i], expected[i] = x.Doubt, x.Expected
			for k, v := range []int64{x.Done, x.Probes, x.ProbeHits, x.Walks, x.WalkHits, x.Wanted} {
				sums[k] = append(sums[k], v)
			}
		}
		b.Queue(sqlBlocks, now, job, spaces, ids, sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], doubts, expected)
	}
	if n := len(steps); n > 0 {
		spaces, contexts, ms := make([]int32, n), make([]int16, n), make([]int16, n)
		trials, hits := make([]float64, n), make([]float64, n)
		for i, x := range steps {
			spaces[i], contexts[i], ms[i] = int32(x.Space), int16(x.Context), int16(x.M)
			trials[i], hits[i] = x.Trials, x.Hits
		}
		b.Queue(sqlSteps, now, job, int16(slot), spaces, contexts, ms, trials, hits)
	}
}
