package jpegpix

import (
	"context"
	"io"
)

// zigzag is where the coefficients of a file's order stand in a block. A damaged run writes into
// the 16 entries beyond the end.
var zigzag = [64 + 16]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
}

// scan is one pass over the blocks of some components.
type scan struct {
	p          *Picture
	components []scanned
	first      int // the coefficients it brings, in zigzag order
	last       int
	high, low  uint // successive approximation: bits brought before, and left out
	bits       reader
	blocksLeft int // of a run of empty bands
}

// scanned is a component in a scan.
type scanned struct {
	*component
	dc, ac *huffman
	pred   int32

	// Of a file of one scan: the joint table of ac, and the quantization table, as long as zigzag.
	joint *joint
	steps [len(zigzag)]int32
}

// readScan reads the header of a scan.
func (p *Picture) readScan() (*scan, error) {
	body, err := p.body()
	if err != nil {
		return nil, err
	}
	if len(body) < 1 || body[0] < 1 || body[0] > 4 || len(body) < 4+2*int(body[0]) {
		return nil, damaged("scan header")
	}
	n := int(body[0])
	tail := body[1+2*n:]
	s := &scan{p: p, first: int(tail[0]), last: int(tail[1]), high: uint(tail[2] >> 4), low: uint(tail[2] & 15)}
	if !p.progressive {
		s.first, s.last, s.high, s.low = 0, 63, 0, 0
	}
	switch {
	case s.first > s.last || s.last > 63, s.first == 0 && s.last != 0 && p.progressive, s.first > 0 && n > 1,
		s.low > 13, s.high != 0 && s.high != s.low+1:
		return nil, damaged("scan of coefficients %d to %d", s.first, s.last)
	}
	blocks := 0
	for i := range n {
		c, dc, ac := p.component(body[1+2*i]), body[2+2*i]>>4, body[2+2*i]&15
		if c == nil || dc > 3 || ac > 3 {
			return nil, damaged("scan of component %d", body[1+2*i])
		}
		for _, other := range s.components {
			if other.component == c {
				return nil, damaged("scan has component %d twice", c.id)
			}
		}
		if !c.latched {
			c.latched, c.table = true, p.quant[c.quant]
		}
		sc := scanned{component: c, dc: p.tables[0][dc], ac: p.tables[1][ac]}
		if s.first == 0 && s.high == 0 && sc.dc == nil || s.last > 0 && sc.ac == nil {
			return nil, damaged("scan without its Huffman table")
		}
		s.components = append(s.components, sc)
		blocks += c.across * c.down
	}
	if blocks > 10 && n > 1 {
		return nil, damaged("%d blocks in a unit", blocks)
	}
	return s, nil
}

func (p *Picture) component(id uint8) *component {
	for i := range p.components {
		if p.components[i].id == id {
			return &p.components[i]
		}
	}
	return nil
}

// run decodes the scan. place gives the position of each block.
func (s *scan) run(ctx context.Context, block func(c *scanned, x, y int) error) error {
	s.bits = reader{data: s.p.data, pos: s.p.pos}
	unitsX, unitsY := s.p.unitsX, s.p.unitsY
	single := len(s.components) == 1
	if single {
		// The blocks of the plane one by one, without padding to whole units.
		unitsX, unitsY = ceil(s.components[0].width, 8), ceil(s.components[0].height, 8)
	}
	left := s.p.restart
	for uy := range unitsY {
		if err := ctx.Err(); err != nil {
			return err
		}
		for ux := range unitsX {
			if s.p.restart > 0 && left == 0 {
				if err := s.resume(); err != nil {
					return err
				}
				left = s.p.restart
			}
			left--
			for i := range s.components {
				c := &s.components[i]
				across, down := c.across, c.down
				if single {
					across, down = 1, 1
				}
				for y := range down {
					for x := range across {
						if err := block(c, ux*across+x, uy*down+y); err != nil {
							return err
						}
					}
				}
			}
			if s.bits.over() {
				return s.ended()
			}
		}
	}
	s.p.pos = s.bits.pos
	return nil
}

// ended returns why the bits ended: the file is truncated, or it holds an invalid code.
func (s *scan) ended() error {
	if s.bits.pos+1 >= len(s.bits.data) {
		return io.ErrUnexpectedEOF
	}
	return damaged("scan ends early")
}

// resume steps over a restart marker.
func (s *scan) resume() error {
	s.p.pos = s.bits.pos
	m, err := s.p.marker()
	if err != nil {
		return err
	}
	if m < mRST0 || m > mRST7 {
		return damaged("marker %x for a restart", m)
	}
	s.bits = reader{data: s.p.data, pos: s.p.pos}
	s.blocksLeft = 0
	for i := range s.components {
		s.components[i].pred = 0
	}
	return nil
}

