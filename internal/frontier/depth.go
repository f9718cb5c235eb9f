package frontier

import (
	"time"

	"github.com/seinehq/seine"
)

// Depth is what waits in a job, for those who look every few seconds. It comes
// from counters and from reads of a bounded number of rows: it costs the same
// with ten thousand open tasks or ten million.
type Depth struct {
	Counts
	Paused bool

	// States splits all tasks by state. They sum up to Total. Beyond SampleRows tasks that
	// wait for a retry, how these divide is estimated.
	States map[seine.State]int64

	// Oldest is for how long the task that waits longest could have been
	// claimed; zero when none may be.
	Oldest time.Duration

	// Lanes is the number of paced lanes with something ready, and Busy how
	// many of them are asked as often as their pace allows. At most LaneRows
	// lanes are looked at.
	Lanes, Busy int64

	// Reasons are those of ended tasks, the most frequent first, at most 20.
	Reasons []ReasonCount

	// Workers is the number of sessions with a live lease, of all jobs.
	Workers int64
}

// The most rows that a Depth is read from.
const (
	SampleRows = 1000
	LaneRows   = 10_000
)

// BusyWithin is how long a lane may be due and count as busy: about one poll.
const BusyWithin = time.Second

// Ready is the number of tasks that workers could have: those that are pending,
// unless the job is paused.
func (d *Depth) Ready() int64 {
	if d.Paused {
		return 0
	}
	return d.States[seine.Pending]
}

// Sample is a bounded look at the queue: the tasks that wait for a retry among
// the first SampleRows of all jobs. Full says that there are more; then Ready is the
// job's ready tasks, up to SampleRows.
type Sample struct {
	Error, Stale int64
	Full         bool
	Ready        int64
}

// Split is States by a sample in place of a count.
func (c *Counts) Split(inProgress int64, s Sample) map[seine.State]int64 {
	waitError, waitStale := s.Error, s.Stale
	if s.Full && s.Ready < SampleRows {
		// What is neither in progress nor ready waits: the sample says only of what.
		waits := max(waitError+waitStale, c.Open-inProgress-s.Ready)
		share := 1.0
		if seen := waitError + waitStale; seen > 0 {
			share = float64(waitError) / float64(seen)
		}
		waitError = int64(share * float64(waits))
		waitStale = waits - waitError
	}
	// The counters and the queue are not read at one moment.
	inProgress = min(inProgress, max(0, c.Open))
	waitError = min(waitError, max(0, c.Open-inProgress))
	waitStale = min(waitStale, max(0, c.Open-inProgress-waitError))
	return c.States(inProgress, waitError, waitStale)
}
