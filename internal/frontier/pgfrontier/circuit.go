package pgfrontier

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// OpenCircuit stops a space.
func (f *Frontier) OpenCircuit(ctx context.Context, job frontier.JobID, space int, reason string) (bool, error) {
	n, err := f.exec(ctx, sqlOpenCircuit, f.now(), job, space, frontier.CleanReason(reason))
	return n > 0, err
}

// CloseCircuits restarts all spaces of a job.
func (f *Frontier) CloseCircuits(ctx context.Context, job frontier.JobID) (int, error) {
	n, err := f.exec(ctx, sqlCloseCircuits, f.now(), job, explore.Suspect)
	return int(n), err
}

// Circuits lists the spaces that were ever stopped.
func (f *Frontier) Circuits(ctx context.Context, job frontier.JobID) ([]frontier.Circuit, error) {
	return collect(ctx, f, sqlCircuits, []any{job, nil}, scanCircuit)
}

func scanCircuit(row pgx.CollectableRow) (c frontier.Circuit, err error) {
	var closed *time.Time
	err = row.Scan(&c.Space, &c.Reason, &c.OpenedAt, &closed)
	c.OpenedAt = c.OpenedAt.UTC()
	if closed != nil {
		c.ClosedAt = closed.UTC()
	}
	return c, err
}

// Watched stores the last time a space behaved as expected.
func (f *Frontier) Watched(ctx context.Context, job frontier.JobID, space int, closed time.Time, w explore.Watch) error {
	var at *time.Time
	if !closed.IsZero() {
		at = &closed
	}
	_, err := f.exec(ctx, sqlWatched, job, space, at, w.Doubt, w.Expected, w.Asked, w.Hits, w.At, w.Done, w.Errors, w.StaleDoubt, w.Answers, w.Stale)
	return err
}

// Answers counts the answered IDs by space.
func (f *Frontier) Answers(ctx context.Context, job frontier.JobID) (map[int]int64, error) {
	type sum struct {
		Space int
		Done  int64
	}
	rows, err := collect(ctx, f, sqlSpaceAnswers, []any{job}, pgx.RowToStructByPos[sum])
	out := map[int]int64{}
	for _, r := range rows {
		out[r.Space] = r.Done
	}
	return out, err
}

// Recount recomputes the statistics of a job's spaces.
func (f *Frontier) Recount(ctx context.Context, job frontier.JobID, each func(frontier.TaskInfo) *frontier.Explored) (tasks int64, err error) {
	err = f.tx(ctx, func(c *pgx.Conn) error {
		tasks = 0
		b := &pgx.Batch{}
		b.Queue(`begin`)
		b.Queue(sqlStillStat)
		b.Queue(sqlZeroBlocks, f.now(), job)
		b.Queue(sqlZeroSteps, job)
		b.Queue(sqlForgetWatch, job)
		if _, err := run(ctx, c, b); err != nil {
			return err
		}
		rows, err := c.Query(ctx, sqlJudgedTasks, job)
		if err != nil {
			return err
		}
		var (
			sums  frontier.Recounted
			t     frontier.TaskInfo
			state int
			meta  *string
		)
		if _, err := pgx.ForEachRow(rows, []any{&t.Key, &state, &t.Final, &t.Attempt, &t.Reason, &meta, &t.Mark}, func() error {
			tasks++
			t.State, t.Meta = seine.State(state), nil
			if meta != nil {
				t.Meta = json.RawMessage(*meta)
			}
			sums.Add(each(t))
			return nil
		}); err != nil {
			return err
		}
		blocks, steps := sums.Rows()
		b = &pgx.Batch{}
		statRows(b, f.now(), job, 0, blocks, steps)
		b.Queue(`commit`)
		_, err = run(ctx, c, b)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("recount: %w", err)
	}
	return tasks, nil
}
