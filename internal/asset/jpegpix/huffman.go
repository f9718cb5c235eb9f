package jpegpix

import "encoding/binary"

// fastBits is the length up to which a code is found by one look, and jointBits the length up to
// which a code is found with its value.
const (
	fastBits  = 9
	jointBits = 10
)

// huffman is a table of codes.
type huffman struct {
	fast   [1 << fastBits]uint16 // symbol<<8 | length; 0: a longer code
	above  [17]uint32            // by length: the first code, left-aligned to 16 bits, that is longer
	offset [17]int32             // by length: index of a code's symbol less the code
	values [256]uint8
}

// joint is a table of codes with their values: value<<16 | run<<8 | length. The end of a block has
// the value 0. An entry of 0 is longer, or a run of 16 zeros.
type joint [1 << jointBits]int32

func newHuffman(counts [16]uint8, values []byte) (*huffman, error) {
	h := &huffman{}
	copy(h.values[:], values)
	code, index := uint32(0), 0
	for length := 1; length <= 16; length++ {
		n := int(counts[length-1])
		if code+uint32(n) > 1<<length {
			return nil, damaged("Huffman table has too many codes of %d bits", length)
		}
		h.offset[length] = int32(index) - int32(code)
		for range n {
			if length <= fastBits {
				entry := uint16(values[index])<<8 | uint16(length)
				first := code << (fastBits - length)
				for i := range uint32(1) << (fastBits - length) {
					h.fast[first+i] = entry
				}
			}
			code++
			index++
		}
		h.above[length] = code << (16 - length)
		code <<= 1
	}
	return h, nil
}

// join returns the joint table of a table of codes.
func (h *huffman) join() *joint {
	j := &joint{}
	for i := range j {
		e := int(h.fast[i>>(jointBits-fastBits)])
		length, run, size := e&255, e>>12, e>>8&15
		switch {
		case e == 0, length+size > jointBits, size == 0 && run != 0:
		case size == 0:
			j[i] = int32(length)
		default:
			r := reader{acc: uint64(i) << (64 - jointBits) << length, n: size}
			j[i] = r.signed(size)<<16 | int32(run<<8) | int32(length+size)
		}
	}
	return j
}

// reader reads bits of a scan. After the last byte it gives zeros and its count goes below zero.
// Callers check that once per block.
type reader struct {
	data []byte
	pos  int
	acc  uint64 // the next bit is the highest
	n    int    // bits in acc
}

// fill provides 32 bits, or as many as are left.
func (r *reader) fill() {
	if r.pos+8 <= len(r.data) {
		v := binary.BigEndian.Uint64(r.data[r.pos:])
		// No byte of 255, which would begin a marker or a stuffed byte.
		if x := ^v; (x-0x0101010101010101)&^x&0x8080808080808080 == 0 && r.n >= 0 {
			// Bits of a byte that does not fit are there already when it comes.
			r.acc |= v >> r.n
			k := (64 - r.n) >> 3
			r.pos += k
			r.n += k << 3
			return
		}
	}
	for r.n <= 56 && r.n >= 0 && r.pos < len(r.data) {
		b := r.data[r.pos]
		if b == 0xff {
			if r.pos+1 >= len(r.data) || r.data[r.pos+1] != 0 {
				return // a marker ends the scan
			}
			r.pos++
		}
		r.pos++
		r.acc |= uint64(b) << (56 - r.n)
		r.n += 8
	}
}

// symbol reads a code; at least 16 bits follow it.
func (r *reader) symbol(h *huffman) uint8 {
	if r.n < 32 {
		r.fill()
	}
	if e := h.fast[r.acc>>(64-fastBits)]; e != 0 {
		r.skip(int(e & 255))
		return uint8(e >> 8)
	}
	return r.long(h)
}

// long reads a code of more than fastBits bits. An unknown code counts as the end of the bytes.
func (r *reader) long(h *huffman) uint8 {
	code := uint32(r.acc >> 48)
	for length := fastBits + 1; length <= 16; length++ {
		if code < h.above[length] {
			r.skip(length)
			return h.values[uint8(int32(code>>(16-length))+h.offset[length])]
		}
	}
	r.n = -1 << 20
	return 0
}

func (r *reader) skip(n int) {
	r.acc <<= n
	r.n -= n
}

// bits reads up to 16 bits, after a symbol.
func (r *reader) bits(n int) int32 {
	v := int32(r.acc >> 1 >> (63 - n))
	r.skip(n)
	return v
}

// signed reads a value of n bits in JPEG's own sign format, where the lower half is negative.
func (r *reader) signed(n int) int32 {
	v := r.bits(n)
	return v + (((v - int32(1)<<n>>1) >> 31) & (-1<<n + 1))
}

// bit reads one bit where no symbol was read before.
func (r *reader) bit() int32 {
	if r.n < 1 {
		r.fill()
	}
	return r.bits(1)
}

// over reports whether more was read than there was.
func (r *reader) over() bool { return r.n < 0 }
