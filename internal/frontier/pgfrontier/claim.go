package pgfrontier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// OpenLease begins a worker's session. Its commit is always synchronous, because a token must not
// be drawn twice.
func (f *Frontier) OpenLease(ctx context.Context, worker string, ttl time.Duration) (frontier.Lease, error) {
	for {
		l := frontier.Lease{Token: rand.Int64(), Worker: worker, TTL: ttl}
		err := f.tx(ctx, func(c *pgx.Conn) error {
			b := &pgx.Batch{}
			b.Queue(`begin`)
			b.Queue(`set local synchronous_commit = on`)
			b.Queue(sqlOpenLease, f.now(), l.Token, frontier.Clean(worker), ttl.Seconds())
			b.Queue(`commit`)
			_, err := run(ctx, c, b)
			return err
		})
		var pe *pgconn.PgError
		if errors.As(err, &pe) && pe.Code == "23505" {
			continue
		}
		if err != nil {
			return frontier.Lease{}, fmt.Errorf("open lease: %w", err)
		}
		return l, nil
	}
}

// Heartbeat extends the lease.
func (f *Frontier) Heartbeat(ctx context.Context, l frontier.Lease, rates map[frontier.JobID]float64) error {
	text, err := json.Marshal(rates)
	if err != nil || rates == nil {
		text = []byte("{}")
	}
	n, err := f.exec(ctx, sqlHeartbeat, f.now(), l.Token, l.TTL.Seconds(), string(text))
	if err == nil && n == 0 {
		err = frontier.ErrLeaseLost
	}
	return err
}

// CloseLease ends a session. A rescuer may take the tasks it still holds at once.
func (f *Frontier) CloseLease(ctx context.Context, l frontier.Lease) error {
	_, err := f.exec(ctx, sqlCloseLease, f.now(), l.Token)
	return err
}

