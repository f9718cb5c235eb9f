package pngenc

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// PNG's color types.
const (
	colorGray      = 0
	colorRGB       = 2
	colorPalette   = 3
	colorGrayAlpha = 4
	colorRGBA      = 6
)

// form is the layout of the pixels, the smallest exact one of PNG.
type form struct {
	color, depth uint8
	deep         bool // of the source
	palette      colorSet
}

// traits are what all pixels of an image have in common.
type traits struct {
	gray, opaque, shallow bool
	bits                  uint8    // of a gray sample
	colors                colorSet // abandoned above 256
}

func formOf(s *source) *form {
	t := traits{gray: true, opaque: true, shallow: true, bits: 1}
	for y := range s.height {
		row := s.row(y)
		if s.deep {
			t.look16(row)
		} else {
			t.look(row)
		}
		if !t.gray && !t.opaque && t.colors.full && (!t.shallow || !s.deep) {
			break // nothing left to lose
		}
	}
	f := &form{deep: s.deep, depth: 8, palette: t.colors}
	switch {
	case t.gray && t.opaque:
		f.color = colorGray
	case t.gray:
		f.color = colorGrayAlpha
	case t.opaque:
		f.color = colorRGB
	default:
		f.color = colorRGBA
	}
	if !t.shallow {
		f.depth = 16
		return f
	}
	if t.gray && t.opaque {
		f.depth = t.bits
	}
	if t.colors.full {
		return f
	}
	bits := uint8(8)
	for b := uint8(1); b < 8; b *= 2 {
		if len(t.colors.list) <= 1<<b {
			bits = b
			break
		}
	}
	// The palette itself takes bytes.
	whole := func(f *form) int { return s.height * f.rowBytes(s.width) }
	if p := (&form{color: colorPalette, depth: bits}); whole(p)+12+4*len(t.colors.list) < whole(f) {
		f.color, f.depth = colorPalette, bits
		f.palette.sort()
	}
	return f
}

func (t *traits) look(row []byte) {
	last := ^binary.LittleEndian.Uint32(row)
	for ; len(row) >= 4; row = row[4:] {
		px := binary.LittleEndian.Uint32(row)
		if px == last {
			continue
		}
		last = px
		t.pixel(px)
	}
}

// pixel looks at one pixel; red is lowest.
func (t *traits) pixel(px uint32) {
	t.opaque = t.opaque && px>>24 == 255
	if t.gray {
		v := px & 255
		t.gray = px&0xffffff == v*0x010101
		for t.bits < 8 && v%(255/(1<<t.bits-1)) != 0 {
			t.bits *= 2
		}
	}
	if !t.colors.full {
		t.colors.add(px)
	}
}

// look16 looks at pixels of 16 bits, each sample of which may be one of 8.
func (t *traits) look16(row []byte) {
	for ; len(row) >= 8; row = row[8:] {
		px := binary.BigEndian.Uint64(row)
		if (px>>8^px)&0x00ff_00ff_00ff_00ff != 0 {
			t.shallow = false
		}
		if t.shallow {
			t.pixel(uint32(px>>56) | uint32(px>>40&255)<<8 | uint32(px>>24&255)<<16 | uint32(px&255)<<24)
			continue
		}
		t.opaque = t.opaque && px&0xffff == 0xffff
		t.gray = t.gray && px>>48 == px>>32&0xffff && px>>48 == px>>16&0xffff
		t.colors.full = true
	}
}

// pixelBytes is the distance of a filter to the pixel on the left.
func (f *form) pixelBytes() int { return max(1, f.samples()*int(f.depth)/8) }

// rowBytes is the length of a row without its filter.
func (f *form) rowBytes(width int) int { return (width*f.samples()*int(f.depth) + 7) / 8 }

func (f *form) samples() int {
	switch f.color {
	case colorGrayAlpha:
		return 2
	case colorRGB:
		return 3
	case colorRGBA:
		return 4
	}
	return 1
}

