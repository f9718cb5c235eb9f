package litefrontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// OpenLease begins a worker's session.
func (f *Frontier) OpenLease(ctx context.Context, worker string, ttl time.Duration) (frontier.Lease, error) {
	l := frontier.Lease{Worker: worker, TTL: ttl}
	err := f.tx(ctx, func(t tx) error {
		for {
			l.Token = rand.Int64()
			n, err := t.exec(ctx, `insert into lease(lease_id, worker, expires_at) values (?, ?, ?) on conflict do nothing`,
				l.Token, frontier.Clean(worker), f.now()+ttl.Microseconds())
			if err != nil || n == 1 {
				return err
			}
		}
	})
	if err != nil {
		return frontier.Lease{}, fmt.Errorf("open lease: %w", err)
	}
	return l, nil
}

// Heartbeat extends the lease.
func (f *Frontier) Heartbeat(ctx context.Context, l frontier.Lease, rates map[frontier.JobID]float64) error {
	text, err := json.Marshal(rates)
	if err != nil || rates == nil {
		text = []byte("{}")
	}
	return f.tx(ctx, func(t tx) error {
		n, err := t.exec(ctx, `update lease set expires_at = ?, rates = ? where lease_id = ?`, f.now()+l.TTL.Microseconds(), string(text), l.Token)
		if err == nil && n == 0 {
			err = frontier.ErrLeaseLost
		}
		return err
	})
}

// CloseLease ends a session. A rescuer may take the tasks it still holds at once.
func (f *Frontier) CloseLease(ctx context.Context, l frontier.Lease) error {
	return f.tx(ctx, func(t tx) error {
		n, err := t.exec(ctx, `delete from lease where lease_id = ?1 and not exists (select 1 from queue where lease_id = ?1)`, l.Token)
		if err == nil && n == 0 {
			_, err = t.exec(ctx, `update lease set expires_at = ? where lease_id = ?`, f.now()-time.Millisecond.Microseconds(), l.Token)
		}
		return err
	})
}

// sqlDueLanes follows the columns of a lane. ?1 job, ?2 priority, ?3 time.
const sqlDueLanes = sqlLaneColumns + `where job_id = ?1 and prio = ?2 and parked = 0 and "full" = 0 and paused = 0 and next_at <= ?3 order by next_at`

// dueLane is a lane with the number of tasks that a claim takes of it.
type dueLane struct {
	row
	room int
}

