package litefrontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
)

// Register makes the job known or brings it up to date.
func (f *Frontier) Register(ctx context.Context, s frontier.Spec, accept bool) (id frontier.JobID, err error) {
	page, err := json.Marshal(s.Page)
	if err != nil {
		return 0, err
	}
	asset, err := json.Marshal(s.Asset)
	if err != nil {
		return 0, err
	}
	err = f.tx(ctx, func(t tx) error {
		if _, err := t.exec(ctx, `insert into job(name, config, digest, seed_url, store_key, created_at) values (?, '{}', x'', ?, ?, ?) on conflict do nothing`,
			s.Name, s.SeedURL, s.StoreKey, f.now()); err != nil {
			return err
		}
		var seedURL, storeKey string
		if err := t.scan(ctx, `select job_id, seed_url, store_key from job where name = ?`, []any{s.Name}, &id, &seedURL, &storeKey); err != nil {
			return err
		}
		if !accept {
			if err := frontier.CheckIdentity(s, seedURL, storeKey); err != nil {
				return err
			}
		}
		if _, err := t.exec(ctx, `update job set config = ?, digest = ?, seed_url = ?, store_key = ?, max_attempts = ?, page_pace = ?, asset_pace = ? where job_id = ?`,
			string(frontier.CleanJSON(s.Config)), append([]byte{}, s.Digest...), s.SeedURL, s.StoreKey, s.MaxAttempts, string(page), string(asset), id); err != nil {
			return err
		}
		for _, p := range []struct {
			asset bool
			pace  frontier.LanePace
		}{{false, s.Page}, {true, s.Asset}} {
			args := append(paceArgs(p.pace), f.now(), id, p.asset)
			if _, err := t.exec(ctx, `update lane set delay_min = ?1, delay_max = ?2, max_inflight = ?3, rest_every = ?4, rest_for = ?5, cooldown_after = ?6, cooldown_for = ?7,
  "full" = inflight >= ?3, next_at = max(next_at, ?8) where job_id = ?9 and (lane_key like 'assets/%') = ?10
  and (delay_min, delay_max, max_inflight, rest_every, rest_for, cooldown_after, cooldown_for) is not (?1, ?2, ?3, ?4, ?5, ?6, ?7)`, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("register job %s: %w", s.Name, err)
	}
	return id, nil
}

func paceArgs(p frontier.LanePace) []any {
	return []any{
		p.Delay.Min.Microseconds(), p.Delay.Max.Microseconds(), p.Inflight,
		p.Rest.Every, p.Rest.For.Microseconds(), p.Cooldown.After, p.Cooldown.For.Microseconds(),
	}
}

// laneID returns a lane, made when it is missing.
func (f *Frontier) laneID(ctx context.Context, t tx, job frontier.JobID, key string) (id int64, err error) {
	err = t.scan(ctx, `select lane_id from lane where job_id = ? and lane_key = ?`, []any{job, key}, &id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	column := "page_pace"
	if frontier.IsAssetLane(key) {
		column = "asset_pace"
	}
	var (
		text string
		pace frontier.LanePace
	)
	if err := t.scan(ctx, `select `+column+` from job where job_id = ?`, []any{job}, &text); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = frontier.ErrNoJob
		}
		return 0, err
	}
	if err := json.Unmarshal([]byte(text), &pace); err != nil {
		return 0, err
	}
	args := append(paceArgs(pace), job, key, f.now())
	err = t.scan(ctx, `insert into lane(delay_min, delay_max, max_inflight, rest_every, rest_for, cooldown_after, cooldown_for, job_id, lane_key, next_at)
 values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning lane_id`, args, &id)
	return id, err
}

// Seeded reports whether seeds of this digest were admitted.
func (f *Frontier) Seeded(ctx context.Context, job frontier.JobID, digest []byte) (same bool, err error) {
	err = f.tx(ctx, func(t tx) error {
		return t.scan(ctx, `select coalesce(seeds_digest = ?, 0) from job where job_id = ?`, []any{digest, job}, &same)
	})
	return same, err
}

// MarkSeeded says that seeds of this digest are admitted.
func (f *Frontier) MarkSeeded(ctx context.Context, job frontier.JobID, digest []byte) error {
	return f.tx(ctx, func(t tx) error {
		_, err := t.exec(ctx, `update job set seeds_digest = ? where job_id = ?`, digest, job)
		return err
	})
}

// PauseJob stops claims of a job, or lets them go on.
func (f *Frontier) PauseJob(ctx context.Context, job frontier.JobID, paused bool) error {
	return f.tx(ctx, func(t tx) error {
		n, err := t.exec(ctx, `update job set paused = ? where job_id = ?`, paused, job)
		if err == nil && n == 0 {
			err = frontier.ErrNoJob
		}
		return err
	})
}

// PauseHost stops claims of a host, or lets them go on.
func (f *Frontier) PauseHost(ctx context.Context, job frontier.JobID, host string, paused bool) (found bool, err error) {
	err = f.tx(ctx, func(t tx) error {
		var sharded bool
		if err := t.scan(ctx, `select exists (select 1 from lane where job_id = ? and lane_key like 'shard/%')`, []any{job}, &sharded); err != nil {
			return err
		}
		if sharded && paused {
			if _, err := f.laneID(ctx, t, job, host); err != nil {
				return err
			}
		}
		n, err := t.exec(ctx, `update lane set paused = ?1, why = nullif(why, 'paused'), next_at = max(next_at, ?2) where job_id = ?3 and lane_key in (?4, 'assets/' || ?4)`,
			paused, f.now(), job, host)
		found = n > 0
		return err
	})
	return found, err
}

// Promote makes due retries ready.
func (f *Frontier) Promote(ctx context.Context, n int) (promoted int, err error) {
	err = f.tx(ctx, func(t tx) error {
		type due struct {
			seq, lane int64
			prio      int
		}
		var tasks []due
		if err := t.each(ctx, `select seq, lane_id, prio from queue where lease_id is null and run_at is not null and run_at <= ? order by run_at limit ?`, []any{f.now(), n}, func(r *sql.Rows) error {
			var d due
			err := r.Scan(&d.seq, &d.lane, &d.prio)
			tasks = append(tasks, d)
			return err
		}); err != nil {
			return err
		}
		for _, d := range tasks {
			if _, err := t.exec(ctx, `update queue set run_at = null where seq = ?`, d.seq); err != nil {
				return err
			}
			if err := f.wake(ctx, t, d.lane, d.prio); err != nil {
				return err
			}
		}
		promoted = len(tasks)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("promote: %w", err)
	}
	return promoted, nil
}

// Fold has nothing to do: the counters are kept folded.
func (f *Frontier) Fold(context.Context) error { return nil }

// Reserve takes a start on another lane.
func (f *Frontier) Reserve(ctx context.Context, job frontier.JobID, key string, draw float64, most time.Duration) (turn frontier.Turn, err error) {
	err = f.tx(ctx, func(t tx) error {
		id, err := f.laneID(ctx, t, job, key)
		if err != nil {
			return err
		}
		var (
			next, dmin, dmax, restFor, eased int64
			slow                             float64
			resting, rested                  bool
		)
		if err := t.scan(ctx, `select next_at, delay_min, delay_max, slow, coalesce(eased_at, ?2), l.paused or j.paused, rest_for, rest_every > 0, rest_every > 0 and (starts + 1) % max(rest_every, 1) = 0
 from lane l join job j using (job_id) where lane_id = ?1`, []any{id, f.now()}, &next, &dmin, &dmax, &slow, &eased, &turn.Paused, &restFor, &resting, &rested); err != nil {
			return err
		}
		now := f.now()
		start := max(next, now)
		turn.Wait, turn.Paced = micro(start-now), dmax > 0 || slow > 1 || resting
		if turn.Paused || turn.Wait > most {
			return nil
		}
		delay, _ := polite.Slowed(seine.Span{Min: micro(dmin), Max: micro(dmax)}, 0, slow)
		next = start + delay.At(draw).Microseconds()
		if rested {
			next = max(next, start+restFor)
		}
		after := slow
		if frontier.IsAssetLane(key) && slow > 1 {
			if after = polite.Ease(slow, 1, micro(now-eased)); after <= 1.01 {
				after = 1
			}
		}
		_, err = t.exec(ctx, `update lane set next_at = ?1, starts = starts + 1, quiet_until = case when ?2 then ?1 else quiet_until end,
  why = case when ?2 then 'rest' when ?4 < slow and ?4 = 1 and coalesce(quiet_until < ?5, 1) then null else why end,
  eased_at = case when ?4 < slow then ?5 else eased_at end, slow = ?4 where lane_id = ?3`, next, rested, id, after, now)
		return err
	})
	if err != nil {
		return frontier.Turn{}, fmt.Errorf("reserve a start: %w", err)
	}
	return turn, nil
}

// Quiet keeps lanes from being claimed for a while, and slows them down.
func (f *Frontier) Backoff(ctx context.Context, job frontier.JobID, lanes []string, q frontier.Backoff) error {
	return f.tx(ctx, func(t tx) error {
		now := f.now()
		until := now + q.For.Microseconds()
		for _, key := range lanes {
			id, err := f.laneID(ctx, t, job, key)
			if err != nil {
				return err
			}
			if _, err := t.exec(ctx, `update lane set quiet_until = case when ?1 > ?5 then max(coalesce(quiet_until, 0), ?1) else quiet_until end, next_at = max(next_at, ?1), why = ?2, faults = max(faults, ?3), down_since = case when ?3 > 0 then coalesce(down_since, ?5) else down_since end where lane_id = ?4`,
				until, frontier.CleanReason(q.Why), q.Faults, id, now); err != nil {
				return err
			}
			if !q.Slow {
				continue
			}
			var slow float64
			if err := t.scan(ctx, `select slow from lane where lane_id = ?`, []any{id}, &slow); err != nil {
				return err
			}
			if _, err := t.exec(ctx, `update lane set slow = ?1, slowed_at = ?2, eased_at = ?2 where lane_id = ?3 and coalesce(slowed_at, 0) <= ?4`,
				polite.Slower(slow), now, id, now-q.Ago.Microseconds()); err != nil {
				return err
			}
		}
		return nil
	})
}
