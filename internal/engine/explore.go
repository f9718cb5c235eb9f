package engine

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// explorer is this worker's model of an ID space: as old as its last look at
// what the frontier holds.
type explorer struct {
	space  *seine.IDSpace
	random bool

	mu        sync.Mutex
	model     *explore.Forager
	rand      *rand.Rand
	since     time.Time // of the frontier's clock: what is older was taken in
	answers   int64     // of the space, as of then
	own       int64     // of this worker since then
	exhausted bool
}

// newExplorer returns nil for a job that does not explore.
func newExplorer(job *Job) *explorer {
	s := job.Seeds.IDs
	if s == nil || job.Explore.Strategy != seine.StrategyForager && job.Explore.Strategy != seine.StrategyRandom {
		return nil
	}
	opts := explore.Options{Blocks: job.Explore.Blocks, Max: job.Explore.Max}
	if len(s.Start) > 0 {
		opts.Start = s.Start[0] - s.From
	}
	return &explorer{
		space: s, random: job.Explore.Strategy == seine.StrategyRandom, model: explore.New(s.To-s.From+1, opts),
		rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	}
}

// lookBack is how far before the last look blocks are read again: a transaction
// may have been open for so long. Rows are absolute, so reading one twice is
// harmless.
const lookBack = time.Minute

// refresh takes in what was written since the last look.
func (x *explorer) refresh(ctx context.Context, f frontier.Frontier, job frontier.JobID) error {
	now, err := f.Clock(ctx)
	if err != nil {
		return err
	}
	blocks, err := f.Blocks(ctx, job, 0, x.since)
	if err != nil {
		return err
	}
	steps, err := f.Steps(ctx, job, 0)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for block, s := range blocks {
		x.model.SetBlock(block, s)
	}
	for at, t := range steps {
		x.model.SetStep(at, t)
	}
	x.since = now.Add(-lookBack)
	done := x.model.Total().Done
	x.model.Answered(int(done - x.answers))
	x.answers, x.own = done, 0
	return nil
}

// explore admits ids that are worth a request, when nothing else is ready. left
// is false when there is nothing more to explore.
func (r *runner) explore(ctx context.Context) (n int, left bool, err error) {
	x, f := r.explorer, r.e.cfg.Frontier
	dry, err := f.Dry(ctx, r.job.ID)
	if err != nil || !dry {
		return 0, !x.over(), err
	}
	if err := x.refresh(ctx, f, r.job.ID); err != nil {
		return 0, true, err
	}
	budget := r.job.Explore.Budget
	if budget > 0 && x.answers >= budget {
		x.end()
		return 0, false, nil
	}
	// A paced host takes one at a time, and the next is chosen better when its
	// answer is there.
	want := 1
	if r.job.Pace.Unpaced() {
		want = max(1, cap(r.held)-len(r.held))
	}
	if budget > 0 {
		want = min(want, int(budget-x.answers))
	}
	tasks, err := r.probes(ctx, want)
	if err != nil || len(tasks) == 0 {
		return 0, !x.over(), err
	}
	n, err = f.Explore(ctx, r.job.ID, 0, tasks)
	return n, true, err
}

func (x *explorer) end() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.exhausted = true
}

func (x *explorer) over() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.exhausted
}

// probeAhead is how many ids are looked up at a time when a probe is chosen.
const probeAhead = 64

// probes chooses up to n ids and admits them.
func (r *runner) probes(ctx context.Context, n int) ([]frontier.New, error) {
	x := r.explorer
	x.mu.Lock()
	defer x.mu.Unlock()
	var (
		out    []frontier.New
		failed error
		seen   = map[int64]explore.Known{}
	)
	free := func(pos int64) bool {
		id := x.space.From + pos
		if _, there := seen[id]; !there && failed == nil {
			// Where most is known, the next ones are looked at in their order.
			failed = r.lookup(ctx, id, +1, probeAhead, seen)
		}
		return failed != nil || seen[id] == explore.Unknown
	}
	for len(out) < n && failed == nil {
		pos, ok := x.model.Probe(x.rand, free)
		if x.random {
			pos, ok = x.model.Anywhere(x.rand, free)
		}
		if !ok {
			x.exhausted = len(out) == 0
			break
		}
		seen[x.space.From+pos] = explore.Taken
		task, err := frontier.Admit(&r.job.Job, frontier.Seed{Key: x.space.Key(x.space.From + pos), Meta: joinMeta(ownMeta{Probe: true}, nil)})
		if err != nil {
			return nil, err
		}
		out = append(out, task)
	}
	return out, failed
}

// answerOf is what an outcome says of its id.
func answerOf(o outcome) explore.Answer {
	switch o.state {
	case seine.Done:
		return explore.Hit
	case seine.Skipped:
		if o.page != nil && (o.page.Status == http.StatusNotFound || o.page.Status == http.StatusGone) {
			return explore.Absent
		}
		return explore.Missed
	case seine.Stale:
		return explore.Missed
	case seine.Pending, seine.InProgress, seine.Error:
	}
	return explore.NoAnswer
}

// explored is what an outcome adds to what is known of the space, and where its
// excursion goes on. mark is what a further attempt has to know.
func (r *runner) explored(ctx context.Context, c frontier.Claimed, o outcome) (seen *frontier.Explored, next []frontier.New, mark frontier.Mark) {
	x := r.explorer
	if x == nil {
		return nil, nil, 0
	}
	id, ok := idOf(c.Key)
	if !ok || id < x.space.From || id > x.space.To {
		return nil, nil, 0
	}
	pos, a := id-x.space.From, answerOf(o)
	own, _ := splitMeta(c.Meta)
	x.mu.Lock()
	defer x.mu.Unlock()
	seen = &frontier.Explored{Observation: explore.Observe(x.model.Block(pos), own.Kind(), own.Trip, c.Mark >= frontier.Passed, c.Mark == frontier.Counted, a)}
	switch {
	case o.state == seine.Stale:
		mark = frontier.Counted
	case own.Trip != nil:
		mark = frontier.Passed
	}
	x.own += seen.Sums.Done
	if budget := r.job.Explore.Budget; x.random || budget > 0 && x.answers+x.own >= budget {
		return seen, nil, mark
	}
	known := map[int64]explore.Known{}
	var failed error
	trip, ok := x.model.Follow(pos, own.Trip, c.Mark >= frontier.Passed, a, x.rand, func(at int64) explore.Known {
		n := x.space.From + at
		if k, there := known[n]; there {
			return k
		}
		dir := 1
		if at < pos {
			dir = -1
		}
		if failed == nil {
			failed = r.lookup(ctx, n, dir, lookAhead, known)
		}
		if failed != nil {
			return explore.Taken
		}
		return known[n]
	})
	if failed != nil {
		// The excursion ends here: what it found stays found.
		r.log.WarnContext(ctx, "excursion ends", "task", c.Key, "err", failed)
		return seen, nil, mark
	}
	if !ok {
		return seen, nil, mark
	}
	task, err := frontier.Admit(&r.job.Job, frontier.Seed{Key: x.space.Key(x.space.From + trip.Position()), Meta: joinMeta(ownMeta{Trip: &trip}, nil)})
	if err != nil {
		r.log.WarnContext(ctx, "excursion ends", "task", c.Key, "err", err)
		return seen, nil, mark
	}
	return seen, []frontier.New{task}, mark
}
