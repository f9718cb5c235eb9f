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

	// Answers are what a writer has seen since it last said so, and Found what was
	// wanted of them: of [Recent].
	Answers, Found int
}

// Kind is what an id was asked for.
type Kind int8

// An id was given (it was in the queue without exploring), probed, or the step
// of an excursion.
const (
	Given Kind = iota
	Probed
	Stepped
)

// Observe is what an answer says of its block and of the table of steps. walk is
// the excursion whose step it was. again says that the excursion went on past an
// earlier attempt, counted that this attempt's id counts as a miss already: then
// a hit corrects that, and anything else says nothing new.
func Observe(block int64, kind Kind, walk *Excursion, again, counted bool, a Answer) Observation {
	o := Observation{Block: block}
	hit := 0
	if a == Hit {
		hit = 1
	}
	if a == NoAnswer || counted && hit == 0 {
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

// Observe is [Observe] of a position, with what was expected of it.
func (f *Forager) Observe(pos int64, kind Kind, walk *Excursion, again, counted bool, a Answer) Observation {
	o := Observe(f.Block(pos), kind, walk, again, counted, a)
	if o.Trials > 0 {
		o.Sums.Expected = f.expected(pos, kind, walk)
		o.Sums.Doubt = doubt(o.Sums.Expected, a == Hit)
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
