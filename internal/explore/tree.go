package explore

import (
	"math"
	"math/rand/v2"
)

// Sums holds the counts of a stretch of a space. Every write only adds, so the order and the
// grouping of writes do not matter.
type Sums struct {
	// Done counts the IDs with a final answer, whatever requested them.
	Done int64

	// Probes and Walks count answers to probes and to steps of walks that began
	// here, ProbeHits and WalkHits the wanted ones among them.
	Probes, ProbeHits int64
	Walks, WalkHits   int64

	// Wanted counts the items found, which are the done pages, whatever local search looks for.
	Wanted int64

	// Absent counts the probes of IDs that do not exist.
	Absent int64

	// Stale counts the stale answers, which are no evidence about an ID. StaleDoubt is the
	// deviation of their share from the expectation.
	Stale      int64
	StaleDoubt float64

	// Newest is the last position of an ID that exists, plus 1. 0 means none. Both together have
	// the greater value.
	Newest int64

	// Errors counts the IDs that ended in error, which is no answer.
	Errors int64

	// Doubt is the deviation of the answers from the expectation, and Expected the number of
	// expected hits. See [Forager.Dark].
	Doubt, Expected float64
}

// Add returns both together.
func (s Sums) Add(o Sums) Sums {
	return Sums{
		s.Done + o.Done, s.Probes + o.Probes, s.ProbeHits + o.ProbeHits, s.Walks + o.Walks, s.WalkHits + o.WalkHits,
		s.Wanted + o.Wanted, s.Absent + o.Absent, s.Stale + o.Stale, s.StaleDoubt + o.StaleDoubt, max(s.Newest, o.Newest),
		s.Errors + o.Errors, s.Doubt + o.Doubt, s.Expected + o.Expected,
	}
}

// there counts the probes of IDs that exist. A hit of a later attempt shows that an absent ID came
// to exist.
func (s Sums) there() int64 { return max(s.Probes-s.Absent, s.ProbeHits) }

// minus returns what was added to o since. Newest is the value of s.
func (s Sums) minus(o Sums) Sums {
	return Sums{
		s.Done - o.Done, s.Probes - o.Probes, s.ProbeHits - o.ProbeHits, s.Walks - o.Walks, s.WalkHits - o.WalkHits,
		s.Wanted - o.Wanted, s.Absent - o.Absent, s.Stale - o.Stale, s.StaleDoubt - o.StaleDoubt, s.Newest,
		s.Errors - o.Errors, s.Doubt - o.Doubt, s.Expected - o.Expected,
	}
}

const (
	// fan is the number of children of a node, in bits: 16.
	fan = 4

	// priorWeight is how many answers the parent's rate counts for in a node.
	priorWeight = 8

	// spent is the share of a block that must be left for the block to be considered while others
	// exist.
	spent = 0.02
)

// tree divides a space into blocks of equal size, and those into a tree above them. The leaves hold
// the sums, and each inner node holds the sum of its children.
type tree struct {
	size   int64
	shift  uint
	levels []uint // shifts, the leaves first
	sums   [][]Sums

	// live holds the sums from level coarse upward, without the hits of nodes of which half was
	// requested. Hits that were found there do not occur elsewhere. A successful local search
	// requests all of a smaller node. Without its hits the expectation would always be 0.
	live   [][]Sums
	coarse int

	// gone counts the unanswered positions that can no longer be chosen, which are all positions of
	// a searched block. See [Forager.Probe].
	gone  [][]int64
	shut  map[int64]bool // those blocks
	looks map[int64]*look

	// recurrence is the share of the further probes that hit, in the blocks where one hit.
	recurrence float64
}

// wide is how many positions a node of the level coarse has at least.
const wide = 256

func newTree(size int64, blocks int) *tree {
	t := &tree{size: size, shut: map[int64]bool{}, looks: map[int64]*look{}}
	defer t.learn()
	for (size-1)>>t.shift+1 > int64(blocks) {
		t.shift++
	}
	for s := t.shift; ; s += fan {
		t.levels = append(t.levels, s)
		t.sums = append(t.sums, make([]Sums, (size-1)>>s+1))
		t.live = append(t.live, make([]Sums, (size-1)>>s+1))
		t.gone = append(t.gone, make([]int64, (size-1)>>s+1))
		t.coarse = len(t.levels) - 1
		for t.coarse > 0 && int64(1)<<t.levels[t.coarse-1] >= wide {
			t.coarse--
		}
		if len(t.sums[len(t.sums)-1]) <= 1<<fan {
			return t
		}
	}
}

