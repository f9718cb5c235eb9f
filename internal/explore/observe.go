package explore

import "math/rand/v2"

// Slots is how many writers the table of steps is kept apart by: two workers
// seldom write one row.
const Slots = 16

// Observation is what an answer adds to what is known of a space. It is written
// in the transaction that ends the task.
type Observation struct {
	Block int64
	Sums  Sums

	// Trials of a Step, and Hits among them; 0: the answer says nothing of it.
	Step         Step
	Trials, Hits int
}

// Observe is what an answer says. walk is the excursion whose step it was, nil
// for a probe; again says that an earlier attempt was not answered, so that the
// excursion went on without it.
func Observe(block int64, walk *Excursion, again bool, a Answer) Observation {
	o := Observation{Block: block}
	if a == NoAnswer {
		return o
	}
	hit := 0
	if a == Hit {
		hit = 1
	}
	o.Sums.Done = 1
	if walk == nil {
		o.Sums.Probes, o.Sums.ProbeHits = 1, int64(hit)
		o.Step, o.Trials, o.Hits = Probes, 1, hit
		return o
	}
	o.Sums.Walks, o.Sums.WalkHits = 1, int64(hit)
	if !again {
		o.Step, o.Trials, o.Hits = walk.Step(), 1, hit
	}
	return o
}

// Follow is the next step after an answer: the first of an excursion when a
// probe hit, the next of one otherwise. ok is false when none follows.
func (f *Forager) Follow(pos int64, walk *Excursion, again bool, a Answer, r *rand.Rand, known func(pos int64) Known) (next Excursion, ok bool) {
	switch {
	case walk == nil && a == Hit:
		return f.Next(Begin(pos), r, known)
	case walk == nil, again:
		return Excursion{}, false
	}
	return f.Next(walk.After(a), r, known)
}
