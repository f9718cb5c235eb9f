package litefrontier

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Add admits tasks whose key the job has not seen.
func (f *Frontier) Add(ctx context.Context, job frontier.JobID, tasks []frontier.New) (n int, err error) {
	err = f.tx(ctx, func(t tx) error {
		n, _, err = f.add(ctx, t, job, tasks)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("add: %w", err)
	}
	return n, nil
}

// add returns the number of new tasks, and the keys of the others.
func (f *Frontier) add(ctx context.Context, t tx, job frontier.JobID, tasks []frontier.New) (added int, refused []string, err error) {
	added, refused, _, err = f.admit(ctx, t, job, tasks)
	return added, refused, err
}

// admit is add that also returns the number of tasks over a budget, which are among the refused.
func (f *Frontier) admit(ctx context.Context, t tx, job frontier.JobID, tasks []frontier.New) (added int, refused []string, over int, err error) {
	purse := frontier.NewPurse(tasks)
	if err := readBudgets(ctx, t, job, purse); err != nil {
		return 0, nil, 0, err
	}
	lanes, ids, moved := map[int64]int{}, map[string]int64{}, counts{} // lanes by their best priority
	now := f.now()
	for _, task := range tasks {
		lane, ok := ids[task.Lane]
		if !ok {
			if lane, err = f.laneID(ctx, t, job, task.Lane); err != nil {
				return 0, nil, 0, err
			}
			ids[task.Lane] = lane
		}
		if len(task.Budgets) > 0 {
			seen, err := exists(ctx, t, `select exists (select 1 from task where job_id = ? and key = ?)`, job, task.Key)
			if err != nil {
				return 0, nil, 0, err
			}
			if !seen && !purse.Spend(task) {
				refused = append(refused, task.Key)
				continue
			}
		}
		prio := frontier.Priority(task.Priority)
		var meta any
		if len(task.Meta) > 0 {
			meta = string(frontier.CleanJSON(task.Meta))
		}
		page := frontier.Clean(task.Page)
		n, err := t.exec(ctx, `insert into task(job_id, key, lane_id, meta, page, created_at) values (?, ?, ?, ?, ?, ?) on conflict do nothing`, job, task.Key, lane, meta, page, now)
		if err != nil {
			return 0, nil, 0, err
		}
		if n == 0 {
			refused = append(refused, task.Key)
			continue
		}
		if _, err := t.exec(ctx, `insert into queue(job_id, key, lane_id, prio, has_meta) values (?, ?, ?, ?, ?)`, job, task.Key, lane, prio, meta != nil || page != ""); err != nil {
			return 0, nil, 0, err
		}
		added++
		if best, ok := lanes[lane]; !ok || prio < best {
			lanes[lane] = prio
		}
		moved[stat{frontier.StatTotal, "", page}]++
	}
	for lane, prio := range lanes {
		if err := f.wake(ctx, t, lane, prio); err != nil {
			return 0, nil, 0, err
		}
	}
	if purse != nil {
		over = purse.Over()
		if err := writeBudgets(ctx, t, job, purse, moved); err != nil {
			return 0, nil, 0, err
		}
	}
	return added, refused, over, moved.write(ctx, t, job)
}

// SetSpace replaces the range of IDs to enumerate. IDs that the old range enumerated without a gap
// from the new first ID on are not enumerated again.
func (f *Frontier) SetSpace(ctx context.Context, job frontier.JobID, from, to int64) error {
	return f.tx(ctx, func(t tx) error {
		if _, err := t.exec(ctx, `insert into space(job_id, lo, hi, next_id)
 select ?1, ?2, ?3, `+frontier.NextID(`min`, `max`, `?2`, `?3`, `(select max(next_id) from space where job_id = ?1 and lo <= ?2)`)+` where true on conflict do nothing`, job, from, to); err != nil {
			return err
		}
		_, err := t.exec(ctx, `delete from space where job_id = ?1 and (lo, hi) <> (?2, ?3)`, job, from, to)
		return err
	})
}

// Fill admits the next n IDs of the job's range.
func (f *Frontier) Fill(ctx context.Context, job frontier.JobID, n int, admit func(id int64) (frontier.New, error)) (taken int, left bool, err error) {
	err = f.tx(ctx, func(t tx) error {
		taken, left = 0, false
		var (
			lo, hi, next int64
			ready        int
		)
		err := t.scan(ctx, `select lo, hi, next_id from space where job_id = ? and next_id <= hi order by lo limit 1`, []any{job}, &lo, &hi, &next)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		left = true
		lanes, err := frontier.NextLanes(next, hi, admit)
		if err != nil {
			return err
		}
		marks, args := list(lanes)
		if err := t.scan(ctx, `select count(*) from lane where job_id = ? and lane_key in (`+marks+`) and not parked`,
			append([]any{job}, args...), &ready); err != nil || !frontier.Refill(ready, len(lanes)) {
			return err
		}
		tasks, to, err := frontier.Block(next, hi, n, admit)
		if err != nil {
			return err
		}
		taken = len(tasks)
		if _, _, err := f.add(ctx, t, job, tasks); err != nil {
			return err
		}
		_, err = t.exec(ctx, `update space set next_id = ? where job_id = ? and lo = ? and hi = ?`, to, job, lo, hi)
		return err
	})
	if err != nil {
		return 0, true, fmt.Errorf("fill: %w", err)
	}
	return taken, left, nil
}

// Retry requeues finished or waiting tasks.
func (f *Frontier) Retry(ctx context.Context, job frontier.JobID, tasks []frontier.New) (n int, err error) {
	err = f.tx(ctx, func(t tx) error {
		n = 0
		for _, task := range tasks {
			back, err := f.requeue(ctx, t, job, task)
			if err != nil {
				return err
			}
			if back {
				n++
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("retry: %w", err)
	}
	return n, nil
}

func (f *Frontier) requeue(ctx context.Context, t tx, job frontier.JobID, task frontier.New) (bool, error) {
	var (
		old, state   int64
		reason, page string
	)
	err := t.scan(ctx, `select lane_id, state, coalesce(reason, ''), page from task where job_id = ? and key = ?`, []any{job, task.Key}, &old, &state, &reason, &page)
	if err != nil {
		return false, ignoreNoRows(err)
	}
	if state == 0 { // waiting: ready at once
		var prio int
		err := t.scan(ctx, `update queue set run_at = null, attempt = 0, state = 0, refused_at = null where job_id = ? and lane_id = ? and key = ? and lease_id is null and run_at is not null returning prio`,
			[]any{job, old, task.Key}, &prio)
		if err != nil {
			return false, ignoreNoRows(err)
		}
		return true, f.wake(ctx, t, old, prio)
	}
	lane, err := f.laneID(ctx, t, job, task.Lane)
	if err != nil {
		return false, err
	}
	return true, f.reopen(ctx, t, job, lane, task.Key, task.Priority, stat{int(state), reason, page})
}

// reopen requeues a finished task. was is its counter.
func (f *Frontier) reopen(ctx context.Context, t tx, job frontier.JobID, lane int64, key string, prio int, was stat) error {
	if _, err := t.exec(ctx, `update task set state = 0, attempt = 0, reason = null, finished_at = null, lane_id = ? where job_id = ? and key = ?`, lane, job, key); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `insert into queue(job_id, key, lane_id, prio, mark, has_meta, owes) values (?1, ?2, ?3, ?4, ?5, (select meta is not null or page <> '' or exists (select 1 from visit where job_id = ?1 and key = ?2) from task where job_id = ?1 and key = ?2),
 exists (select 1 from asset_failure where `+ownKey+`) or exists (select 1 from asset_failure where `+ownTask+`))`,
		job, key, lane, prio, int(frontier.MarkOf(seine.State(was.state)))); err != nil {
		return err
	}
	if err := count(ctx, t, job, was, -1); err != nil {
		return err
	}
	return f.wake(ctx, t, lane, prio)
}

// Waiting lists open tasks without a lease, ordered by Seq.
func (f *Frontier) Waiting(ctx context.Context, job frontier.JobID, shards bool, after int64, n int) ([]frontier.Claimed, error) {
	var (
		out   []frontier.Claimed
		there bool
	)
	// Most jobs have no such lane, and the queue may be long.
	if err := f.one(ctx, `select exists (select 1 from lane where job_id = ? and (`+isShard+`) = ?)`, []any{job, shards}, &there); err != nil || !there {
		return nil, err
	}
	err := f.each(ctx, `select q.job_id, q.seq, q.key, q.lane_id, l.lane_key, q.prio from queue q join lane l using (lane_id)
 where q.job_id = ? and q.seq > ? and q.lease_id is null and (`+isShard+`) = ? order by q.seq limit ?`, []any{job, after, shards, n}, func(r *sql.Rows) error {
		var c frontier.Claimed
		err := r.Scan(&c.Job, &c.Seq, &c.Key, &c.Lane, &c.LaneKey, &c.Priority)
		out = append(out, c)
		return err
	})
	return out, err
}

// Move puts tasks into other lanes.
func (f *Frontier) Move(ctx context.Context, job frontier.JobID, tasks []frontier.Claimed, to []string) error {
	return f.tx(ctx, func(t tx) error {
		for i, c := range tasks {
			lane, err := f.laneID(ctx, t, job, to[i])
			if err != nil {
				return err
			}
			n, err := t.exec(ctx, `update queue set lane_id = ? where seq = ? and lease_id is null`, lane, c.Seq)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if _, err := t.exec(ctx, `update task set lane_id = ? where job_id = ? and key = ?`, lane, job, c.Key); err != nil {
				return err
			}
			var ready bool
			if err := t.scan(ctx, `select run_at is null from queue where seq = ?`, []any{c.Seq}, &ready); err != nil {
				return err
			}
			if ready {
				if err := f.wake(ctx, t, lane, c.Priority); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Lookup returns the states of the keys that the job has seen.
func (f *Frontier) Lookup(ctx context.Context, job frontier.JobID, keys []string) (map[string]seine.State, error) {
	out := map[string]seine.State{}
	marks, args := list(keys)
	err := f.each(ctx, `select key, state from task where job_id = ? and key in (`+marks+`)`, append([]any{job}, args...), func(r *sql.Rows) error {
		var (
			key   string
			state int64
		)
		err := r.Scan(&key, &state)
		out[key] = seine.State(state)
		return err
	})
	return out, err
}
