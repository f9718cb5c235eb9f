package explore

import (
	"math"
	"math/rand/v2"
)

// Defaults of a forager.
const (
	DefaultBlocks = 4096
	DefaultMax    = 16
)

// Options are a forager's parameters; zero values mean the defaults.
type Options struct {
	// Blocks is the number of leaf blocks aimed at. Default 4096.
	Blocks int

	// Max is the farthest from its last hit that a walk asks. Default 16, at
	// most MaxAhead.
	Max int

	// Start is the position that the first probes lie near.
	Start int64
}

// Forager chooses the most valuable next request of a space from the answers so far.
// [Forager.Probe] starts a local search, and [Forager.Next] continues it. Positions count the IDs
// of a space from 0.
//
// It models the frontier's content. [Forager.Learn] takes in results of this worker and of others.
// It is not safe for concurrent use.
type Forager struct {
	size  int64
	max   int
	start int64
	tree  *tree
	steps *steps
	watch watch

	recent Trial
	all    *look // of the whole space: see [Forager.Anywhere]

	answers, learned int
}

// New returns a forager of a space of size IDs.
func New(size int64, o Options) *Forager {
	if o.Blocks <= 0 {
		o.Blocks = DefaultBlocks
	}
	if o.Max <= 0 {
		o.Max = DefaultMax
	}
	o.Max = min(o.Max, MaxAhead)
	return &Forager{size: size, max: o.Max, start: min(max(o.Start, 0), size-1), tree: newTree(size, o.Blocks), steps: newSteps(o.Max)}
}

// Block is the number of the block that a position is in, Shift the logarithm of
// how many positions a block has.
func (f *Forager) Block(pos int64) int64 { return f.tree.block(pos) }
func (f *Forager) Shift() uint           { return f.tree.shift }

// Sparse reports whether most positions of a block are unanswered. In such a block, taking the next
// position and being refused now and then costs less than looking up each position.
func (f *Forager) Sparse(pos int64) bool {
	block := f.tree.block(pos)
	_, n := f.tree.bounds(block)
	return n >= 1024 && f.tree.sums[0][block].Done <= n/32
}

// Size is the number of positions.
func (f *Forager) Size() int64 { return f.size }

// SetBlock takes in the sums of a block, as the frontier holds them.
func (f *Forager) SetBlock(block int64, s Sums) {
	if block >= 0 && block < int64(len(f.tree.sums[0])) && s != f.tree.sums[0][block] {
		f.watch.answered(block)
		f.tree.set(block, s)
	}
}

// SetStep takes in a cell of the table of steps, summed over its writers.
func (f *Forager) SetStep(at Step, t Trial) {
	switch {
	case at == Probes:
		f.steps.probes = t
	case at == Recent:
		f.recent = t
	case at.Context >= 0 && at.Context < contexts && at.M >= 0 && at.M < f.max:
		f.steps.cells[at.Context][at.M] = t
	}
}

// AnsweredOf is how many positions of a block were answered.
func (f *Forager) AnsweredOf(block int64) int64 { return f.tree.sums[0][block].Done }

// Answered notes that n answers came in since, and reports whether it is time to
// take in the table of steps and to [Forager.Learn] of it.
func (f *Forager) Answered(n int) bool {
	f.answers += n
	f.learned += n
	return f.learned >= 128 || f.answers < 128 && f.learned >= 16
}

// Learn recomputes which steps local search takes.
func (f *Forager) Learn() {
	f.learned = 0
	f.steps.learn()
	f.tree.learn()
}

// firstProbes is how many probes lie near the start.
const firstProbes = 8

// drawTries limits the draws of a free position in a block, and anyTries in the whole space.
// lookRun limits the positions that are then tried in order.
const (
	drawTries = 8
	anyTries  = 1024
	lookRun   = 4096
)

// look is how far a stretch was searched. The first n positions from a start, wrapping at its end,
// can no longer be chosen.
type look struct {
	first, n   int64
	from, past int64
}

