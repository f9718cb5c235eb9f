package deflate

import "math"

// parser chooses the codes of a segment.
type parser struct {
	in      []byte
	found   []int32 // by position: index of its first match
	matches []match

	cost    []uint32 // by position: of the way from there to the end
	taken   []match  // by position: the step on that way; length 1 is a literal
	blocks  splitter
	counted histogram
	costs   costs
	codes   codes
}

// histogram counts the literals and lengths, and the distances.
type histogram struct {
	literal  [literals]uint32
	distance [distances]uint32
}

const (
	literals  = 286
	distances = 30
	endBlock  = 256
)

// costs is the cost of each step in 1/costUnit bits.
type costs struct {
	literal  [256]uint32
	length   [maxMatch + 1]uint32
	distance [distances]uint32
}

const costUnit = 16

// passes is how often a block's way is gone. A third brings some 0.05 %.
const passes = 2

// manyMatches bounds the matches of a segment. Beyond it each position has one match. Photographs
// have about three a position.
const manyMatches = 1 << 20

func (p *parser) begin(in []byte) {
	if p.found == nil {
		n := window + segment + lookahead + 1
		p.found, p.cost, p.taken = make([]int32, n), make([]uint32, n), make([]match, n)
		p.matches = make([]match, 0, manyMatches+n+depth)
	}
	p.in, p.matches = in, p.matches[:0]
}

// span is a stretch of the segment: [from, to).
type span struct{ from, to int }

// first takes a first path with guessed costs: literals by their frequency, matches as in
// photographs.
func (p *parser) first() {
	p.counted = histogram{}
	for _, b := range p.in {
		p.counted.literal[b]++
	}
	total := uint32(len(p.in))
	for i, n := range p.counted.literal[:256] {
		p.costs.literal[i] = bitsOf(n, total)
	}
	for n := minMatch; n <= maxMatch; n++ {
		p.costs.length[n] = 7*costUnit + costUnit*uint32(lengthExtra[lengthSymbol[n]-257])
	}
	for i := range p.costs.distance {
		p.costs.distance[i] = 5*costUnit + costUnit*uint32(distanceExtra[i])
	}
	p.walk(span{0, len(p.in)})
}

// settle chooses the way through a block, with its own costs. Each path makes its own steps cheap,
// so a path with many matches may lead away from the best. For few different bytes, settle also
// tries literals alone.
func (p *parser) settle(b span) {
	for range passes {
		p.count(b)
		p.costs.of(&p.counted, &p.codes)
		p.walk(b)
	}
	p.count(b)
	var plain histogram
	for _, v := range p.in[b.from:b.to] {
		plain.literal[v]++
	}
	plain.literal[endBlock] = 1
	if p.codes.size(&plain) < p.codes.size(&p.counted)+p.counted.extra() {
		for i := b.from; i < b.to; i++ {
			p.taken[i] = match{length: 1}
		}
		p.counted = plain
	}
}

// extra is the bits that follow the symbols of lengths and distances.
func (h *histogram) extra() int {
	sum := 0
	for i, n := range h.literal[257:] {
		sum += int(n) * int(lengthExtra[i])
	}
	for i, n := range h.distance {
		sum += int(n) * int(distanceExtra[i])
	}
	return sum
}

// count makes the histogram of the steps of a block.
func (p *parser) count(b span) {
	p.counted = histogram{}
	for i := b.from; i < b.to; {
		i += p.counted.add(p.in[i], p.taken[i])
	}
	p.counted.literal[endBlock] = 1
}

// add counts a step and returns how far it goes.
func (h *histogram) add(literal byte, m match) int {
	if m.length == 1 {
		h.literal[literal]++
		return 1
	}
	h.literal[lengthSymbol[m.length]]++
	h.distance[m.symbol]++
	return int(m.length)
}

// bitsOf returns the cost of a symbol with n occurrences among total, by entropy. An absent symbol
// costs more than the rarest. No code is shorter than a bit.
func bitsOf(n, total uint32) uint32 {
	v := math.Log2(float64(total)+1) + 1
	if n > 0 {
		v = math.Log2(float64(total) / float64(n))
	}
	return max(uint32(v*costUnit+0.5), costUnit)
}

// of sets the costs from the counted steps: literals and lengths by their codes, distances by
// entropy. Whole bits for distances would make files 0.5 % larger, because a rare distance may be
// common on the next path.
func (c *costs) of(h *histogram, k *codes) {
	k.size(h)
	symbols, distances := uint32(0), uint32(0)
	for _, n := range h.literal {
		symbols += n
	}
	for _, n := range h.distance {
		distances += n
	}
	var symbol [literals]uint32
	for i, n := range h.literal {
		if symbol[i] = bitsOf(0, symbols); n > 0 {
			symbol[i] = uint32(k.literal[i].length) * costUnit
		}
	}
	copy(c.literal[:], symbol[:])
	for n := minMatch; n <= maxMatch; n++ {
		s := lengthSymbol[n]
		c.length[n] = symbol[s] + costUnit*uint32(lengthExtra[s-257])
	}
	for i, n := range h.distance {
		c.distance[i] = bitsOf(n, distances) + costUnit*uint32(distanceExtra[i])
	}
}

// walk finds the cheapest way through a block, from its end.
func (p *parser) walk(b span) {
	p.cost[b.to] = 0
	after := uint32(0) // the cost of the position behind
	for i := b.to - 1; i >= b.from; i-- {
		best := p.costs.literal[p.in[i]] + after
		step := match{length: 1}
		next := minMatch
		for _, m := range p.matches[p.found[i]:p.found[i+1]] {
			length := min(int(m.length), b.to-i)
			if length < next {
				continue
			}
			if length >= nice {
				next = length
			}
			distance := p.costs.distance[m.symbol]
			ways := p.cost[i+next : i+length+1]
			lengths := p.costs.length[next:][:len(ways)]
			for n, way := range ways {
				if c := way + distance + lengths[n]; c < best {
					best, step = c, match{uint16(next + n), m.distance, m.symbol}
				}
			}
			next = length + 1
		}
		p.cost[i], p.taken[i] = best, step
		after = best
	}
}
