// Package deflate compresses to zlib streams (RFC 1950, RFC 1951) of few bytes,
// for data that is read more often than it is written.
//
// Other compressors take the longest match and continue. This one considers all matches and takes
// the path through the input whose codes need the fewest bits. The cost of a code depends on the
// path, so the search repeats with the costs of the previous pass. Block bounds, where new codes
// begin, follow the cheapest partition into units.
//
// The input is worked through by segments; a Writer takes 14 MiB.
package deflate

import (
	"encoding/binary"
	"errors"
	"hash"
	"hash/adler32"
	"io"
)

const (
	window    = 32 << 10 // how far back a match may lie
	segment   = 256 << 10
	maxMatch  = 258
	minMatch  = 3
	lookahead = maxMatch
)

var errClosed = errors.New("deflate: write after close")

// Writer compresses the bytes written to it.
type Writer struct {
	out    bitWriter
	sum    hash.Hash32
	begun  bool
	closed bool

	// buf holds the window for matches and, from pos on, the bytes to compress.
	buf []byte
	pos int

	finder finder
	parser parser
}

// NewWriter returns a writer of a zlib stream to w. Close ends the stream.
func NewWriter(w io.Writer) *Writer {
	z := &Writer{buf: make([]byte, 0, window+segment+lookahead)}
	z.Reset(w)
	return z
}

// Reset begins another stream, to w.
func (z *Writer) Reset(w io.Writer) {
	z.out = bitWriter{w: w, buf: z.out.buf[:0]}
	z.sum = adler32.New()
	z.begun, z.closed = false, false
	z.buf, z.pos = z.buf[:0], 0
	z.finder.reset()
}

// Write compresses p, or keeps it for later.
func (z *Writer) Write(p []byte) (int, error) {
	if z.closed {
		return 0, errClosed
	}
	n := len(p)
	_, _ = z.sum.Write(p)
	for len(p) > 0 {
		k := copy(z.buf[len(z.buf):cap(z.buf)], p)
		z.buf, p = z.buf[:len(z.buf)+k], p[k:]
		if len(z.buf) == cap(z.buf) {
			z.compress(len(z.buf)-lookahead, false)
			z.slide()
		}
	}
	return n, z.out.err
}

// Close ends the stream; it does not close the writer below.
func (z *Writer) Close() error {
	if z.closed {
		return z.out.err
	}
	z.closed = true
	z.compress(len(z.buf), true)
	z.out.align()
	z.out.bytes(binary.BigEndian.AppendUint32(nil, z.sum.Sum32()))
	z.out.flush()
	return z.out.err
}

// compress writes the blocks of the input up to end.
func (z *Writer) compress(end int, last bool) {
	if !z.begun {
		z.begun = true
		z.out.bytes([]byte{0x78, 0xda}) // a window of 32 KiB, compressed as far as can be
	}
	p := &z.parser
	p.begin(z.buf[z.pos:end])
	for i := z.pos; i < end; {
		first := len(p.matches)
		p.found[i-z.pos] = int32(first)
		p.matches = z.finder.find(z.buf, i, p.matches)
		n := len(p.matches)
		if n > manyMatches && n > first {
			p.matches[first] = p.matches[n-1] // the longest will do
			n = first + 1
			p.matches = p.matches[:n]
		}
		if n == first || p.matches[n-1].length < nice {
			i++
			continue
		}
		// A match of that length is taken, and positions within it are not searched.
		stop := min(i+int(p.matches[n-1].length), end)
		for i++; i < stop; i++ {
			p.found[i-z.pos] = int32(n)
			z.finder.skip(z.buf, i)
		}
	}
	p.found[end-z.pos] = int32(len(p.matches))
	blocks := p.split()
	for i, b := range blocks {
		p.settle(b)
		z.out.block(p, b, last && i == len(blocks)-1)
	}
	z.pos = end
}

// slide makes room, and leaves the window.
func (z *Writer) slide() {
	if by := z.pos - window; by > 0 {
		z.buf = z.buf[:copy(z.buf, z.buf[by:])]
		z.pos -= by
		z.finder.slide(by)
	}
}
