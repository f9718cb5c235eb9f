package litefrontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// Register stores a job or updates it.
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
		return f.repace(ctx, t, id)
	})
	if err != nil {
		return 0, fmt.Errorf("register job %s: %w", s.Name, err)
	}
	return id, nil
}

// pacesOf returns the pace of a job's lane by its key, with the changes of people.
func pacesOf(ctx context.Context, t tx, job frontier.JobID) (func(lane string) frontier.LanePace, error) {
	var (
		page, asset          frontier.LanePace
		textPage, textAssets string
	)
	err := t.scan(ctx, `select page_pace, asset_pace from job where job_id = ?`, []any{job}, &textPage, &textAssets)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, frontier.ErrNoJob
	}
	if err == nil {
		err = errors.Join(json.Unmarshal([]byte(textPage), &page), json.Unmarshal([]byte(textAssets), &asset))
	}
	if err != nil {
		return nil, err
	}
	tuned, err := tunings(func(query string, args []any, scan func(r *sql.Rows) error) error {
		return t.each(ctx, query, args, scan)
	}, job)
	return func(lane string) frontier.LanePace {
		if frontier.IsAssetLane(lane) {
			return asset
		}
		return tuned.Pace(lane, page)
	}, err
}

// Seeded reports whether seeds with this digest are marked as admitted.
func (f *Frontier) Seeded(ctx context.Context, job frontier.JobID, digest []byte) (same bool, err error) {
	err = f.tx(ctx, func(t tx) error {
		return t.scan(ctx, `select coalesce(seeds_digest = ?, 0) from job where job_id = ?`, []any{digest, job}, &same)
	})
	return same, err
}

// MarkSeeded marks the seeds with this digest as admitted.
func (f *Frontier) MarkSeeded(ctx context.Context, job frontier.JobID, digest []byte) error {
	return f.tx(ctx, func(t tx) error {
		_, err := t.exec(ctx, `update job set seeds_digest = ? where job_id = ?`, digest, job)
		return err
	})
}

// PauseJob stops the claims of a job, or allows them again.
func (f *Frontier) PauseJob(ctx context.Context, job frontier.JobID, paused bool) error {
	return f.tx(ctx, func(t tx) error {
		n, err := t.exec(ctx, `update job set paused = ? where job_id = ?`, paused, job)
		if err == nil && n == 0 {
			err = frontier.ErrNoJob
		}
		return err
	})
}

// PauseHost stops the claims of a host, or allows them again.
func (f *Frontier) PauseHost(ctx context.Context, job frontier.JobID, host string, paused bool) (found bool, err error) {
	err = f.tx(ctx, func(t tx) error {
		var sharded bool
		if err := t.scan(ctx, `select exists (select 1 from lane where job_id = ? and `+isShard+`)`, []any{job}, &sharded); err != nil {
			return err
		}
		if sharded && paused {
			if _, err := f.laneID(ctx, t, job, host); err != nil {
				return err
			}
		}
		lanes, err := f.lanes(ctx, t, `where job_id = ?1 and lane_key in (?2, ?3)`, job, host, frontier.AssetLane(host))
		for _, w := range lanes {
			if err == nil {
				err = storeLane(ctx, t, w.id, w.Pause(fromMicro(f.now()), paused))
			}
		}
		found = len(lanes) > 0
		return err
	})
	return found, err
}

// Promote makes due retries ready and requeues finished tasks whose next visit is due.
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
		again, err := f.recrawl(ctx, t, n)
		promoted = len(tasks) + again
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("promote: %w", err)
	}
	return promoted, nil
}

// Fold does nothing, because the driver keeps the counters folded.
func (f *Frontier) Fold(context.Context) error { return nil }

// Reserve takes a start on a lane.
func (f *Frontier) Reserve(ctx context.Context, job frontier.JobID, key string, draw float64, most time.Duration) (turn frontier.Turn, err error) {
	err = f.tx(ctx, func(t tx) error {
		id, err := f.laneID(ctx, t, job, key)
		if err != nil {
			return err
		}
		w, err := f.lane(ctx, t, id)
		if err != nil {
			return err
		}
		var paused bool
		if err := t.scan(ctx, `select paused from job where job_id = ?`, []any{job}, &paused); err != nil {
			return err
		}
		l, took := w.Reserve(fromMicro(f.now()), draw, most, paused, frontier.IsAssetLane(key))
		turn = took
		if l == w.Lane {
			return nil
		}
		return storeLane(ctx, t, id, l)
	})
	if err != nil {
		return frontier.Turn{}, fmt.Errorf("reserve a start: %w", err)
	}
	return turn, nil
}

// Backoff stops claims of lanes for a time and slows the lanes down.
func (f *Frontier) Backoff(ctx context.Context, job frontier.JobID, lanes []string, b frontier.Backoff) error {
	return f.tx(ctx, func(t tx) error {
		for _, key := range lanes {
			id, err := f.laneID(ctx, t, job, key)
			if err != nil {
				return err
			}
			if err := f.change(ctx, t, id, func(l frontier.Lane, now time.Time) frontier.Lane { return l.Back(now, b) }); err != nil {
				return err
			}
		}
		return nil
	})
}
