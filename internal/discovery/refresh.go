package discovery

import (
	"context"
	"slices"
	"time"

	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// A model is updated before a choice, at most every freshFor and for at most 1/freshness of the
// time. After behind answers of this worker alone it is updated in any case, because slow reads
// would otherwise lead to outdated statistics.
const (
	freshFor  = 100 * time.Millisecond
	freshness = 20
	behind    = 64

	// watchEvery is the shortest interval in which a space's watch is stored.
	watchEvery = time.Second
)

// refresh updates the model and opens the circuit of a space whose site went dark. Unless must is
// set, it does nothing if the model is fresh.
func (x *forager) refresh(ctx context.Context, must bool) error {
	x.looking.Lock()
	defer x.looking.Unlock()
	began := time.Now()
	x.mu.Lock()
	due := must || x.unseen >= behind || !began.Before(x.fresh)
	if due {
		x.unseen = 0
	}
	x.mu.Unlock()
	if !due {
		return nil
	}
	if err := x.countFormer(ctx); err != nil {
		return err
	}
	defer func() { x.fresh = time.Now().Add(max(freshFor, freshness*time.Since(began))) }()
	var done int64
	for _, s := range x.spaces {
		n, err := x.refreshSpace(ctx, s, began)
		if err != nil {
			return err
		}
		done += n
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answers = done
	return nil
}

// keepUp updates the model of a worker whose local searches continue for long, so that it chooses
// no probe. An answer of the newest end is judged by what all workers know.
func (x *forager) keepUp(ctx context.Context, batch []Finished) error {
	x.mu.Lock()
	due := x.unseen >= behind && !x.random
	x.mu.Unlock()
	must := !x.random && slices.ContainsFunc(batch, func(f Finished) bool {
		return judgedBefore(f.Claimed) && f.Meta.Kind() != explore.Given
	})
	if !due && !must {
		return nil
	}
	return x.refresh(ctx, must)
}

// refreshSpace updates the model of one space and returns the number of its answers.
func (x *forager) refreshSpace(ctx context.Context, s *space, began time.Time) (done int64, err error) {
	f, job := x.cfg.Frontier, x.cfg.ID
	since, far := s.since(began)
	k, err := f.Known(ctx, job, s.Number, since)
	if err != nil {
		return 0, err
	}
	first := s.last.IsZero()
	unsettled, err := x.unsettled(ctx, s, k, first)
	if err != nil {
		return 0, err
	}
	x.mu.Lock()
	if far {
		s.far, s.farther = k.Now, began.Add(lookFarBy)
	}
	unlearned := s.learn(k, unsettled)
	x.logCircuit(ctx, s, k.Circuit)
	dark := ""
	if !s.circuit.Open() {
		dark = s.Model.Dark(k.Now)
	}
	keep := !s.circuit.Open() && (first || s.Model.Moved(k.Watch) && began.Sub(s.watched) > watchEvery)
	watch, closed := s.Model.Watched(), s.circuit.ClosedAt
	if keep {
		s.watched = began
	}
	x.logBarren(ctx, s)
	done = s.Model.Total().Done
	x.mu.Unlock()
	if unlearned {
		if err := x.learnSteps(ctx, s); err != nil {
			return done, err
		}
	}
	if keep && watch != k.Watch {
		if err := f.Watched(ctx, job, s.Number, closed, watch); err != nil {
			return done, err
		}
	}
	if dark == "" {
		return done, nil
	}
	if _, err := f.OpenCircuit(ctx, job, s.Number, dark); err != nil {
		return done, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.logCircuit(ctx, s, frontier.Circuit{Space: s.Number, Reason: dark, OpenedAt: k.Now})
	return done, nil
}

// unsettled reads, on the first read of a space, the blocks with answers since the space last
// behaved as expected.
func (x *forager) unsettled(
	ctx context.Context, s *space, k frontier.Knowledge, first bool,
) (map[int64]explore.Sums, error) {
	if !first || k.Watch.At.IsZero() {
		return nil, nil
	}
	since := k.Watch.At
	if k.Circuit.ClosedAt.After(since) {
		since = k.Circuit.ClosedAt
	}
	return x.cfg.Frontier.Blocks(ctx, x.cfg.ID, s.Number, since)
}

// learnSteps reads the table of steps, which decides how walks continue.
func (x *forager) learnSteps(ctx context.Context, s *space) error {
	steps, err := x.cfg.Frontier.Steps(ctx, x.cfg.ID, s.Number)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for at, trial := range steps {
		s.Model.SetStep(at, trial)
	}
	s.Model.Learn()
	return nil
}

// afford returns how many of want IDs the budget still pays for, and reserves them until settle is
// called. An open task counts as answered. spent means that all of the budget was answered. The
// model is up to date afterwards, or nearly so if much of the budget is left. Without a budget, all
// IDs are paid for.
func (x *forager) afford(ctx context.Context, want int, near int64) (n int, spent bool, err error) {
	budget, b := x.cfg.Job.Explore.Budget, &x.budget
	if budget <= 0 {
		if want == 0 {
			return 0, false, nil
		}
		x.mu.Lock()
		b.chosen += int64(want)
		x.mu.Unlock()
		return want, false, x.refresh(ctx, false)
	}
	x.mu.Lock()
	settled := b.settled
	due := b.left < near*int64(x.cfg.Slots) || time.Since(b.measured) > measureEvery
	x.mu.Unlock()
	if !due {
		if want > 0 {
			err = x.refresh(ctx, false)
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		return b.reserve(want), false, err
	}
	// A task that ends between the two reads counts twice, and never not at all. So does a task
	// that is admitted meanwhile.
	counts, err := x.cfg.Frontier.Counts(ctx, x.cfg.ID)
	if err == nil {
		err = x.refresh(ctx, true)
	}
	if err != nil {
		return 0, false, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	answers := x.answers + b.former
	b.left, b.measured = budget-answers-counts.Open-(b.chosen-settled), time.Now()
	b.spare = (b.left + 1) / 2 // other workers measure at the same moment
	return b.reserve(want), answers >= budget, nil
}

// countFormer counts the answers of the job's former spaces, which the budget includes. It logs
// them once.
func (x *forager) countFormer(ctx context.Context) error {
	b := &x.budget
	if time.Since(b.formerAt) < formerEvery {
		return nil
	}
	answers, err := x.cfg.Frontier.Answers(ctx, x.cfg.ID)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	numbers := make([]int, len(x.spaces))
	for i, s := range x.spaces {
		numbers[i] = s.Number
	}
	first := b.formerAt.IsZero()
	b.formerAt, b.former = time.Now(), FormerAnswers(answers, numbers)
	if first && b.former > 0 {
		x.cfg.Log.WarnContext(ctx, "answers belong to an earlier division of the ID spaces: `seine recount JOB` converts them",
			"answers", b.former)
	}
	return nil
}
