package explore

import (
	"math"
	"math/rand/v2"
)

// Sums are what is known of a stretch of a space, by counting answers. They
// are only ever added to, so the order and the grouping of writes do not matter.
type Sums struct {
	// Done counts the ids that were answered for good, however they came to be
	// asked for.
	Done int64

	// Probes and Walks count answers to probes and to steps of walks that began
	// here, ProbeHits and WalkHits the wanted ones among them.
	Probes, ProbeHits int64
	Walks, WalkHits   int64

	// Wanted counts the items that were found: pages that are done, whatever walks
	// look for.
	Wanted int64

	// Errors counts the ids that ended in error: they are not answered.
	Errors int64

	// Doubt is how far answers are from what was expected of them, Expected how
	// many hits were: see [Forager.Dark].
	Doubt, Expected float64
}

// Add returns both together.
func (s Sums) Add(o Sums) Sums {
	return Sums{
		s.Done + o.Done, s.Probes + o.Probes, s.ProbeHits + o.ProbeHits, s.Walks + o.Walks, s.WalkHits + o.WalkHits,
		s.Wanted + o.Wanted, s.Errors + o.Errors, s.Doubt + o.Doubt, s.Expected + o.Expected,
	}
}

func (s Sums) minus(o Sums) Sums {
	return Sums{
		s.Done - o.Done, s.Probes - o.Probes, s.ProbeHits - o.ProbeHits, s.Walks - o.Walks, s.WalkHits - o.WalkHits,
		s.Wanted - o.Wanted, s.Errors - o.Errors, s.Doubt - o.Doubt, s.Expected - o.Expected,
	}
}

const (
	// fan is the number of children of a node, in bits: 16.
	fan = 4

	// prior is how many answers the parent's rate counts for in a node.
	prior = 8

	// spent is the share of a block that must be left for it to be looked at while
	// there are others.
	spent = 0.02
)

// tree divides a space into blocks of equal size, and those into a tree above
// them. The leaves hold the sums; what is above is the sum of what is below.
type tree struct {
	size   int64
	shift  uint
	levels []uint // shifts, the leaves first
	sums   [][]Sums

	// live are the sums, from the level coarse up, without the hits in its nodes of
	// which half was asked: what was found there is not to be expected elsewhere.
	// Smaller nodes are asked in full by an excursion that found something, and
	// without what was found so nothing would ever be expected.
	live   [][]Sums
	coarse int

	// gone are the positions that were not answered and are nobody's to choose any
	// more: all of a block that was looked through. See [Forager.Probe].
	gone  [][]int64
	shut  map[int64]bool // those blocks
	looks map[int64]*look
}

// wide is how many positions a node of the level coarse has at least.
const wide = 256

func newTree(size int64, blocks int) *tree {
	t := &tree{size: size, shut: map[int64]bool{}, looks: map[int64]*look{}}
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
	node := t.stretchOf(block)
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

// close says that no position of a block is to be chosen any more, or that some are
// again.
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

// asked are a node's sums, with what is gone as if it was answered.
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

// least is the share of a node that must be left for it to be looked at: spent, or
// 0 when that is left of none.
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

// open calls each for the blocks in which an excursion may begin: see [tree.pick].
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

// stretchOf is a leaf's node of the level coarse.
func (t *tree) stretchOf(block int64) int64 { return block >> (t.levels[t.coarse] - t.shift) }

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

// pick chooses the block in which an excursion is worth most: from the top
// down, each time the node with the best score, drawn by Thompson sampling so
// that many workers spread without speaking of it. Nodes that are nearly spent come
// last. ok is false when nothing is left.
func (t *tree) pick(r *rand.Rand) (block int64, ok bool) {
	b, least := t.whole(), t.least()
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

// whole is what is expected anywhere.
func (t *tree) whole() belief { return believe(t.total()) }

func believe(all Sums) belief {
	return belief{
		f: (float64(all.ProbeHits) + 0.5) / (float64(all.Probes) + 5),
		c: (float64(all.Walks) + 20) / (float64(all.ProbeHits) + 2),
		g: (float64(all.WalkHits) + 14) / (float64(all.ProbeHits) + 2),
	}
}

// sizeAt is the number of positions of a node.
func (t *tree) sizeAt(level int, x int64) int64 {
	first := x << t.levels[level]
	return min(int64(1)<<t.levels[level], t.size-first)
}

// belief is what is expected of a node before it was looked at: f of probes
// hit, and an excursion from a hit takes c requests and brings g hits.
type belief struct{ f, c, g float64 }

// of is what is expected of a node's children.
func (b belief) of(s Sums) belief {
	hits := float64(s.ProbeHits) + prior
	return belief{
		f: (float64(s.ProbeHits) + prior*b.f) / (float64(s.Probes) + prior),
		c: (float64(s.Walks) + prior*b.c) / hits,
		g: (float64(s.WalkHits) + prior*b.g) / hits,
	}
}

// score draws how many hits a request brings of excursions that begin in a
// node; -Inf where less than such a share is left.
func (b belief) score(s Sums, size int64, least float64, r *rand.Rand) float64 {
	if !some(s, size, least) {
		return math.Inf(-1)
	}
	v := beta(r, float64(s.ProbeHits)+prior*b.f+0.25, float64(s.Probes-s.ProbeHits)+prior*(1-b.f)+0.25)
	if float64(s.Done) > 0.1*float64(size) {
		v = max(0, v*float64(size)-float64(s.ProbeHits+s.WalkHits)) / float64(size-s.Done)
	}
	x := b.of(s)
	return v * (1 + x.g) / (1 + v*x.c)
}

// density is the share of hits in what is left of a node of this belief.
func (b belief) density(s Sums, size int64) float64 {
	if float64(s.Done) > 0.1*float64(size) {
		return max(0, b.f*float64(size)-float64(s.ProbeHits+s.WalkHits)) / float64(size-s.Done)
	}
	return b.f
}

// rate is how many hits a request brings of excursions where the share v of ids
// is wanted.
func (b belief) rate(v float64) float64 { return v * (1 + b.g) / (1 + v*b.c) }

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
