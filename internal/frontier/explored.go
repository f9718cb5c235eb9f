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

// Explored is the contribution of an answer to the statistics of an ID space. Space is the number
// of the space.
type Explored struct {
	Space int
	explore.Observation
}

// Mark records what the earlier attempts of a returned task did, so that a later attempt does not
// repeat it.
type Mark int8

// A local search continued past the task (Passed). The answer was also counted as a miss (Counted)
// or as a hit (Known). After Known nothing is left to count.
const (
	Unmarked Mark = iota
	Passed
	Counted
	Known
)

// MarkOf returns the mark of a requeued task that had ended in a state.
func MarkOf(ended seine.State) Mark {
	switch ended {
	case seine.Done:
		return Known
	case seine.Skipped:
		return Counted
	case seine.Error, seine.Stale:
		return Passed
	case seine.Pending, seine.InProgress:
	}
	return Unmarked
}

// Circuit is the circuit breaker of a space. An open circuit stops the space for every worker,
// because its answers differed from the expectation.
type Circuit struct {
	Space    int
	Reason   string
	OpenedAt time.Time
	ClosedAt time.Time // zero means open
}

// Open reports whether the space is stopped.
func (c Circuit) Open() bool { return !c.OpenedAt.IsZero() && c.ClosedAt.IsZero() }

// Knowledge is the state of a space in a frontier.
type Knowledge struct {
	Now     time.Time // by the frontier's clock, before the other reads
	Blocks  map[int64]explore.Sums
	Circuit Circuit

	// Watch is the last time the space behaved as expected. Doubt, Done and Errors are at least
	// their values at the end of the circuit. The zero value means that no worker has reported
	// since the last recount.
	Watch explore.Watch
}

// SpaceNumber returns the number of a space. Spaces that differ in the start of their blocks or in
// the spelling of their IDs have different numbers. A growing space keeps its number while its
// block size stays.
func SpaceNumber(s *seine.IDSpace, model *explore.Forager) int {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%d %d %d %q %q %q %q %d", s.From, max(s.Step, 1), s.Width, s.Prefix, s.Alphabet, s.Check, s.Date, model.Shift())
	return int(h.Sum32() & math.MaxInt32)
}

// IdleState tells a worker with free slots what to do next.
type IdleState struct {
	// Idle means that tasks of the job could be claimed and none is ready. In a job without a pace
	// it means that at most half of the shards have a ready task. It is the time to explore.
	Idle bool

	// Due means that a task may be claimed after Wait: see [Queue.Due].
	Due  bool
	Wait time.Duration
}

// BlockSums is the change of a block's row in one transaction.
type BlockSums struct {
	Space int
	Block int64
	explore.Sums
}

// StepTrials is the change of a step's row in one transaction, for all of its answers.
type StepTrials struct {
	Space int
	explore.Step
	explore.Trial
}

// SumExplored sums the answers of a batch, in the order in which every transaction locks the rows.
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

// Recounted sums the answers of a recount.
type Recounted struct {
	blocks map[BlockSums]explore.Sums // by space and block
	steps  map[StepTrials]explore.Trial
}

// Add adds an answer.
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

// Rows returns the rows to write.
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

// Slot returns the row of the table of steps that the lease writes.
func (l Lease) Slot() int { return int(uint64(l.Token) % explore.Slots) }
