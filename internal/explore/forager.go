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

// Forager chooses where in a space the next request is worth most, by what was
// answered so far: see [Forager.Probe] for where an excursion begins and
// [Forager.Next] for how it goes on. Positions count the ids of a space from 0.
//
// It is a model of what the frontier holds: [Forager.Learn] takes in what was
// written, by this worker or by others. It is not safe for concurrent use.
type Forager struct {
	size  int64
	max   int
	start int64
	tree  *tree
	steps *steps
	watch watch

	recent Trial
	all    *look // of the whole space: see [Forager.Anywhere]

	answers, curious, learned int
}

// New returns a forager of a space of so many ids.
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

// Sparse reports whether so few positions of a block were answered that the next
// one is most likely not known: to take it and be refused now and then costs less
// than to look each up.
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

// Learn decides anew which steps walks take.
func (f *Forager) Learn() {
	f.learned = 0
	f.steps.learn()
}

// firstProbes is how many probes lie near the start.
const firstProbes = 8

// drawTries bounds how often a position of a block is drawn that turns out to be
// taken, and anyTries one of the whole space; lookRun is how many are then looked at
// in their order.
const (
	drawTries = 8
	anyTries  = 1024
	lookRun   = 4096
)

// look is how far a stretch was looked through: the first so many positions from a
// place on, around its end, are nobody's to choose any more.
type look struct {
	first, n   int64
	from, past int64
}

// through goes on until a position is free, or so many were looked at.
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

// Probe chooses where an excursion begins; free reports whether a position was
// not asked for yet, and once that is not so it is never again, but for those of
// which [Forager.Refused] tells. ok is false when there is none, or when so many were
// looked at in vain that it is for another call to go on: [Forager.Over] tells.
func (f *Forager) Probe(r *rand.Rand, free func(pos int64) bool) (pos int64, ok bool) {
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
			// Nearly all of it is taken: from somewhere on, in order.
			k = &look{first: first, n: n, from: r.Int64N(n)}
			f.tree.looks[block] = k
		}
		if pos, ok := k.through(&run, free); ok {
			return pos, true
		}
		if k.past == n {
			// All is asked for, if not answered: its score alone would bring us back.
			f.tree.close(block, true)
		}
	}
	return 0, false
}

// Anywhere is [Forager.Probe] without looking at what was answered.
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

// Refused says of a position that was chosen that nobody may have asked for it.
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

// Over reports whether every position was answered, or is nobody's to choose any more.
func (f *Forager) Over() bool {
	return f.tree.left() <= 0 || f.all != nil && f.all.past == f.size
}

// Left is the number of positions that were not answered.
func (f *Forager) Left() int64 { return max(0, f.size-f.tree.total().Done) }

// Choose draws the space in which an excursion is worth most. A space of which
// little is known is taken for what all of them are.
func Choose(spaces []*Forager, r *rand.Rand) int {
	if len(spaces) == 1 {
		return 0
	}
	var all Sums
	for _, f := range spaces {
		all = all.Add(f.Total())
	}
	b, least := believe(all), 0.0
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

// asked are those, with what is gone as if it was answered.
func (f *Forager) asked() Sums {
	s := f.tree.total()
	s.Done = f.size - f.tree.left()
	return s
}

// curiosity is how many steps are tried that are not worth it, by the square
// root of the answers so far; a side has an end every 30 answers or so.
const curiosity = 6

// Excursion is where an excursion stands: the walk from a probe that hit, up
// and then down. It travels with the task that takes its next step.
type Excursion struct {
	// Anchor is the position of the probe that hit.
	Anchor int64 `json:"a"`

	// Dir is +1 on the way up, -1 on the way down.
	Dir int `json:"d"`

	// Last is the position of the last hit on this side, and M how many lie
	// between it and the one asked for.
	Last int64 `json:"l"`
	M    int   `json:"m"`

	// Hits counts the hits so far, Gap is how far apart the last two lie.
	Hits int `json:"h"`
	Gap  int `json:"g"`

	// Absent says that the id asked for last does not exist.
	Absent bool `json:"x,omitempty"`

	// Clear, less one, is the position on this side up to which nothing was known
	// when that was looked at; 0: nobody looked.
	Clear int64 `json:"c,omitempty"`
}

// Position is the one that is asked for.
func (e Excursion) Position() int64 { return e.Last + int64(e.Dir)*int64(e.M+1) }

// IsClear reports whether nothing is known of a position beyond the one that is
// asked for.
func (e Excursion) IsClear(pos int64) bool {
	return e.Clear > 0 && (pos-e.Position())*int64(e.Dir) > 0 && (e.Clear-1-pos)*int64(e.Dir) >= 0
}

// Step is the cell of the table that the answer belongs to.
func (e Excursion) Step() Step { return Step{contextOf(e.Hits, e.Gap, e.Absent), e.M} }

// Answer is what became of a request.
type Answer int8

// A hit is wanted, a miss is not, or is of an id that does not exist; an answer
// that did not come says nothing of the id.
const (
	NoAnswer Answer = iota
	Hit
	Missed
	Absent
)

// Begin is the excursion from a probe that hit.
func Begin(pos int64) Excursion {
	return Excursion{Anchor: pos, Dir: +1, Last: pos, Hits: 1, Gap: 1}
}

// After is the excursion after its step was answered.
func (e Excursion) After(a Answer) Excursion {
	if a == Hit {
		e.Last, e.Gap, e.M = e.Position(), e.M+1, 0
		e.Hits++
		e.Absent = false
		return e
	}
	e.M++
	e.Absent = a == Absent || a == NoAnswer && e.Absent
	return e
}

// Next is the next step of an excursion that is worth a request, from where it
// stands: on this side, or on the other one. known tells what is known of a
// position; ok is false when the excursion has come to its end.
func (f *Forager) Next(e Excursion, r *rand.Rand, known func(pos int64) Known) (next Excursion, ok bool) {
	for {
		if next, ok := f.side(e, r, known); ok {
			return next, true
		}
		if e.Dir < 0 {
			return Excursion{}, false
		}
		e = Excursion{Anchor: e.Anchor, Dir: -1, Last: e.Anchor, Hits: e.Hits, Gap: min(e.Gap, 1)}
	}
}

// side is the next step on the side that an excursion is on.
func (f *Forager) side(e Excursion, r *rand.Rand, known func(pos int64) Known) (Excursion, bool) {
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
			return e, false // another excursion was or is here
		case Miss:
			continue
		case Unknown:
			return e, true
		}
	}
	// Now and then a step that is not worth it, so that the table stays honest:
	// some sqrt(answers) of them over the whole fleet.
	if from < f.max && r.Float64()*math.Sqrt(float64(f.answers)) < curiosity {
		e.M = from + r.IntN(f.max-from)
		if pos := e.Position(); pos >= 0 && pos < f.size && known(pos) == Unknown {
			f.curious++
			return e, true
		}
	}
	return e, false
}
