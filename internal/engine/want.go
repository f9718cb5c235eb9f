package engine

import (
	"time"
)

// demand is everything that decides the size of the next claim.
type demand struct {
	// free is the number of free slots, held the number of used ones.
	free, held int

	// closed is the time until the job's hours begin. Zero means that they have begun.
	closed time.Duration

	// fits is the number of tasks that memory and CPU allow beside the held ones.
	fits int

	// room is the number of tasks that the limits leave. met means that finished tasks meet a
	// limit.
	room int
	met  bool
}

// reason is why a worker claims no task. It is empty if the worker claims.
type reason string

const (
	claims      reason = ""
	noSlot      reason = "every slot is in use"
	noHours     reason = "outside the job's hours"
	noResources reason = "short of memory or CPU"
	noRoom      reason = "tasks in flight may meet a limit"
	limitMet    reason = "a limit is met"
	idle        reason = "nothing is ready"
	noFrontier  reason = "the frontier is unreachable"
)

// The longest waits of a worker that claims nothing. Each ends early when a result is committed.
const (
	hoursLook = time.Minute // clocks may be set
	shareLook = time.Second // see pressure
	limitLook = 2 * time.Second
)

// want returns the number of tasks to claim. If it is zero, want returns the longest wait before
// the next look and the reason.
func want(d demand) (n int, wait time.Duration, why reason) {
	switch {
	case d.free <= 0:
		return 0, limitLook, noSlot
	case d.closed > 0:
		return 0, min(d.closed, hoursLook), noHours
	case d.fits <= 0:
		return 0, shareLook, noResources
	case d.met:
		return 0, limitLook, limitMet
	case d.room <= 0:
		return 0, limitLook, noRoom
	}
	return min(d.free, maxBatch, d.fits, d.room), 0, claims
}

// idler draws the waits between claims that return nothing.
type idler struct{ wait, brief time.Duration }

// The waits double from firstIdle to lastIdle. The brief waits double from firstBrief to firstIdle.
const (
	firstIdle  = 50 * time.Millisecond
	lastIdle   = 2 * time.Second
	firstBrief = 2 * time.Millisecond
)

func newIdler() *idler {
	i := &idler{}
	i.reset()
	return i
}

func (i *idler) reset() { i.wait, i.brief = firstIdle, firstBrief }

// next returns the next wait for a draw in [0, 1). The jitter separates workers that became idle
// together.
func (i *idler) next(draw float64) time.Duration {
	d := i.wait/2 + time.Duration(draw*float64(i.wait))
	i.wait = min(2*i.wait, lastIdle)
	return d
}

func (i *idler) short() time.Duration {
	i.brief = min(2*i.brief, firstIdle)
	return i.brief
}

// The replies of a distant frontier take so long that an assigned start may have passed. Claims
// then request starts that are that far ahead. A frontier that replies within leastLead needs no
// lead.
const (
	leastLead = 10 * time.Millisecond
	mostLead  = 2 * time.Second
)

// leadAfter returns the smoothed duration of claims after one more claim.
func leadAfter(lead, took time.Duration) time.Duration {
	if took = min(took, mostLead); lead == 0 {
		if took < leastLead {
			return 0
		}
		return took
	}
	if lead += (took - lead) / 4; lead < leastLead {
		return 0
	}
	return lead
}
