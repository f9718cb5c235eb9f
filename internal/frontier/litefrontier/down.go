package litefrontier

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// HostDown ends the open tasks of a host that has been at fault for long enough. Tasks that fetch
// assets without their page stay.
func (f *Frontier) HostDown(ctx context.Context, job frontier.JobID, host string, after time.Duration, reason string) (down bool, ended int, err error) {
	reason = frontier.CleanReason(reason)
	err = f.tx(ctx, func(t tx) error {
		down, ended = false, 0
		var lane int64
		now := f.now()
		err := t.scan(ctx, `select lane_id from lane where job_id = ? and lane_key = ? and down_since <= ?`, []any{job, host, now - after.Microseconds()}, &lane)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		down = true
		if _, err := t.exec(ctx, `update task set state = ?1, attempt = q.attempt, reason = ?2, finished_at = ?3 from queue q
 where q.lane_id = ?4 and q.lease_id is null and not (q.owes and exists (select 1 from owed o where o.job_id = q.job_id and o.key = q.key and o.assets <> '{}')) and task.job_id = q.job_id and task.key = q.key`, int(seine.Error), reason, now, lane); err != nil {
			return err
		}
		n, err := t.exec(ctx, `delete from queue as q where lane_id = ? and lease_id is null and not (q.owes and exists (select 1 from owed o where o.job_id = q.job_id and o.key = q.key and o.assets <> '{}'))`, lane)
		if err != nil || n == 0 {
			return err
		}
		ended = int(n)
		if err := count(ctx, t, job, int(seine.Error), reason, n); err != nil {
			return err
		}
		_, err = t.exec(ctx, `update lane set parked = 1 where lane_id = ?1 and not exists (select 1 from queue where lane_id = ?1 and lease_id is null and run_at is null)`, lane)
		return err
	})
	if err != nil {
		return false, 0, fmt.Errorf("end the tasks of a host: %w", err)
	}
	return down, ended, nil
}

// HostUp states that a host answered.
func (f *Frontier) HostUp(ctx context.Context, job frontier.JobID, host string) error {
	return f.tx(ctx, func(t tx) error {
		_, err := t.exec(ctx, `update lane set faults = 0, down_since = null where job_id = ? and lane_key = ? and (faults > 0 or down_since is not null)`, job, host)
		return err
	})
}
