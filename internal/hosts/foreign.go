package hosts

import (
	"sync"
	"time"
)

// foreign records the unreachable hosts of redirects and assets, which are not the host of a task
// of this worker.
type foreign struct {
	mu     sync.Mutex
	byLane map[string]*unreachable
}

// unreachable is a host at fault.
type unreachable struct {
	faults int // in a row
	until  time.Time
	since  time.Time
}

// fault records a fault and returns the time since the first one in a row, and the rest of the
// host. If several tasks detect a fault together, one counts.
func (f *foreign) fault(lane string, now time.Time, restOf func(faults int) time.Duration) (away, rest time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byLane == nil || len(f.byLane) > maxHosts {
		f.byLane = map[string]*unreachable{}
	}
	u := f.byLane[lane]
	if u == nil {
		u = &unreachable{since: now}
		f.byLane[lane] = u
	}
	if !now.Before(u.until) {
		u.faults++
		u.until = now.Add(restOf(u.faults))
	}
	return now.Sub(u.since), u.until.Sub(now)
}

// reached records that a host answered.
func (f *foreign) reached(lane string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byLane, lane)
}
