package litefrontier

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Rescue takes back the tasks of one expired lease and deletes the lease.
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
		if err := t.each(ctx, `select q.job_id, q.seq, q.key, q.lane_id, q.prio, q.attempt, j.max_attempts, t.page from queue q join job j using (job_id) join task t using (job_id, key) where q.lease_id = ?`, []any{lease},
			func(r *sql.Rows) error {
				var h held
				err := r.Scan(&h.Job, &h.Seq, &h.Key, &h.Lane, &h.Priority, &h.Attempt, &h.most, &h.Page)
				tasks = append(tasks, h)
				return err
			}); err != nil {
			return err
		}
		for _, h := range tasks {
			if h.Attempt >= h.most {
				died++
				moved := counts{}
				if _, err := t.exec(ctx, `delete from queue where seq = ?`, h.Seq); err != nil {
					return err
				}
				if err := f.final(ctx, t, h.Job, h.Claimed, seine.Error, frontier.WhyDied, worker, moved); err != nil {
					return err
				}
				if err := moved.write(ctx, t, h.Job); err != nil {
					return err
				}
				if err := f.freeSlot(ctx, t, int64(h.Lane)); err != nil {
					return err
				}
				continue
			}
			back++
			if wait := frontier.RescueDelay(h.Attempt, f.draw()); wait > 0 {
				if _, err := t.exec(ctx, `update queue set lease_id = null, state = ?, reason = '`+frontier.WhyDied+`', run_at = ? where seq = ?`,
					int(seine.Error), f.now()+wait.Microseconds(), h.Seq); err != nil {
					return err
				}
				if err := f.freeSlot(ctx, t, int64(h.Lane)); err != nil {
					return err
				}
				continue
			}
			if _, err := t.exec(ctx, `update queue set lease_id = null, state = 0, reason = '`+frontier.WhyDied+`', run_at = null where seq = ?`, h.Seq); err != nil {
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
