package frontier

import (
	"cmp"
	"context"
	"slices"
	"time"

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
// as well (Counted).
const (
	Unmarked Mark = iota
	Passed
	Counted
)

// Explorer is the part of a frontier that keeps what is known of ID spaces.
type Explorer interface {
	// Dry reports whether tasks of the job could be claimed, and none is ready:
	// the time to explore.
	Dry(ctx context.Context, job JobID) (bool, error)

	// Explore admits tasks in a space if the job is still dry, one worker at a
	// time; the others do not wait for it and admit nothing. It returns how many
	// were new.
	Explore(ctx context.Context, job JobID, space int, tasks []New) (int, error)

	// Blocks lists the sums that were written since a time of the frontier's
	// clock, and Steps the table of steps, summed over its writers.
	Blocks(ctx context.Context, job JobID, space int, since time.Time) (map[int64]explore.Sums, error)
	Steps(ctx context.Context, job JobID, space int) (map[explore.Step]explore.Trial, error)
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
	Trials, Hits int
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
		if a.Trials > 0 {
			i := slices.IndexFunc(steps, func(s StepTrials) bool { return s.Space == a.Space && s.Step == a.Step })
			if i < 0 {
				i, steps = len(steps), append(steps, StepTrials{Space: a.Space, Step: a.Step})
			}
			steps[i].Trials, steps[i].Hits = steps[i].Trials+a.Trials, steps[i].Hits+a.Hits
		}
	}
	slices.SortFunc(blocks, func(a, b BlockSums) int { return cmp.Or(cmp.Compare(a.Space, b.Space), cmp.Compare(a.Block, b.Block)) })
	slices.SortFunc(steps, func(a, b StepTrials) int {
		return cmp.Or(cmp.Compare(a.Space, b.Space), cmp.Compare(a.Context, b.Context), cmp.Compare(a.M, b.M))
	})
	return blocks, steps
}

// Slot is the writer's row of the table of steps: that of its lease.
func (l Lease) Slot() int { return int(uint64(l.Token) % explore.Slots) }
