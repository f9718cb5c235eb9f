package discovery

import (
	"context"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// Recounter is the part of a frontier that recounts ID spaces.
type Recounter interface {
	Recount(
		ctx context.Context, job frontier.JobID, each func(frontier.TaskInfo) *frontier.Explored,
	) (tasks int64, err error)
}

// Recount recomputes the statistics of a job's ID spaces from the results of its tasks, with the
// job's current hit rule. It sends no request. It returns the number of answers.
func Recount(ctx context.Context, f Recounter, id frontier.JobID, job seine.Job) (int64, error) {
	normal, err := job.Normal()
	if err != nil {
		return 0, err
	}
	spaces := Spaces(&normal)
	if len(spaces) == 0 {
		return 0, fmt.Errorf("job %s does not explore an ID space", job.Name)
	}
	return f.Recount(ctx, id, func(t frontier.TaskInfo) *frontier.Explored {
		i, pos := frontier.Locate(normal.Seeds.IDs, t.Key)
		if i < 0 {
			return nil
		}
		return recounted(&normal, spaces[i], pos, t)
	})
}

// recounted returns the contribution of a task to the statistics of its space. A task that is
// retried counts as its last attempt did.
func recounted(job *seine.Job, s Space, pos int64, t frontier.TaskInfo) *frontier.Explored {
	state, a, block := t.State, explore.Missed, s.Model.Block(pos)
	switch t.Mark {
	case frontier.Known:
		state = seine.Done
	case frontier.Counted:
		state = seine.Skipped
	case frontier.Unmarked, frontier.Passed:
	}
	switch {
	case isHit(job, t.Key, state, t.Reason):
		a = explore.Hit
	case state == seine.Error && !t.Final, state == seine.Stale:
		return nil
	case state == seine.Error:
		failed := explore.Observation{Block: block, Sums: explore.Sums{Errors: 1}}
		return &frontier.Explored{Space: s.Number, Observation: failed}
	case absentBy(job, t.Key, state, t.Reason):
		a = explore.Absent
	}
	own, _ := SplitMeta(t.Meta)
	o := explore.Observe(block, own.Kind(), own.Search, t.Attempt > 1, false, a)
	if a != explore.Absent {
		o.Sums.Newest = pos + 1
	}
	if state == seine.Done {
		o.Sums.Wanted = 1
	}
	return &frontier.Explored{Space: s.Number, Observation: o}
}
