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
		if err := c.QueryRow(ctx, sqlExploring, job, space).Scan(&mine); err != nil || !mine {
			return wake{}, err
		}
		if err := c.QueryRow(ctx, sqlDry, f.now(), job).Scan(&dry); err != nil || !dry {
			return wake{}, err
		}
		return addRows(ctx, c, job, tasks, lanes)
	})
	if err != nil {
		return 0, fmt.Errorf("explore: %w", err)
	}
	return n, nil
}

// Blocks lists the sums that were written since a time.
func (f *Frontier) Blocks(ctx context.Context, job frontier.JobID, space int, since time.Time) (map[int64]explore.Sums, error) {
	var out map[int64]explore.Sums
	err := f.again(ctx, func(c *pgx.Conn) error {
		out = map[int64]explore.Sums{}
		rows, err := c.Query(ctx, sqlReadBlocks, job, space, since)
		if err != nil {
			return err
		}
		var (
			block int64
			s     explore.Sums
		)
		_, err = pgx.ForEachRow(rows, []any{&block, &s.Done, &s.Probes, &s.ProbeHits, &s.Walks, &s.WalkHits}, func() error {
			out[block] = s
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("blocks: %w", err)
	}
	return out, nil
}

// Steps reads the table of steps.
func (f *Frontier) Steps(ctx context.Context, job frontier.JobID, space int) (map[explore.Step]explore.Trial, error) {
	var out map[explore.Step]explore.Trial
	err := f.again(ctx, func(c *pgx.Conn) error {
		out = map[explore.Step]explore.Trial{}
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

// exploredRows queues what answers add to what is known of spaces.
func exploredRows(b *pgx.Batch, now any, job frontier.JobID, l frontier.Lease, answers []*frontier.Explored) {
	blocks, steps := frontier.SumExplored(answers)
	if n := len(blocks); n > 0 {
		spaces, ids := make([]int32, n), make([]int64, n)
		var sums [5][]int64
		for i, x := range blocks {
			spaces[i], ids[i] = int32(x.Space), x.Block
			for k, v := range []int64{x.Done, x.Probes, x.ProbeHits, x.Walks, x.WalkHits} {
				sums[k] = append(sums[k], v)
			}
		}
		b.Queue(sqlBlocks, now, job, spaces, ids, sums[0], sums[1], sums[2], sums[3], sums[4])
	}
	if n := len(steps); n > 0 {
		spaces, contexts, ms := make([]int32, n), make([]int16, n), make([]int16, n)
		trials, hits := make([]float64, n), make([]float64, n)
		for i, x := range steps {
			spaces[i], contexts[i], ms[i] = int32(x.Space), int16(x.Context), int16(x.M)
			trials[i], hits[i] = float64(x.Trials), float64(x.Hits)
		}
		b.Queue(sqlSteps, job, int16(l.Slot()), spaces, contexts, ms, trials, hits)
	}
}
