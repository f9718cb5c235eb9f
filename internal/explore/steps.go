package explore

import "math"

// Context is what a walk has seen when it asks whether to go on.
type Context int8

// The contexts: one hit so far; the last two hits were far apart; next but one
// or two to each other; many hits; a few. Each twice: what was asked last may be
// an id that does not exist, which tells of the end of a run more than a page
// that is not wanted.
const (
	First Context = iota
	Far
	Near
	Old
	Young

	afterAbsent = 5
	contexts    = 2 * afterAbsent
)

// contextOf is the context of a walk with so many hits whose last two lie gap
// apart.
func contextOf(hits, gap int, absent bool) Context {
	x := Young
	switch {
	case hits <= 1:
		x = First
	case gap >= 4:
		x = Far
	case gap >= 2:
		x = Near
	case hits >= 5:
		x = Old
	}
	if absent {
		x += afterAbsent
	}
	return x
}

// MaxAhead bounds how far ahead of its last hit a walk may ask.
const MaxAhead = 64

// Step is one cell of the table of steps: of the ids that were asked for m
// after the last hit, in a context, how many were wanted. Context -1 holds the
// recent probes.
type Step struct {
	Context Context
	M       int
}

// Probes is the cell of the recent probes.
var Probes = Step{Context: -1}

// Trial is what is known of a step. Both are sums over writers.
type Trial struct{ Trials, Hits float64 }

const (
	// drift is the number of trials at which a cell is halved: the world drifts.
	drift = 400

	// stepPrior is how many trials what is known of other contexts counts for.
	stepPrior = 4

	// memory is the number of probes after which a probe counts for little, and
	// window the same of answers of all kinds.
	memory = 128
	window = 512
)

// Recent is the cell of recent answers and of the wanted items among them. Those
// of writers that wrote nothing for a while are left out. It is for people to look
// at, so writers need not write each answer at once.
var Recent = Step{Context: -2}

// remembers is after how many trials one counts for little; 0: they all count
// alike.
func (s Step) remembers() float64 {
	switch s {
	case Probes:
		return memory
	case Recent:
		return window
	}
	return 0
}

// Merge is a cell after n more trials with so many hits. Cells are kept apart by
// writer and summed by readers.
func (t Trial) Merge(at Step, n, hits float64) Trial {
	if last := at.remembers(); last > 0 {
		keep := math.Pow(1-1/last, n)
		return Trial{t.Trials*keep + n, t.Hits*keep + hits}
	}
	t.Trials, t.Hits = t.Trials+n, t.Hits+hits
	if t.Trials > drift {
		t.Trials, t.Hits = t.Trials/2, t.Hits/2
	}
	return t
}

// Bounded is a cell of so many trials as it would be had they been taken in one
// after the other, of a world that does not drift.
func (t Trial) Bounded(at Step) Trial {
	most := 0.75 * drift
	if at == Probes {
		most = memory
	}
	if t.Trials <= most {
		return t
	}
	return Trial{most, t.Hits * most / t.Trials}
}

// steps is the table by which a walk goes on or ends.
type steps struct {
	max    int
	probes Trial
	cells  [contexts][]Trial
	goes   [contexts][]bool
}

func newSteps(max int) *steps {
	s := &steps{max: max}
	for x := range s.cells {
		s.cells[x], s.goes[x] = make([]Trial, max), make([]bool, max)
	}
	s.learn()
	return s
}

// hitRate is that of recent probes: what a request is worth elsewhere.
func (s *steps) hitRate() float64 { return (s.probes.Hits + 2) / (s.probes.Trials + 10) }

// p is the share of wanted ids at m after the last hit.
func (s *steps) p(x Context, m int) float64 {
	var pool Trial
	half := x / afterAbsent * afterAbsent
	for c := half; c < half+afterAbsent; c++ {
		pool.Trials, pool.Hits = pool.Trials+s.cells[c][m].Trials, pool.Hits+s.cells[c][m].Hits
	}
	rate := (pool.Hits + stepPrior*0.5*math.Pow(0.6, float64(m))) / (pool.Trials + stepPrior)
	return (s.cells[x][m].Hits + stepPrior*rate) / (s.cells[x][m].Trials + stepPrior)
}

// learn decides each step anew: it is taken when it is as likely to be wanted
// as a probe, and half more likely where it jumps over ids: a probe finds
// clusters by their length, and a jump does not.
func (s *steps) learn() {
	f := s.hitRate()
	for x := range contexts {
		for m := range s.max {
			need := f
			if m > 0 && !s.goes[x][m-1] {
				need *= 1.5
			}
			s.goes[x][m] = s.p(Context(x), m) >= min(0.9, need)
		}
	}
}
