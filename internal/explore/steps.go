package explore

import (
	"math"
	"time"
)

// Context is the state of a walk when it decides about its next step.
type Context int8

// The contexts are: one hit so far; the last two hits far apart; next but one or two to each other;
// many hits; a few. Each exists twice, because the last requested ID may be absent, which shows the
// end of a run more clearly than an unwanted page.
const (
	First Context = iota
	Far
	Near
	Old
	Young

	afterAbsent = 5
	contexts    = 2 * afterAbsent
)

// contextOf returns the context of a walk with hits hits whose last two lie gap apart.
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

// Step is one cell of the table of steps. It counts requests at distance m after the last hit in a
// context, and the wanted ones among them. Context -1 holds the recent probes.
type Step struct {
	Context Context
	M       int
}

// Probes is the cell of the recent probes.
var Probes = Step{Context: -1}

// Trial counts the outcomes of a step. Both fields are sums over writers.
type Trial struct{ Trials, Hits float64 }

const (
	// Drift is the number of trials above which a cell is halved, because the site changes over
	// time.
	Drift = 400

	// stepPrior is the weight of the other contexts, in trials.
	stepPrior = 4

	// Memory is the mean age, in probes, at which a recent probe fades. Window is the same for
	// recent answers of all kinds.
	Memory = 128
	Window = 512
)

// Recent is the cell of recent answers and of the wanted items among them. It leaves out writers
// that wrote nothing for a while. Only people read it, so a writer need not store each answer at
// once.
var Recent = Step{Context: -2}

// RecentFor is the time after the last answer of all writers for which the answers of another
// writer count in [Recent].
const RecentFor = time.Hour

// remembers is after how many trials one counts for little; 0: they all count
// alike.
func (s Step) remembers() float64 {
	switch s {
	case Probes:
		return Memory
	case Recent:
		return Window
	}
	return 0
}

// Merge returns the cell after n more trials with hits hits. Each writer has cells of its own, and
// readers sum them.
func (t Trial) Merge(at Step, n, hits float64) Trial {
	if last := at.remembers(); last > 0 {
		keep := math.Pow(1-1/last, n)
		return Trial{t.Trials*keep + n, t.Hits*keep + hits}
	}
	t.Trials, t.Hits = t.Trials+n, t.Hits+hits
	if t.Trials > Drift {
		t.Trials, t.Hits = t.Trials/2, t.Hits/2
	}
	return t
}

// Bounded returns the cell as if its trials had been merged one after the other, for a site that
// does not change.
func (t Trial) Bounded(at Step) Trial {
	most := 0.75 * Drift
	if at == Probes {
		most = Memory
	}
	if t.Trials <= most {
		return t
	}
	return Trial{most, t.Hits * most / t.Trials}
}

// steps is the table that decides whether a walk continues.
type steps struct {
	max    int
	probes Trial
	cells  [contexts][]Trial
	goes   [contexts][]bool

	// rate is what an excursion returned per request at the last decision, and values those of its
	// states, from which the next decision begins.
	rate   float64
	values [contexts][]float64
}

func newSteps(max int) *steps {
	s := &steps{max: max}
	for x := range s.cells {
		s.cells[x], s.goes[x] = make([]Trial, max), make([]bool, max)
	}
	s.learn()
	return s
}

// hitRate returns the hit rate of recent probes, which is the value of a request elsewhere.
func (s *steps) hitRate() float64 { return (s.probes.Hits + 2) / (s.probes.Trials + 10) }

// p is the share of wanted ids at m after the last hit.
func (s *steps) p(x Context, m int) float64 {
	half := x / afterAbsent * afterAbsent
	guess := 0.5 * math.Pow(0.6, float64(m))
	if half == 0 && m > 0 {
		// A step over untried IDs is a step of this half, of which the other half may know more.
		guess = s.rateOf(afterAbsent, m, guess)
	}
	rate := s.rateOf(half, m, guess)
	return (s.cells[x][m].Hits + stepPrior*rate) / (s.cells[x][m].Trials + stepPrior)
}

// rateOf is the share of wanted IDs at m in all contexts of a half, with a guess as the prior.
func (s *steps) rateOf(half Context, m int, guess float64) float64 {
	var pool Trial
	for c := half; c < half+afterAbsent; c++ {
		pool.Trials, pool.Hits = pool.Trials+s.cells[c][m].Trials, pool.Hits+s.cells[c][m].Hits
	}
	return (pool.Hits + stepPrior*guess) / (pool.Trials + stepPrior)
}

// known is how many trials of all contexts at m count for each of them.
func (s *steps) known(m int) (trials float64) {
	for x := range contexts {
		trials += s.cells[x][m].Trials
	}
	return trials / contexts
}