// Claim leases tasks of due lanes.
func (f *Frontier) Claim(ctx context.Context, l frontier.Lease, args frontier.ClaimArgs) ([]frontier.Claimed, error) {
	if args.N <= 0 {
		return nil, nil
	}
	var got []frontier.Claimed
	args.Not = slices.Clone(args.Not) // Claim adds the lanes it took
	err := f.short(ctx, func(ctx context.Context, t tx) error {
		got = nil
		var live bool
		if err := t.scan(ctx, `select exists (select 1 from lease where lease_id = ?) and exists (select 1 from job where job_id = ? and not paused)`,
			[]any{l.Token, args.Job}, &live); err != nil || !live {
			return err
		}
		now, read := f.now(), time.Now()
		for len(got) < args.N {
			lanes, err := dueLanes(ctx, t, args, args.N-len(got), now)
			if err != nil {
				return err
			}
			if len(lanes) == 0 {
				break
			}
			for _, ln := range lanes {
				args.Not = append(args.Not, frontier.LaneID(ln.id))
				taken, err := f.take(ctx, t, l, args, ln, now)
				if err != nil {
					return err
				}
				for i := range taken {
					taken[i].ReadAt = read
				}
				got = append(got, taken...)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	return got, nil
}

// dueLanes lists due lanes with room for up to n tasks together, the best priority first. It passes
// over any number of lanes without room, so that hosts at fault do not hide the others.
func dueLanes(ctx context.Context, t tx, args frontier.ClaimArgs, n int, now int64) ([]dueLane, error) {
	var out []dueLane
	for prio := 0; prio <= 3 && n > 0; prio++ {
		err := t.each(ctx, sqlDueLanes, []any{args.Job, prio, now + args.Ahead.Microseconds()}, func(r *sql.Rows) error {
			w, err := scanLane(r.Scan)
			if err != nil || slices.Contains(args.Not, frontier.LaneID(w.id)) {
				return err
			}
			if room := min(w.Room(args.Each), n); room > 0 {
				out, n = append(out, dueLane{w, room}), n-room
			}
			if n == 0 {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return nil, err
		}
	}
	return out, nil
}

// errEnough stops reading rows.
var errEnough = errors.New("enough")

// take leases the best tasks of a lane and assigns each a start.
func (f *Frontier) take(ctx context.Context, t tx, l frontier.Lease, args frontier.ClaimArgs, ln dueLane, now int64) ([]frontier.Claimed, error) {
	var (
		got   []frontier.Claimed
		left  bool
		prio  int // of the first task that is left
		draws []float64
	)
	// SQLite plans a query anew for each value of a plain parameter in limit.
	err := t.each(ctx, `select q.seq, q.key, q.prio, q.attempt, q.state, q.mark, coalesce(q.refused_at, 0), case when q.owes then coalesce((select o.assets from owed o where o.job_id = q.job_id and o.key = q.key), '{}') end, k.meta, coalesce(k.page, '') from queue q
 left join task k on k.job_id = case when q.has_meta then q.job_id end and k.key = q.key
 where q.lane_id = ? and q.lease_id is null and q.run_at is null order by q.prio, q.seq limit ? + 0`, []any{ln.id, ln.room + 1}, func(r *sql.Rows) error {
		c := frontier.Claimed{Job: args.Job, Lane: frontier.LaneID(ln.id), LaneKey: ln.key, Faults: ln.Faults}
		var (
			meta    sql.NullString
			owed    sql.NullString
			refused int64
		)
		if err := r.Scan(&c.Seq, &c.Key, &c.Priority, &c.Attempt, &c.Waited, &c.Mark, &refused, &owed, &meta, &c.Page); err != nil {
			return err
		}
		if refused > 0 {
			c.Refused = micro(now - refused)
		}
		if len(got) == ln.room {
			left, prio = true, c.Priority
			return nil
		}
		if meta.Valid {
			c.Meta = json.RawMessage(meta.String)
		}
		if owed.Valid {
			c.Owed = json.RawMessage(owed.String)
		}
		c.Attempt++
		got, draws = append(got, c), append(draws, f.draw())
		return nil
	})
	if err != nil {
		return nil, err
	}
	after, starts := ln.Take(fromMicro(now), args.Lead, draws)
	for i := range got {
		if got[i].Mark != frontier.Unmarked { // a requeued task
			if got[i].Visit, err = lastVisit(ctx, t, got[i].Seq); err != nil {
				return nil, err
			}
		}
		got[i].StartAt, got[i].Wait = starts[i], starts[i].Sub(fromMicro(now))
		if _, err := t.exec(ctx, `update queue set lease_id = ?, attempt = ?, claimed_at = ? where seq = ?`, l.Token, got[i].Attempt, now, got[i].Seq); err != nil {
			return nil, err
		}
	}
	return got, storeLane(ctx, t, ln.id, after.Left(prio, left))
}

func micro(us int64) time.Duration { return time.Duration(us) * time.Microsecond }

// Due returns the time until a task may be claimed.
func (f *Frontier) Due(ctx context.Context, jobs []frontier.JobID) (time.Duration, bool, error) {
	best, ok := int64(0), false
	note := func(r *sql.Rows) error {
		var at sql.NullInt64
		if err := r.Scan(&at); err != nil {
			return err
		}
		if at.Valid && (!ok || at.Int64 < best) {
			best, ok = at.Int64, true
		}
		return nil
	}
	for _, job := range jobs {
		for prio := range 4 {
			if err := f.each(ctx, `select next_at from lane where job_id = ?1 and prio = ?2 and parked = 0 and "full" = 0 and paused = 0
 and exists (select 1 from job where job_id = ?1 and not paused) order by next_at limit 1`, []any{job, prio}, note); err != nil {
				return 0, false, err
			}
		}
	}
	if err := f.each(ctx, `select run_at from queue where lease_id is null and run_at is not null order by run_at limit 1`, nil, note); err != nil {
		return 0, false, err
	}
	return max(0, micro(best-f.now())), ok, nil
}

// Blocked returns the current state of lanes whose claimed tasks have not started yet.
func (f *Frontier) Blocked(ctx context.Context, lanes []frontier.LaneID) ([]frontier.LaneState, error) {
	if len(lanes) == 0 {
		return nil, nil
	}
	var out []frontier.LaneState
	now := fromMicro(f.now())
	marks, args := list(lanes)
	err := f.each(ctx, `select lane_id, l.paused or j.paused, coalesce(why, ''), coalesce(quiet_until, 0) from lane l join job j using (job_id) where lane_id in (`+marks+`)`, args,
		func(r *sql.Rows) error {
			var (
				s     frontier.LaneState
				l     frontier.Lane
				until int64
			)
			err := r.Scan(&s.Lane, &s.Paused, &l.Why, &until)
			l.BackoffUntil = orZero(until)
			s.Backoff = l.Remaining(now)
			out = append(out, s)
			return err
		})
	return out, err
}

// sqlUnhealthy is Lane.Unhealthy, where ?1 is the time now and ?2 is Recovered.
const sqlUnhealthy = `(paused or coalesce(quiet_until > ?1, 0) or faults > 0 or slow > ?2)`

// Unhealthy lists the hosts that are paused, in backoff, at fault, slowed, or ask for a delay.
func (f *Frontier) Unhealthy(ctx context.Context, job frontier.JobID) ([]string, error) {
	var out []string
	err := f.each(ctx, `select lane_key from lane where job_id = ?3 and (`+sqlUnhealthy+` or delay_least > 0
 or exists (select 1 from tuning t where t.job_id = lane.job_id and t.lane_key = lane.lane_key)) and `+isHost, []any{f.now(), frontier.Recovered, job}, func(r *sql.Rows) error {
		var host string
		err := r.Scan(&host)
		out = append(out, host)
		return err
	})
	return out, err
}

// list returns the placeholders and arguments of an IN list.
func list[T any](values []T) (marks string, args []any) {
	for _, v := range values {
		args = append(args, v)
	}
	return strings.TrimSuffix(strings.Repeat("?,", len(values)), ","), args
}

func ignoreNoRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
