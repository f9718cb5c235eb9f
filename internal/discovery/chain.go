package discovery

import (
	"context"
	"errors"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/idspace"
)

// chain is the source of a job that walks from hit to hit.
type chain struct {
	links
	known states
}

// Follow returns the scraper's follows and the next steps of the walks.
func (s *chain) Follow(ctx context.Context, batch []Finished) []Next {
	out := s.links.Follow(ctx, batch)
	for i, f := range batch {
		if f.Skip || !f.Final {
			continue
		}
		steps, err := s.walk(ctx, f)
		switch {
		case errors.Is(err, errNeighbor):
			out[i] = Next{Err: err} // otherwise the walk would end silently
			continue
		case err != nil:
			// The walk ends here. A later run begins it again at its hits.
			s.cfg.Log.WarnContext(ctx, "walk ends", "task", f.Key, "err", err)
		}
		out[i].Follow = append(out[i].Follow, steps...)
	}
	return out
}

// walk returns the next steps of the walk that a finished task belongs to.
func (s *chain) walk(ctx context.Context, f Finished) ([]frontier.New, error) {
	walk := explore.Walk{}
	if f.Meta.Walk != nil {
		walk = *f.Meta.Walk
	}
	hit := isHit(s.cfg.Job, f.Key, f.State, f.Reason)
	if s.cfg.Job.Explore.Neighbor == nil {
		return stepsAt(ctx, s.known, s.cfg.Job, s.cfg.ID, f.Key, walk, hit)
	}
	if f.Page == nil {
		return nil, nil // without a page there is no neighbor
	}
	var out []frontier.New
	for _, w := range walk.Next(hit, s.cfg.Job.Explore.Patience) {
		key, err := neighbor(s.cfg.Job.Explore.Neighbor, f.Task, f.Page, w.Dir)
		if err != nil {
			return out, err
		}
		if key == "" {
			continue
		}
		// A known page belongs to another walk, so the frontier does not admit it.
		meta := JoinMeta(Meta{Walk: &w, Foreign: s.foreign(f, key)}, nil)
		n, err := frontier.Admit(s.cfg.Job, frontier.Seed{Key: key, Meta: meta, Foreign: true})
		if err != nil {
			return out, err
		}
		out = append(out, n)
	}
	return out, nil
}

// errNeighbor is a fault of a user's code.
var errNeighbor = errors.New("the neighbor function panics")

// neighbor calls a user's function. If it panics, only the task ends in error.
func neighbor(of seine.NeighborFunc, task seine.Task, page *seine.Page, dir int) (key string, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errNeighbor, v)
		}
	}()
	return of(task, page, dir), nil
}

// isHit reports whether a result is a hit. A hit function that panics counts as no hit, because the
// function is a user's.
func isHit(job *seine.Job, key string, state seine.State, reason string) (hit bool) {
	if job.Explore.Hit == nil || state != seine.Done && state != seine.Skipped {
		return state == seine.Done
	}
	defer func() {
		if v := recover(); v != nil {
			hit = false
		}
	}()
	return job.Explore.Hit(key, seine.Verdict{State: state, Reason: reason})
}

// states is the part of a frontier that knows which keys were seen.
type states interface {
	Lookup(ctx context.Context, job frontier.JobID, keys []string) (map[string]seine.State, error)
}

// unseen knows no key.
type unseen struct{}

// Lookup returns nothing.
func (unseen) Lookup(context.Context, frontier.JobID, []string) (map[string]seine.State, error) {
	return nil, nil
}

// lookAhead is the number of neighbors that are looked up at a time.
const lookAhead = 16

// stepsAt returns the next steps of a walk in an ID space that stands at key.
func stepsAt(
	ctx context.Context, f states, job *seine.Job, id frontier.JobID, key string, walk explore.Walk, hit bool,
) ([]frontier.New, error) {
	i, pos := frontier.Locate(job.Seeds.IDs, key)
	if i < 0 {
		return nil, nil
	}
	space, patience := idspace.Of(&job.Seeds.IDs[i]), job.Explore.Patience
	var out []frontier.New
	for _, w := range walk.Next(hit, patience) {
		seen := map[int64]explore.Known{}
		var failed error
		next, at, ok := w.Step(pos, 0, space.Len()-1, patience, func(n int64) explore.Known {
			if k, there := seen[n]; there {
				return k
			}
			if err := lookup(ctx, f, id, space, n, w.Dir, lookAhead, seen); err != nil {
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
		n, err := frontier.Admit(job, frontier.Seed{Key: space.At(next), Meta: JoinMeta(Meta{Walk: &at}, nil)})
		if err != nil {
			return out, err
		}
		out = append(out, n)
	}
	return out, nil
}

// lookup learns the states of count IDs of a space from a position on.
func lookup(
	ctx context.Context, f states, job frontier.JobID, s *idspace.Space, pos int64, dir, count int,
	seen map[int64]explore.Known,
) error {
	at := make(map[string]int64, count)
	keys := make([]string, 0, count)
	for i := range int64(count) {
		p := pos + i*int64(dir)
		if p < 0 || p >= s.Len() {
			break
		}
		if _, there := seen[p]; there {
			continue
		}
		seen[p] = explore.Unknown
		key := s.At(p)
		at[key] = p
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil
	}
	found, err := f.Lookup(ctx, job, keys)
	for key, state := range found {
		seen[at[key]] = knownBy(state)
	}
	return err
}

// knownBy returns the evidence of a task's state about its ID to another walk.
func knownBy(state seine.State) explore.Known {
	switch state {
	case seine.Skipped, seine.Error, seine.Stale:
		return explore.Miss
	case seine.Done, seine.Pending, seine.InProgress:
	}
	return explore.Taken
}
