package litefrontier

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// sqlIdle is frontier.Idle for a job that is not paused. ?1 job, ?2 the time from which on a lane
// is claimable.
const sqlIdle = `select not exists (select 1 from lane where job_id = ?1 and parked = 0 and ` + isHost + `)
 and (select 2 * count(*) filter (where parked = 0) <= count(*) from lane where job_id = ?1 and ` + isShard + `)
 and (not exists (select 1 from lane where job_id = ?1 and not ` + isAssets + `)
   or exists (select 1 from lane where job_id = ?1 and not ` + isAssets + ` and "full" = 0 and paused = 0 and next_at <= ?2))
 and exists (select 1 from job where job_id = ?1 and not paused)`

// Idle reports whether nothing of the job is ready, and the time until something is.
func (f *Frontier) Idle(ctx context.Context, job frontier.JobID) (out frontier.IdleState, err error) {
	if err = f.one(ctx, sqlIdle, []any{job, f.now() + frontier.Soon.Microseconds()}, &out.Idle); err == nil {
		out.Wait, out.Due, err = f.Due(ctx, []frontier.JobID{job})
	}
	if err != nil {
		return out, fmt.Errorf("idle: %w", err)
	}
	return out, nil
}

// Explore admits tasks in a space. One process writes at a time.
func (f *Frontier) Explore(ctx context.Context, job frontier.JobID, space int, tasks []frontier.New) (n int, err error) {
	err = f.tx(ctx, func(t tx) error {
		n = 0
		var idle, open bool
		if err := t.scan(ctx, sqlIdle, []any{job, f.now() + frontier.Soon.Microseconds()}, &idle); err != nil || !idle {
			return err
		}
		err := t.scan(ctx, `select exists (select 1 from circuit where job_id = ? and space = ? and closed_at is null)`, []any{job, space}, &open)
		if err != nil || open {
			return err
		}
		n, _, err = f.add(ctx, t, job, tasks)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("explore: %w", err)
	}
	return n, nil
}

// Blocks returns the sums written since a time.
func (f *Frontier) Blocks(ctx context.Context, job frontier.JobID, space int, since time.Time) (map[int64]explore.Sums, error) {
	out := map[int64]explore.Sums{}
	err := f.each(ctx, `select block, done, probes, probe_hits, walks, walk_hits, wanted, errors, absent, stale, newest, doubt, expected, stale_doubt from block_stat where job_id = ? and space = ? and updated_at >= ?`,
		[]any{job, space, since.UnixMicro()}, func(r *sql.Rows) error {
			var (
				block int64
				s     explore.Sums
			)
			err := r.Scan(&block, &s.Done, &s.Probes, &s.ProbeHits, &s.Walks, &s.WalkHits, &s.Wanted, &s.Errors, &s.Absent, &s.Stale, &s.Newest, &s.Doubt, &s.Expected, &s.StaleDoubt)
			out[block] = s
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("blocks: %w", err)
	}
	return out, nil
}

// Steps returns the table of steps.
func (f *Frontier) Steps(ctx context.Context, job frontier.JobID, space int) (map[explore.Step]explore.Trial, error) {
	out := map[explore.Step]explore.Trial{}
	// A slot that no writer updated for explore.RecentFor holds old answers.
	err := f.each(ctx, `select ctx, m, sum(trials), sum(hits) from (
   select ctx, m, trials, hits, `+frontier.IsRecent+` and coalesce(updated_at, 0) < max(updated_at) over () - ? as old from step_stat where job_id = ? and space = ?)
 where not coalesce(old, 0) group by 1, 2`, []any{explore.RecentFor.Microseconds(), job, space}, func(r *sql.Rows) error {
		var (
			at explore.Step
			t  explore.Trial
		)
		err := r.Scan(&at.Context, &at.M, &t.Trials, &t.Hits)
		out[at] = t
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	return out, nil
}

// Known returns the state of a space.
func (f *Frontier) Known(ctx context.Context, job frontier.JobID, space int, since time.Time) (out frontier.Knowledge, err error) {
	if out.Now, err = f.Clock(ctx); err != nil {
		return out, err
	}
	if out.Blocks, err = f.Blocks(ctx, job, space, since); err != nil {
		return out, err
	}
	circuits, err := f.Circuits(ctx, job)
	for _, c := range circuits {
		if c.Space == space {
			out.Circuit = c
		}
	}
	if err == nil {
		out.Watch, err = f.watch(ctx, job, space)
	}
	return out, err
}

// explored adds answers to the statistics of spaces.
func (f *Frontier) explored(ctx context.Context, t tx, job frontier.JobID, l frontier.Lease, answers []*frontier.Explored) error {
	blocks, steps := frontier.SumExplored(answers)
	return f.statRows(ctx, t, job, l.Slot(), blocks, steps)
}

func (f *Frontier) statRows(ctx context.Context, t tx, job frontier.JobID, slot int, blocks []frontier.BlockSums, steps []frontier.StepTrials) error {
	for _, b := range blocks {
		if _, err := t.exec(ctx, `insert into block_stat(job_id, space, block, done, probes, probe_hits, walks, walk_hits, wanted, doubt, expected, errors, absent, stale, newest, stale_doubt, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
 on conflict (job_id, space, block) do update set done = done + excluded.done, probes = probes + excluded.probes, probe_hits = probe_hits + excluded.probe_hits,
   walks = walks + excluded.walks, walk_hits = walk_hits + excluded.walk_hits, wanted = wanted + excluded.wanted,
   doubt = doubt + excluded.doubt, expected = expected + excluded.expected, errors = errors + excluded.errors,
   absent = absent + excluded.absent, stale = stale + excluded.stale, newest = max(newest, excluded.newest), stale_doubt = stale_doubt + excluded.stale_doubt, updated_at = excluded.updated_at`,
			job, b.Space, b.Block, b.Done, b.Probes, b.ProbeHits, b.Walks, b.WalkHits, b.Wanted, b.Doubt, b.Expected, b.Errors, b.Absent, b.Stale, b.Newest, b.StaleDoubt, f.now()); err != nil {
			return err
		}
	}
	for _, s := range steps {
		var is explore.Trial
		err := t.scan(ctx, `select trials, hits from step_stat where job_id = ? and space = ? and slot = ? and ctx = ? and m = ?`,
			[]any{job, s.Space, slot, s.Context, s.M}, &is.Trials, &is.Hits)
		if err := ignoreNoRows(err); err != nil {
			return err
		}
		is = is.Merge(s.Step, s.Trials, s.Hits)
		if _, err := t.exec(ctx, `insert or replace into step_stat(job_id, space, slot, ctx, m, trials, hits, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?)`,
			job, s.Space, slot, s.Context, s.M, is.Trials, is.Hits, f.now()); err != nil {
			return err
		}
	}
	return nil
}
