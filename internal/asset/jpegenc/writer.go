package jpegenc

import (
	"io"
	"math/bits"
)

// flushAt is how many bytes are collected before they are written.
const flushAt = 4 << 10

// writer writes bits, the highest first, and a zero after each byte of 255.
type writer struct {
	to  io.Writer
	err error
	buf []uint8
	acc uint64 // the last bit is the lowest
	n   uint8  // bits in acc, less than 32 between calls
}

// put writes bytes of a segment.
func (w *writer) put(b ...uint8) { w.buf = append(w.buf, b...) }

func (w *writer) code(e entry) { w.add(e.code, e.length) }

// add writes up to 16 bits.
func (w *writer) add(v uint32, n uint8) {
	w.acc = w.acc<<n | uint64(v)
	if w.n += n; w.n >= 32 {
		w.spill()
	}
}

// spill moves 32 bits to the buffer.
func (w *writer) spill() {
	w.n -= 32
	v := uint32(w.acc >> w.n)
	b := [4]uint8{uint8(v >> 24), uint8(v >> 16), uint8(v >> 8), uint8(v)}
	if x := ^v; (x-0x01010101)&^x&0x80808080 == 0 {
		w.buf = append(w.buf, b[:]...) // no byte of 255
	} else {
		for _, v := range b {
			w.byte(v)
		}
	}
	if len(w.buf) >= flushAt {
		w.flush()
	}
}

func (w *writer) byte(v uint8) {
	if w.buf = append(w.buf, v); v == 255 {
		w.buf = append(w.buf, 0)
	}
}

func (w *writer) flush() {
	if w.err == nil {
		_, w.err = w.to.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

// end fills the last byte with ones, and ends the file.
func (w *writer) end() error {
	if pad := -w.n & 7; pad > 0 {
		w.acc, w.n = w.acc<<pad|(1<<pad-1), w.n+pad
	}
	for ; w.n > 0; w.n -= 8 {
		w.byte(uint8(w.acc >> (w.n - 8)))
	}
	w.put(0xff, 0xd9)
	w.flush()
	return w.err
}

// magnitude returns a value in JPEG's own sign format, where the lower half is negative, and its
// bits.
func magnitude(v int32) (n uint8, value uint32) {
	sign := v >> 31
	n = uint8(bits.Len32(uint32((v ^ sign) - sign)))
	return n, uint32(v+sign) & (1<<n - 1)
}
