package deflate

import (
	"encoding/binary"
	"io"
)

// bitWriter writes bits, the lowest first. The first error stays.
type bitWriter struct {
	w   io.Writer
	buf []byte
	acc uint64
	n   uint
	err error
}

const flushAt = 16 << 10

func (w *bitWriter) bits(v uint32, n uint8) {
	w.acc |= uint64(v) << w.n
	w.n += uint(n)
	if w.n >= 32 {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(w.acc))
		w.acc >>= 32
		w.n -= 32
		if len(w.buf) >= flushAt {
			w.flush()
		}
	}
}

func (w *bitWriter) code(c code) { w.bits(uint32(c.bits), c.length) }

// align fills the last byte with zeros.
func (w *bitWriter) align() {
	w.n = (w.n + 7) &^ 7
	for ; w.n > 0; w.n -= 8 {
		w.buf = append(w.buf, byte(w.acc))
		w.acc >>= 8
	}
}

// bytes writes bytes where a byte begins.
func (w *bitWriter) bytes(p []byte) {
	w.align()
	w.buf = append(w.buf, p...)
	if len(w.buf) >= flushAt {
		w.flush()
	}
}

func (w *bitWriter) flush() {
	if w.err == nil && len(w.buf) > 0 {
		_, w.err = w.w.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

// The kinds of blocks.
const (
	stored  = 0
	fixed   = 1
	dynamic = 2
)

// block writes a block as its parser settled it, in the kind that is the
// shortest.
func (w *bitWriter) block(p *parser, b span, last bool) {
	c := &p.codes
	var head header
	own, common := head.make(c, &p.counted), 0
	for i, n := range p.counted.literal {
		common += int(n) * int(fixedLength(i))
	}
	for _, n := range p.counted.distance {
		common += int(n) * 5
	}
	raw := p.in[b.from:b.to]
	if 8*len(raw)+40*(1+len(raw)/0xffff) < min(own, common)+p.counted.extra() {
		w.stored(raw, last)
		return
	}
	w.bits(bit(last), 1)
	if common <= own {
		w.bits(fixed, 2)
		c.fix()
	} else {
		w.bits(dynamic, 2)
		head.write(w, c)
	}
	for i := b.from; i < b.to; {
		i += w.step(c, p.in[i], p.taken[i])
	}
	w.code(c.literal[endBlock])
}

func (w *bitWriter) step(c *codes, literal byte, m match) int {
	if m.length == 1 {
		w.code(c.literal[literal])
		return 1
	}
	s := lengthSymbol[m.length]
	w.code(c.literal[s])
	w.bits(uint32(m.length-lengthBase[s-257]), lengthExtra[s-257])
	d := m.symbol
	w.code(c.distance[d])
	w.bits(uint32(m.distance-distanceBase[d]), distanceExtra[d])
	return int(m.length)
}

func (w *bitWriter) stored(raw []byte, last bool) {
	for first := true; first || len(raw) > 0; first = false {
		n := min(len(raw), 0xffff)
		w.bits(bit(last && n == len(raw)), 1)
		w.bits(stored, 2)
		w.align()
		w.bytes(binary.LittleEndian.AppendUint32(nil, uint32(n)|uint32(^uint16(n))<<16))
		w.bytes(raw[:n])
		raw = raw[n:]
	}
}

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// fixedLength is the length of a literal's fixed code.
func fixedLength(i int) uint8 {
	switch {
	case i < 144, i >= 280:
		return 8
	case i < 256:
		return 9
	}
	return 7
}

// fix sets the fixed codes.
func (c *codes) fix() {
	lengths := c.work.lengths[:]
	for i := range lengths {
		lengths[i] = fixedLength(i)
	}
	assign(c.literal[:], lengths)
	for i := range distances {
		lengths[i] = 5
	}
	assign(c.distance[:], lengths[:distances])
}

// header is the part of a block that holds the lengths of its codes, run-length encoded in codes of
// their own.
type header struct {
	literals, distances, codes int
	symbols                    []headerSymbol
}

type headerSymbol struct{ symbol, extra uint8 }

// headerExtra is the bits after the symbols 16 to 18; headerOrder the order in
// which the header's own lengths are written.
var (
	headerExtra = [19]uint8{16: 2, 17: 3, 18: 7}
	headerOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

// size makes a block's codes and returns its bits, without the extra bits of lengths and distances.
func (c *codes) size(counted *histogram) int {
	var head header
	return head.make(c, counted)
}

// make makes the codes of a histogram and the header that holds them. It returns the bits of both,
// and of the symbols.
func (h *header) make(c *codes, counted *histogram) int {
	var all [literals + distances]uint8
	lengths := c.work.lengthsOf(counted.literal[:], maxCode)
	assign(c.literal[:], lengths)
	h.literals = 257
	for i, n := range lengths {
		if n > 0 && i >= h.literals {
			h.literals = i + 1
		}
	}
	copy(all[:], lengths[:h.literals])
	lengths = c.work.lengthsOf(counted.distance[:], maxCode)
	assign(c.distance[:], lengths)
	h.distances = 1
	for i, n := range lengths {
		if n > 0 {
			h.distances = i + 1
		}
	}
	copy(all[h.literals:], lengths[:h.distances])
	h.runs(all[:h.literals+h.distances])

	sum := 5 + 5 + 4
	for i, n := range counted.literal {
		sum += int(n) * int(c.literal[i].length)
	}
	for i, n := range counted.distance {
		sum += int(n) * int(c.distance[i].length)
	}
	var counts [19]uint32
	for _, s := range h.symbols {
		counts[s.symbol]++
		sum += int(headerExtra[s.symbol])
	}
	// There are always two symbols, as decoders want it: 258 lengths make runs.
	lengths = c.work.lengthsOf(counts[:], maxLengthCode)
	assign(c.header[:], lengths)
	h.codes = 4
	for i, s := range headerOrder {
		if lengths[s] > 0 && i >= h.codes {
			h.codes = i + 1
		}
		sum += int(counts[s]) * int(lengths[s])
	}
	return sum + 3*h.codes
}

// runs writes lengths as symbols: 16 repeats the one before 3 to 6 times, 17 and
// 18 are 3 to 10 and 11 to 138 zeros.
func (h *header) runs(lengths []uint8) {
	for i := 0; i < len(lengths); {
		v, n := lengths[i], 1
		for i+n < len(lengths) && lengths[i+n] == v {
			n++
		}
		i += n
		if v != 0 {
			h.symbols = append(h.symbols, headerSymbol{v, 0})
			n--
		}
		for n >= 3 {
			symbol, least, most := uint8(16), 3, 6
			switch {
			case v == 0 && n >= 11:
				symbol, least, most = 18, 11, 138
			case v == 0:
				symbol, least, most = 17, 3, 10
			}
			k := min(n, most)
			if rest := n - k; v != 0 && rest > 0 && rest < 3 && k-3 >= 3-rest {
				k -= 3 - rest // leave enough for another run
			}
			h.symbols = append(h.symbols, headerSymbol{symbol, uint8(k - least)})
			n -= k
		}
		for range n {
			h.symbols = append(h.symbols, headerSymbol{v, 0})
		}
	}
}

func (h *header) write(w *bitWriter, c *codes) {
	w.bits(uint32(h.literals-257), 5)
	w.bits(uint32(h.distances-1), 5)
	w.bits(uint32(h.codes-4), 4)
	for _, s := range headerOrder[:h.codes] {
		w.bits(uint32(c.header[s].length), 3)
	}
	for _, s := range h.symbols {
		w.code(c.header[s.symbol])
		w.bits(uint32(s.extra), headerExtra[s.symbol])
	}
}
