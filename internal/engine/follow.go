package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// follows are the tasks that an ended task brings: what its scraper wants
// followed, and the next steps of its walk. They are admitted in the
// transaction that completes it.
func (r *runner) follows(ctx context.Context, c frontier.Claimed, o outcome) ([]frontier.New, error) {
	own, _ := splitMeta(c.Meta)
	var out []frontier.New
	for _, f := range o.follow {
		prio := c.Priority
		if f.Priority != nil {
			prio = *f.Priority
		}
		meta := joinMeta(ownMeta{Depth: own.Depth + 1, Foreign: r.foreign(c, f.Key)}, f.Meta)
		n, err := frontier.Admit(&r.job.Job, frontier.Seed{Key: f.Key, Priority: &prio, Meta: meta})
		if err != nil {
			r.log.WarnContext(ctx, "follow left out", "task", c.Key, "err", err)
			continue
		}
		out = append(out, n)
	}
	if r.job.Explore.Strategy == seine.StrategyChain {
		walk := explore.Walk{}
		if own.Walk != nil {
			walk = *own.Walk
		}
		steps, err := r.chain(ctx, c, o, walk)
		if errors.Is(err, errNeighbor) {
			return nil, err // else the walk would end unseen
		}
		if err != nil {
			// The walk ends here; a later run begins it again at its hits.
			r.log.WarnContext(ctx, "walk ends", "task", c.Key, "err", err)
		}
		out = append(out, steps...)
	}
	return out, nil
}

// chain are the next steps of the walk that an ended task belongs to.
func (r *runner) chain(ctx context.Context, c frontier.Claimed, o outcome, walk explore.Walk) ([]frontier.New, error) {
	hit := isHit(&r.job.Job, c.Key, o.state, o.reason)
	if r.job.Explore.Neighbor == nil {
		return r.steps(ctx, c.Key, walk, hit)
	}
	if o.page == nil {
		return nil, nil // no page, no neighbor
	}
	task, err := r.task(c)
	if err != nil {
		return nil, err
	}
	var out []frontier.New
	for _, w := range walk.Next(hit, r.job.Explore.Patience) {
		key, err := neighbor(r.job.Explore.Neighbor, task, o.page, w.Dir)
		if err != nil {
			return out, err
		}
		if key == "" {
			continue
		}
		// A page that is known already is another walk's: it admits nothing.
		n, err := frontier.Admit(&r.job.Job, frontier.Seed{Key: key, Meta: joinMeta(ownMeta{Walk: &w, Foreign: r.foreign(c, key)}, nil)})
		if err != nil {
			return out, err
		}
		out = append(out, n)
	}
	return out, nil
}

// errNeighbor is a fault of a user's code, as a panic of a scraper is.
var errNeighbor = errors.New("the neighbor function panics")

// neighbor calls a user's function; its panic ends the task in error and nothing
// else.
func neighbor(of seine.NeighborFunc, task seine.Task, page *seine.Page, dir int) (key string, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errNeighbor, v)
		}
	}()
	return of(task, page, dir), nil
}

// lookAhead is how many neighbors are looked up at a time.
const lookAhead = 16

// steps are the next steps of a walk in an ID space that stands at key.
func (r *runner) steps(ctx context.Context, key string, walk explore.Walk, hit bool) ([]frontier.New, error) {
	i, pos := frontier.Locate(r.job.Seeds.IDs, key)
	if i < 0 {
		return nil, nil
	}
	return r.stepsIn(ctx, &r.job.Seeds.IDs[i], pos, walk, hit)
}

func (r *runner) stepsIn(ctx context.Context, space *seine.IDSpace, pos int64, walk explore.Walk, hit bool) ([]frontier.New, error) {
	patience := r.job.Explore.Patience
	var out []frontier.New
	for _, w := range walk.Next(hit, patience) {
		seen := map[int64]explore.Known{}
		var failed error
		next, at, ok := w.Step(pos, 0, space.Len()-1, patience, func(n int64) explore.Known {
			if k, there := seen[n]; there {
				return k
			}
			if err := r.lookup(ctx, space, n, w.Dir, lookAhead, seen); err != nil {
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
		n, err := frontier.Admit(&r.job.Job, frontier.Seed{Key: space.At(next), Meta: joinMeta(ownMeta{Walk: &at}, nil)})
		if err != nil {
			return out, err
		}
		out = append(out, n)
	}
	return out, nil
}