// filters reports whether differences to neighbors help. They do not for indexes and packed bits.
func (f *form) filters() bool { return f.color != colorPalette && f.depth >= 8 }

// pack writes a source's row in the form.
func (f *form) pack(out, row []byte) {
	switch {
	case f.deep && f.depth == 16:
		f.pack16(out, row)
		return
	case f.deep:
		// For samples of 8 bits the upper half holds the value.
		for i := range len(row) / 2 {
			row[i] = row[2*i]
		}
		row = row[:len(row)/2]
	}
	switch f.color {
	case colorRGBA:
		copy(out, row)
	case colorRGB:
		for i, o := 0, 0; i+4 <= len(row); i, o = i+4, o+3 {
			px, to := row[i:][:4:4], out[o:][:3:3]
			to[0], to[1], to[2] = px[0], px[1], px[2]
		}
	case colorGrayAlpha:
		for i := range len(row) / 4 {
			out[2*i], out[2*i+1] = row[4*i], row[4*i+3]
		}
	case colorGray:
		packBits(out, row, f.depth, func(px uint32) uint8 { return uint8(px) >> (8 - f.depth) })
	case colorPalette:
		packBits(out, row, f.depth, f.palette.index)
	}
}

func (f *form) pack16(out, row []byte) {
	for ; len(row) >= 8; row = row[8:] {
		switch f.color {
		case colorRGBA:
			out = out[copy(out, row[:8]):]
		case colorRGB:
			out = out[copy(out, row[:6]):]
		case colorGrayAlpha:
			copy(out, row[:2])
			copy(out[2:], row[6:8])
			out = out[4:]
		default:
			out = out[copy(out, row[:2]):]
		}
	}
}

// packBits writes a sample of depth bits for each pixel, the first highest.
func packBits(out, row []byte, depth uint8, sample func(px uint32) uint8) {
	acc, n := uint8(0), uint8(0)
	for o := 0; len(row) >= 4; row = row[4:] {
		acc |= sample(binary.LittleEndian.Uint32(row)) << (8 - depth - n)
		if n += depth; n == 8 || len(row) == 4 {
			out[o] = acc
			acc, n, o = 0, 0, o+1
		}
	}
}

// paletteChunks are the palette's colors, and the alpha of its first colors.
func (f *form) paletteChunks() (rgb, alpha []byte) {
	for _, px := range f.palette.list {
		rgb = append(rgb, uint8(px), uint8(px>>8), uint8(px>>16))
		if a := uint8(px >> 24); a < 255 {
			alpha = append(alpha, a)
		}
	}
	return rgb, alpha
}

// colorSet is a set of up to 256 colors.
type colorSet struct {
	list  []uint32
	full  bool // more than 256; the list is no longer kept
	slots [1024]uint16
}

func (s *colorSet) slot(px uint32) *uint16 {
	for i := px * 0x9e3779b1 >> 22; ; i = (i + 1) % uint32(len(s.slots)) {
		if n := s.slots[i]; n == 0 || s.list[n-1] == px {
			return &s.slots[i]
		}
	}
}

func (s *colorSet) add(px uint32) {
	at := s.slot(px)
	if *at != 0 {
		return
	}
	if s.full = len(s.list) == 256; s.full {
		return
	}
	s.list = append(s.list, px)
	*at = uint16(len(s.list))
}

func (s *colorSet) index(px uint32) uint8 { return uint8(*s.slot(px) - 1) }

// sort puts transparent colors first, which keeps tRNS short, and then dark before light.
func (s *colorSet) sort() {
	light := func(px uint32) uint32 { return 2*(px&255) + 5*(px>>8&255) + px>>16&255 }
	list := slices.Clone(s.list)
	slices.SortFunc(list, func(a, b uint32) int {
		opaque := func(px uint32) int { return int(px>>24+1) >> 8 }
		return cmp.Or(cmp.Compare(opaque(a), opaque(b)), cmp.Compare(light(a), light(b)), cmp.Compare(a, b))
	})
	*s = colorSet{}
	for _, px := range list {
		s.add(px)
	}
}
