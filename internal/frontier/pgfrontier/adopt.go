package pgfrontier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// sqlAdmitFinal inserts tasks that never enter the queue, and counts them. It returns the new
	// keys. $1 job, $2 keys, $3 lanes, $4 meta (JSON texts), $5 page kinds.
	sqlAdmitFinal = `with i as materialized (select key collate "C" as key, lane_id, meta, page
   from unnest($2::text[], $3::int[], $4::text[], $5::text[]) i(key, lane_id, meta, page) order by 1), ` + newTasks + `,
 s as (insert into seine.stat(job_id, lane_id, state, page, n) select $1, lane_id, 0, page, count(*) from n group by lane_id, page)
 select key from n`

	// sqlLeave deletes open tasks without a lease from the queue. $1 job, $2 keys.
	sqlLeave = `delete from seine.queue where job_id = $1 and key = any($2::text[]) and lease_id is null returning key`

	// sqlNotOurs lists the keys of tasks that are finished or leased. $1 job, $2 keys.
	sqlNotOurs = `select t.key from unnest($2::text[]) i(key) cross join lateral (
   select key, state from seine.task t where t.job_id = $1 and t.key = i.key collate "C" limit 1) t
 where t.state <> 0 or exists (select from seine.queue q where q.job_id = $1 and q.key = t.key and q.lease_id is not null)`

	// sqlNobodys forgets the workers of earlier ends of tasks. $1 job, $2 keys.
	sqlNobodys = `update seine.task set worker = null where job_id = $1 and key = any($2::text[])`

	// sqlOpenKeys lists the keys that are open. $1 job, $2 keys.
	sqlOpenKeys = `select t.key from unnest($2::text[]) i(key) cross join lateral (
   select key from seine.task t where t.job_id = $1 and t.key = i.key collate "C" and t.state = 0 limit 1) t`
)

// Adopt stores the results of tasks that another program finished.
func (f *Frontier) Adopt(ctx context.Context, job frontier.JobID, batch []frontier.Adoption) (frontier.Outcome, error) {
	ends, tasks := frontier.Adopting(batch)
	for i := range ends {
		ends[i].Replayed = time.Unix(0, 0) // no lease is theirs
	}
	return frontier.CompleteBatch(ends, isData, func(batch []frontier.Completion, owners bool) (frontier.Outcome, error) {
		out, err := f.adopt(ctx, job, batch, tasks, owners)
		if err != nil && !errors.Is(err, frontier.ErrOwned) {
			err = fmt.Errorf("adopt: %w", err)
		}
		return out, err
	})
}

func (f *Frontier) adopt(ctx context.Context, job frontier.JobID, batch []frontier.Completion, tasks map[string]frontier.New, owners bool) (out frontier.Outcome, err error) {
	news := make([]frontier.New, len(batch))
	keys := make([]string, len(batch))
	var brought files
	for i, c := range batch {
		news[i], keys[i] = tasks[c.Key], c.Key
		brought.add(c)
	}
	lanes, err := f.laneIDs(ctx, job, laneKeys(news))
	if err != nil {
		return out, err
	}
	err = f.tx(ctx, func(c *pgx.Conn) error {
		out = frontier.Outcome{}
		var (
			pending []int64
			others  []string
		)
		b := &pgx.Batch{}
		begin(b)
		b.Queue(sqlSweepShared)
		b.Queue(sqlNotOurs, job, keys).Query(collectText(&others))
		b.Queue(sqlReplaySwept, brought.seqs, brought.paths).Query(collectInto(&pending))
		if err := c.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		var mine []frontier.Completion
		for _, t := range batch {
			if slices.Contains(pending, t.Seq) || slices.Contains(others, t.Key) {
				out.Lost = append(out.Lost, t.Seq)
				continue
			}
			mine = append(mine, t)
		}
		held := (*frontier.Owners)(nil)
		if owners {
			if mine, held, err = take(ctx, c, job, mine, &out); err != nil {
				return err
			}
		}
		ours, err := admitFinal(ctx, c, job, mine, tasks, lanes)
		if err != nil {
			return err
		}
		if mine = stillFinished(mine, ours, nil, &out); len(mine) == 0 {
			_, err := c.Exec(ctx, `commit`)
			return err
		}
		return f.write(ctx, c, frontier.Lease{}, job, mine, nil, nil, held, &out)
	})
	if owned(err) {
		err = frontier.ErrOwned
	}
	return out, err
}

// admitFinal admits the tasks that the job has not seen, and takes open ones without a lease out of
// the queue. It returns the keys of both.
func admitFinal(ctx context.Context, c *pgx.Conn, job frontier.JobID, ends []frontier.Completion, tasks map[string]frontier.New, lanes map[string]int32) (ours []string, err error) {
	n := len(ends)
	keys, ids, metas, pages := make([]string, n), make([]int32, n), make([]*string, n), make([]string, n)
	for i, e := range ends {
		t := tasks[e.Key]
		keys[i], ids[i], pages[i] = t.Key, lanes[t.Lane], frontier.Clean(t.Page)
		if len(t.Meta) > 0 {
			meta := string(frontier.CleanJSON(t.Meta))
			metas[i] = &meta
		}
	}
	var open, left []string
	b := &pgx.Batch{}
	b.Queue(sqlOpenKeys, job, keys).Query(collectText(&open))
	b.Queue(sqlAdmitFinal, job, keys, ids, metas, pages).Query(collectText(&ours))
	if err := c.SendBatch(ctx, b).Close(); err != nil || len(open) == 0 {
		return ours, err
	}
	var of []int32
	b = &pgx.Batch{}
	b.Queue(sqlForgetLanes, job, open).Query(func(rows pgx.Rows) (err error) {
		of, err = pgx.CollectRows(rows, pgx.RowTo[int32])
		return err
	})
	b.Queue(sqlLeave, job, open).Query(collectText(&left))
	if err := c.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	b = &pgx.Batch{}
	b.Queue(sqlForgetPark, of)
	b.Queue(sqlNobodys, job, left)
	return append(ours, left...), c.SendBatch(ctx, b).Close()
}

func collectText(to *[]string) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*to, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}
}
