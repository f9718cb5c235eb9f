package litefrontier

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Conditions on the key of a lane.
const (
	isShard  = `lane_key like '` + frontier.ShardLanes + `'`
	isAssets = `lane_key like '` + frontier.AssetLanes + `'`
	isHost   = `lane_key not like '` + frontier.AssetLanes + `' and lane_key not like '` + frontier.ShardLanes + `'`
)

const (
	sqlLaneColumns = `select lane_id, lane_key, delay_min, delay_max, max_inflight, rest_every, rest_for, cooldown_after, cooldown_for,
  next_at, quiet_until, why, parked, prio, paused, inflight, errors, faults, starts, down_since, slow, slowed_at, eased_at, delay_least from lane `

	sqlStoreLane = `update lane set next_at = ?2, quiet_until = ?3, why = ?4, parked = not ?5, prio = ?6, paused = ?7, inflight = ?8, "full" = ?9, errors = ?10, faults = ?11,
  starts = ?12, down_since = ?13, slow = ?14, slowed_at = ?15, eased_at = ?16 where lane_id = ?1`

	sqlNewLane = `insert into lane(delay_min, delay_max, max_inflight, rest_every, rest_for, cooldown_after, cooldown_for, job_id, lane_key, next_at)
 values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning lane_id`

	sqlStorePace = `update lane set delay_min = ?1, delay_max = ?2, max_inflight = ?3, rest_every = ?4, rest_for = ?5, cooldown_after = ?6, cooldown_for = ?7 where lane_id = ?8`
)

// row is a lane of the file.
type row struct {
	id  int64
	key string
	frontier.Lane
}

// scanLane reads a row of sqlLaneColumns. It scans untyped values, because database/sql converts
// typed ones by reflection, which doubled the cost of a claim of many lanes.
func scanLane(scan func(dest ...any) error) (w row, err error) {
	var (
		v    [24]any
		dest [24]any
	)
	for i := range v {
		dest[i] = &v[i]
	}
	if err := scan(dest[:]...); err != nil {
		return row{}, err
	}
	n := func(i int) int64 { k, _ := v[i].(int64); return k } // 0 for NULL
	w.id = n(0)
	w.key, _ = v[1].(string)
	w.Pace = frontier.LanePace{
		Delay: seine.Span{Min: micro(n(2)), Max: micro(n(3))}, Inflight: int(n(4)),
		Rest: seine.Rest{Every: int(n(5)), For: micro(n(6))}, Cooldown: seine.Cooldown{After: int(n(7)), For: micro(n(8))},
	}
	w.NextAt, w.BackoffUntil = fromMicro(n(9)), orZero(n(10))
	w.Why, _ = v[11].(string)
	w.Ready, w.Priority, w.Paused = n(12) == 0, int(n(13)), n(14) != 0
	w.Inflight, w.Errors, w.Faults, w.Starts = int(n(15)), int(n(16)), int(n(17)), n(18)
	w.DownSince, w.SlowedAt, w.EasedAt = orZero(n(19)), orZero(n(21)), orZero(n(22))
	w.Slow, _ = v[20].(float64)
	w.Least = micro(n(23))
	return w, nil
}

// lane reads a lane.
func (f *Frontier) lane(ctx context.Context, t tx, id int64) (w row, err error) {
	return scanLane(func(dest ...any) error { return t.scan(ctx, sqlLaneColumns+`where lane_id = ?`, []any{id}, dest...) })
}

// lanes reads the lanes of a job that meet a condition, in which ?1 is the job.
func (f *Frontier) lanes(ctx context.Context, t tx, condition string, args ...any) (out []row, err error) {
	err = t.each(ctx, sqlLaneColumns+condition, args, func(r *sql.Rows) error {
		w, err := scanLane(r.Scan)
		out = append(out, w)
		return err
	})
	return out, err
}

// storeLane writes a lane.
func storeLane(ctx context.Context, t tx, id int64, l frontier.Lane) error {
	_, err := t.exec(ctx, sqlStoreLane, id, l.NextAt.UnixMicro(), orNullTime(l.BackoffUntil), orNull(l.Why), l.Ready, int64(l.Priority), l.Paused, int64(l.Inflight), l.Full(), int64(l.Errors), int64(l.Faults),
		l.Starts, orNullTime(l.DownSince), l.Slow, orNullTime(l.SlowedAt), orNullTime(l.EasedAt))
	return err
}