// through searches until a position is free or the limit is reached.
func (k *look) through(run *int64, free func(pos int64) bool) (pos int64, ok bool) {
	for ; k.past < k.n && *run > 0; k.past++ {
		*run--
		if pos := k.first + (k.from+k.past)%k.n; free(pos) {
			return pos, true
		}
	}
	return 0, false
}

// again goes back to a position.
func (k *look) again(pos int64) { k.past = min(k.past, (pos-k.first-k.from+k.n)%k.n) }

// Probe chooses where a local search starts. free reports whether a position was never requested. A
// position that is not free never becomes free again, except through [Forager.Refused]. If ok is
// false, nothing is left, or the call reached its search limit and a later call must continue.
// [Forager.Over] distinguishes the two.
func (f *Forager) Probe(r *rand.Rand, free func(pos int64) bool) (pos int64, ok bool) {
	if pos, ok := f.scout(r, free); ok {
		return pos, true
	}
	if pos, ok := f.beyond(r); ok && free(pos) {
		return pos, true
	}
	for run := int64(lookRun); run > 0; {
		block := f.tree.block(f.start)
		if f.tree.total().Probes >= firstProbes || !some(f.tree.asked(0, block), f.tree.sizeAt(0, block), 0) {
			if block, ok = f.tree.pick(r); !ok {
				return 0, false
			}
		}
		first, n := f.tree.bounds(block)
		k := f.tree.looks[block]
		if k == nil {
			for range drawTries {
				if pos := first + r.Int64N(n); free(pos) {
					return pos, true
				}
			}
			// Nearly all positions are taken, so search in order from a random start.
			k = &look{first: first, n: n, from: r.Int64N(n)}
			f.tree.looks[block] = k
		}
		if pos, ok := k.through(&run, free); ok {
			return pos, true
		}
		if k.past == n {
			// Every position was requested, though not answered. Without this mark the score would
			// select the block again.
			f.tree.close(block, true)
		}
	}
	return 0, false
}

// Anywhere is [Forager.Probe] without the model.
func (f *Forager) Anywhere(r *rand.Rand, free func(pos int64) bool) (pos int64, ok bool) {
	if f.all == nil {
		for range anyTries {
			if pos := r.Int64N(f.size); free(pos) {
				return pos, true
			}
		}
		f.all = &look{n: f.size, from: r.Int64N(f.size)}
	}
	run := int64(lookRun)
	return f.all.through(&run, free)
}

// Refused marks a chosen position that may never be requested.
func (f *Forager) Refused(pos int64) {
	if f.all != nil {
		f.all.again(pos)
	}
	block := f.tree.block(pos)
	if k := f.tree.looks[block]; k != nil {
		k.again(pos)
		f.tree.close(block, false)
	}
}

// Over reports whether every position was answered or can no longer be chosen.
func (f *Forager) Over() bool {
	return f.tree.left() <= 0 || f.all != nil && f.all.past == f.size
}

// Left is the number of positions that were not answered.
func (f *Forager) Left() int64 { return max(0, f.size-f.tree.total().Done) }

// Choose draws the space in which a local search is worth most. A space with few answers takes the
// mean of all spaces as its prior.
func Choose(spaces []*Forager, r *rand.Rand) int {
	if len(spaces) == 1 {
		return 0
	}
	var all Sums
	for _, f := range spaces {
		all = all.Add(f.Total())
	}
	b, least := priorOf(all), 0.0
	for _, f := range spaces {
		if some(f.asked(), f.size, spent) {
			least = spent
		}
	}
	best, at := math.Inf(-1), 0
	for i, f := range spaces {
		if score := b.score(f.asked(), f.size, least, r); score > best {
			best, at = score, i
		}
	}
	return at
}

// Recent is how many of the recent answers brought a wanted item.
func (f *Forager) Recent() Trial { return f.recent }

// Total are the sums of the whole space.
func (f *Forager) Total() Sums { return f.tree.total() }

// asked returns those sums, with the gone positions counted as answered.
func (f *Forager) asked() Sums {
	s := f.tree.total()
	s.Done = f.size - f.tree.left()
	return s
}

