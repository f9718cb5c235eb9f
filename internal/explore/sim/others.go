package sim

import (
	"math/rand/v2"

	"github.com/seinehq/seine/internal/explore"
)

// chain walks as the original does, from a hit upward until the first miss.
type chain struct {
	w *World
	r *rand.Rand

	// races: the next ID of a chain is also queued, so that another worker takes it there and walks
	// the same chain.
	races bool

	// cursor is the position from which each worker explores. nil means anywhere.
	cursor []int64

	// both: walks also go down, and patience misses in a row end a side.
	both     bool
	patience int

	asked, answered map[int64]bool
	queue           []int64
	going           []*side // by worker
}

// side is a walk that a worker is on.
type side struct {
	pos    int64
	dir    int64
	misses int
	anchor int64
	fresh  bool // it follows its probe's hit
}

// NewOriginal is the original's strategy: exploration, upward chains, and the race between a chain
// and the queue. If repaired, no ID is requested twice.
func NewOriginal(w *World, workers int, repaired bool, seed uint64) Strategy {
	r := rand.New(rand.NewPCG(seed, 3))
	cursor := make([]int64, workers)
	for i := range cursor {
		cursor[i] = r.Int64N(offsets) * offset
	}
	return &chain{w: w, r: r, cursor: cursor, races: !repaired, patience: 1, asked: map[int64]bool{}, answered: map[int64]bool{}, going: make([]*side, workers)}
}

// NewTwoSided walks to both sides with a fixed patience, from uniform probes.
func NewTwoSided(w *World, workers, patience int, seed uint64) Strategy {
	return &chain{w: w, r: rand.New(rand.NewPCG(seed, 3)), both: true, patience: patience, asked: map[int64]bool{}, answered: map[int64]bool{}, going: make([]*side, workers)}
}

func (c *chain) Next(worker int) (Ask, bool) {
	if s := c.going[worker]; s != nil {
		c.asked[s.pos] = true
		if c.races {
			c.queue = append(c.queue, s.pos)
		}
		return Ask{s.pos, s}, true
	}
	for len(c.queue) > 0 {
		pos := c.queue[0]
		c.queue = c.queue[1:]
		if c.answered[pos] {
			continue // it is not pending any more
		}
		return Ask{pos, &side{pos: pos, dir: 1, anchor: pos}}, true
	}
	for range 1000 {
		pos := c.r.Int64N(c.w.Size)
		if c.cursor != nil { // the original's: on and on upward
			c.cursor[worker] = (c.cursor[worker] + 1 + c.r.Int64N(distance)) % c.w.Size
			pos = c.cursor[worker]
		}
		if !c.asked[pos] {
			c.asked[pos] = true
			return Ask{pos, &side{pos: pos, dir: 1, anchor: pos}}, true
		}
	}
	return Ask{}, false
}

// The original explores upward from its first id, a random distance each time;
// a worker begins at an offset made from its name, of which there are few.
const (
	distance = 1000
	offsets  = 16
	offset   = 100_000
)

func (c *chain) Answer(worker int, ask Ask, a explore.Answer) {
	s := *ask.With.(*side)
	c.going[worker] = nil
	c.answered[s.pos] = true
	probe := s.pos == s.anchor && !s.fresh
	if a == explore.Hit {
		s.misses = 0
	} else {
		s.misses++
	}
	if probe && a != explore.Hit {
		return
	}
	for {
		s.fresh = true
		if s.misses < c.patience {
			s.pos += s.dir
			if s.pos >= 0 && s.pos < c.w.Size && (c.races || !c.asked[s.pos]) {
				c.going[worker] = &s
				return
			}
		}
		if !c.both || s.dir < 0 {
			return
		}
		s.dir, s.pos, s.misses = -1, s.anchor, 0
	}
}

// uniform asks for random ids.
type uniform struct {
	w     *World
	r     *rand.Rand
	asked map[int64]bool
}

// NewUniform asks for random ids and walks nowhere.
func NewUniform(w *World, seed uint64) Strategy {
	return &uniform{w, rand.New(rand.NewPCG(seed, 3)), map[int64]bool{}}
}

func (u *uniform) Next(int) (Ask, bool) {
	for range 1000 {
		if pos := u.r.Int64N(u.w.Size); !u.asked[pos] {
			u.asked[pos] = true
			return Ask{Pos: pos}, true
		}
	}
	return Ask{}, false
}

func (u *uniform) Answer(int, Ask, explore.Answer) {}

// Oracle returns the yield of a strategy that knows the bounds of every cluster, takes clusters in
// random order, and pays one probe for each. Without clusters the oracle knows every wanted ID.
func Oracle(w *World, budget int, seed uint64) float64 {
	answered := 1 - w.Transient
	if len(w.Clusters) == 0 {
		return min(1, float64(w.Hits)/float64(budget)) * answered
	}
	r := rand.New(rand.NewPCG(seed, 5))
	hits, requests := int64(0), int64(0)
	for _, i := range r.Perm(len(w.Clusters)) {
		c := w.Clusters[i]
		n := c.To - c.From + 1
		if requests+n > int64(budget) {
			share := float64(int64(budget)-requests) / float64(n)
			hits += int64(share * float64(c.Hits))
			break
		}
		hits, requests = hits+c.Hits, requests+n
	}
	return float64(hits) / float64(budget) * answered
}
