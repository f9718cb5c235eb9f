package pgfrontier

import (
	"math/rand/v2"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// scanHints let a statement skip dead index entries. An old transaction keeps the server from
// removing them, so they can be many.
type scanHints struct {
	// at is, per priority, the first next_at that the last claim saw, less a second. No claimable
	// lane is due before it, because every change that makes a lane claimable raises its next_at to
	// now. The hints are reset every resetEvery.
	at    [4]time.Time
	reset time.Time

	// ends is, for a lane that had more tasks than a claim took, the end of that claim. A requeued
	// task with an older seq waits at most endFor behind others of its priority: sqlTake reads a
	// lane from its beginning before it parks the lane.
	ends map[int32]laneEnd

	// yield is the mean number of tasks that a lane gave to the last claims. Zero means unknown.
	yield float64
}

// laneEnd means that this worker took the lane's ready tasks of a priority below seq.
type laneEnd struct {
	prio  int16
	seq   int64
	until time.Time
}

// retryHint is the same for retries: the first run_at of the last promotion, less a second.
type retryHint struct{ at, reset time.Time }

const (
	resetEvery = 10 * time.Second
	endFor     = 5 * time.Minute

	// yieldWeight is the weight of the last claim in the mean of scanHints.yield.
	yieldWeight = 0.2
)

// longAgo is before every time in a frontier.
var longAgo = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// hintsFor returns a job's hints. The caller holds f.mu. With a clock of the caller's own there are
// no hints.
func (f *Frontier) hintsFor(job frontier.JobID) *scanHints {
	h := f.hints[job]
	if h == nil {
		h = &scanHints{}
		f.hints[job] = h
	}
	if time.Since(h.reset) > resetEvery || f.clock != nil {
		h.at, h.reset = [4]time.Time{longAgo, longAgo, longAgo, longAgo}, time.Now()
	}
	if h.ends == nil || f.clock != nil || len(h.ends) > maxLanes {
		h.ends = map[int32]laneEnd{}
	}
	return h
}

// dueHints returns the first next_at per priority.
func (f *Frontier) dueHints(job frontier.JobID) [4]time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hintsFor(job).at
}

// raiseDueHints records the first next_at that a claim saw. A zero time changes nothing.
func (f *Frontier) raiseDueHints(job frontier.JobID, first [4]time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.hintsFor(job)
	for prio, at := range first {
		if !at.IsZero() {
			h.at[prio] = at.Add(-time.Second)
		}
	}
}

// endHints returns the ends of lanes as sqlTake takes them. A seq of 0 is no hint.
func (f *Frontier) endHints(job frontier.JobID, lanes []int32) (prios []int16, seqs []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.hintsFor(job)
	for _, id := range lanes {
		e := h.ends[id]
		if time.Now().After(e.until) {
			e = laneEnd{}
			delete(h.ends, id)
		}
		prios, seqs = append(prios, e.prio), append(seqs, e.seq)
	}
	return prios, seqs
}

// allEndHints returns the ends of all lanes.
func (f *Frontier) allEndHints(job frontier.JobID) (lanes []int32, prios []int16, seqs []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, e := range f.hintsFor(job).ends {
		if time.Now().Before(e.until) {
			lanes, prios, seqs = append(lanes, id), append(prios, e.prio), append(seqs, e.seq)
		}
	}
	return lanes, prios, seqs
}

// lanesFor returns the number of lanes that a claim of n tasks probably needs.
func (f *Frontier) lanesFor(job frontier.JobID, n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	per := f.hintsFor(job).yield
	if per == 0 {
		per = float64(n)
	}
	return min(n, max(1, int(float64(n)/max(per, 1)+0.999)))
}

// learn updates the yield of a lane and the end of the claim in each lane.
func (f *Frontier) learn(job frontier.JobID, lanes, rooms []int32, taken []frontier.Claimed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.hintsFor(job)
	got := float64(len(taken)) / float64(len(lanes))
	if h.yield == 0 {
		h.yield = got
	}
	h.yield = (1-yieldWeight)*h.yield + yieldWeight*got
	type end struct {
		n int32
		laneEnd
	}
	ends := make(map[int32]end, len(lanes))
	for _, c := range taken {
		e, prio := ends[int32(c.Lane)], int16(c.Priority)
		if e.n == 0 || prio > e.prio {
			e.prio, e.seq = prio, c.Seq+1
		} else if prio == e.prio {
			e.seq = max(e.seq, c.Seq+1)
		}
		e.n++
		ends[int32(c.Lane)] = e
	}
	for i, id := range lanes {
		if e := ends[id]; e.n > 0 && e.n == rooms[i] {
			if e.until = h.ends[id].until; e.until.IsZero() {
				// A drawn end spreads the full reads of the lanes over time.
				e.until = time.Now().Add(endFor/2 + rand.N(endFor/2))
			}
			h.ends[id] = e.laneEnd
		} else {
			delete(h.ends, id)
		}
	}
}

// retryFrom returns the time before which no retry waits.
func (f *Frontier) retryFrom() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.retries.reset) > resetEvery || f.clock != nil {
		f.retries = retryHint{longAgo, time.Now()}
	}
	return f.retries.at
}

func (f *Frontier) raiseRetryHint(first time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.retries.at = first.Add(-time.Second)
}
