package pgfrontier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

// Register stores a job or updates it.
func (f *Frontier) Register(ctx context.Context, s frontier.Spec, accept bool) (frontier.JobID, error) {
	page, err := json.Marshal(s.Page)
	if err != nil {
		return 0, err
	}
	asset, err := json.Marshal(s.Asset)
	if err != nil {
		return 0, err
	}
	var id frontier.JobID
	err = f.tx(ctx, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, `begin`); err != nil {
			return err
		}
		if _, err := c.Exec(ctx, `insert into seine.job(name, config, digest, seed_url, store_key) select $1, '{}', '', $2, $3
 where not exists (select from seine.job where name = $1) on conflict do nothing`, s.Name, s.SeedURL, s.StoreKey); err != nil {
			return err
		}
		var seedURL, storeKey string
		err := c.QueryRow(ctx, `select job_id, seed_url, store_key from seine.job where name = $1 for update`, s.Name).Scan(&id, &seedURL, &storeKey)
		if err != nil {
			return err
		}
		if !accept {
			if err := frontier.CheckIdentity(s, seedURL, storeKey); err != nil {
				return err
			}
		}
		if _, err := c.Exec(ctx, `update seine.job set config = $2::text::jsonb, digest = $3, seed_url = $4, store_key = $5, max_attempts = $6,
 page_pace = $7::text::jsonb, asset_pace = $8::text::jsonb where job_id = $1`,
			id, string(frontier.CleanJSON(s.Config)), append([]byte{}, s.Digest...), s.SeedURL, s.StoreKey, s.MaxAttempts, string(page), string(asset)); err != nil {
			return err
		}
		if err := f.repace(ctx, c, id, paces{s.Page, s.Asset}); err != nil {
			return err
		}
		_, err = c.Exec(ctx, `commit`)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("register job %s: %w", s.Name, err)
	}
	return id, nil
}

// repace gives all lanes of a job its paces, with the changes of people. The row of the job is
// locked.
func (f *Frontier) repace(ctx context.Context, c *pgx.Conn, job frontier.JobID, p paces) error {
	tuned, err := tunings(ctx, c, job)
	if err != nil {
		return err
	}
	hosts := tuned.Hosts()
	b := &pgx.Batch{}
	b.Queue(sqlPace, append([]any{f.now(), job, false}, append(paceArgs(tuned.Pace("", p.page)), hosts)...)...)
	b.Queue(sqlPace, append([]any{f.now(), job, true}, append(paceArgs(p.asset), hosts)...)...)
	for _, host := range hosts {
		b.Queue(sqlPaceOf, append([]any{f.now(), job, host}, paceArgs(tuned.Pace(host, p.page))...)...)
	}
	_, err = run(ctx, c, b)
	return err
}

// paceArgs are the seven values of a pace, in the order of sqlNewLane and sqlPace.
func paceArgs(p frontier.LanePace) []any {
	return []any{
		p.Delay.Min.Seconds(), p.Delay.Max.Seconds(), p.Inflight,
		p.Rest.Every, p.Rest.For.Seconds(), p.Cooldown.After, p.Cooldown.For.Seconds(),
	}
}

// lockPaces returns the paces of a job in a transaction. It locks the row of the job, so that a
// change of the paces comes before or after.
func lockPaces(ctx context.Context, c *pgx.Conn, job frontier.JobID, lock string) (p paces, tuned frontier.Tunings, err error) {
	var page, asset string
	err = c.QueryRow(ctx, `select page_pace::text, asset_pace::text from seine.job where job_id = $1 for `+lock, job).Scan(&page, &asset)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, nil, frontier.ErrNoJob
	}
	if err == nil {
		err = errors.Join(json.Unmarshal([]byte(page), &p.page), json.Unmarshal([]byte(asset), &p.asset))
	}
	if err == nil {
		tuned, err = tunings(ctx, c, job)
	}
	return p, tuned, err
}

