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

	// Delayed are pending tasks that wait for their time.
	Delayed int64

	// Oldest is how long ago the oldest task that is due was admitted: it is
	// ready, and its lane may be asked now and has been for longer than
	// BusyWithin, unless nothing limits that lane. Zero when none is. A task
	// that was sent back counts from when its lane could last be asked, as when
	// it came back is not kept. Of the lanes the OldestLanes that may be asked
	// for longest are looked at: with more of them it is the least it can be.
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
	SampleRows  = 1000
	LaneRows    = 10_000
	OldestLanes = 256 // of each priority
)

// BusyWithin is how long a lane may be due and count as busy: about one poll.
const BusyWithin = time.Second

// Ready is the number of tasks that wait for nothing but a worker and their host's
// turn, unless the job is paused. A count of those whose turn it is would be none
// just when enough workers keep up with the pace, and an autoscaler would take
// them away.
func (d *Depth) Ready() int64 {
	if d.Paused {
		return 0
	}
	return max(0, d.States[seine.Pending]-d.Delayed)
}

// Sample is a bounded look at the queue: the tasks that wait for their time among
// the first SampleRows of all jobs, by state. Full says that there are more; then Ready is the
// job's ready tasks, up to SampleRows.
type Sample struct {
	Error, Stale, Pending int64
	Full                  bool
	Ready                 int64
}

// Add takes in n tasks of a state that wait.
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

// Split fills in what the counters do not tell, by a sample in place of a count.
func (d *Depth) Split(inProgress int64, s Sample) {
	if seen := s.Error + s.Stale + s.Pending; s.Full && s.Ready < SampleRows {
		// What is neither in progress nor ready waits: the sample says only for what.
		waits := max(seen, d.Open-inProgress-s.Ready)
		if seen == 0 {
			s.Error = waits
		} else {
			share := float64(waits) / float64(seen)
			s.Stale, s.Pending = int64(share*float64(s.Stale)), int64(share*float64(s.Pending))
			s.Error = waits - s.Stale - s.Pending
		}
	}
	// The counters and the queue are not read at one moment.
	left := max(0, d.Open)
	for _, n := range []*int64{&inProgress, &s.Error, &s.Stale, &s.Pending} {
		*n = min(*n, left)
		left -= *n
	}
	d.States, d.Delayed = d.Counts.States(inProgress, s.Error, s.Stale), s.Pending
}