// trialShare is how many steps are tried that are not worth it, by the square
// root of the answers so far; a side has an end every 30 answers or so.
const trialShare = 6

// LocalSearch is the state of a local search, which walks up and then down from a probe that hit.
// It is stored with the task of its next step.
type LocalSearch struct {
	// Anchor is the position of the probe that hit.
	Anchor int64 `json:"a"`

	// Dir is +1 on the way up, -1 on the way down.
	Dir int `json:"d"`

	// Last is the position of the last hit on this side, and M the number of positions between Last
	// and the requested position.
	Last int64 `json:"l"`
	M    int   `json:"m"`

	// Hits counts the hits so far, Gap is how far apart the last two lie.
	Hits int `json:"h"`
	Gap  int `json:"g"`

	// Absent reports that the last requested ID does not exist.
	Absent bool `json:"x,omitempty"`

	// Clear, less one, is the position on this side up to which nothing was known at the last
	// lookup. 0 means that no lookup took place.
	Clear int64 `json:"c,omitempty"`
}

// Position returns the requested position.
func (e LocalSearch) Position() int64 { return e.Last + int64(e.Dir)*int64(e.M+1) }

// IsClear reports whether nothing is known of a position beyond the requested one.
func (e LocalSearch) IsClear(pos int64) bool {
	return e.Clear > 0 && (pos-e.Position())*int64(e.Dir) > 0 && (e.Clear-1-pos)*int64(e.Dir) >= 0
}

// Step is the cell of the table that the answer belongs to.
func (e LocalSearch) Step() Step { return Step{contextOf(e.Hits, e.Gap, e.Absent), e.M} }

// Answer is what became of a request.
type Answer int8

// A hit is wanted. A miss is unwanted, or its ID is absent, which means that it does not exist. A
// missing or a stale answer is no evidence about the ID.
const (
	NoAnswer Answer = iota
	Hit
	Missed
	Absent
	Stale
)

// Begin is the local search from a probe that hit.
func Begin(pos int64) LocalSearch {
	return LocalSearch{Anchor: pos, Dir: +1, Last: pos, Hits: 1, Gap: 1}
}

// After is the local search after its step was answered.
func (e LocalSearch) After(a Answer) LocalSearch {
	if a == Hit {
		e.Last, e.Gap, e.M = e.Position(), e.M+1, 0
		e.Hits++
		e.Absent = false
		return e
	}
	e.M++
	e.Absent = a == Absent || (a == NoAnswer || a == Stale) && e.Absent
	return e
}

// Next returns the next step of a local search that is worth a request, on this side or on the
// other side. known returns the state of a position. ok is false if the local search has ended.
func (f *Forager) Next(e LocalSearch, r *rand.Rand, known func(pos int64) Known) (next LocalSearch, ok bool) {
	for {
		if next, ok := f.side(e, r, known); ok {
			return next, true
		}
		if e.Dir < 0 {
			return LocalSearch{}, false
		}
		e = LocalSearch{Anchor: e.Anchor, Dir: -1, Last: e.Anchor, Hits: e.Hits, Gap: min(e.Gap, 1)}
	}
}

// side is the next step on the side that a local search is on.
func (f *Forager) side(e LocalSearch, r *rand.Rand, known func(pos int64) Known) (LocalSearch, bool) {
	x, from := contextOf(e.Hits, e.Gap, e.Absent), e.M
	for ; e.M < f.max; e.M++ {
		pos := e.Position()
		if pos < 0 || pos >= f.size {
			return e, false
		}
		if !f.steps.goes[x][e.M] {
			continue
		}
		switch known(pos) {
		case Taken:
			return e, false // another local search was or is here
		case Miss:
			continue
		case Unknown:
			return e, true
		}
	}
	// Take a step of low value now and then, so that the table stays unbiased: about sqrt(answers)
	// such steps over the whole fleet.
	if from < f.max && r.Float64()*math.Sqrt(float64(f.answers)) < trialShare {
		e.M = from + r.IntN(f.max-from)
		if pos := e.Position(); pos >= 0 && pos < f.size && known(pos) == Unknown {
			return e, true
		}
	}
	return e, false
}
