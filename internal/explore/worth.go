package explore

import "math"

// A step is worth a request if it returns more hits than the request would return elsewhere, which
// is the marginal value theorem (Charnov 1976). A request elsewhere returns what an excursion
// returns per request, with the probes until it begins. The value of a step counts the hits that
// may follow, because a miss inside a run costs one request and the rest of the run is worth many.

const (
	// lasting is the share of a local search's value that is left after a hit. A local search
	// meets the end of its run, another search or the end of the space.
	lasting = 0.95

	// jump is how likely a step is, in relation to the next step that is taken, to be taken before
	// it. A lower ratio shows a pattern, such as wanted IDs at each tenth position.
	jump = 0.5

	// useless is the ratio below which a step is never taken, whatever its miss would tell.
	useless = 0.1

	// rare is the distance after the last hit from which steps are few. Of many such cells some
	// are lucky, so that their probability counts less a standard error.
	rare = 4

	// sweeps bounds the iterations of the values. lasting makes the rest small.
	sweeps = 40

	// The rate at which an excursion pays for itself is searched to precision, nearby the last one
	// at first.
	nearby, precision = 0.03, 0.004
)

// table holds the hit probabilities of all steps, and the values of the states before them.
type table struct {
	max    int
	p      [contexts][]float64
	absent [afterAbsent][]float64 // the share of the misses before m after which an ID is absent
	values [contexts][]float64
}

// tableOf returns the table of the steps so far.
func tableOf(s *steps) *table {
	t := &table{max: s.max}
	for x := range Context(contexts) {
		t.p[x], t.values[x] = make([]float64, s.max), s.values[x]
		if t.values[x] == nil {
			t.values[x] = make([]float64, s.max+1)
		}
		for m := range s.max {
			p := s.p(x, m)
			if m >= rare {
				p = max(0, p-math.Sqrt(p*(1-p)/(s.cells[x][m].Trials+s.known(m)+stepPrior)))
			}
			t.p[x][m] = p
		}
	}
	for x := range Context(afterAbsent) {
		t.absent[x] = make([]float64, s.max+1)
		for m := 1; m < s.max; m++ {
			absent, there := s.cells[x+afterAbsent][m].Trials, s.cells[x][m].Trials
			t.absent[x][m] = (absent + stepPrior/2) / (absent + there + stepPrior)
		}
	}
	return t
}

// learn decides about each step by the rate at which excursions of such steps pay for themselves.
func (s *steps) learn() {
	t := tableOf(s)
	s.values, s.rate = t.values, t.balance(s.hitRate(), s.rate)
	rate := s.rate
	for x := range Context(contexts) {
		ahead := 0.0 // the probability of the next step that is taken
		for m := s.max - 1; m >= 0; m-- {
			take, p := t.take(x, m, rate), t.p[x][m]
			s.goes[x][m] = take >= 0 && p >= useless*ahead && (take >= t.values[x][m+1] || p >= jump*ahead)
			if s.goes[x][m] {
				ahead = p
			}
		}
	}
}

// balance returns the rate at which excursions pay for themselves, and solves the table for it. The
// rate was near last.
func (t *table) balance(f, last float64) (rate float64) {
	pays := func(at float64) bool {
		t.solve(at)
		return t.surplus(f) > at
	}
	lo, hi := max(0, last-nearby), min(1, last+nearby)
	if lo > 0 && !pays(lo) {
		lo, hi = 0, lo
	} else if hi < 1 && pays(hi) {
		lo, hi = hi, 1
	}
	for hi-lo > precision {
		if rate = (lo + hi) / 2; pays(rate) {
			lo = rate
		} else {
			hi = rate
		}
	}
	rate = (lo + hi) / 2
	t.solve(rate)
	return rate
}

// surplus returns the hits of an excursion beyond the rate of its steps, per probe, if the share f
// of probes hits. An excursion pays for itself if the surplus is the rate of its probe.
func (t *table) surplus(f float64) float64 {
	p := t.p[First][0]
	return f * (1 + t.values[First][0] + p*t.values[Young][0] + (1-p)*t.values[First][0])
}

// solve computes the value of each state, if each request costs rate hits.
func (t *table) solve(rate float64) {
	for range sweeps {
		changed := 0.0
		for x := range contexts {
			ahead := 0.0
			for m := t.max - 1; m >= 0; m-- {
				v := t.values[x][m+1]
				if take := t.take(Context(x), m, rate); take > v && t.p[x][m] >= useless*ahead {
					v, ahead = take, t.p[x][m]
				}
				changed = max(changed, v-t.values[x][m], t.values[x][m]-v)
				t.values[x][m] = v
			}
		}
		if changed < 1e-2 {
			return
		}
	}
}

// take is the value of a step: the hits that it and its successors return beyond the rate.
func (t *table) take(x Context, m int, rate float64) float64 {
	p, live := t.p[x][m], x%afterAbsent
	missed := t.values[live+afterAbsent][m+1]
	if x == live {
		missed = t.absent[live][m+1]*missed + (1-t.absent[live][m+1])*t.values[live][m+1]
	}
	return p*(1+lasting*t.hit(x, m)) + (1-p)*missed - rate
}

// hit is the value of the state after a hit at m in a context.
func (t *table) hit(x Context, m int) float64 {
	switch {
	case m >= 3:
		return t.values[Far][0]
	case m >= 1:
		return t.values[Near][0]
	case x%afterAbsent == First:
		return t.values[Young][0]
	case x%afterAbsent == Old:
		return t.values[Old][0]
	}
	return (2*t.values[Young][0] + t.values[Old][0]) / 3
}
