package sim

import (
	"math/rand/v2"

	"github.com/seinehq/seine/internal/explore"
)

// patient is the simple alternative to learned steps. It probes as the forager does, and its walks
// end after a fixed number of misses in a row.
type patient struct {
	chain
	model *explore.Forager
	sums  map[int64]explore.Sums
}

// NewPatient returns Thompson probes with walks to both sides of a fixed patience.
func NewPatient(w *World, workers, patience int, seed uint64) Strategy {
	c := chain{
		w: w, r: rand.New(rand.NewPCG(seed, 3)), both: true, patience: patience,
		asked: map[int64]bool{}, answered: map[int64]bool{}, going: make([]*side, workers),
	}
	return &patient{c, explore.New(w.Size, explore.Options{}), map[int64]explore.Sums{}}
}

func (p *patient) Next(worker int) (Ask, bool) {
	if s := p.going[worker]; s != nil {
		p.asked[s.pos] = true
		return Ask{s.pos, s}, true
	}
	pos, ok := p.model.Probe(p.r, func(pos int64) bool { return !p.asked[pos] })
	if !ok {
		return Ask{}, false
	}
	p.asked[pos] = true
	return Ask{pos, &side{pos: pos, dir: 1, anchor: pos}}, true
}

func (p *patient) Answer(worker int, ask Ask, a explore.Answer) {
	s := ask.With.(*side)
	kind := explore.Probed
	if s.fresh {
		kind = explore.Stepped
	}
	walk := explore.Begin(s.anchor)
	seen := p.model.Observe(ask.Pos, kind, &walk, false, false, a)
	p.sums[seen.Block] = p.sums[seen.Block].Add(seen.Sums)
	p.model.SetBlock(seen.Block, p.sums[seen.Block])
	p.chain.Answer(worker, ask, a)
}

// descending is the simple alternative for a space that ends at a newest ID. It probes at random
// until an ID exists, searches the newest ID by bisection, and walks down from there. It asks with
// one worker at a time until it walks.
type descending struct {
	w      *World
	r      *rand.Rand
	lo, hi int64
	begun  bool
	tries  int
	at     int64
	next   int64
}

// bisectTries is the number of IDs in a row that must be absent to count as beyond the newest ID.
const bisectTries = 3

// NewDescending returns bisection for the newest ID, then a walk down.
func NewDescending(w *World, seed uint64) Strategy {
	return &descending{w: w, r: rand.New(rand.NewPCG(seed, 3)), hi: w.Size}
}

func (d *descending) Next(int) (Ask, bool) {
	switch {
	case !d.begun:
		return Ask{Pos: d.r.Int64N(d.w.Size)}, true
	case d.hi-d.lo > 32:
		if d.tries == 0 {
			d.at = (d.lo + d.hi) / 2
		}
		return Ask{Pos: d.at + int64(d.tries), With: d.at}, true
	}
	if d.next == 0 {
		d.next = d.lo + 32
	}
	if d.next--; d.next < 0 {
		return Ask{}, false
	}
	return Ask{Pos: d.next}, true
}

func (d *descending) Answer(_ int, ask Ask, a explore.Answer) {
	at, bisecting := ask.With.(int64)
	switch {
	case a == explore.NoAnswer:
	case !d.begun && a != explore.Absent:
		d.begun, d.lo = true, ask.Pos
	case !bisecting || at != d.at:
	case a != explore.Absent:
		d.lo, d.tries = max(d.lo, ask.Pos), 0
	default:
		if d.tries++; d.tries >= bisectTries {
			d.hi, d.tries = min(d.hi, at), 0
		}
	}
}
