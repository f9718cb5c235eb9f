package explore

import "math/rand/v2"

// Slots is the number of writers for which the table of steps is kept separately, so that two
// workers seldom write to one row.
const Slots = 16

// Observation is the change of the statistics by one answer. It is written in the transaction that
// ends the task.
type Observation struct {
	Block int64
	Sums  Sums

	// Trials and Hits count one Step. Both are 0 if the answer is no evidence.
	Step         Step
	Trials, Hits int

	// Answers counts the answers of a writer since its last report, and Found the wanted ones. Both
	// belong to [Recent].
	Answers, Found int
}

// Kind is the reason for a request.
type Kind int8

// An id was given (it was in the queue without exploring), probed, or the step
// of a local search.
const (
	Given Kind = iota
	Probed
	Stepped
)

// Observe returns the effect of an answer on its block and on the table of steps. walk is the local
// search of the step. again reports that the local search already continued past an earlier
// attempt, and counted that the attempt's ID counts as a miss. In that case a hit corrects the
// miss, and any other answer adds nothing.
func Observe(block int64, kind Kind, walk *LocalSearch, again, counted bool, a Answer) Observation {
	o := Observation{Block: block}
	hit := 0
	if a == Hit {
		hit = 1
	}
	switch {
	case a == Stale:
		o.Sums.Stale = 1
		return o
	case a == NoAnswer || counted && hit == 0:
		return o
	}
	fresh := int64(1)
	if counted {
		fresh = 0
	}
	o.Sums.Done = fresh
	switch kind {
	case Given:
	case Probed:
		o.Sums.Probes, o.Sums.ProbeHits = fresh, int64(hit)
		if a == Absent {
			o.Sums.Absent = 1
		}
		if !counted {
			o.Step, o.Trials, o.Hits = Probes, 1, hit
		}
	case Stepped:
		o.Sums.Walks, o.Sums.WalkHits = fresh, int64(hit)
		if !again {
			o.Step, o.Trials, o.Hits = walk.Step(), 1, hit
		}
	}
	return o
}

// Observe is [Observe] of a position, with the expectation for it.
func (f *Forager) Observe(pos int64, kind Kind, walk *LocalSearch, again, counted bool, a Answer) Observation {
	o := Observe(f.Block(pos), kind, walk, again, counted, a)
	if a == Hit || a == Missed {
		o.Sums.Newest = pos + 1
	}
	if kind == Probed && counted && o.Sums.Newest > f.tree.total().Newest {
		o.Sums.Absent = -1 // it was absent: no ID above the newest exists
	}
	if a != NoAnswer && !counted {
		o.Sums.StaleDoubt = f.staleDoubt(a == Stale)
	}
	if o.Trials > 0 {
		o.Sums.Expected = f.expected(pos, kind, walk)
		o.Sums.Doubt = doubt(o.Sums.Expected, a == Hit)
	}
	return o
}

// Follow returns the step after an answer: the first step of a local search after a probe that hit,
// else the next step of walk. ok is false if no step follows.
func (f *Forager) Follow(pos int64, walk *LocalSearch, again bool, a Answer, r *rand.Rand, known func(pos int64) Known) (next LocalSearch, ok bool) {
	switch {
	case walk == nil && a == Hit:
		return f.Next(Begin(pos), r, known)
	case walk == nil, again:
		return LocalSearch{}, false
	}
	return f.Next(walk.After(a), r, known)
}
