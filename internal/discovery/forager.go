package discovery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// forager is the source of a job that explores ID spaces. Its model of the spaces is as old as its
// last read of the frontier's statistics.
type forager struct {
	links
	random bool
	ids    []seine.IDSpace // of spaces, in their order

	looking sync.Mutex // held while the model is updated

	mu      sync.Mutex
	rand    *rand.Rand
	spaces  []*space
	answers int64 // of all spaces, as of the last read
	budget  budget
	search  search

	unseen int64     // answers of this worker since the last read
	fresh  time.Time // when the model is due for an update

	filled time.Time // the last Fill; only the claim loop uses it
}

// search is the state of the choice of probes.
type search struct {
	exhausted bool   // nothing is left to choose
	seeking   bool   // nothing was found, and some IDs were not examined yet
	refused   int    // how often in a row the frontier admitted no chosen ID
	crowd     int    // how many IDs to choose at least, because other workers choose too
	worthless string // why nothing more is worth it, by limit.yield
	judgedAt  int64  // the number of answers at that judgement
}

// newForager returns nil for a job that does not explore.
func newForager(base links) *forager {
	job, seed := base.cfg.Job, base.cfg.Seed
	spaces := Spaces(job)
	if len(spaces) == 0 {
		return nil
	}
	if seed == 0 {
		seed = rand.Uint64()
	}
	x := &forager{
		links: base, random: job.Explore.Strategy == seine.StrategyRandom, ids: job.Seeds.IDs,
		rand: rand.New(rand.NewPCG(seed, uint64(base.cfg.ID))),
	}
	for _, s := range spaces {
		x.spaces = append(x.spaces, &space{Space: s, barren: Barren})
	}
	return x
}

// find returns the space of an ID and its position there.
func (x *forager) find(key string) (s *space, pos int64) {
	i, pos := frontier.Locate(x.ids, key)
	if i < 0 {
		return nil, 0
	}
	return x.spaces[i], pos
}

// More admits the IDs that are most likely hits, if no other task is ready.
func (x *forager) More(ctx context.Context, free int) (out Supply, err error) {
	x.mu.Lock()
	x.search.seeking = false // by now something else may come first
	x.mu.Unlock()
	idle, err := x.cfg.Frontier.Idle(ctx, x.cfg.ID)
	out.Idle = &idle
	if err == nil && idle.Idle && free > 0 {
		out.Added, out.Left, err = x.admit(ctx, free)
	} else {
		out.Left = !x.over()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	out.Again = x.search.seeking
	return out, err
}

// Fill uses slots that other tasks leave free.
func (x *forager) Fill(ctx context.Context, free int) error {
	if free <= 0 || time.Since(x.filled) <= fillEvery {
		return nil
	}
	x.filled = time.Now()
	_, err := x.More(ctx, free)
	return err
}

// over reports whether nothing is left to choose.
func (x *forager) over() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.search.exhausted || x.search.worthless != ""
}

// End returns ErrDark if a circuit is open, and ErrLimit if limit.yield ended the search.
func (x *forager) End() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.spaces {
		if s.circuit.Open() {
			return fmt.Errorf("%w: %s: run `seine resume` to continue", ErrDark, s.circuit.Reason)
		}
	}
	if x.search.worthless != "" {
		return fmt.Errorf("%w: %s", ErrLimit, x.search.worthless)
	}
	return nil
}

// admit chooses up to want IDs and admits them. left is false if nothing more can be chosen.
func (x *forager) admit(ctx context.Context, want int) (n int, left bool, err error) {
	x.mu.Lock()
	want = max(want, x.search.crowd)
	x.mu.Unlock()
	want, spent, err := x.afford(ctx, want, nearBudget)
	defer func() { x.settle(want, n) }()
	switch {
	case err != nil:
		return 0, true, err
	case spent:
		x.mu.Lock()
		x.search.exhausted = true
		x.mu.Unlock()
		return 0, false, nil
	case x.notWorthIt(ctx):
		return 0, false, nil
	case want == 0:
		return 0, true, nil // until the open tasks end
	}
	s, tasks, err := x.probes(ctx, want)
	if err != nil || len(tasks) == 0 {
		return 0, !x.over(), err
	}
	n, err = x.cfg.Frontier.Explore(ctx, x.cfg.ID, s.Number, tasks)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.search.admitted(n)
	if n < len(tasks) {
		for _, task := range tasks {
			if pos, ok := s.Find(task.Key); ok {
				s.Model.Refused(pos)
			}
		}
	}
	return n, true, err
}

