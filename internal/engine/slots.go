package engine

import (
	"context"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
)

// slots limits the tasks of a job. held counts tasks that are claimed and not yet committed,
// running counts tasks that run. A job without a pace holds more tasks than it runs, because claims
// ahead take no start from other workers. Only the producer takes slots of held.
type slots struct {
	held, running chan struct{}
	paced         bool

	// changed ends an idle wait: a result was committed, or retries became ready.
	changed chan struct{}
}

// aheadOf is the ratio of held to running slots of a job without a pace.
const aheadOf = 4

func newSlots(job *seine.Job) *slots {
	held := job.Concurrency
	if derived.Unpaced(job.Pace) {
		held *= aheadOf
	}
	return &slots{
		held: make(chan struct{}, held), running: make(chan struct{}, job.Concurrency), paced: !derived.Unpaced(job.Pace),
		changed: make(chan struct{}, 1),
	}
}

// await waits until a slot is free and reports whether ctx is still live.
func (s *slots) await(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case s.held <- struct{}{}:
		<-s.held
	}
	return ctx.Err() == nil
}

// free returns the number of free slots.
func (s *slots) free() int { return cap(s.held) - len(s.held) }

// take takes n free slots.
func (s *slots) take(n int) {
	for range n {
		s.held <- struct{}{}
	}
}

// give frees n slots.
func (s *slots) give(n int) {
	for range n {
		<-s.held
	}
}

// unfilled returns the number of IDs that may be explored beside the held tasks. A paced host takes
// one at a time, because the next choice is better with its answer. Otherwise twice as many tasks
// are in flight as run: while one is requested, the answer of another is stored.
func (s *slots) unfilled() int {
	if s.paced {
		return 1
	}
	return min(2*cap(s.running), cap(s.held)) - len(s.held)
}

// pause waits until something changed, at most for most, and reports whether ctx is still live.
func (s *slots) pause(ctx context.Context, most time.Duration) bool {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-s.changed:
	}
	return ctx.Err() == nil
}

func (s *slots) wakeUp() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}
