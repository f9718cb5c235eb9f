package deflate

import "math"

// unit is the grain of block borders, in bytes of input. Half of it gains
// nothing, twice costs 0.1 %.
const unit = 4 << 10

const units = (window + segment + lookahead + unit - 1) / unit

// splitter chooses where blocks end.
type splitter struct {
	counts [units]histogram // of the steps that begin in a unit
	bits   [units + 1]float64
	from   [units + 1]int
	spans  []span
}

// headerBits is what new codes cost, on the average.
const headerBits = 700

// split takes a first path through the segment and returns the partition into blocks with the
// fewest bits, by the entropy of each block's symbols. An empty segment is one empty block.
func (p *parser) split() []span {
	p.first()
	s := &p.blocks
	n := max(1, ceil(len(p.in), unit))
	for i := range s.counts[:n] {
		s.counts[i] = histogram{}
	}
	for i := 0; i < len(p.in); {
		i += s.counts[i/unit].add(p.in[i], p.taken[i])
	}
	for end := 1; end <= n; end++ {
		var sum histogram
		s.bits[end] = math.Inf(1)
		for from := end - 1; from >= 0; from-- {
			sum.join(&s.counts[from])
			if b := s.bits[from] + headerBits + sum.bits(); b < s.bits[end] {
				s.bits[end], s.from[end] = b, from
			}
		}
	}
	s.spans = s.spans[:0]
	for end := n; end > 0; end = s.from[end] {
		s.spans = append(s.spans, span{s.from[end] * unit, min(end*unit, len(p.in))})
	}
	for i, j := 0, len(s.spans)-1; i < j; i, j = i+1, j-1 {
		s.spans[i], s.spans[j] = s.spans[j], s.spans[i]
	}
	return s.spans
}

func ceil(a, b int) int { return (a + b - 1) / b }

func (h *histogram) join(o *histogram) {
	for i, n := range o.literal {
		h.literal[i] += n
	}
	for i, n := range o.distance {
		h.distance[i] += n
	}
}

// bits returns the entropy of the symbols, without the extra bits of lengths and distances, which
// are equal in every partition.
func (h *histogram) bits() float64 { return entropy(h.literal[:]) + entropy(h.distance[:]) }

func entropy(counts []uint32) float64 {
	total, sum := uint32(0), 0.0
	for _, n := range counts {
		if n < uint32(len(nLogN)) {
			sum += nLogN[n]
		} else {
			sum += float64(n) * math.Log2(float64(n))
		}
		total += n
	}
	if total == 0 {
		return 0
	}
	return float64(total)*math.Log2(float64(total)) - sum
}

// nLogN is n × log2(n).
var nLogN = func() (t [4096]float64) {
	for n := 2; n < len(t); n++ {
		t[n] = float64(n) * math.Log2(float64(n))
	}
	return t
}()
