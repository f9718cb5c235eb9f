package engine

import (
	"context"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// follows are the tasks that an ended task brings: what its scraper wants
// followed, and the next steps of its walk. They are admitted in the
// transaction that completes it.
func (r *runner) follows(ctx context.Context, c frontier.Claimed, o outcome) []frontier.New {
	own, _ := splitMeta(c.Meta)
	var out []frontier.New
	for _, f := range o.follow {
		prio := c.Priority
		if f.Priority != nil {
			prio = *f.Priority
		}
		meta := joinMeta(ownMeta{Depth: own.Depth + 1}, f.Meta)
		n, err := frontier.Admit(&r.job.Job, frontier.Seed{Key: f.Key, Priority: &prio, Meta: meta})
		if err != nil {
			r.log.WarnContext(ctx, "follow left out", "task", c.Key, "err", err)
			continue
		}
		out = append(out, n)
	}
	if r.job.Explore.Strategy == seine.StrategyChain && r.job.Seeds.IDs != nil {
		walk := explore.Walk{}
		if own.Walk != nil {
			walk = *own.Walk
		}
		steps, err := r.steps(ctx, c.Key, walk, o.state == seine.Done)
		if err != nil {
			// The walk ends here; a later run begins it again at its hits.
			r.log.WarnContext(ctx, "walk ends", "task", c.Key, "err", err)
		}
		out = append(out, steps...)
	}
	return out
}

// lookAhead is how many neighbors are looked up at a time.
const lookAhead = 16

// steps are the next steps of a walk that stands at key.
func (r *runner) steps(ctx context.Context, key string, walk explore.Walk, hit bool) ([]frontier.New, error) {
	id, ok := idOf(key)
	if !ok {
		return nil, nil
	}
	space, patience := r.job.Seeds.IDs, r.job.Explore.Patience
	var out []frontier.New
	for _, w := range walk.Next(hit, patience) {
		seen := map[int64]explore.Known{}
		var failed error
		next, at, ok := w.Step(id, space.From, space.To, patience, func(n int64) explore.Known {
			if k, there := seen[n]; there {
				return k
			}
			if err := r.lookup(ctx, n, w.Dir, lookAhead, seen); err != nil {
				failed = err
				return explore.Taken
			}
			return seen[n]
		})
		if failed != nil {
			return out, failed
		}
		if !ok {
			continue
		}
		n, err := frontier.Admit(&r.job.Job, frontier.Seed{Key: space.Key(next), Meta: joinMeta(ownMeta{Walk: &at}, nil)})
		if err != nil {
			return out, err
		}
		out = append(out, n)
	}
	return out, nil
}

// lookup learns what is known of so many ids from n on in a direction.
func (r *runner) lookup(ctx context.Context, n int64, dir, count int, seen map[int64]explore.Known) error {
	space := r.job.Seeds.IDs
	ids := map[string]int64{}
	var keys []string
	for i := range int64(count) {
		id := n + i*int64(dir)
		if id < space.From || id > space.To {
			break
		}
		seen[id] = explore.Unknown
		ids[space.Key(id)] = id
		keys = append(keys, space.Key(id))
	}
	states, err := r.e.cfg.Frontier.Lookup(ctx, r.job.ID, keys)
	if err != nil {
		return err
	}
	for key, state := range states {
		switch state {
		case seine.Skipped, seine.Error, seine.Stale:
			seen[ids[key]] = explore.Miss
		case seine.Done, seine.Pending, seine.InProgress:
			seen[ids[key]] = explore.Taken
		}
	}
	return nil
}
