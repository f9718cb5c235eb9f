package pgfrontier

import (
	"math/rand/v2"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// floors are hints that let a statement step over dead index entries, which are
// many as long as an old transaction keeps the server from removing them.
type floors struct {
	// at is, for each priority, the first next_at that the last claim saw, less
	// a second. Nothing may hide behind one: what makes a lane claimable lifts
	// its next_at to now. Every sweepEvery they go back.
	at    [4]time.Time
	swept time.Time

	// low is, for lanes that had more than was taken, where that ended. A task
	// that comes back with an older seq waits at most lowFor behind others of
	// its priority: sqlTake reads a lane from its beginning before it calls it
	// empty.
	low map[int32]low

	// yield is how many tasks a lane gave to the last claims; 0: not known.
	yield float64
}

// low says that a worker has taken the lane's tasks of a priority below seq.
type low struct {
	prio  int16
	seq   int64
	until time.Time
}

// retryFloor is the same for retries: the first run_at that was last made
// ready, less a second.
type retryFloor struct{ at, swept time.Time }

const (
	sweepEvery = 10 * time.Second
	lowFor     = 5 * time.Minute
)

var longAgo = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// floorsFor returns a job's floors; f.mu is held. A clock of the caller's own
// has none.
func (f *Frontier) floorsFor(job frontier.JobID) *floors {
	fl := f.floors[job]
	if fl == nil {
		fl = &floors{}
		f.floors[job] = fl
	}
	if time.Since(fl.swept) > sweepEvery || f.clock != nil {
		fl.at, fl.swept = [4]time.Time{longAgo, longAgo, longAgo, longAgo}, time.Now()
	}
	if fl.low == nil || f.clock != nil || len(fl.low) > maxLanes {
		fl.low = map[int32]low{}
	}
	return fl
}

func (f *Frontier) floorsOf(job frontier.JobID) [4]time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.floorsFor(job).at
}

func (f *Frontier) raiseFloors(job frontier.JobID, first [4]time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := f.floorsFor(job)
	for p, at := range first {
		if !at.IsZero() {
			fl.at[p] = at.Add(-time.Second)
		}
	}
}

// lowsOf returns the hints of lanes as sqlTake takes them; a seq of 0 is none.
func (f *Frontier) lowsOf(job frontier.JobID, lanes []int32) (prios []int16, seqs []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := f.floorsFor(job)
	for _, id := range lanes {
		l := fl.low[id]
		if time.Now().After(l.until) {
			l = low{}
			delete(fl.low, id)
		}
		prios, seqs = append(prios, l.prio), append(seqs, l.seq)
	}
	return prios, seqs
}

// lanesFor is how many lanes a claim of n tasks is likely to need.
func (f *Frontier) lanesFor(job frontier.JobID, n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	per := f.floorsFor(job).yield
	if per == 0 {
		per = float64(n)
	}
	return min(n, max(1, int(float64(n)/max(per, 1)+0.999)))
}

// learn keeps a moving mean of what one lane gave to a claim, and where in each
// lane the claim ended.
func (f *Frontier) learn(job frontier.JobID, lanes, rooms []int32, taken []frontier.Claimed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := f.floorsFor(job)
	got := float64(len(taken)) / float64(len(lanes))
	if fl.yield == 0 {
		fl.yield = got
	}
	fl.yield = 0.8*fl.yield + 0.2*got
	type end struct {
		n int32
		low
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
			if e.until = fl.low[id].until; e.until.IsZero() {
				// Spread out, so that the lanes are not read anew all at once.
				e.until = time.Now().Add(lowFor/2 + rand.N(lowFor/2))
			}
			fl.low[id] = e.low
		} else {
			delete(fl.low, id)
		}
	}
}

func (f *Frontier) retryFloor() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.retries.swept) > sweepEvery || f.clock != nil {
		f.retries = retryFloor{longAgo, time.Now()}
	}
	return f.retries.at
}

func (f *Frontier) raiseRetryFloor(first time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.retries.at = first.Add(-time.Second)
}