// laneIDs returns the lanes of these keys. It creates the missing ones.
func (f *Frontier) laneIDs(ctx context.Context, job frontier.JobID, keys []string) (map[string]int32, error) {
	out := make(map[string]int32, len(keys))
	var missing []string
	f.mu.Lock()
	known := f.lanes[job]
	for _, k := range keys {
		if _, seen := out[k]; seen {
			continue
		}
		if id, ok := known[k]; ok {
			out[k] = id
		} else {
			out[k] = 0
			missing = append(missing, k)
		}
	}
	f.mu.Unlock()
	for try := 0; len(missing) > 0; try++ {
		found, err := f.lookupLanes(ctx, job, missing)
		if err != nil {
			return nil, err
		}
		var still []string
		for _, k := range missing {
			if id, ok := found[k]; ok {
				out[k] = id
			} else {
				still = append(still, k)
			}
		}
		f.remember(job, found)
		if missing = still; len(missing) == 0 {
			break
		}
		if try == tries {
			return nil, fmt.Errorf("lane %q of job %d can't be made", missing[0], job)
		}
		if err := f.makeLanes(ctx, job, missing); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (f *Frontier) lookupLanes(ctx context.Context, job frontier.JobID, keys []string) (map[string]int32, error) {
	found := map[string]int32{}
	err := f.again(ctx, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, sqlLaneIDs, job, keys)
		if err != nil {
			return err
		}
		var (
			id  int32
			key string
		)
		_, err = pgx.ForEachRow(rows, []any{&id, &key}, func() error { found[key] = id; return nil })
		return err
	})
	return found, err
}

// maxLanes bounds the lanes that the driver remembers per job. A job has one lane per host.
const maxLanes = 100_000

func (f *Frontier) remember(job frontier.JobID, found map[string]int32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.lanes[job]
	if m == nil || len(m) > maxLanes {
		m = map[string]int32{}
		f.lanes[job] = m
	}
	for k, id := range found {
		m[k] = id
	}
}

// makeLanes creates lanes. Lanes with one pace are created together.
func (f *Frontier) makeLanes(ctx context.Context, job frontier.JobID, keys []string) error {
	err := f.tx(ctx, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, `begin`); err != nil {
			return err
		}
		p, tuned, err := lockPaces(ctx, c, job, "share")
		if err != nil {
			return err
		}
		byPace := map[frontier.LanePace][]string{}
		for _, k := range keys {
			pace := p.asset
			if !frontier.IsAssetLane(k) {
				pace = tuned.Pace(k, p.page)
			}
			byPace[pace] = append(byPace[pace], k)
		}
		b := &pgx.Batch{}
		for pace, keys := range byPace {
			b.Queue(sqlNewLane, append([]any{job, keys}, paceArgs(pace)...)...)
		}
		b.Queue(`commit`)
		_, err = run(ctx, c, b)
		return err
	})
	if err != nil {
		return fmt.Errorf("make lanes: %w", err)
	}
	return nil
}

// Seeded reports whether seeds with this digest are marked as admitted.
func (f *Frontier) Seeded(ctx context.Context, job frontier.JobID, digest []byte) (bool, error) {
	var same bool
	err := f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select coalesce(seeds_digest = $2, false) from seine.job where job_id = $1`, job, digest).Scan(&same)
	})
	return same, err
}

// MarkSeeded marks the seeds with this digest as admitted.
func (f *Frontier) MarkSeeded(ctx context.Context, job frontier.JobID, digest []byte) error {
	_, err := f.exec(ctx, `update seine.job set seeds_digest = $2 where job_id = $1`, job, digest)
	return err
}

// PauseJob stops the claims of a job, or allows them again.
func (f *Frontier) PauseJob(ctx context.Context, job frontier.JobID, paused bool) error {
	n, err := f.exec(ctx, sqlPauseJob, job, paused)
	if err == nil && n == 0 {
		err = frontier.ErrNoJob
	}
	return err
}

// PauseHost stops the claims of a host, or allows them again.
func (f *Frontier) PauseHost(ctx context.Context, job frontier.JobID, host string, paused bool) (bool, error) {
	n, err := f.exec(ctx, sqlPauseHost, f.now(), job, host, paused, frontier.AssetLane(host))
	if err != nil || n > 0 || !paused {
		return n > 0, err
	}
	if err := f.laneOfShards(ctx, job, host); err != nil {
		return false, err
	}
	n, err = f.exec(ctx, sqlPauseHost, f.now(), job, host, paused, frontier.AssetLane(host))
	return n > 0, err
}

// laneOfShards creates the lane of a host if the job has no pace. Its tasks are in shards then, so
// the host needs a lane that keeps the change.
func (f *Frontier) laneOfShards(ctx context.Context, job frontier.JobID, host string) error {
	var sharded bool
	err := f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select exists (select from seine.lane where job_id = $1 and `+isShard+`)`, job).Scan(&sharded)
	})
	if err == nil && sharded {
		_, err = f.laneIDs(ctx, job, []string{host})
	}
	return err
}
