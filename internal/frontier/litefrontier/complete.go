package litefrontier

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
)

// Complete ends tasks with what they yield, in one transaction: the boundary
// of truth. A batch that the database refuses as data is tried one by one, so
// that one bad record does not fail the others.
func (f *Frontier) Complete(ctx context.Context, l frontier.Lease, job frontier.JobID, batch []frontier.Completion) (frontier.Outcome, error) {
	return frontier.CompleteBatch(batch, isData, func(batch []frontier.Completion) (frontier.Outcome, error) {
		return f.complete(ctx, l, job, batch)
	})
}

func (f *Frontier) complete(ctx context.Context, l frontier.Lease, job frontier.JobID, batch []frontier.Completion) (out frontier.Outcome, err error) {
	err = f.tx(ctx, func(t tx) error {
		out = frontier.Outcome{}
		mine, err := fence(ctx, t, l, batch, func(c frontier.Completion) int64 { return c.Seq }, &out)
		if err != nil {
			return err
		}
		swept, err := condemned(ctx, t, mine)
		if err != nil {
			return err
		}
		ends := ended{}
		var answers []*frontier.Explored
		for _, c := range mine {
			if swept[c.Seq] {
				if err := f.release(ctx, t, c.Claimed); err != nil {
					return err
				}
				out.Kept, out.Lost = out.Kept-1, append(out.Lost, c.Seq)
				continue
			}
			refused, err := f.finish(ctx, t, l, job, c)
			if err != nil {
				return err
			}
			if c.Explored != nil {
				out.Refused = append(out.Refused, refused...)
			}
			ends.add(c.Lane, c.State)
			answers = append(answers, c.Explored)
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

// fence keeps what is still this lease's.
func fence[T any](ctx context.Context, t tx, l frontier.Lease, batch []T, seq func(T) int64, out *frontier.Outcome) ([]T, error) {
	var live bool
	if err := t.scan(ctx, `select exists (select 1 from lease where lease_id = ?)`, []any{l.Token}, &live); err != nil {
		return nil, err
	}
	if !live {
		return nil, frontier.ErrLeaseLost
	}
	mine := make([]T, 0, len(batch))
	for _, b := range batch {
		var held bool
		if err := t.scan(ctx, `select exists (select 1 from queue where seq = ? and lease_id = ?)`, []any{seq(b), l.Token}, &held); err != nil {
			return nil, err
		}
		if held {
			mine = append(mine, b)
		} else {
			out.Lost = append(out.Lost, seq(b))
		}
	}
	out.Kept = len(mine)
	return mine, nil
}

// finish stores what one task yields and moves it to its final state. It returns
// the follow-ups that were known.
func (f *Frontier) finish(ctx context.Context, t tx, l frontier.Lease, job frontier.JobID, c frontier.Completion) (refused []string, err error) {
	if len(c.Follow) > 0 {
		if _, refused, err = f.add(ctx, t, job, c.Follow); err != nil {
			return nil, err
		}
	}
	fresh := map[int]int64{}
	for _, r := range c.Records {
		known, err := exists(ctx, t, `select exists (select 1 from record where job_id = ? and key = ? and kind = ? and version = 1)`, job, frontier.Clean(r.Key), frontier.Clean(r.Kind))
		if err != nil {
			return nil, err
		}
		if !known {
			fresh[frontier.StatRecords]++
		}
		if _, err := t.exec(ctx, `insert into record(job_id, key, kind, fields, url, digest, fetched_at) values (?, ?, ?, ?, ?, ?, ?)
 on conflict (job_id, key, kind, version) do update set fields = excluded.fields, url = excluded.url, digest = excluded.digest, fetched_at = excluded.fetched_at`,
			job, frontier.Clean(r.Key), frontier.Clean(r.Kind), string(frontier.CleanJSON(r.Fields)), frontier.Clean(r.URL), append([]byte{}, r.Digest...), r.FetchedAt.UnixMicro()); err != nil {
			return nil, err
		}
	}
	for _, a := range c.Assets {
		known, err := exists(ctx, t, `select exists (select 1 from asset where job_id = ? and key = ? and name = ? and version = 1)`, job, frontier.Clean(a.Key), frontier.Clean(a.Name))
		if err != nil {
			return nil, err
		}
		if !known {
			fresh[frontier.StatAssets]++
		}
		if _, err := t.exec(ctx, `insert into asset(job_id, key, name, path, bytes, sha256, width, height, url, original_bytes, original_sha256) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
 on conflict (job_id, key, name, version) do update set path = excluded.path, bytes = excluded.bytes, sha256 = excluded.sha256, width = excluded.width,
   height = excluded.height, url = excluded.url, original_bytes = excluded.original_bytes, original_sha256 = excluded.original_sha256`,
			job, frontier.Clean(a.Key), frontier.Clean(a.Name), frontier.Clean(a.Path), a.Bytes, append([]byte{}, a.SHA256...),
			orNull(a.Width), orNull(a.Height), frontier.Clean(a.URL), orNull(a.OriginalBytes), a.OriginalSHA256); err != nil {
			return nil, err
		}
	}
	for state, n := range fresh {
		if err := count(ctx, t, job, state, "", n); err != nil {
			return nil, err
		}
	}
	return refused, f.final(ctx, t, job, c.Claimed, c.State, frontier.CleanReason(c.Reason), l.Worker)
}

// final takes a task out of the queue.
func (f *Frontier) final(ctx context.Context, t tx, job frontier.JobID, c frontier.Claimed, state seine.State, reason, worker string) error {
	if _, err := t.exec(ctx, `delete from queue where seq = ?`, c.Seq); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `update task set state = ?, attempt = ?, worker = ?, reason = ?, finished_at = ? where job_id = ? and key = ?`,
		int(state), c.Attempt, worker, orNull(reason), f.now(), job, c.Key); err != nil {
		return err
	}
	return count(ctx, t, job, int(state), reason, 1)
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

// count moves a counter; one process writes at a time, so it is kept folded,
// over all lanes, as nobody reads the counters of one.
func count(ctx context.Context, t tx, job frontier.JobID, state int, reason string, n int64) error {
	_, err := t.exec(ctx, `insert into stat(job_id, lane_id, state, reason, n) values (?, 0, ?, ?, ?)
 on conflict (job_id, lane_id, state, reason) do update set n = n + excluded.n`, job, state, reason, n)
	return err
}

// ended counts, by lane, the tasks that left it, those that ended well, and
// those that ended in error.
type ended map[frontier.LaneID]*struct{ n, ok, bad int }

func (e ended) add(lane frontier.LaneID, state seine.State) {
	k := e[lane]
	if k == nil {
		k = &struct{ n, ok, bad int }{}
		e[lane] = k
	}
	k.n++
	switch state {
	case seine.Done, seine.Skipped:
		k.ok++
	case seine.Error:
		k.bad++
	case seine.Pending, seine.InProgress, seine.Stale:
	}
}

// settle frees the lanes' slots, counts errors in a row, and begins a cooldown
// when there are enough. A lane that was full is lifted to now.
func (f *Frontier) settle(ctx context.Context, t tx, ends ended) error {
	now := f.now()
	for id, k := range ends {
		var (
			errors, after  int
			coolFor, eased int64
			slow           float64
		)
		if err := t.scan(ctx, `select errors, cooldown_after, cooldown_for, slow, coalesce(eased_at, 0) from lane where lane_id = ?`, []any{id}, &errors, &after, &coolFor, &slow, &eased); err != nil {
			return err
		}
		cooling := k.ok == 0 && k.bad > 0 && after > 0 && errors+k.bad >= after
		if slow = polite.Ease(slow, k.ok, micro(now-eased)); slow < 1.01 {
			slow = 1
		}
		errors += k.bad
		if k.ok > 0 || cooling {
			errors = 0
		}
		if _, err := t.exec(ctx, `update lane set inflight = inflight - ?2, next_at = case when "full" then max(next_at, ?3) else next_at end,
  "full" = inflight - ?2 >= max_inflight, errors = ?4, faults = case when ?5 then 0 else faults end,
  why = case when ?5 and coalesce(quiet_until < ?3, 1) and ?6 = 1 then null else why end, slow = ?6, eased_at = case when ?5 and slow > 1 then ?3 else eased_at end, quiet_until = case when ?5 and quiet_until < ?3 then null else quiet_until end where lane_id = ?1`,
			id, k.n, now, errors, k.ok > 0, slow); err != nil {
			return err
		}
		if cooling {
			if _, err := t.exec(ctx, `update lane set quiet_until = max(coalesce(quiet_until, 0), ?2), next_at = max(next_at, ?2), why = 'cooldown' where lane_id = ?1`, id, now+coolFor); err != nil {
				return err
			}
		}
	}
	return nil
}

// Fail gives tasks back, to be tried again after their delays.
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
			if _, err := t.exec(ctx, `update queue set lease_id = null, state = ?, reason = ?, run_at = ?, mark = max(mark, ?), attempt = attempt - ? where seq = ?`,
				int(c.State), orNull(frontier.CleanReason(c.Reason)), f.now()+c.Delay.Microseconds(), int(c.Mark), c.Free, c.Seq); err != nil {
				return err
			}
			if len(c.Follow) > 0 {
				_, refused, err := f.add(ctx, t, job, c.Follow)
				if err != nil {
					return err
				}
				out.Refused = append(out.Refused, refused...)
			}
			ends.add(c.Lane, c.State)
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

// Release gives tasks back untouched.
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

// giveBack frees one slot of a lane for a task that is ready again.
func (f *Frontier) giveBack(ctx context.Context, t tx, lane int64, prio int) error {
	if err := f.freeSlot(ctx, t, lane); err != nil {
		return err
	}
	return f.wake(ctx, t, lane, prio)
}

// freeSlot gives back the slot of a task that left its lane.
func (f *Frontier) freeSlot(ctx context.Context, t tx, lane int64) error {
	_, err := t.exec(ctx, `update lane set inflight = inflight - 1, "full" = inflight - 1 >= max_inflight, next_at = max(next_at, ?) where lane_id = ?`, f.now(), lane)
	return err
}

// wake says that a lane has a ready task of a priority.
func (f *Frontier) wake(ctx context.Context, t tx, lane int64, prio int) error {
	_, err := t.exec(ctx, `update lane set prio = case when parked then ?2 else min(prio, ?2) end, parked = 0, next_at = max(next_at, ?3)
 where lane_id = ?1 and (parked or prio > ?2)`, lane, prio, f.now())
	return err
}

// Rescue takes the tasks of one expired lease back and buries it.
func (f *Frontier) Rescue(ctx context.Context) (found bool, back, died int, err error) {
	err = f.tx(ctx, func(t tx) error {
		found, back, died = false, 0, 0
		var (
			lease  int64
			worker string
		)
		err := t.scan(ctx, `select lease_id, worker from lease where expires_at < ? order by expires_at limit 1`, []any{f.now()}, &lease, &worker)
		if err != nil {
			return ignoreNoRows(err)
		}
		found = true
		type held struct {
			frontier.Claimed
			most int
		}
		var tasks []held
		if err := t.each(ctx, `select q.job_id, q.seq, q.key, q.lane_id, q.prio, q.attempt, j.max_attempts from queue q join job j using (job_id) where q.lease_id = ?`, []any{lease},
			func(r *sql.Rows) error {
				var h held
				err := r.Scan(&h.Job, &h.Seq, &h.Key, &h.Lane, &h.Priority, &h.Attempt, &h.most)
				tasks = append(tasks, h)
				return err
			}); err != nil {
			return err
		}
		for _, h := range tasks {
			if h.Attempt >= h.most {
				died++
				if err := f.final(ctx, t, h.Job, h.Claimed, seine.Error, "worker died", worker); err != nil {
					return err
				}
				if err := f.freeSlot(ctx, t, int64(h.Lane)); err != nil {
					return err
				}
				continue
			}
			back++
			if wait := frontier.RescueDelay(h.Attempt, rand.Float64()); wait > 0 {
				if _, err := t.exec(ctx, `update queue set lease_id = null, state = ?, reason = 'worker died', run_at = ? where seq = ?`,
					int(seine.Error), f.now()+wait.Microseconds(), h.Seq); err != nil {
					return err
				}
				if err := f.freeSlot(ctx, t, int64(h.Lane)); err != nil {
					return err
				}
				continue
			}
			if _, err := t.exec(ctx, `update queue set lease_id = null, state = 0, run_at = null where seq = ?`, h.Seq); err != nil {
				return err
			}
			if err := f.giveBack(ctx, t, int64(h.Lane), h.Priority); err != nil {
				return err
			}
		}
		_, err = t.exec(ctx, `delete from lease where lease_id = ?`, lease)
		return err
	})
	if err != nil {
		return false, 0, 0, fmt.Errorf("rescue: %w", err)
	}
	return found, back, died, nil
}
