package litefrontier

import (
	"context"

	"github.com/seinehq/seine/internal/frontier"
)

// stat identifies a counter. counts are the changes of a transaction. One process writes at a time,
// so the driver keeps the counters folded over all lanes: no reader asks for one lane.
type stat struct {
	state        int
	reason, page string
}

type counts map[stat]int64

func (c counts) write(ctx context.Context, t tx, job frontier.JobID) error {
	for s, n := range c {
		if err := count(ctx, t, job, s, n); err != nil {
			return err
		}
	}
	return nil
}

func count(ctx context.Context, t tx, job frontier.JobID, s stat, n int64) error {
	if n == 0 {
		return nil
	}
	if _, err := t.exec(ctx, `insert into stat(job_id, lane_id, state, reason, n) values (?, 0, ?, ?, ?)
 on conflict (job_id, lane_id, state, reason) do update set n = n + excluded.n`, job, s.state, s.reason, n); err != nil || s.page == "" {
		return err
	}
	_, err := t.exec(ctx, `insert into page_stat(job_id, page, state, n) values (?, ?, ?, ?)
 on conflict (job_id, page, state) do update set n = n + excluded.n`, job, s.page, s.state, n)
	return err
}
