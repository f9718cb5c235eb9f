// Package explore decides which IDs of an ID space are tried next. It is pure and knows neither
// frontier nor network.
//
// A [Forager] is the default strategy. It divides the space into a tree of blocks, probes the block
// with the best expectation, and searches around each hit ([LocalSearch]). It learns which steps of
// a local search are worth a request, and detects a site that fails ([Forager.Dark]).
//
// A [Walk] is the chain of the original. It tries the neighbors of a hit one after the other, up
// and down, until pages are unwanted. The state of a walk is stored with the task of its next step,
// and the step after it is admitted in the transaction that completes that task. Two workers
// therefore never walk one side, and another worker continues the walk of a worker that died.
package explore

// Walk is the state of one side of a walk. Its zero value is a start, from which both sides lead.
type Walk struct {
	// Dir is +1 or -1, 0 at the start.
	Dir int `json:"dir"`

	// Misses counts the misses in a row before this step.
	Misses int `json:"misses"`
}

// Next returns the walks that continue from an ID that hit or missed. It returns none after
// patience misses in a row.
func (w Walk) Next(hit bool, patience int) []Walk {
	misses := w.Misses + 1
	if hit {
		misses = 0
	}
	if misses >= max(patience, 1) {
		return nil
	}
	if w.Dir != 0 {
		return []Walk{{w.Dir, misses}}
	}
	return []Walk{{+1, misses}, {-1, misses}}
}

// Known is the state of an ID before it is requested.
type Known int

// An id that is not known is to be asked; a known miss is stepped over; at a
// hit, or an id in flight, another walk was or is.
const (
	Unknown Known = iota
	Miss
	Taken
)

// Step returns the next id that the walk asks for after id, and the walk as it stands there; ok is
// false when this side ends. known returns the state of an ID. from and to are the bounds of the
// space.
func (w Walk) Step(id, from, to int64, patience int, known func(int64) Known) (next int64, at Walk, ok bool) {
	for {
		if w.Dir > 0 && id >= to || w.Dir < 0 && id <= from || w.Dir == 0 {
			return 0, w, false
		}
		id += int64(w.Dir)
		if id < from || id > to {
			// The walk began outside of the space.
			return 0, w, false
		}
		switch known(id) {
		case Unknown:
			return id, w, true
		case Taken:
			return 0, w, false
		case Miss:
			if w.Misses++; w.Misses >= max(patience, 1) {
				return 0, w, false
			}
		}
	}
}