// change applies a rule to a lane.
func (f *Frontier) change(ctx context.Context, t tx, id int64, rule func(l frontier.Lane, now time.Time) frontier.Lane) error {
	w, err := f.lane(ctx, t, id)
	if err != nil {
		return err
	}
	if l := rule(w.Lane, fromMicro(f.now())); l != w.Lane {
		return storeLane(ctx, t, id, l)
	}
	return nil
}

// wake records a ready task of a lane.
func (f *Frontier) wake(ctx context.Context, t tx, lane int64, priority int) error {
	return f.change(ctx, t, lane, func(l frontier.Lane, now time.Time) frontier.Lane { return l.Wake(now, priority) })
}

// park marks a lane without a ready task, after tasks left the queue.
func (f *Frontier) park(ctx context.Context, t tx, lane int64) error {
	ready, err := exists(ctx, t, `select exists (select 1 from queue where lane_id = ? and lease_id is null and run_at is null)`, lane)
	if err != nil || ready {
		return err
	}
	return f.change(ctx, t, lane, func(l frontier.Lane, _ time.Time) frontier.Lane { return l.Left(0, false) })
}

// giveBack frees the slot of a task that is ready again.
func (f *Frontier) giveBack(ctx context.Context, t tx, lane int64, priority int) error {
	return f.change(ctx, t, lane, func(l frontier.Lane, now time.Time) frontier.Lane { return l.Free(now, 1).Wake(now, priority) })
}

// freeSlot frees the slot of a task that left its lane.
func (f *Frontier) freeSlot(ctx context.Context, t tx, lane int64) error {
	return f.change(ctx, t, lane, func(l frontier.Lane, now time.Time) frontier.Lane { return l.Free(now, 1) })
}

// settle ends tasks on their lanes.
func (f *Frontier) settle(ctx context.Context, t tx, ends ended) error {
	for id, e := range ends {
		if err := f.change(ctx, t, int64(id), func(l frontier.Lane, now time.Time) frontier.Lane { return l.End(now, *e) }); err != nil {
			return err
		}
	}
	return nil
}

// ended counts the tasks that left each lane.
type ended map[frontier.LaneID]*frontier.Ended

func (e ended) add(lane frontier.LaneID, state seine.State, alone bool) {
	k := e[lane]
	if k == nil {
		k = &frontier.Ended{}
		e[lane] = k
	}
	k.Add(state, alone)
}

func paceArgs(p frontier.LanePace) []any {
	return []any{
		p.Delay.Min.Microseconds(), p.Delay.Max.Microseconds(), p.Inflight,
		p.Rest.Every, p.Rest.For.Microseconds(), p.Cooldown.After, p.Cooldown.For.Microseconds(),
	}
}

// repace gives the lanes of a job their paces.
func (f *Frontier) repace(ctx context.Context, t tx, job frontier.JobID) error {
	paceOf, err := pacesOf(ctx, t, job)
	if err != nil {
		return err
	}
	lanes, err := f.lanes(ctx, t, `where job_id = ?1`, job)
	if err != nil {
		return err
	}
	now := fromMicro(f.now())
	for _, w := range lanes {
		l := w.Repace(now, paceOf(w.key))
		if l == w.Lane {
			continue
		}
		if _, err := t.exec(ctx, sqlStorePace, append(paceArgs(l.Pace), w.id)...); err != nil {
			return err
		}
		if err := storeLane(ctx, t, w.id, l); err != nil {
			return err
		}
	}
	return nil
}

// laneID returns a lane. It creates a missing one.
func (f *Frontier) laneID(ctx context.Context, t tx, job frontier.JobID, key string) (id int64, err error) {
	err = t.scan(ctx, `select lane_id from lane where job_id = ? and lane_key = ?`, []any{job, key}, &id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	paceOf, err := pacesOf(ctx, t, job)
	if err != nil {
		return 0, err
	}
	err = t.scan(ctx, sqlNewLane, append(paceArgs(paceOf(key)), job, key, f.now()), &id)
	return id, err
}

func orZero(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return fromMicro(us)
}

func orNullTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}
