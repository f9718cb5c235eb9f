package pgfrontier

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

const (
	sqlTunings = `select value::text from seine.tuning where job_id = $1 order by lane_key`
	sqlTune    = `insert into seine.tuning(job_id, lane_key, value) values ($1, $2, $3::text::jsonb)
 on conflict (job_id, lane_key) do update set value = excluded.value`
	sqlUntune = `delete from seine.tuning where job_id = $1 and lane_key = $2`
)

var (
	// The best ready task of lanes after tasks left the queue or moved in it: Lane.Sort. $2 lanes.
	sqlSortLanes = `update seine.lane l set parked = m.prio is null, prio = coalesce(m.prio, l.prio),
   next_at = case when m.prio <> l.prio then greatest(l.next_at, ` + now + `) else l.next_at end
 from unnest($2::int[]) i(lane_id) cross join lateral (
   select (select q.prio from seine.queue q where q.lane_id = i.lane_id and q.lease_id is null and q.run_at is null order by q.prio limit 1) as prio) m
 where l.lane_id = i.lane_id`

	// sqlDropTasks ends tasks. $2 seqs. A task whose page was done is done again.
	sqlDropTasks = `with d as (delete from seine.queue q where q.seq = any($2::bigint[]) and q.lease_id is null and not ` + fetchesAlone + `
   returning q.job_id, q.key, q.lane_id, q.attempt, case when q.mark = ` + requeuedDone + ` then ` + stateDone + ` else ` + stateSkipped + ` end as state),
 t as (update seine.task t set state = d.state, attempt = d.attempt, reason = '` + frontier.WhyDropped + `', finished_at = ` + now + `
   from d where t.job_id = d.job_id and t.key = d.key returning t.job_id, d.lane_id, t.state, t.page),
 s as (insert into seine.stat(job_id, lane_id, state, reason, page, n) select job_id, lane_id, state, '` + frontier.WhyDropped + `', page, count(*) from t group by 1, 2, 3, 5)
 select count(*) from d`

	stateSkipped = strconv.Itoa(int(seine.Skipped))
)

// sqlPrioritize gives tasks another priority. $1 seqs, $2 priority. The tasks go behind the others
// of that priority: they get new places, because a claim passes over places that it took.
const sqlPrioritize = `with d as (delete from seine.queue where seq = any($1::bigint[]) and lease_id is null returning *),
 i as (insert into seine.queue(job_id, key, lane_id, state, attempt, run_at, reason, claimed_at, mark, has_meta, refused_at, owes, prio)
   select job_id, key, lane_id, state, attempt, run_at, reason, claimed_at, mark, has_meta, refused_at, owes, $2 from d order by seq returning 1)
 select count(*) from i`

func tunings(ctx context.Context, c *pgx.Conn, job frontier.JobID) (frontier.Tunings, error) {
	rows, err := c.Query(ctx, sqlTunings, job)
	if err != nil {
		return nil, err
	}
	var out frontier.Tunings
	var text string
	_, err = pgx.ForEachRow(rows, []any{&text}, func() error {
		var t frontier.Tuning
		err := json.Unmarshal([]byte(text), &t)
		out = append(out, t)
		return err
	})
	return out, err
}

// Tunings returns the changes of a job's pace.
func (f *Frontier) Tunings(ctx context.Context, job frontier.JobID) (out frontier.Tunings, err error) {
	err = f.again(ctx, func(c *pgx.Conn) (err error) { out, err = tunings(ctx, c, job); return err })
	return out, err
}

// Tune changes the pace of a job or of a host.
func (f *Frontier) Tune(ctx context.Context, job frontier.JobID, host string, t frontier.Tuning) error {
	t.Host = frontier.Clean(host)
	if err := t.Check(); err != nil {
		return err
	}
	value, err := json.Marshal(t)
	if err != nil {
		return err
	}
	err = f.tx(ctx, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, `begin`); err != nil {
			return err
		}
		p, tuned, err := lockPaces(ctx, c, job, "update")
		if err != nil {
			return err
		}
		if t.Empty() {
			_, err = c.Exec(ctx, sqlUntune, job, t.Host)
		} else if tuned.Of(t.Host).Empty() && len(tuned) >= frontier.MaxTuned {
			err = frontier.ErrTunings
		} else {
			_, err = c.Exec(ctx, sqlTune, job, t.Host, string(value))
		}
		if err != nil {
			return err
		}
		if err := f.repace(ctx, c, job, p); err != nil {
			return err
		}
		_, err = c.Exec(ctx, `commit`)
		return err
	})
	if err == nil && t.Host != "" && !t.Empty() {
		err = f.laneOfShards(ctx, job, t.Host)
	}
	if err != nil {
		return fmt.Errorf("tune: %w", err)
	}
	return nil
}

// Drop ends open tasks.
func (f *Frontier) Drop(ctx context.Context, job frontier.JobID, by frontier.Filter, after int64, n int) (frontier.Steered, error) {
	out, err := f.steer(ctx, job, by, -1, after, n, func(b *pgx.Batch, seqs []int64) *pgx.QueuedQuery {
		return b.Queue(sqlDropTasks, f.now(), seqs)
	})
	if err != nil {
		return out, fmt.Errorf("drop: %w", err)
	}
	return out, nil
}

// Prioritize gives open tasks another priority.
func (f *Frontier) Prioritize(ctx context.Context, job frontier.JobID, by frontier.Filter, priority int, after int64, n int) (frontier.Steered, error) {
	out, err := f.steer(ctx, job, by, priority, after, n, func(b *pgx.Batch, seqs []int64) *pgx.QueuedQuery {
		return b.Queue(sqlPrioritize, seqs, priority)
	})
	if err != nil {
		return out, fmt.Errorf("prioritize: %w", err)
	}
	return out, nil
}

// steer changes up to n waiting tasks of a filter, without those of a priority, after a place of
// the queue. It locks their lanes first, as a claim does.
func (f *Frontier) steer(ctx context.Context, job frontier.JobID, by frontier.Filter, not int, after int64, n int, change func(b *pgx.Batch, seqs []int64) *pgx.QueuedQuery) (out frontier.Steered, err error) {
	s := selectionOf(by.Waiting(), job)
	s.add(after, `true`, `q.seq > ?`)
	s.add(not, `true`, `q.prio <> ?`)
	s.add(n, `true`, `true`)
	pick := `select q.seq, q.lane_id from seine.queue q where q.lease_id is null`
	for _, c := range s.open {
		pick += ` and ` + c
	}
	pick += fmt.Sprintf(` order by q.seq limit $%d`, len(s.args))
	err = f.tx(ctx, func(c *pgx.Conn) error {
		out = frontier.Steered{}
		var (
			seqs  []int64
			lanes []int32
			seq   int64
			lane  int32
		)
		if _, err := c.Exec(ctx, `begin`); err != nil {
			return err
		}
		rows, err := c.Query(ctx, pick, s.args...)
		if err != nil {
			return err
		}
		if _, err := pgx.ForEachRow(rows, []any{&seq, &lane}, func() error {
			seqs, lanes = append(seqs, seq), append(lanes, lane)
			return nil
		}); err != nil {
			return err
		}
		lanes = sorted(lanes)
		b := &pgx.Batch{}
		b.Queue(sqlLock, lanes)
		change(b, seqs).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Changed) })
		b.Queue(sqlSortLanes, f.now(), lanes)
		b.Queue(`commit`)
		if len(seqs) == n {
			out.Next = seqs[n-1]
		}
		return c.SendBatch(ctx, b).Close()
	})
	return out, err
}