// maxCrowd is the most IDs that a worker chooses for others. They are chosen by one state of the
// model.
const maxCrowd = 8

// admitted notes how many of the chosen IDs the frontier admitted. A refusal mostly means that
// another worker chose at the same time. The more often that happens, the more IDs are chosen at
// once, so that a large fleet does not choose each one sixty times.
func (s *search) admitted(n int) {
	if n == 0 {
		s.refused++
		s.crowd = min(max(2, 2*s.crowd), maxCrowd)
		return
	}
	s.refused, s.crowd = 0, max(0, s.crowd-1)
}

// notWorthIt reports whether the best block is expected to give less than limit.yield. It judges at
// intervals.
func (x *forager) notWorthIt(ctx context.Context) bool {
	least := max(x.cfg.Job.Limit.Yield, x.cfg.Yield)
	if least <= 0 {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.answers < x.search.judgedAt+judgeEvery && x.search.worthless == "" {
		return false
	}
	var models []*explore.Forager
	for _, s := range x.spaces {
		if !s.circuit.Open() {
			models = append(models, s.Model)
		}
	}
	was, why := x.search.worthless, NotWorthIt(models, x.answers, least)
	x.search.judgedAt, x.search.worthless = x.answers, why
	if why != "" && was == "" {
		x.cfg.Log.InfoContext(ctx, "no more is worth it", "why", why)
	}
	return why != ""
}

// probeAhead is the number of IDs that are looked up at a time when a probe is chosen.
const probeAhead = 64

// wary is the number of refusals in a row after which each ID is looked up before it is chosen.
// Refusals are usual while another worker explores.
const wary = 8

// probes chooses up to n IDs of one space.
func (x *forager) probes(ctx context.Context, n int) (*space, []frontier.New, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.search.exhausted, x.search.seeking = false, false
	var left []*space
	for _, s := range x.spaces {
		if !s.circuit.Open() {
			left = append(left, s)
		}
	}
	for len(left) > 0 {
		i := x.choose(left)
		tasks, err := x.probesOf(ctx, left[i], n)
		if err != nil || len(tasks) > 0 {
			return left[i], tasks, err
		}
		x.search.seeking = x.search.seeking || !left[i].Model.Over()
		left = append(left[:i], left[i+1:]...)
	}
	x.search.exhausted = !x.search.seeking
	return nil, nil, nil
}

// choose returns the index of the space to probe next. x is locked.
func (x *forager) choose(left []*space) int {
	models := make([]*explore.Forager, len(left))
	var all int64
	for i, s := range left {
		models[i] = s.Model
		all += s.Model.Size()
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

// probesOf chooses up to n IDs of a space. x is locked.
func (x *forager) probesOf(ctx context.Context, s *space, n int) (out []frontier.New, err error) {
	var failed error
	seen := map[int64]explore.Known{}
	free := func(pos int64) bool {
		if _, there := seen[pos]; !there && x.search.refused < wary && s.Model.Sparse(pos) {
			return true
		} else if !there && failed == nil {
			// In a dense block the next IDs are examined in their order.
			failed = lookup(ctx, x.cfg.Frontier, x.cfg.ID, s.Space.Space, pos, +1, probeAhead, seen)
		}
		return failed != nil || seen[pos] == explore.Unknown
	}
	for len(out) < n && failed == nil {
		choose := s.Model.Probe
		if x.random {
			choose = s.Model.Anywhere
		}
		pos, ok := choose(x.rand, free)
		if !ok || failed != nil {
			break
		}
		seen[pos] = explore.Taken
		task, err := frontier.Admit(x.cfg.Job, frontier.Seed{Key: s.At(pos), Meta: JoinMeta(Meta{Probe: true}, nil)})
		if err != nil {
			return nil, err
		}
		if task.Key != s.At(pos) {
			return nil, fmt.Errorf("the id %q of the space %s is a task by the name of %q: it can't be explored",
				s.At(pos), s.name(), task.Key)
		}
		out = append(out, task)
	}
	return out, failed
}

// settle states how many of the reserved IDs were admitted. The others were given up.
func (x *forager) settle(reserved, admitted int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.budget.spare += int64(reserved - admitted)
	x.budget.settled += int64(reserved)
}

// settleSteps states that the steps of a batch are admitted or given up.
func (x *forager) settleSteps() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.budget.settled, x.budget.stepping = x.budget.settled+x.budget.stepping, 0
}