// whole decodes all coefficients of a block, dequantized; it returns how many
// of its first coefficients, in zigzag order, may be other than zero.
func (s *scan) whole(c *scanned, b *[64]int32) int {
	r := &s.bits
	c.pred += r.signed(int(r.symbol(c.dc) & 15))
	b[0] = c.pred * c.steps[0]
	end := 1
	joint, steps := c.joint, &c.steps
	acc, n := r.acc, r.n // in registers
	for k := 1; k < 64; k++ {
		if n < 32 {
			r.acc, r.n = acc, n
			r.fill()
			acc, n = r.acc, r.n
		}
		e := joint[acc>>(64-jointBits)]
		if e != 0 {
			acc <<= e & 63
			n -= int(e & 63)
			if e>>16 == 0 {
				break
			}
			k += int(e>>8) & 15
			b[zigzag[k]&63] = e >> 16 * steps[k]
			end = k + 1
			continue
		}
		r.acc, r.n = acc, n
		rs := r.symbol(c.ac)
		size := int(rs & 15)
		if size == 0 {
			acc, n = r.acc, r.n
			if rs != 0xf0 {
				break
			}
			k += 15
			continue
		}
		k += int(rs >> 4)
		b[zigzag[k]&63] = r.signed(size) * steps[k]
		acc, n = r.acc, r.n
		end = k + 1
	}
	r.acc, r.n = acc, n
	return end
}

// part decodes the share of one of several scans in a block.
func (s *scan) part(c *scanned, b *[64]int16) {
	switch {
	case !s.p.progressive:
		s.sequential(c, b)
	case s.first == 0 && s.high == 0:
		c.pred += s.bits.signed(int(s.bits.symbol(c.dc) & 15))
		b[0] = int16(c.pred << s.low)
	case s.first == 0:
		b[0] |= int16(s.bits.bit() << s.low)
	case s.high == 0:
		s.band(c, b)
	default:
		s.refine(c, b)
	}
}

// sequential decodes a whole block of a file whose components come one by one.
func (s *scan) sequential(c *scanned, b *[64]int16) {
	r := &s.bits
	c.pred += r.signed(int(r.symbol(c.dc) & 15))
	b[0] = int16(c.pred)
	for k := 1; k < 64; k++ {
		rs := r.symbol(c.ac)
		size := int(rs & 15)
		if size == 0 {
			if rs != 0xf0 {
				return
			}
			k += 15
			continue
		}
		k += int(rs >> 4)
		b[zigzag[k]] = int16(r.signed(size))
	}
}

// band decodes the first bits of a band of coefficients.
func (s *scan) band(c *scanned, b *[64]int16) {
	if s.blocksLeft > 0 {
		s.blocksLeft--
		return
	}
	r := &s.bits
	for k := s.first; k <= s.last; k++ {
		rs := r.symbol(c.ac)
		run, size := int(rs>>4), int(rs&15)
		if size == 0 {
			if run < 15 {
				s.blocksLeft = 1<<run + int(r.bits(run)) - 1
				return
			}
			k += 15
			continue
		}
		k += run
		b[zigzag[k]] = int16(r.signed(size) << s.low)
	}
}

// refine decodes one more bit of each coefficient of a band: a bit for each nonzero coefficient,
// and new coefficients of one or minus one among them.
func (s *scan) refine(c *scanned, b *[64]int16) {
	r := &s.bits
	delta := int16(1) << s.low
	k := s.first
	if s.blocksLeft == 0 {
		for k <= s.last {
			rs := r.symbol(c.ac)
			run, size := int(rs>>4), int(rs&15)
			value := int16(0)
			if size == 0 {
				if run < 15 {
					s.blocksLeft = 1<<run + int(r.bits(run))
					break
				}
			} else if value = -delta; r.bits(1) == 1 {
				value = delta
			}
			if k = s.correct(b, k, run, delta); k <= s.last && value != 0 {
				b[zigzag[k]] = value
			}
			k++
			if r.over() {
				return
			}
		}
	}
	if s.blocksLeft > 0 {
		s.blocksLeft--
		s.correct(b, k, 64, delta)
	}
}

// correct reads the bit of each nonzero coefficient from k on, until it has passed run zero ones.
// It returns its position.
func (s *scan) correct(b *[64]int16, k, run int, delta int16) int {
	for ; k <= s.last; k++ {
		at := zigzag[k]
		v := b[at]
		switch {
		case v == 0 && run == 0:
			return k
		case v == 0:
			run--
		case s.bits.bit() == 0 || v&delta != 0:
		case v > 0:
			b[at] = v + delta
		default:
			b[at] = v - delta
		}
	}
	return k
}
