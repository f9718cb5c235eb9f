package frontier

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
)

// Explored is what an answer adds to what is known of an ID space, the Space-th
// of its job.
type Explored struct {
	Space int
	explore.Observation
}

// Mark says of a task that was given back what its attempts did already, so that
// a further one does not do it again.
type Mark int8

// An excursion went on past the task (Passed); the answer was counted as a miss
// as well (Counted), or as a hit (Known): then nothing is left to be said of it.
const (
	Unmarked Mark = iota
	Passed
	Counted
	Known
)

// MarkOf is the mark of a task that is sent back after it ended.
func MarkOf(ended seine.State) Mark {
	switch ended {
	case seine.Done:
		return Known
	case seine.Skipped, seine.Stale:
		return Counted
	case seine.Error:
		return Passed
	case seine.Pending, seine.InProgress:
	}
	return Unmarked
}

// Circuit says that a space was stopped, for every worker, because its answers
// were not what they had been.
type Circuit struct {
	Space    int
	Reason   string
	OpenedAt time.Time
	ClosedAt time.Time // zero: it is open
}

// Open reports whether the space is stopped.
func (c Circuit) Open() bool { return !c.OpenedAt.IsZero() && c.ClosedAt.IsZero() }

// Knowledge is what a frontier holds of a space.
type Knowledge struct {
	Now     time.Time // of the frontier's clock, before the rest was read
	Blocks  map[int64]explore.Sums
	Circuit Circuit

	// Watch is where the space was last as it should be, but Doubt, Done and Errors at
	// least what they were when its circuit was closed; its zero value: nobody has
	// said so, or not since it was recounted.
	Watch explore.Watch
}

// SpaceNumber numbers a space of a job: of two that differ in where a block
// begins, or in how their ids are written, the numbers differ. A space that
// grows keeps its number as long as its blocks stay as large.
func SpaceNumber(s *seine.IDSpace, model *explore.Forager) int {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%d %d %d %q %q %q %q %d", s.From, max(s.Step, 1), s.Width, s.Prefix, s.Alphabet, s.Check, s.Date, model.Shift())
	return int(h.Sum32() & math.MaxInt32)
}

// IdleState tells a worker with free slots what to do next.
type IdleState struct {
	// Idle means that tasks of the job could be claimed and none is ready. In a job without a pace it
	// means that at most half of the shards have a ready task. It is the time to explore.
	Idle bool

	// Due means that a task may be claimed after Wait: see [Queue.Due].
	Due  bool
	Wait time.Duration
}

// BlockSums is the row of a block that a transaction adds to.
type BlockSums struct {
	Space int
	Block int64
	explore.Sums
}

// StepTrials is the row of a step that a transaction adds to, at once for all of
// its answers.
type StepTrials struct {
	Space int
	explore.Step
	explore.Trial
}

// SumExplored puts the answers of a batch together, in the order in which every
// transaction locks their rows.
func SumExplored(answers []*Explored) ([]BlockSums, []StepTrials) {
	var (
		blocks []BlockSums
		steps  []StepTrials
	)
	for _, a := range answers {
		if a == nil {
			continue
		}
		if a.Sums != (explore.Sums{}) {
			i := slices.IndexFunc(blocks, func(b BlockSums) bool { return b.Space == a.Space && b.Block == a.Block })
			if i < 0 {
				i, blocks = len(blocks), append(blocks, BlockSums{Space: a.Space, Block: a.Block})
			}
			blocks[i].Sums = blocks[i].Add(a.Sums)
		}
		add := func(at explore.Step, t explore.Trial) {
			i := slices.IndexFunc(steps, func(s StepTrials) bool { return s.Space == a.Space && s.Step == at })
			if i < 0 {
				i, steps = len(steps), append(steps, StepTrials{Space: a.Space, Step: at})
			}
			steps[i].Trials, steps[i].Hits = steps[i].Trials+t.Trials, steps[i].Hits+t.Hits
		}
		if a.Trials > 0 {
			add(a.Step, explore.Trial{Trials: float64(a.Trials), Hits: float64(a.Hits)})
		}
		if a.Answers > 0 {
			add(explore.Recent, explore.Trial{Trials: float64(a.Answers), Hits: float64(a.Found)})
		}
	}
	sortRows(blocks, steps)
	return blocks, steps
}

func sortRows(blocks []BlockSums, steps []StepTrials) {
	slices.SortFunc(blocks, func(a, b BlockSums) int { return cmp.Or(cmp.Compare(a.Space, b.Space), cmp.Compare(a.Block, b.Block)) })
	slices.SortFunc(steps, func(a, b StepTrials) int {
		return cmp.Or(cmp.Compare(a.Space, b.Space), cmp.Compare(a.Context, b.Context), cmp.Compare(a.M, b.M))
	})
}

// Recounted adds up what many answers say, for a recount.
type Recounted struct {
	blocks map[BlockSums]explore.Sums // by space and block
	steps  map[StepTrials]explore.Trial
}

// Add takes in an answer.
func (r *Recounted) Add(a *Explored) {
	if a == nil {
		return
	}
	if r.blocks == nil {
		r.blocks, r.steps = map[BlockSums]explore.Sums{}, map[StepTrials]explore.Trial{}
	}
	at := BlockSums{Space: a.Space, Block: a.Block}
	r.blocks[at] = r.blocks[at].Add(a.Sums)
	if a.Trials > 0 {
		at := StepTrials{Space: a.Space, Step: a.Step}
		t := r.steps[at]
		r.steps[at] = explore.Trial{Trials: t.Trials + float64(a.Trials), Hits: t.Hits + float64(a.Hits)}
	}
}

// Rows are what is written of it.
func (r *Recounted) Rows() (blocks []BlockSums, steps []StepTrials) {
	for at, s := range r.blocks {
		at.Sums = s
		blocks = append(blocks, at)
	}
	for at, t := range r.steps {
		at.Trial = t.Bounded(at.Step)
		steps = append(steps, at)
	}
	sortRows(blocks, steps)
	return blocks, steps
}

// Slot is the writer's row of the table of steps: that of its lease.
func (l Lease) Slot() int { return int(uint64(l.Token) % explore.Slots) }
