package litefrontier

import (
	"context"
	"fmt"

	"github.com/seinehq/seine"
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
	err = f.short(ctx, func(ctx context.Context, t tx) error {
		out = frontier.Outcome{}
		if err := alive(ctx, t, l); err != nil {
			return err
		}
		swept, err := pendingDeletion(ctx, t, batch, claimedAt)
		if err != nil {
			return err
		}
		mine, k := batch, newKeeper(f, t, job)
		if owners {
			if mine, err = k.take(ctx, l, batch, swept, &out); err != nil {
				return err
			}
		}
		ends := ended{}
		var answers []*frontier.Explored
		for _, c := range mine {
			if swept[c.Seq] {
				if err := f.releaseHeld(ctx, t, l, c.Claimed); err != nil {
					return err
				}
				out.Lost = append(out.Lost, c.Seq)
				continue
			}
			// This is also the fence: a task that another lease holds has no such row.
			if n, err := f.leave(ctx, t, l, c); err != nil {
				return err
			} else if n == 0 {
				out.Lost = append(out.Lost, c.Seq)
				continue
			}
			out.Kept++
			refused, over, err := f.finish(ctx, t, l, k, c)
			if err != nil {
				return err
			}
			out.OverBudget += over
			if c.Explored != nil {
				out.Refused = append(out.Refused, refused...)
			}
			state := c.State
			if c.Again != nil {
				state = seine.Done // the page is done
			}
			ends.add(c.Lane, state, c.Alone())
			answers = append(answers, c.Explored)
		}
		if err := k.moved.write(ctx, t, job); err != nil {
			return err
		}
		if err := f.explored(ctx, t, job, l, answers); err != nil {
			return err
		}
		return f.settle(ctx, t, ends)
	})
	if err != nil {
		return frontier.Outcome{}, fmt.Errorf("complete: %w", err)
	}
	return out, nil
}

// leave deletes a task from the queue, or returns a task that waits for assets. It returns the
// number of changed rows.
func (f *Frontier) leave(ctx context.Context, t tx, l frontier.Lease, c frontier.Completion) (int64, error) {
	if c.Again == nil {
		return t.exec(ctx, `delete from queue where seq = ? and lease_id = ?`, c.Seq, l.Token)
	}
	a := c.Again
	n, err := t.exec(ctx, `update queue set lease_id = null, state = ?1, reason = ?2, run_at = ?3, mark = max(mark, ?4), attempt = attempt - ?5, refused_at = null, owes = 1 where seq = ?6 and lease_id = ?7`,
		int(a.State), orNull(frontier.CleanReason(a.Reason)), f.now()+a.Delay.Microseconds(), int(frontier.Known), a.Free, c.Seq, l.Token)
	if err != nil || n == 0 {
		return n, err
	}
	_, err = t.exec(ctx, `insert into owed(job_id, key, assets) values (?1, ?2, ?3) on conflict (job_id, key) do update set assets = ?3`, c.Job, c.Key, string(frontier.CleanJSON(a.Owed)))
	return n, err
}

// alive returns ErrLeaseLost if the lease has no row.
func alive(ctx context.Context, t tx, l frontier.Lease) error {
	live, err := exists(ctx, t, `select exists (select 1 from lease where lease_id = ?)`, l.Token)
	if err == nil && !live {
		err = frontier.ErrLeaseLost
	}
	return err
}

func held(ctx context.Context, t tx, l frontier.Lease, seq int64) (bool, error) {
	return exists(ctx, t, `select exists (select 1 from queue where seq = ? and lease_id = ?)`, seq, l.Token)
}

// fence returns the tasks that are still the lease's.
func fence[T any](ctx context.Context, t tx, l frontier.Lease, batch []T, seq func(T) int64, out *frontier.Outcome) ([]T, error) {
	if err := alive(ctx, t, l); err != nil {
		return nil, err
	}
	mine := make([]T, 0, len(batch))
	for _, b := range batch {
		ours, err := held(ctx, t, l, seq(b))
		if err != nil {
			return nil, err
		}
		if ours {
			mine = append(mine, b)
		} else {
			out.Lost = append(out.Lost, seq(b))
		}
	}
	out.Kept = len(mine)
	return mine, nil
}

// finish stores the results of a task that left the queue and moves it to its final state. It
// returns the keys of the follow-ups that were not admitted, and the number of those over a budget.
func (f *Frontier) finish(ctx context.Context, t tx, l frontier.Lease, k *keeper, c frontier.Completion) (refused []string, over int, err error) {
	if len(c.Follow) > 0 {
		if _, refused, over, err = f.admit(ctx, t, k.job, c.Follow); err != nil {
			return nil, 0, err
		}
	}
	if err := k.keep(ctx, c); err != nil {
		return nil, 0, err
	}
	if c.Again == nil { // otherwise its end counts them
		frontier.FieldDeltas(c, func(state int, reason string) { k.moved[stat{state, reason, ""}]++ })
	}
	for _, x := range c.LeftOut {
		k.moved[stat{frontier.StatLeftOut, frontier.CleanReason(x.Reason), frontier.Clean(c.Page)}] += x.N
	}
	if err := record(ctx, t, k.job, c.Recording); err != nil {
		return nil, 0, err
	}
	if err := f.failures(ctx, t, k.job, c); err != nil || c.Again != nil {
		return refused, over, err
	}
	end := f.final
	if !c.Replayed.IsZero() { // a replay is no attempt
		end = f.end
	}
	return refused, over, end(ctx, t, k.job, c.Claimed, c.State, frontier.CleanReason(c.Reason), l.Worker, k.moved)
}