// Claim leases tasks of due lanes. Without a pace its commit is asynchronous: if a crash of the
// server loses the claim, its tasks are pending again, and the frontier rejects its results. The
// starts on a paced host must survive a crash, because the worker makes them anyway.
func (f *Frontier) Claim(ctx context.Context, l frontier.Lease, args frontier.ClaimArgs) ([]frontier.Claimed, error) {
	if args.N <= 0 {
		return nil, nil
	}
	var got []frontier.Claimed
	about := doubt{l.Token, args.Job}
	err := f.tx(ctx, func(c *pgx.Conn) error {
		var err error
		if got, err = f.doubtful(ctx, c, about); err != nil || len(got) > 0 {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`begin`)
		b.Queue(sqlClaimSet)
		paced := false
		// A locked lane is hidden from the claims of other workers, so the claim locks only the
		// lanes it probably needs, and further ones if tasks are missing.
		not, lanes := ints(args.Not), f.lanesFor(args.Job, args.N)
		for len(got) < args.N {
			due, err := f.lockLanes(ctx, c, b, l, args, lanes, not)
			if err != nil {
				return err
			}
			if len(due) == 0 {
				break
			}
			b, lanes = &pgx.Batch{}, 2*lanes
			var (
				ids, rooms []int32
				drawn      bool
			)
			left := args.N - len(got)
			for _, ln := range due {
				r := min(ln.room, left)
				if r > 0 {
					paced, drawn = paced || ln.paced, drawn || ln.drawn
					ids, rooms, left = append(ids, ln.id), append(rooms, int32(r)), left-r
				}
				if r > 0 || ln.room == 0 {
					not = append(not, ln.id)
				}
			}
			if len(ids) == 0 {
				continue
			}
			taken, err := f.take(ctx, c, l, args, ids, rooms, drawn)
			if err != nil {
				return err
			}
			f.learn(args.Job, ids, rooms, taken)
			got = append(got, taken...)
		}
		b = &pgx.Batch{}
		if !paced {
			b.Queue(`set local synchronous_commit = off`)
		}
		b.Queue(`commit`)
		f.doubt(about, got)
		if _, err = run(ctx, c, b); err == nil {
			f.doubt(about, nil)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	return got, nil
}

// doubt names the claims of a lease whose commit was not acknowledged. The lease may hold their
// tasks: no worker then works on them, and its heartbeats would hold them for ever.
type doubt struct {
	lease int64
	job   frontier.JobID
}

// doubt records the tasks of a claim before its commit, and forgets them after it.
func (f *Frontier) doubt(about doubt, tasks []frontier.Claimed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(tasks) == 0 {
		delete(f.doubts, about)
		return
	}
	f.doubts[about] = tasks
}

// doubtful returns the tasks of an earlier claim in doubt that was committed.
func (f *Frontier) doubtful(ctx context.Context, c *pgx.Conn, about doubt) ([]frontier.Claimed, error) {
	f.mu.Lock()
	tasks := f.doubts[about]
	f.mu.Unlock()
	if len(tasks) == 0 {
		return nil, nil
	}
	seqs := make([]int64, len(tasks))
	for i, t := range tasks {
		seqs[i] = t.Seq
	}
	rows, err := c.Query(ctx, sqlStill, about.lease, seqs)
	if err != nil {
		return nil, err
	}
	still, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, err
	}
	f.doubt(about, nil)
	return slices.DeleteFunc(tasks, func(t frontier.Claimed) bool { return !slices.Contains(still, t.Seq) }), nil
}

// take leases the tasks of locked lanes. drawn means that some delay is drawn.
func (f *Frontier) take(ctx context.Context, c *pgx.Conn, l frontier.Lease, args frontier.ClaimArgs, lanes, rooms []int32, drawn bool) ([]frontier.Claimed, error) {
	prios, ends := f.endHints(args.Job, lanes)
	var (
		draws []float64
		skips []int32
	)
	for _, room := range rooms {
		if !drawn {
			break
		}
		skips = append(skips, int32(len(draws)))
		for range room {
			draws = append(draws, f.draw())
		}
	}
	sent := time.Now()
	rows, err := c.Query(ctx, sqlTake, f.now(), l.Token, lanes, rooms, prios, ends, args.Lead.Seconds(), draws, skips)
	if err != nil {
		return nil, err
	}
	got, err := pgx.CollectRows(rows, scanClaimed)
	at := sent.Add(f.trip(time.Since(sent)) / 2)
	for i := range got {
		got[i].ReadAt = at
	}
	return got, err
}

// trip returns an estimate of the shortest round trip from the time of one more. A longer time was
// a pause somewhere.
func (f *Frontier) trip(took time.Duration) time.Duration {
	for {
		was := f.tripped.Load()
		now := int64(took)
		if was > 0 && now > was {
			now = was + (now-was)/64 // the network may have become slower
		}
		if f.tripped.CompareAndSwap(was, now) {
			return time.Duration(now)
		}
	}
}

type dueLane struct {
	id    int32
	room  int
	paced bool // each start needs a turn
	drawn bool // the delay is drawn from a span
}

// lockLanes locks due lanes and returns the room of each, which may be zero. b holds the statements
// that precede it in the pipeline.
func (f *Frontier) lockLanes(ctx context.Context, c *pgx.Conn, b *pgx.Batch, l frontier.Lease, args frontier.ClaimArgs, lanes int, not []int32) (due []dueLane, err error) {
	at := f.dueHints(args.Job)
	before := b.Len()
	b.Queue(sqlLanes, f.now(), l.Token, args.Job, lanes, at[:], args.Ahead.Seconds(), not)
	br := c.SendBatch(ctx, b)
	for range before {
		if _, err := br.Exec(); err != nil {
			_ = br.Close()
			return nil, err
		}
	}
	rows, err := br.Query()
	if err != nil {
		_ = br.Close()
		return nil, err
	}
	var (
		id         int32
		lane       frontier.Lane
		dmin, dmax float64
		prio       int
		first      [4]time.Time
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &lane.NextAt, &lane.Pace.Inflight, &lane.Inflight, &lane.Faults, &dmin, &dmax, &lane.Slow, &lane.Pace.Rest.Every, &prio}, func() error {
		if first[prio].IsZero() {
			first[prio] = lane.NextAt
		}
		lane.Pace.Delay = seine.Span{Min: seconds(dmin), Max: seconds(dmax)}
		due = append(due, dueLane{id, lane.Room(args.Each), lane.Paced(), dmax > dmin})
		return nil
	})
	if err := errors.Join(err, br.Close()); err != nil {
		return nil, err
	}
	if len(not) == 0 {
		// A claim that skips lanes does not see the lanes before the first other one.
		f.raiseDueHints(args.Job, first)
	}
	return due, nil
}

// seconds returns a number of seconds in the server's resolution, a microsecond.
func seconds(s float64) time.Duration { return time.Duration(math.Round(s*1e6)) * time.Microsecond }

func scanClaimed(row pgx.CollectableRow) (frontier.Claimed, error) {
	var (
		c             frontier.Claimed
		more          []*string // meta, page kind and the columns of a visit
		owed          *string
		wait, refused float64
	)
	err := row.Scan(&c.Job, &c.Seq, &c.Key, &c.Lane, &c.LaneKey, &c.Priority, &c.Attempt, &more, &c.StartAt, &wait, &c.Faults, &c.Waited, &c.Mark, &refused, &owed)
	c.Wait, c.Refused = seconds(wait), seconds(refused)
	if len(more) > 0 {
		if more[0] != nil {
			c.Meta = json.RawMessage(*more[0])
		}
		c.Page, c.Visit = *more[1], visitOf(more[2:])
	}
	if owed != nil {
		c.Owed = json.RawMessage(*owed)
	}
	return c, err
}

// Due returns the time until a task may be claimed.
func (f *Frontier) Due(ctx context.Context, jobs []frontier.JobID) (time.Duration, bool, error) {
	var wait *float64
	err := f.again(ctx, func(c *pgx.Conn) error { return c.QueryRow(ctx, sqlDue, f.dueArgs(jobs)...).Scan(&wait) })
	if err != nil || wait == nil {
		return 0, false, err
	}
	return max(0, seconds(*wait)), true, nil
}

// dueArgs are the arguments of sqlDue.
func (f *Frontier) dueArgs(jobs []frontier.JobID) []any {
	var (
		ids   []int32
		prios []int16
		hints []time.Time
	)
	for _, job := range jobs {
		for prio, at := range f.dueHints(job) {
			ids, prios, hints = append(ids, int32(job)), append(prios, int16(prio)), append(hints, at)
		}
	}
	return []any{f.now(), ids, prios, hints, f.retryFrom()}
}

// Blocked returns the current state of lanes whose claimed tasks have not started yet.
func (f *Frontier) Blocked(ctx context.Context, lanes []frontier.LaneID) ([]frontier.LaneState, error) {
	var out []frontier.LaneState
	err := f.again(ctx, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, sqlBlocked, f.now(), ints(lanes))
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s frontier.LaneState, err error) {
			var backoff float64
			err = row.Scan(&s.Lane, &s.Paused, &backoff)
			s.Backoff = seconds(backoff)
			return s, err
		})
		return err
	})
	return out, err
}

// Unhealthy lists the hosts that are paused, in backoff, at fault, slowed, or ask for a delay.
func (f *Frontier) Unhealthy(ctx context.Context, job frontier.JobID) ([]string, error) {
	var out []string
	err := f.again(ctx, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, sqlUnhealthy, f.now(), job)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return out, err
}

// ints converts IDs for a driver that does not know the column's type.
func ints[T ~int32](ids []T) []int32 {
	out := make([]int32, len(ids))
	for i, id := range ids {
		out[i] = int32(id)
	}
	return out
}
