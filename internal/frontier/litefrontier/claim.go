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

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
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

// Heartbeat moves the lease's end.
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

// CloseLease ends a session; what it still holds is a rescuer's at once.
func (f *Frontier) CloseLease(ctx context.Context, l frontier.Lease) error {
	return f.tx(ctx, func(t tx) error {
		n, err := t.exec(ctx, `delete from lease where lease_id = ?1 and not exists (select 1 from queue where lease_id = ?1)`, l.Token)
		if err == nil && n == 0 {
			_, err = t.exec(ctx, `update lease set expires_at = ? where lease_id = ?`, f.now()-time.Millisecond.Microseconds(), l.Token)
		}
		return err
	})
}

// lane is what a claim needs to know of one.
type lane struct {
	id               int64
	key              string
	nextAt           int64
	pace             frontier.LanePace
	inflight, faults int
	starts           int64
	room             int
}

const sqlLanes = `select lane_id, lane_key, next_at, delay_min, delay_max, max_inflight, inflight, faults, starts, rest_every, rest_for, slow from lane
 where job_id = ? and prio = ? and parked = 0 and "full" = 0 and paused = 0 and next_at <= ? order by next_at`

// Claim takes tasks of lanes that are due.
func (f *Frontier) Claim(ctx context.Context, l frontier.Lease, args frontier.ClaimArgs) ([]frontier.Claimed, error) {
	if args.N <= 0 {
		return nil, nil
	}
	var got []frontier.Claimed
	err := f.tx(ctx, func(t tx) error {
		got = nil
		var live bool
		if err := t.scan(ctx, `select exists (select 1 from lease where lease_id = ?) and exists (select 1 from job where job_id = ? and not paused)`,
			[]any{l.Token, args.Job}, &live); err != nil || !live {
			return err
		}
		now, read := f.now(), time.Now()
		lanes, err := dueLanes(ctx, t, args, now)
		if err != nil {
			return err
		}
		for _, ln := range lanes {
			if ln.room = min(ln.room, args.N-len(got)); ln.room == 0 {
				break
			}
			taken, err := take(ctx, t, l, args, ln, now)
			if err != nil {
				return err
			}
			for i := range taken {
				taken[i].ReadAt = read
			}
			got = append(got, taken...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	return got, nil
}

// dueLanes lists up to args.N lanes that are due and have room, best priority
// first. Lanes without room are stepped over, however many: hosts that refuse
// must not hide the others.
func dueLanes(ctx context.Context, t tx, args frontier.ClaimArgs, now int64) ([]lane, error) {
	var out []lane
	for prio := 0; prio <= 3 && len(out) < args.N; prio++ {
		err := t.each(ctx, sqlLanes, []any{args.Job, prio, now + args.Ahead.Microseconds()}, func(r *sql.Rows) error {
			var (
				ln              lane
				dmin, dmax, rst int64
			)
			if err := r.Scan(&ln.id, &ln.key, &ln.nextAt, &dmin, &dmax, &ln.pace.Inflight, &ln.inflight, &ln.faults, &ln.starts, &ln.pace.Rest.Every, &rst, &ln.pace.Slow); err != nil {
				return err
			}
			if slices.Contains(args.Not, frontier.LaneID(ln.id)) {
				return nil
			}
			ln.pace.Delay = seine.Span{Min: micro(dmin), Max: micro(dmax)}
			ln.pace.Rest.For = micro(rst)
			if ln.room = args.Room(ln.pace, ln.inflight, ln.faults); ln.room > 0 {
				out = append(out, ln)
			}
			if len(out) == args.N {
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

// errEnough ends a reading early.
var errEnough = errors.New("enough")

// take leases the best tasks of a lane, gives each its start, and leaves the
// lane with the priority of what is left, or parked.
func take(ctx context.Context, t tx, l frontier.Lease, args frontier.ClaimArgs, ln lane, now int64) ([]frontier.Claimed, error) {
	var (
		got   []frontier.Claimed
		after sql.NullInt64 // the priority of the first task that is left
	)
	err := t.each(ctx, `select q.seq, q.key, q.prio, q.attempt, q.mark, coalesce(q.refused_at, 0), case when q.owes then coalesce((select o.assets from owed o where o.job_id = q.job_id and o.key = q.key), '{}') end, case when q.has_meta then (select k.meta from task k where k.job_id = q.job_id and k.key = q.key) end from queue q
 where q.lane_id = ? and q.lease_id is null and q.run_at is null order by q.prio, q.seq limit ?`, []any{ln.id, ln.room + 1}, func(r *sql.Rows) error {
		c := frontier.Claimed{Job: args.Job, Lane: frontier.LaneID(ln.id), LaneKey: ln.key, Faults: ln.faults}
		var (
			meta    sql.NullString
			owed    sql.NullString
			refused int64
		)
		if err := r.Scan(&c.Seq, &c.Key, &c.Priority, &c.Attempt, &c.Mark, &refused, &owed, &meta); err != nil {
			return err
		}
		if refused > 0 {
			c.Refused = micro(now - refused)
		}
		if len(got) == ln.room {
			after = sql.NullInt64{Int64: int64(c.Priority), Valid: true}
			return nil
		}
		if meta.Valid {
			c.Meta = json.RawMessage(meta.String)
		}
		if owed.Valid {
			c.Owed = json.RawMessage(owed.String)
		}
		c.Attempt++
		got = append(got, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	next, rested := max(ln.nextAt, now), false
	delay, _ := polite.Slowed(ln.pace.Delay, 0, ln.pace.Slow)
	if delay.Max > 0 {
		next = max(next, now+args.Lead.Microseconds())
	}
	for i := range got {
		got[i].StartAt, got[i].Wait = fromMicro(next), micro(next-now)
		d := delay.At(rand.Float64())
		if rested = ln.pace.Rest.Every > 0 && (ln.starts+int64(i)+1)%int64(ln.pace.Rest.Every) == 0; rested {
			d = max(d, ln.pace.Rest.For)
		}
		next += d.Microseconds()
		if _, err := t.exec(ctx, `update queue set lease_id = ?, attempt = ?, claimed_at = ? where seq = ?`, l.Token, got[i].Attempt, now, got[i].Seq); err != nil {
			return nil, err
		}
	}
	if len(got) == 0 {
		next = ln.nextAt
	}
	_, err = t.exec(ctx, `update lane set inflight = inflight + ?1, "full" = inflight + ?1 >= max_inflight, starts = starts + ?1, parked = ?2, prio = coalesce(?3, prio), next_at = ?4,
  quiet_until = case when ?5 then ?4 else quiet_until end, why = case when ?5 then 'rest' else why end where lane_id = ?6`,
		len(got), !after.Valid, after, next, rested, ln.id)
	return got, err
}

func micro(us int64) time.Duration { return time.Duration(us) * time.Microsecond }

// Due tells how long it is until something may be claimed.
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

// Held tells what changed on lanes since their tasks were claimed.
func (f *Frontier) Blocked(ctx context.Context, lanes []frontier.LaneID) ([]frontier.LaneState, error) {
	if len(lanes) == 0 {
		return nil, nil
	}
	var out []frontier.LaneState
	now := f.now()
	marks, args := list(lanes)
	err := f.each(ctx, `select lane_id, l.paused or j.paused, case when coalesce(why, '') <> 'rest' then coalesce(quiet_until, 0) else 0 end from lane l join job j using (job_id) where lane_id in (`+marks+`)`, args,
		func(r *sql.Rows) error {
			var (
				s     frontier.LaneState
				quiet int64
			)
			if err := r.Scan(&s.Lane, &s.Paused, &quiet); err != nil {
				return err
			}
			s.Backoff = max(0, micro(quiet-now))
			out = append(out, s)
			return nil
		})
	return out, err
}

// Troubled lists the hosts that are paused, quiet, at fault or slow.
func (f *Frontier) Unhealthy(ctx context.Context, job frontier.JobID) ([]string, error) {
	var out []string
	err := f.each(ctx, `select lane_key from lane where job_id = ? and (paused or quiet_until > ? or faults > 0 or slow > 1.01)
 and lane_key not like 'assets/%' and lane_key not like 'shard/%'`, []any{job, f.now()}, func(r *sql.Rows) error {
		var host string
		err := r.Scan(&host)
		out = append(out, host)
		return err
	})
	return out, err
}

// list returns the marks and arguments of an IN list.
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
