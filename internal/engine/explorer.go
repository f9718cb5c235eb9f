package engine

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

// explorer is this worker's model of a job's ID spaces: as old as its last look
// at what the frontier holds.
type explorer struct {
	random bool

	mu        sync.Mutex
	rand      *rand.Rand
	spaces    []*territory
	answers   int64 // of all spaces, as of the last look
	own       int64 // of this worker since then
	exhausted bool  // nothing more is to be chosen
	worthless bool  // nothing more is worth it: the job's limit says so
	judgedAt  int64 // the answers when that was looked at

	fresh  time.Time // when the model is to be brought up to date again
	filled time.Time // when slots were last filled beside others' tasks
}

// territory is one space with its model.
type territory struct {
	*seine.IDSpace
	number int
	model  *explore.Forager

	// When the last look was, and the last one that went far back, by the
	// frontier's clock; farther is when the next one is due, by ours.
	last, far time.Time
	farther   time.Time
	answers   int64
	circuit   frontier.Circuit

	unsaid, found int // answers of this worker, and what it found, not written yet
	said          time.Time
}

// Space is an ID space of a job as its frontier knows it.
type Space struct {
	*seine.IDSpace
	Number int

	// Model knows nothing yet.
	Model *explore.Forager
}

// Spaces lists the ID spaces that a job explores; none when its strategy is
// another.
func Spaces(job *seine.Job) (out []Space) {
	if s := job.Explore.Strategy; s != seine.StrategyForager && s != seine.StrategyRandom {
		return nil
	}
	for i := range job.Seeds.IDs {
		s := &job.Seeds.IDs[i]
		opts := explore.Options{Blocks: job.Explore.Blocks, Max: job.Explore.Max}
		if len(s.Start) > 0 {
			opts.Start, _ = s.Find(s.Key(s.Start[0]))
		}
		model := explore.New(s.Len(), opts)
		out = append(out, Space{s, frontier.SpaceNumber(s, model), model})
	}
	return out
}

// newExplorer returns nil for a job that does not explore.
func newExplorer(job *Job) *explorer {
	spaces := Spaces(&job.Job)
	if len(spaces) == 0 {
		return nil
	}
	x := &explorer{random: job.Explore.Strategy == seine.StrategyRandom, rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
	for _, s := range spaces {
		x.spaces = append(x.spaces, &territory{IDSpace: s.IDSpace, number: s.Number, model: s.Model})
	}
	return x
}

// find is the space that an id is in.
func (x *explorer) find(key string) (t *territory, pos int64) {
	for _, t := range x.spaces {
		if pos, ok := t.Find(key); ok {
			return t, pos
		}
	}
	return nil, 0
}

// Blocks are read again that were written shortly before the last look: their
// transaction may have been open then. Most are over within a glance; now and then
// a look goes back to a minute before the last such one. Rows are absolute, so
// reading one twice is harmless.
const (
	glance    = time.Second
	lookBack  = time.Minute
	lookFarBy = 10 * time.Second
)

// A model is brought up to date when it chooses, but no more often than this, and
// for no more than a twentieth of the time: where pages come that fast, it is a few
// answers behind.
const (
	freshFor  = 100 * time.Millisecond
	freshness = 20

	// fillEvery is how often slots that others' tasks leave free are filled.
	fillEvery = 100 * time.Millisecond
)

// refresh takes in what was written since the last look, and stops a space whose
// site went dark.
func (r *runner) refresh(ctx context.Context) error {
	x, f, job := r.explorer, r.e.cfg.Frontier, r.job.ID
	began := time.Now()
	if began.Before(x.fresh) {
		return nil
	}
	defer func() { x.fresh = time.Now().Add(max(freshFor, freshness*time.Since(began))) }()
	var done int64
	for _, t := range x.spaces {
		since, far := t.since(began)
		k, err := f.Known(ctx, job, t.number, since)
		if err != nil {
			return err
		}
		x.mu.Lock()
		if far {
			t.far, t.farther = k.Now, began.Add(lookFarBy)
		}
		unlearned := t.learn(k)
		r.sayCircuit(ctx, t, k.Circuit)
		why := ""
		if !t.circuit.Open() {
			why = t.model.Dark()
		}
		done += t.model.Total().Done
		x.mu.Unlock()
		if unlearned {
			// What walks go by is learned now and then; the table is not read more often.
			steps, err := f.Steps(ctx, job, t.number)
			if err != nil {
				return err
			}
			x.mu.Lock()
			for at, trial := range steps {
				t.model.SetStep(at, trial)
			}
			t.model.Learn()
			x.mu.Unlock()
		}
		if why == "" {
			continue
		}
		if _, err := f.OpenCircuit(ctx, job, t.number, why); err != nil {
			return err
		}
		x.mu.Lock()
		r.sayCircuit(ctx, t, frontier.Circuit{Space: t.number, Reason: why, OpenedAt: k.Now})
		x.mu.Unlock()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answers, x.own = done, 0
	return nil
}

// since is the time from which on blocks are to be read, and whether that goes far
// back.
func (t *territory) since(now time.Time) (since time.Time, far bool) {
	switch {
	case t.last.IsZero():
		return time.Time{}, true
	case now.After(t.farther):
		return t.far.Add(-lookBack), true
	}
	return t.last.Add(-glance), false
}

// learn brings a model up to date, and reports whether it is time to take in the
// table of steps.
func (t *territory) learn(k frontier.Knowledge) bool {
	for block, s := range k.Blocks {
		t.model.SetBlock(block, s)
	}
	// What was answered before this worker came, or before the circuit was
	// closed, is not looked at again.
	if t.last.IsZero() || !k.Circuit.ClosedAt.Equal(t.circuit.ClosedAt) {
		t.model.Rearm()
	}
	answers := t.model.Total().Done
	n := int(answers - t.answers)
	t.last, t.answers = k.Now, answers
	return t.model.Answered(n)
}

// sayCircuit keeps a space's circuit, and says when it changed.
func (r *runner) sayCircuit(ctx context.Context, t *territory, now frontier.Circuit) {
	was := t.circuit.Open()
	t.circuit = now
	switch {
	case now.Open() && !was:
		r.log.WarnContext(ctx, "exploring stops: `seine resume` goes on", "space", t.name(), "err", now.Reason)
	case was && !now.Open():
		r.log.InfoContext(ctx, "exploring goes on", "space", t.name())
	}
}

// name is a space's first id and its last one.
func (t *territory) name() string { return t.At(0) + " to " + t.At(t.Len()-1) }

// stopped is the circuit that is open, if any.
func (x *explorer) stopped() (c frontier.Circuit, open bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, t := range x.spaces {
		if t.circuit.Open() {
			return t.circuit, true
		}
	}
	return c, false
}

func (x *explorer) end() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.exhausted = true
}

func (x *explorer) over() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.exhausted || x.worthless
}

// why is what ended exploring beside its having come to its end: nil, ErrLimit or
// ErrDark.
func (x *explorer) why() error {
	if x == nil {
		return nil
	}
	if c, open := x.stopped(); open {
		return fmt.Errorf("%w: %s: `seine resume` goes on", ErrDark, c.Reason)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.worthless {
		return ErrLimit
	}
	return nil
}

// A space may be called not worth it from so many answers on; it is looked at
// each time that so many more came in.
const (
	judged     = 500
	judgeEvery = 50
)

// worth is what the best block promises that is not stopped.
func (x *explorer) worth() (best float64) {
	for _, t := range x.spaces {
		if !t.circuit.Open() {
			_, b := t.model.Map(1)
			best = max(best, b)
		}
	}
	return best
}
