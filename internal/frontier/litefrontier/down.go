package litefrontier

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// fetchesAlone is frontier.Claimed.Alone for the next claim of a task.
const fetchesAlone = `(q.owes and exists (select 1 from owed o where o.job_id = q.job_id and o.key = q.key and o.assets <> '{}'))`

// ofLane selects the tasks of a lane that nobody holds. Without the names of the indexes SQLite
// would read the whole queue, once for each host of a long list.
const ofLane = `q.seq in (select seq from queue indexed by queue_ready where lane_id = ?1 and lease_id is null and run_at is null
 union all select seq from queue indexed by queue_wait_lane where lane_id = ?1 and lease_id is null and run_at is not null)`

// HostDown ends the open tasks of a host that has been at fault for at least after. Tasks that
// fetch assets without their page stay.
func (f *Frontier) HostDown(ctx context.Context, job frontier.JobID, host string, after time.Duration, reason string) (down bool, ended int, err error) {
	reason = frontier.CleanReason(reason)
	err = f.tx(ctx, func(t tx) error {
		down, ended = false, 0
		lanes, err := f.lanes(ctx, t, `where job_id = ?1 and lane_key = ?2`, job, host)
		if err != nil || len(lanes) == 0 {
			return err
		}
		now, lane := f.now(), lanes[0].id
		if down = lanes[0].Down(fromMicro(now), after); !down {
			return nil
		}
		moved := counts{}
		if err := t.each(ctx, `select t.page, count(*) from queue q join task t using (job_id, key) where `+ofLane+` and not `+fetchesAlone+` group by 1`,
			[]any{lane}, func(r *sql.Rows) error {
				var (
					page string
					n    int64
				)
				err := r.Scan(&page, &n)
				moved[stat{int(seine.Error), reason, page}] += n
				return err
			}); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `update task set state = ?2, attempt = q.attempt, reason = ?3, finished_at = ?4 from queue q
 where `+ofLane+` and not `+fetchesAlone+` and task.job_id = q.job_id and task.key = q.key`, lane, int(seine.Error), reason, now); err != nil {
			return err
		}
		n, err := t.exec(ctx, `delete from queue as q where `+ofLane+` and not `+fetchesAlone, lane)
		if err != nil {
			return err
		}
		ended = int(n)
		if err := moved.write(ctx, t, job); err != nil {
			return err
		}
		return f.park(ctx, t, lane)
	})
	if err != nil {
		return false, 0, fmt.Errorf("end the tasks of a host: %w", err)
	}
	return down, ended, nil
}

// HostUp records that a host answered.
func (f *Frontier) HostUp(ctx context.Context, job frontier.JobID, host string) error {
	return f.tx(ctx, func(t tx) error {
		lanes, err := f.lanes(ctx, t, `where job_id = ?1 and lane_key = ?2 and (faults > 0 or down_since is not null)`, job, host)
		if err != nil || len(lanes) == 0 {
			return err
		}
		return storeLane(ctx, t, lanes[0].id, lanes[0].Up())
	})
}
