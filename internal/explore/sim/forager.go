package sim

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seinehq/seine/internal/explore"
)

// slots is how many writers the table of steps is kept apart by, as in a
// frontier.
const slots = explore.Slots

// task is a pending request: a probe, a step of a local search, or a retry.
type task struct {
	pos   int64
	walk  *explore.LocalSearch
	tries int

	// counted means that the ID was absent, and is asked again.
	counted bool
}

// Foraging is a fleet that explores as the product does. The frontier holds all answers, and each
// worker's model is as old as its last refresh.
type Foraging struct {
	w     *World
	r     *rand.Rand
	known map[int64]explore.Known
	queue []task

	absent map[int64]explore.Kind // IDs that do not exist

	blocks  map[int64]explore.Sums
	changed []int64 // blocks, in the order in which they were written
	steps   [slots]map[explore.Step]explore.Trial
	answers int

	workers []model

	// Dark is why the fleet would have stopped the space, and DarkAt after how
	// many answers.
	Dark   string
	DarkAt int
	Doubt  float64 // the most that there was

	// Resume makes a stopped space resume at once. Stops lists the number of answers at each stop.
	Resume bool
	Stops  []int
}

// model is what one worker knows.
type model struct {
	*explore.Forager
	seen, answers int
	own           int // answers of this worker since the last refresh
}

// behind is how many answers of its own a worker may be behind, as in package discovery. A worker
// whose walks go on would otherwise never learn of others.
const behind = 64

// NewForager returns the strategy of the product.
func NewForager(w *World, workers int, seed uint64) *Foraging {
	f := &Foraging{w: w, r: rand.New(rand.NewPCG(seed, 3)), known: map[int64]explore.Known{}, absent: map[int64]explore.Kind{}, blocks: map[int64]explore.Sums{}}
	for i := range f.steps {
		f.steps[i] = map[explore.Step]explore.Trial{}
	}
	for range workers {
		f.workers = append(f.workers, model{Forager: explore.New(w.Size, explore.Options{})})
	}
	return f
}

// Return asks again for the absent IDs that may have come to exist, and returns their number.
func (f *Foraging) Return() (n int) {
	f.refresh(0)
	for _, pos := range slices.Sorted(maps.Keys(f.absent)) {
		if f.workers[0].MayCome(pos, 0) {
			f.queue = append(f.queue, task{pos: pos, counted: true})
			n++
		}
	}
	return n
}

// refresh brings a worker's model up to date.
func (f *Foraging) refresh(worker int) {
	m := &f.workers[worker]
	m.own = 0
	for _, b := range f.changed[m.seen:] {
		m.SetBlock(b, f.blocks[b])
	}
	m.seen = len(f.changed)
	n := f.answers - m.answers
	m.answers = f.answers
	if !m.Answered(n) {
		return
	}
	sums := map[explore.Step]explore.Trial{}
	for _, cells := range f.steps {
		for at, t := range cells {
			s := sums[at]
			sums[at] = explore.Trial{Trials: s.Trials + t.Trials, Hits: s.Hits + t.Hits}
		}
	}
	for at, t := range sums {
		m.SetStep(at, t)
	}
	m.Learn()
}

func (f *Foraging) Next(worker int) (Ask, bool) {
	if len(f.queue) > 0 {
		t := f.queue[0]
		f.queue = f.queue[1:]
		return Ask{t.pos, t}, true
	}
	f.refresh(worker)
	f.Doubt = max(f.Doubt, f.workers[worker].Doubt())
	if why := f.workers[worker].Dark(time.Time{}); why != "" {
		if f.Dark == "" {
			f.Dark, f.DarkAt = why, f.answers
		}
		if f.Resume {
			f.Stops = append(f.Stops, f.answers)
			// The frontier keeps this when a circuit is closed.
			low := f.workers[worker].Watched()
			low.Doubt = f.workers[worker].Total().Doubt
			for i := range f.workers {
				f.refresh(i)
				f.workers[i].Resume(low, low.At.Add(1), nil, time.Time{})
			}
		}
	}
	pos, ok := f.workers[worker].Probe(f.r, func(pos int64) bool { return f.known[pos] == explore.Unknown })
	if !ok {
		return Ask{}, false
	}
	f.known[pos] = explore.Taken
	return Ask{pos, task{pos: pos}}, true
}

func (f *Foraging) Answer(worker int, ask Ask, a explore.Answer) {
	t := ask.With.(task)
	if f.workers[worker].own++; f.workers[worker].own >= behind {
		f.refresh(worker)
	}
	m := f.workers[worker]
	kind := explore.Probed
	if t.walk != nil {
		kind = explore.Stepped
	}
	if was, ok := f.absent[t.pos]; ok && t.counted {
		kind = was
	}
	seen := m.Observe(t.pos, kind, t.walk, t.tries > 0, t.counted, a)
	if delete(f.absent, t.pos); a == explore.Absent {
		f.absent[t.pos] = kind
	}
	if a == explore.Missed || a == explore.Absent {
		f.known[t.pos] = explore.Miss
	}
	if seen.Sums != (explore.Sums{}) {
		f.blocks[seen.Block] = f.blocks[seen.Block].Add(seen.Sums)
		f.changed = append(f.changed, seen.Block)
	}
	if seen.Trials > 0 {
		cells := f.steps[worker%slots]
		cells[seen.Step] = cells[seen.Step].Merge(seen.Step, float64(seen.Trials), float64(seen.Hits))
	}
	if a != explore.NoAnswer {
		f.answers++
	}
	if (a == explore.NoAnswer || a == explore.Stale) && t.tries < 3 {
		f.queue = append(f.queue, task{t.pos, t.walk, t.tries + 1, t.counted})
	}
	if t.counted && a == explore.Absent && m.MayCome(t.pos, 0) {
		if pos, ok := m.Nearer(t.pos, f.r); ok && f.known[pos] == explore.Unknown {
			f.known[pos] = explore.Taken
			f.queue = append(f.queue, task{pos: pos})
		}
	}
	if next, ok := m.Follow(t.pos, t.walk, t.tries > 0, a, f.r, func(pos int64) explore.Known { return f.known[pos] }); ok {
		pos := next.Position()
		f.known[pos] = explore.Taken
		f.queue = append(f.queue, task{pos: pos, walk: &next})
	}
}
