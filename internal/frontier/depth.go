package frontier

import (
	"time"

	"github.com/seinehq/seine"
)

// Depth measures the open tasks of a job, for callers that ask every few seconds. It uses counters
// and a bounded number of rows, so its cost does not depend on the number of open tasks.
type Depth struct {
	Counts
	Paused bool

	// States splits all tasks by state. The values sum up to Total. With more than SampleRows
	// waiting tasks, the split of the waiting tasks is an estimate.
	States map[seine.State]int64

	// Delayed counts the pending tasks that wait for their time.
	Delayed int64

	// Oldest is the age of the oldest due task, zero if none is due. A task is due if it is ready
	// and its lane has been claimable for longer than BusyWithin. Without a pace BusyWithin does
	// not apply. The age of a requeued task begins when its lane was last claimable, because the
	// frontier does not store the time of the requeue. Only the OldestLanes lanes that have been
	// due the longest count, so with more lanes the value is a lower bound.
	Oldest time.Duration

	// Lanes counts the paced lanes with a ready task among the first LaneRows. Busy counts those
	// lanes that run at their pace.
	Lanes, Busy int64

	// Reasons lists the reasons of ended tasks, the most frequent first, at most DepthReasons.
	Reasons []ReasonCount

	// Alarms counts the alarms of page kinds that changed. Quarantined counts the records that are
	// not part of the data set.
	Alarms, Quarantined int64

	// Workers counts the sessions with a live lease, over all jobs.
	Workers int64
}

// The largest numbers of rows that a Depth reads.
const (
	SampleRows  = 1000
	LaneRows    = 10_000
	OldestLanes = 256 // per priority
)

// BusyWithin is the time since when a busy lane may be due: about one poll.
const BusyWithin = time.Second

// Ready counts the tasks that wait only for a worker and their host's turn. It is zero while the
// job is paused. Tasks whose turn has not come count: otherwise the number would be zero if the
// workers keep up with the pace, and an autoscaler would remove them.
func (d *Depth) Ready() int64 {
	if d.Paused {
		return 0
	}
	return max(0, d.States[seine.Pending]-d.Delayed)
}

// Sample counts the waiting tasks among the first SampleRows of all jobs, by state. Full means that
// there are more. Ready is then the number of the job's ready tasks, at most SampleRows.
type Sample struct {
	Error, Stale, Pending int64
	Full                  bool
	Ready                 int64
}

// Add counts n waiting tasks of a state.
func (s *Sample) Add(state seine.State, n int64) {
	switch state {
	case seine.Error:
		s.Error += n
	case seine.Stale:
		s.Stale += n
	default:
		s.Pending += n
	}
}

// Split sets the states that the counters do not hold, from a sample.
func (d *Depth) Split(inProgress int64, s Sample) {
	if seen := s.Error + s.Stale + s.Pending; s.Full && s.Ready < SampleRows {
		// Every open task that is neither in progress nor ready waits. The sample gives only the
		// shares.
		waits := max(seen, d.Open-inProgress-s.Ready)
		if seen == 0 {
			s.Error = waits
		} else {
			share := float64(waits) / float64(seen)
			s.Stale, s.Pending = int64(share*float64(s.Stale)), int64(share*float64(s.Pending))
			s.Error = waits - s.Stale - s.Pending
		}
	}
	// The counters and the queue are read at different moments.
	left := max(0, d.Open)
	for _, n := range []*int64{&inProgress, &s.Error, &s.Stale, &s.Pending} {
		*n = min(*n, left)
		left -= *n
	}
	d.States, d.Delayed = d.Counts.States(inProgress, s.Error, s.Stale), s.Pending
}
