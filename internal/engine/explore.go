package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// ErrDark says that a run ended while a space was stopped.
var ErrDark = errors.New("exploring was stopped")

// unfilled is how many ids may be explored beside what this worker holds. A paced
// host takes one at a time, and the next is chosen better when its answer is
// there. Else twice as many are under way as are asked for at once: while one is
// asked for, another one's answer is written.
func (r *runner) unfilled() int {
	if !r.job.Pace.Unpaced() {
		return 1
	}
	return min(2*cap(r.running), cap(r.held)) - len(r.held)
}

// explore admits ids that are worth a request, when nothing else is ready. left
// is false when there is nothing more to explore.
func (r *runner) explore(ctx context.Context) (n int, left bool, lull frontier.IdleState, err error) {
	r.explorer.rest()
	lull, err = r.e.cfg.Frontier.Idle(ctx, r.job.ID)
	if want := r.unfilled(); err == nil && lull.Idle && want > 0 {
		n, left, err = r.exploreMore(ctx, want)
		return n, left, lull, err
	}
	return 0, !r.explorer.over(), lull, err
}

func (r *runner) exploreMore(ctx context.Context, want int) (n int, left bool, err error) {
	x := r.explorer
	want, spent, err := r.afford(ctx, want, nearBudget)
	defer func() { x.settle(want, n) }()
	switch {
	case err != nil:
		return 0, true, err
	case spent:
		x.end()
		return 0, false, nil
	case r.notWorthIt(ctx):
		return 0, false, nil
	case want == 0:
		return 0, true, nil // until it is known what becomes of what is open
	}
	t, tasks, err := r.probes(ctx, want)
	if err != nil || len(tasks) == 0 {
		return 0, !x.over(), err
	}
	n, err = r.e.cfg.Frontier.Explore(ctx, r.job.ID, t.number, tasks)
	x.mu.Lock()
	if x.refused++; n > 0 {
		x.refused = 0
	}
	if n < len(tasks) {
		for _, task := range tasks {
			if pos, ok := t.Find(task.Key); ok {
				t.model.Refused(pos)
			}
		}
	}
	x.mu.Unlock()
	return n, true, err
}

// notWorthIt reports whether the best block promises less than the job's limit
// asks for. It is looked at now and then.
func (r *runner) notWorthIt(ctx context.Context) bool {
	x, least := r.explorer, max(r.job.Limit.Yield, r.e.cfg.Limit.Yield)
	if least <= 0 {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.answers < x.judgedAt+judgeEvery && x.worthless == "" {
		return false
	}
	was, why := x.worthless, x.poor(least)
	x.judgedAt, x.worthless = x.answers, why
	if why != "" && was == "" {
		r.log.InfoContext(ctx, "no more is worth it", "why", why)
	}
	return why != ""
}

// probeAhead is how many ids are looked up at a time when a probe is chosen.
const probeAhead = 64

// wary is how often in a row what was chosen may be refused, which it is while
// another worker explores, until each id is looked up before it is chosen.
const wary = 8

// probes chooses up to n ids of one space.
func (r *runner) probes(ctx context.Context, n int) (*territory, []frontier.New, error) {
	x := r.explorer
	x.mu.Lock()
	defer x.mu.Unlock()
	x.exhausted, x.seeking = false, false
	var left []*territory
	for _, t := range x.spaces {
		if !t.circuit.Open() {
			left = append(left, t)
		}
	}
	for len(left) > 0 {
		i := x.choose(left)
		tasks, err := r.probesOf(ctx, left[i], n)
		if err != nil || len(tasks) > 0 {
			return left[i], tasks, err
		}
		x.seeking = x.seeking || !left[i].model.Over()
		left = append(left[:i], left[i+1:]...)
	}
	x.exhausted = !x.seeking
	return nil, nil, nil
}

// choose is the space to look in next.
func (x *explorer) choose(left []*territory) int {
	models := make([]*explore.Forager, len(left))
	var all int64
	for i, t := range left {
		models[i] = t.model
		all += t.model.Size()
	}
	if !x.random {
		return explore.Choose(models, x.rand)
	}
	at := x.rand.Int64N(all)
	for i, m := range models {
		if at -= m.Size(); at < 0 {
			return i
		}
	}
	return 0
}

func (r *runner) probesOf(ctx context.Context, t *territory, n int) (out []frontier.New, err error) {
	x := r.explorer
	var failed error
	seen := map[int64]explore.Known{}
	free := func(pos int64) bool {
		if _, there := seen[pos]; !there && x.refused < wary && t.model.Sparse(pos) {
			return true
		} else if !there && failed == nil {
			// Where most is known, the next ones are looked at in their order.
			failed = r.lookup(ctx, t.IDSpace, pos, +1, probeAhead, seen)
		}
		return failed != nil || seen[pos] == explore.Unknown
	}
	for len(out) < n && failed == nil {
		choose := t.model.Probe
		if x.random {
			choose = t.model.Anywhere
		}
		pos, ok := choose(x.rand, free)
		if !ok || failed != nil {
			break
		}
		seen[pos] = explore.Taken
		task, err := frontier.Admit(&r.job.Job, frontier.Seed{Key: t.At(pos), Meta: joinMeta(ownMeta{Probe: true}, nil)})
		if err != nil {
			return nil, err
		}
		if task.Key != t.At(pos) {
			return nil, fmt.Errorf("the id %q of the space %s is a task by the name of %q: it can't be explored", t.At(pos), t.name(), task.Key)
		}
		out = append(out, task)
	}
	return out, failed
}

// lookup learns what is known of so many ids of a space from a position on.
func (r *runner) lookup(ctx context.Context, s *seine.IDSpace, pos int64, dir, count int, seen map[int64]explore.Known) error {
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
	states, err := r.e.cfg.Frontier.Lookup(ctx, r.job.ID, keys)
	for key, state := range states {
		seen[at[key]] = knownBy(state)
	}
	return err
}

// knownBy is what a task's state says of its id to a walk that comes by.
func knownBy(state seine.State) explore.Known {
	switch state {
	case seine.Skipped, seine.Error, seine.Stale:
		return explore.Miss
	case seine.Done, seine.Pending, seine.InProgress:
	}
	return explore.Taken
}
