package engine

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
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
	ids    []seine.IDSpace // of spaces, in their order

	looking sync.Mutex // held by who brings the model up to date

	mu        sync.Mutex
	rand      *rand.Rand
	spaces    []*territory
	answers   int64  // of all spaces, as of the last look
	elsewhere int64  // answers of spaces that the job does not have any more
	left      int64  // ids that the budget pays for beside those that are open, as of the last look
	spare     int64  // of them those that this worker may still admit
	chosen    int64  // ids in all, by this worker,
	settled   int64  // and those that are admitted or given up
	stepping  int64  // those of the batch that is being committed
	exhausted bool   // nothing more is to be chosen
	seeking   bool   // nothing was found to be chosen, and not all was looked at yet
	refused   int    // how often in a row what was chosen was not admitted
	worthless string // why nothing more is worth it, by the limit
	judgedAt  int64  // the answers when that was looked at

	unseen   int64     // answers of this worker since the last look
	fresh    time.Time // when the model is to be brought up to date again
	measured time.Time // when spare was last read
	lookedAt time.Time // when elsewhere was
	filled   time.Time // when slots were last filled beside others' tasks
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

	kept   time.Time // when its watch was last written
	barren int64     // the answers without a wanted one at which that is said next

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
func newExplorer(job *Job, seed uint64) *explorer {
	spaces := Spaces(&job.Job)
	if len(spaces) == 0 {
		return nil
	}
	if seed == 0 {
		seed = rand.Uint64()
	}
	x := &explorer{random: job.Explore.Strategy == seine.StrategyRandom, ids: job.Seeds.IDs, rand: rand.New(rand.NewPCG(seed, uint64(job.ID)))}
	for _, s := range spaces {
		x.spaces = append(x.spaces, &territory{IDSpace: s.IDSpace, number: s.Number, model: s.Model, barren: Barren})
	}
	return x
}

// find is the space that an id is in.
func (x *explorer) find(key string) (t *territory, pos int64) {
	i, pos := frontier.Locate(x.ids, key)
	if i < 0 {
		return nil, 0
	}
	return x.spaces[i], pos
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
// for no more than a twentieth of the time, unless so many answers came of this
// worker alone since: where looks take long, it would choose by what is long past.
const (
	freshFor  = 100 * time.Millisecond
	freshness = 20
	behind    = 256

	// fillEvery is how often slots that others' tasks leave free are filled.
	fillEvery = 100 * time.Millisecond

	// keepEvery is how often it is written where a space was last as it should be.
	keepEvery = time.Second
)

// refresh takes in what was written since the last look, and stops a space whose
// site went dark; no more often than is good for the database, or else if it must.
func (r *runner) refresh(ctx context.Context, must bool) error {
	x, f, job := r.explorer, r.e.cfg.Frontier, r.job.ID
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
	if err := r.lookElsewhere(ctx); err != nil {
		return err
	}
	defer func() { x.fresh = time.Now().Add(max(freshFor, freshness*time.Since(began))) }()
	var done int64
	for _, t := range x.spaces {
		since, far := t.since(began)
		k, err := f.Known(ctx, job, t.number, since)
		if err != nil {
			return err
		}
		var unsettled map[int64]explore.Sums
		first := t.last.IsZero()
		if first && !k.Watch.At.IsZero() {
			since := k.Watch.At
			if k.Circuit.ClosedAt.After(since) {
				since = k.Circuit.ClosedAt
			}
			if unsettled, err = f.Blocks(ctx, job, t.number, since); err != nil {
				return err
			}
		}
		x.mu.Lock()
		if far {
			t.far, t.farther = k.Now, began.Add(lookFarBy)
		}
		unlearned := t.learn(k, unsettled)
		r.sayCircuit(ctx, t, k.Circuit)
		why := ""
		if !t.circuit.Open() {
			why = t.model.Dark(k.Now)
		}
		keep := !t.circuit.Open() && (first || t.model.Moved(k.Watch) && began.Sub(t.kept) > keepEvery)
		watch, closed := t.model.Watched(), t.circuit.ClosedAt
		if keep {
			t.kept = began
		}
		r.sayBarren(ctx, t)
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
		if keep && watch != k.Watch {
			if err := f.Watched(ctx, job, t.number, closed, watch); err != nil {
				return err
			}
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
	x.answers = done
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
// table of steps. unsettled are the blocks that were answered in since the space
// was last as it should be, of a first look.
func (t *territory) learn(k frontier.Knowledge, unsettled map[int64]explore.Sums) bool {
	for block, s := range k.Blocks {
		t.model.SetBlock(block, s)
	}
	// What was answered before the circuit was closed is not looked at again.
	begins := t.last.IsZero() || !k.Circuit.ClosedAt.Equal(t.circuit.ClosedAt)
	switch {
	case begins && !k.Watch.At.IsZero():
		t.model.Resume(k.Watch, k.Circuit.ClosedAt, slices.Collect(maps.Keys(unsettled)), k.Now)
	case begins:
		t.model.Rearm(k.Now)
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

// Barren is how many answers without a wanted one are said to be strange: of a
// site that never gave anything the circuit expects nothing.
const Barren = 1000

// sayBarren says that nothing was found yet, and again at ten times as much.
func (r *runner) sayBarren(ctx context.Context, t *territory) {
	s := t.model.Total()
	if s.Done < t.barren || s.ProbeHits+s.WalkHits+s.Wanted > 0 {
		return
	}
	for t.barren <= s.Done {
		t.barren *= 10
	}
	r.log.WarnContext(ctx, "nothing was wanted so far: are the verdict and explore.hit right?", "space", t.name(), "answers", s.Done)
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
	return x.exhausted || x.worthless != ""
}

// rest forgets that ids were looked at in vain: something else may come first now.
func (x *explorer) rest() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seeking = false
}

// goesOn reports whether ids were looked at in vain, and others are to be looked at at
// once.
func (x *explorer) goesOn() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.seeking
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
	if x.worthless != "" {
		return fmt.Errorf("%w: %s", ErrLimit, x.worthless)
	}
	return nil
}

// A space may be called not worth it from so many answers on; it is looked at
// each time that so many more came in.
const (
	judged     = 500
	judgeEvery = 50
)

// NotWorthIt says why no block of spaces promises so much as least, as far as is
// known now. Empty: one does, nothing is left, or too little was answered to tell.
func NotWorthIt(models []*explore.Forager, answers int64, least float64) string {
	if least <= 0 || answers < judged {
		return ""
	}
	var best, most float64
	over := true
	for _, m := range models {
		b, u := m.Promise()
		best, most = max(best, b), max(most, u)
		over = over && m.Over()
	}
	if over || most >= least {
		return ""
	}
	return fmt.Sprintf("the best block promises %.3f hits by answer, at most %.3f; limit.yield is %g", best, most, least)
}

// poor is why nothing that is not stopped is worth it.
func (x *explorer) poor(least float64) string {
	var models []*explore.Forager
	for _, t := range x.spaces {
		if !t.circuit.Open() {
			models = append(models, t.model)
		}
	}
	return NotWorthIt(models, x.answers, least)
}