// set replaces a leaf's sums.
func (t *tree) set(block int64, s Sums) {
	delta := s.minus(t.sums[0][block])
	for l, shift := range t.levels {
		at := block >> (shift - t.shift)
		t.sums[l][at] = t.sums[l][at].Add(delta)
	}
	node := t.areaOf(block)
	live := t.sums[t.coarse][node]
	if live.Done > t.sizeAt(t.coarse, node)/2 {
		live.ProbeHits, live.WalkHits = 0, 0
	}
	live = live.minus(t.live[t.coarse][node])
	for l := t.coarse; l < len(t.levels); l++ {
		at := block >> (t.levels[l] - t.shift)
		t.live[l][at] = t.live[l][at].Add(live)
	}
	if t.shut[block] || t.gone[0][block] > 0 {
		t.letGo(block)
	}
}

// close marks a block in which no position can be chosen, or reopens it.
func (t *tree) close(block int64, shut bool) {
	if shut {
		t.shut[block] = true
	} else {
		delete(t.shut, block)
	}
	t.letGo(block)
}

func (t *tree) letGo(block int64) {
	gone := int64(0)
	if t.shut[block] {
		_, n := t.bounds(block)
		gone = max(0, n-t.sums[0][block].Done)
	}
	gone -= t.gone[0][block]
	for l, shift := range t.levels {
		t.gone[l][block>>(shift-t.shift)] += gone
	}
}

// asked returns a node's sums, with the gone positions counted as answered.
func (t *tree) asked(level int, x int64) Sums {
	s := t.sums[level][x]
	s.Done += t.gone[level][x]
	return s
}

// left is how many positions are neither answered nor gone.
func (t *tree) left() int64 {
	left := t.size
	for x := range t.sums[len(t.sums)-1] {
		left -= t.asked(len(t.sums)-1, int64(x)).Done
	}
	return left
}

// least returns the share of a node that must be left for it to be considered: spent, or 0 if no
// node has as much left.
func (t *tree) least() float64 {
	top := len(t.sums) - 1
	for x := range t.sums[top] {
		if size := t.sizeAt(top, int64(x)); some(t.asked(top, int64(x)), size, spent) {
			return spent
		}
	}
	return 0
}

// some reports whether anything is left of a node, and at least such a share.
func some(s Sums, size int64, least float64) bool {
	left := size - s.Done
	return left > 0 && float64(left) >= least*float64(size)
}

// open calls each for the blocks in which a local search may start. See [tree.pick].
func (t *tree) open(each func(block int64)) {
	least := t.least()
	var down func(l int, lo, hi int64)
	down = func(l int, lo, hi int64) {
		for x := lo; x < hi; x++ {
			switch {
			case !some(t.asked(l, x), t.sizeAt(l, x), least):
			case l == 0:
				each(x)
			default:
				down(l-1, x<<fan, min((x+1)<<fan, int64(len(t.sums[l-1]))))
			}
		}
	}
	down(len(t.sums)-1, 0, int64(len(t.sums[len(t.sums)-1])))
}

// areaOf is a leaf's node of the level coarse.
func (t *tree) areaOf(block int64) int64 { return block >> (t.levels[t.coarse] - t.shift) }

func (t *tree) block(pos int64) int64 { return pos >> t.shift }

// bounds are the first position of a block, and how many it has.
func (t *tree) bounds(block int64) (first, n int64) {
	first = block << t.shift
	return first, min(1<<t.shift, t.size-first)
}

// total are the sums of the whole space.
func (t *tree) total() Sums { return top(t.sums) }

func top(sums [][]Sums) (s Sums) {
	for _, x := range sums[len(sums)-1] {
		s = s.Add(x)
	}
	return s
}

// Early answers decide more than later ones. Until early answers, and then ever less often, at most
// the share greed of the choices takes the best mean instead of a draw, so that the first region
// with hits is worked off before others are looked for.
const (
	greed = 0.7
	early = 1000

	// smallShare bounds the early answers in a small space, where many workers would probe one run
	// at once.
	smallShare = 0.003
)

// greedy draws whether the next choice takes the best mean. It does so less often where a hit does
// not show that its block has more.
func (t *tree) greedy(r *rand.Rand) bool {
	until := min(early, smallShare*float64(t.size))
	return r.Float64()*max(until, float64(t.total().Done)) < until*min(greed, 3*t.recurrence)
}

// learn recomputes how much a hit tells about its block.
func (t *tree) learn() {
	hits, probes := 0.5, 1.0
	for _, s := range t.sums[0] {
		if s.ProbeHits > 0 {
			hits, probes = hits+float64(s.ProbeHits-1), probes+float64(s.Probes-1)
		}
	}
	t.recurrence = hits / probes
}