// failures replaces the failed assets of a task.
func (f *Frontier) failures(ctx context.Context, t tx, job frontier.JobID, c frontier.Completion) error {
	if c.Owed == nil && len(c.Failed) == 0 {
		return nil
	}
	for _, own := range owned {
		if _, err := t.exec(ctx, `delete from asset_failure where `+own, job, c.Key); err != nil {
			return err
		}
	}
	if c.Again == nil {
		if _, err := t.exec(ctx, `delete from owed where job_id = ? and key = ?`, job, c.Key); err != nil {
			return err
		}
	}
	for _, a := range c.Failed {
		if _, err := t.exec(ctx, `insert into asset_failure(job_id, task, key, name, url, reason, at) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
			job, frontier.OwnerOf(c.Key, frontier.Clean(a.Key)), frontier.Clean(a.Key), frontier.Clean(a.Name), frontier.Clean(a.URL), frontier.CleanReason(a.Reason), f.now()); err != nil {
			return err
		}
	}
	return nil
}

// final moves a task that left the queue to its final state and keeps a failed attempt.
func (f *Frontier) final(ctx context.Context, t tx, job frontier.JobID, c frontier.Claimed, state seine.State, reason, worker string, moved counts) error {
	if err := f.failed(ctx, t, job, c, state, reason, worker, true); err != nil {
		return err
	}
	return f.end(ctx, t, job, c, state, reason, worker, moved)
}

// end moves a task that is not in the queue to a final state.
func (f *Frontier) end(ctx context.Context, t tx, job frontier.JobID, c frontier.Claimed, state seine.State, reason, worker string, moved counts) error {
	moved[stat{int(state), reason, frontier.Clean(c.Page)}]++
	_, err := t.exec(ctx, `update task set state = ?, attempt = ?, worker = ?, reason = ?, finished_at = ? where job_id = ? and key = ?`,
		int(state), c.Attempt, orNull(worker), orNull(reason), f.now(), job, c.Key)
	return err
}

// failed keeps a failed attempt.
func (f *Frontier) failed(ctx context.Context, t tx, job frontier.JobID, c frontier.Claimed, state seine.State, reason, worker string, final bool) error {
	if state != seine.Error && state != seine.Stale {
		return nil
	}
	_, err := t.exec(ctx, `insert into attempt(job_id, key, attempt, at, state, reason, worker, final) values (?, ?, ?, ?, ?, ?, ?, ?)`,
		job, c.Key, c.Attempt, f.now(), int(state), orNull(reason), worker, final)
	return err
}

// free is the number of attempts that do not count.
func free(is bool) int {
	if is {
		return 1
	}
	return 0
}

func exists(ctx context.Context, t tx, query string, args ...any) (there bool, err error) {
	err = t.scan(ctx, query, args, &there)
	return there, err
}

func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// Fail returns tasks to the queue, to be retried after their delays.
func (f *Frontier) Fail(ctx context.Context, l frontier.Lease, job frontier.JobID, batch []frontier.Failure) (out frontier.Outcome, err error) {
	err = f.tx(ctx, func(t tx) error {
		out = frontier.Outcome{}
		mine, err := fence(ctx, t, l, batch, func(c frontier.Failure) int64 { return c.Seq }, &out)
		if err != nil {
			return err
		}
		ends := ended{}
		var answers []*frontier.Explored
		for _, c := range mine {
			if _, err := t.exec(ctx, `update queue set lease_id = null, state = ?1, reason = ?2, run_at = ?3, mark = max(mark, ?4), attempt = attempt - ?5,
  refused_at = case when ?7 then coalesce(refused_at, ?8) end where seq = ?6`,
				int(c.State), orNull(frontier.CleanReason(c.Reason)), f.now()+c.Delay.Microseconds(), int(c.Mark), c.Free, c.Seq, c.Refused, f.now()); err != nil {
				return err
			}
			c.Attempt -= free(c.Free)
			if err := f.failed(ctx, t, job, c.Claimed, c.State, frontier.CleanReason(c.Reason), l.Worker, false); err != nil {
				return err
			}
			if len(c.Follow) > 0 {
				_, refused, over, err := f.admit(ctx, t, job, c.Follow)
				if err != nil {
					return err
				}
				out.OverBudget += over
				if c.Explored != nil {
					out.Refused = append(out.Refused, refused...)
				}
			}
			ends.add(c.Lane, c.State, false)
			answers = append(answers, c.Explored)
		}
		if err := f.explored(ctx, t, job, l, answers); err != nil {
			return err
		}
		return f.settle(ctx, t, ends)
	})
	if err != nil {
		return out, fmt.Errorf("fail: %w", err)
	}
	return out, nil
}

// Release returns tasks to the queue at no cost of an attempt.
func (f *Frontier) Release(ctx context.Context, l frontier.Lease, batch []frontier.Claimed) (out frontier.Outcome, err error) {
	err = f.tx(ctx, func(t tx) error {
		out = frontier.Outcome{}
		mine, err := fence(ctx, t, l, batch, func(c frontier.Claimed) int64 { return c.Seq }, &out)
		if err != nil {
			return err
		}
		for _, c := range mine {
			if err := f.release(ctx, t, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return out, fmt.Errorf("release: %w", err)
	}
	return out, nil
}

func (f *Frontier) release(ctx context.Context, t tx, c frontier.Claimed) error {
	if _, err := t.exec(ctx, `update queue set lease_id = null, attempt = attempt - 1, run_at = null where seq = ?`, c.Seq); err != nil {
		return err
	}
	return f.giveBack(ctx, t, int64(c.Lane), c.Priority)
}

// releaseHeld releases a task if it is still the lease's.
func (f *Frontier) releaseHeld(ctx context.Context, t tx, l frontier.Lease, c frontier.Claimed) error {
	ours, err := held(ctx, t, l, c.Seq)
	if err != nil || !ours {
		return err
	}
	return f.release(ctx, t, c)
}
