package litefrontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

const (
	sqlTunings = `select value from tuning where job_id = ? order by lane_key`

	// sqlPrioritize gives a task another priority, behind the others of that priority.
	sqlPrioritize = `insert into queue(job_id, key, lane_id, state, attempt, run_at, reason, claimed_at, mark, has_meta, refused_at, owes, prio)
 select job_id, key, lane_id, state, attempt, run_at, reason, claimed_at, mark, has_meta, refused_at, owes, ?1 from queue where seq = ?2`

	// sqlBestReady is the best priority of the ready tasks of a lane.
	sqlBestReady = `select coalesce((select prio from queue where lane_id = ? and lease_id is null and run_at is null order by prio limit 1), -1)`
)

// tunings reads the changes of a job's pace.
func tunings(each func(query string, args []any, scan func(r *sql.Rows) error) error, job frontier.JobID) (out frontier.Tunings, err error) {
	err = each(sqlTunings, []any{job}, func(r *sql.Rows) error {
		var (
			text string
			t    frontier.Tuning
		)
		if err := r.Scan(&text); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(text), &t)
		out = append(out, t)
		return err
	})
	return out, err
}

// Tunings returns the changes of a job's pace.
func (f *Frontier) Tunings(ctx context.Context, job frontier.JobID) (frontier.Tunings, error) {
	return tunings(func(query string, args []any, scan func(r *sql.Rows) error) error {
		return f.each(ctx, query, args, scan)
	}, job)
}

// Tune changes the pace of a job or of a host.
func (f *Frontier) Tune(ctx context.Context, job frontier.JobID, host string, tuning frontier.Tuning) error {
	tuning.Host = frontier.Clean(host)
	if err := tuning.Check(); err != nil {
		return err
	}
	value, err := json.Marshal(tuning)
	if err != nil {
		return err
	}
	err = f.tx(ctx, func(t tx) error {
		var n int
		if err := t.scan(ctx, `select count(*) from tuning where job_id = ? and lane_key <> ?`, []any{job, tuning.Host}, &n); err != nil {
			return err
		}
		var err error
		switch {
		case tuning.Empty():
			_, err = t.exec(ctx, `delete from tuning where job_id = ? and lane_key = ?`, job, tuning.Host)
		case n >= frontier.MaxTuned:
			err = frontier.ErrTunings
		default:
			_, err = t.exec(ctx, `insert into tuning(job_id, lane_key, value) values (?, ?, ?) on conflict (job_id, lane_key) do update set value = excluded.value`,
				job, tuning.Host, string(value))
		}
		if err != nil {
			return err
		}
		if err := f.repace(ctx, t, job); err != nil || tuning.Host == "" || tuning.Empty() {
			return err
		}
		return f.laneOfShards(ctx, t, job, tuning.Host)
	})
	if err != nil {
		return fmt.Errorf("tune: %w", err)
	}
	return nil
}

// laneOfShards creates the lane of a host if the job has no pace. Its tasks are in shards then, so
// the host needs a lane that keeps the change.
func (f *Frontier) laneOfShards(ctx context.Context, t tx, job frontier.JobID, host string) error {
	var sharded bool
	if err := t.scan(ctx, `select exists (select 1 from lane where job_id = ? and `+isShard+`)`, []any{job}, &sharded); err != nil || !sharded {
		return err
	}
	_, err := f.laneID(ctx, t, job, host)
	return err
}

// waiting is a task that a person changes.
type waiting struct {
	seq, lane     int64
	key, page     string
	attempt, mark int
	alone         bool
}

// Drop ends open tasks.
func (f *Frontier) Drop(ctx context.Context, job frontier.JobID, by frontier.Filter, after int64, n int) (out frontier.Steered, err error) {
	err = f.tx(ctx, func(t tx) error {
		moved := counts{}
		var err error
		out, err = f.steer(ctx, t, job, by, -1, after, n, func(w waiting) (bool, error) {
			if w.alone {
				return false, nil
			}
			state := seine.Skipped
			if frontier.Mark(w.mark) == frontier.Known {
				state = seine.Done
			}
			if _, err := t.exec(ctx, `delete from queue where seq = ?`, w.seq); err != nil {
				return false, err
			}
			moved[stat{int(state), frontier.WhyDropped, w.page}]++
			_, err := t.exec(ctx, `update task set state = ?, attempt = ?, reason = ?, finished_at = ? where job_id = ? and key = ?`,
				int(state), w.attempt, frontier.WhyDropped, f.now(), job, w.key)
			return true, err
		})
		if err != nil {
			return err
		}
		return moved.write(ctx, t, job)
	})
	if err != nil {
		return frontier.Steered{}, fmt.Errorf("drop: %w", err)
	}
	return out, nil
}

// Prioritize gives open tasks another priority.
func (f *Frontier) Prioritize(ctx context.Context, job frontier.JobID, by frontier.Filter, priority int, after int64, n int) (out frontier.Steered, err error) {
	err = f.tx(ctx, func(t tx) error {
		var err error
		out, err = f.steer(ctx, t, job, by, priority, after, n, func(w waiting) (bool, error) {
			if _, err := t.exec(ctx, sqlPrioritize, priority, w.seq); err != nil {
				return false, err
			}
			_, err := t.exec(ctx, `delete from queue where seq = ?`, w.seq)
			return true, err
		})
		return err
	})
	if err != nil {
		return frontier.Steered{}, fmt.Errorf("prioritize: %w", err)
	}
	return out, nil
}

// steer changes up to n waiting tasks of a filter, without those of a priority, after a place of
// the queue, and sorts their lanes.
func (f *Frontier) steer(ctx context.Context, t tx, job frontier.JobID, by frontier.Filter, not int, after int64, n int, change func(w waiting) (bool, error)) (out frontier.Steered, err error) {
	s := selectionOf(job, by.Waiting())
	s.add(`true`, `q.seq > ?`, after)
	s.add(`true`, `q.prio <> ?`, not)
	s.args = append(s.args, n)
	var picked []waiting
	query := `select q.seq, q.lane_id, q.key, q.attempt, q.mark, coalesce((select page from task t where t.job_id = q.job_id and t.key = q.key), ''), ` + fetchesAlone + `
 from queue q where q.lease_id is null and ` + strings.Join(s.open, " and ") + fmt.Sprintf(` order by q.seq limit ?%d`, len(s.args))
	if err := rowsOf(ctx, t.f.conn, query, s.args, func(r *sql.Rows) error {
		var w waiting
		err := r.Scan(&w.seq, &w.lane, &w.key, &w.attempt, &w.mark, &w.page, &w.alone)
		picked = append(picked, w)
		return err
	}); err != nil {
		return out, err
	}
	lanes := map[int64]bool{}
	for _, w := range picked {
		changed, err := change(w)
		if err != nil {
			return out, err
		}
		if changed {
			out.Changed++
		}
		lanes[w.lane] = true
	}
	if len(picked) == n {
		out.Next = picked[n-1].seq
	}
	for lane := range lanes {
		if err := f.sortLane(ctx, t, lane); err != nil {
			return out, err
		}
	}
	return out, nil
}

// sortLane is Lane.Sort.
func (f *Frontier) sortLane(ctx context.Context, t tx, id int64) error {
	var prio int
	if err := t.scan(ctx, sqlBestReady, []any{id}, &prio); err != nil {
		return err
	}
	w, err := f.lane(ctx, t, id)
	if err != nil {
		return err
	}
	return storeLane(ctx, t, id, w.Sort(fromMicro(f.now()), prio, prio >= 0))
}
