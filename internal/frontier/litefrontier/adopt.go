package litefrontier

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// Adopt stores the results of tasks that another program finished.
func (f *Frontier) Adopt(ctx context.Context, job frontier.JobID, batch []frontier.Adoption) (frontier.Outcome, error) {
	ends, tasks := frontier.Adopting(batch)
	for i := range ends {
		ends[i].Replayed = time.Unix(0, 0) // no lease is theirs
	}
	return frontier.CompleteBatch(ends, isData, func(batch []frontier.Completion, owners bool) (out frontier.Outcome, err error) {
		err = f.tx(ctx, func(t tx) error {
			out, err = f.adopt(ctx, t, job, batch, tasks, owners)
			return err
		})
		if err != nil {
			return frontier.Outcome{}, fmt.Errorf("adopt: %w", err)
		}
		return out, nil
	})
}

func (f *Frontier) adopt(ctx context.Context, t tx, job frontier.JobID, batch []frontier.Completion, tasks map[string]frontier.New, owners bool) (out frontier.Outcome, err error) {
	swept, err := pendingDeletion(ctx, t, batch, unclaimed)
	if err != nil {
		return out, err
	}
	keys := make([]string, len(batch))
	for i, c := range batch {
		keys[i] = c.Key
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return out, err
	}
	k := newKeeper(f, t, job)
	leaver := &forgetter{f: f, t: t, job: job}
	known, err := leaver.tasks(ctx, string(list))
	if err != nil {
		return out, err
	}
	seen := map[string]remembered{}
	for _, x := range known {
		seen[x.key] = x
	}
	var mine []frontier.Completion
	for _, c := range batch {
		x, is := seen[c.Key]
		if swept[c.Seq] || is && (x.busy || !x.open) {
			out.Lost = append(out.Lost, c.Seq)
			continue
		}
		if owners {
			if taken, err := k.own(ctx, c, &out); err != nil {
				return out, err
			} else if taken {
				continue
			}
		}
		mine = append(mine, c)
	}
	for _, c := range mine {
		if x, is := seen[c.Key]; is {
			err = leaver.leave(ctx, c.Key, x.lane)
		} else {
			err = f.admitFinal(ctx, t, k, tasks[c.Key])
		}
		if err != nil {
			return out, err
		}
		if _, _, err := f.finish(ctx, t, frontier.Lease{}, k, c); err != nil {
			return out, err
		}
	}
	out.Kept = len(mine)
	return out, k.moved.write(ctx, t, job)
}

// admitFinal admits a task that never enters the queue.
func (f *Frontier) admitFinal(ctx context.Context, t tx, k *keeper, task frontier.New) error {
	lane, err := f.laneID(ctx, t, k.job, task.Lane)
	if err != nil {
		return err
	}
	var meta any
	if len(task.Meta) > 0 {
		meta = string(frontier.CleanJSON(task.Meta))
	}
	page := frontier.Clean(task.Page)
	k.moved[stat{frontier.StatTotal, "", page}]++
	_, err = t.exec(ctx, `insert into task(job_id, key, lane_id, meta, page, created_at) values (?, ?, ?, ?, ?, ?)`, k.job, task.Key, lane, meta, page, f.now())
	return err
}