// pick chooses the block in which a local search is worth most. It descends from the root to the
// child with the best score. Thompson sampling draws the scores, so that workers spread without
// communication. Nearly spent nodes come last. ok is false if nothing is left.
func (t *tree) pick(r *rand.Rand) (block int64, ok bool) {
	b, least := t.whole(), t.least()
	if t.greedy(r) {
		r = nil
	}
	lo, hi := int64(0), int64(len(t.sums[len(t.sums)-1]))
	for l := len(t.levels) - 1; l >= 0; l-- {
		best, at := math.Inf(-1), int64(-1)
		for x := lo; x < hi; x++ {
			if score := b.score(t.asked(l, x), t.sizeAt(l, x), least, r); score > best {
				best, at = score, x
			}
		}
		if at < 0 {
			return 0, false
		}
		b = b.of(t.sums[l][at])
		if l == 0 {
			return at, true
		}
		lo = at << fan
		hi = min(lo+1<<fan, int64(len(t.sums[l-1])))
	}
	return 0, false
}

// whole returns the expectation for the whole space.
func (t *tree) whole() prior { return priorOf(t.total()) }

func priorOf(all Sums) prior {
	there := float64(all.there())
	return prior{
		f:      (float64(all.ProbeHits) + 0.5) / (float64(all.Probes) + 5),
		exists: (there + 2.5) / (float64(all.Probes) + 5),
		wanted: (float64(all.ProbeHits) + 0.5) / (there + 2.5),
		c:      (float64(all.Walks) + 20) / (float64(all.ProbeHits) + 2),
		g:      (float64(all.WalkHits) + 14) / (float64(all.ProbeHits) + 2),
	}
}

// sizeAt is the number of positions of a node.
func (t *tree) sizeAt(level int, x int64) int64 {
	first := x << t.levels[level]
	return min(int64(1)<<t.levels[level], t.size-first)
}

// prior is the prior of a node: the share f of probes that hit, the requests c of a local search,
// and its hits g. f is the product of the share of IDs that exist and of the wanted share of those,
// because an unwanted page shows that IDs are assigned where it is.
type prior struct{ f, exists, wanted, c, g float64 }

// of returns the prior of a node's children.
func (b prior) of(s Sums) prior {
	hits, there := float64(s.ProbeHits)+priorWeight, float64(s.there())
	exists := (there + priorWeight*b.exists) / (float64(s.Probes) + priorWeight)
	wanted := (float64(s.ProbeHits) + priorWeight*b.wanted) / (there + priorWeight)
	return prior{
		f: exists * wanted, exists: exists, wanted: wanted,
		c: (float64(s.Walks) + priorWeight*b.c) / hits,
		g: (float64(s.WalkHits) + priorWeight*b.g) / hits,
	}
}

// score draws the hits per request of local searches that start in a node. It is -Inf where less
// than the share least is left.
func (b prior) score(s Sums, size int64, least float64, r *rand.Rand) float64 {
	if !some(s, size, least) {
		return math.Inf(-1)
	}
	x := b.of(s)
	v := x.f
	if r != nil {
		there := s.there()
		v = beta(r, float64(there)+priorWeight*b.exists+0.25, float64(s.Absent)+priorWeight*(1-b.exists)+0.25) *
			beta(r, float64(s.ProbeHits)+priorWeight*b.wanted+0.25, float64(there-s.ProbeHits)+priorWeight*(1-b.wanted)+0.25)
	}
	if float64(s.Done) > 0.1*float64(size) {
		v = max(0, v*float64(size)-float64(s.ProbeHits+s.WalkHits)) / float64(size-s.Done)
	}
	return v * (1 + x.g) / (1 + v*x.c)
}

// density returns the share of hits in the rest of a node with this prior.
func (b prior) density(s Sums, size int64) float64 {
	if float64(s.Done) > 0.1*float64(size) {
		return max(0, b.f*float64(size)-float64(s.ProbeHits+s.WalkHits)) / float64(size-s.Done)
	}
	return b.f
}

// rate is how many hits a request brings of local searches where the share v of ids
// is wanted.
func (b prior) rate(v float64) float64 { return v * (1 + b.g) / (1 + v*b.c) }

// beta draws from a Beta distribution, as the share of the first of two Gammas.
func beta(r *rand.Rand, a, b float64) float64 {
	x, y := gamma(r, a), gamma(r, b)
	if x+y == 0 {
		return a / (a + b)
	}
	return x / (x + y)
}

// gamma draws from a Gamma distribution of scale 1: Marsaglia and Tsang 2000.
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		u := r.Float64()
		if u < 1-0.0331*x*x*x*x || math.Log(u) < 0.5*x*x+d*(1-v+math.Log(v)) {
			return d * v
		}
	}
}
