package jpegpix

import "encoding/binary"

// upsampler gives the rows of a plane at the picture's size.
type upsampler struct {
	c            *component
	across, down int // pixels for one sample
	out          []uint8
	from, end    int // the samples whose pixels are wanted
}

// upsampler gives rows whose pixels from one column up to another are wanted.
func (p *Picture) upsampler(c *component, from, end int) *upsampler {
	u := &upsampler{c: c, across: p.across / c.across, down: p.down / c.down}
	if u.across > 1 || u.down > 1 {
		u.out = make([]uint8, c.width*u.across)
	}
	u.from, u.end = from/u.across, min((end-1)/u.across+1, c.width)
	return u
}

// row is valid until the next call.
func (u *upsampler) row(y int) []uint8 {
	near := u.plane(y / u.down)
	// libjpeg has triangle filters for a factor of two: 3/4 of the nearer and
	// 1/4 of the farther sample. Other factors repeat the sample, and so do
	// planes of two columns.
	switch narrow := u.c.width <= 2; {
	case u.across == 1 && u.down == 1:
		return near
	case u.across == 1 && u.down == 2:
		between(u.out[u.from:u.end], near[u.from:], u.far(y)[u.from:], y%2)
	case u.across == 2 && u.down == 1 && !narrow:
		widen(u.out, near)
	case u.across == 2 && u.down == 2 && !narrow:
		widenBoth(u.out, near, u.far(y), u.from, u.end)
	default:
		for i := range u.out {
			u.out[i] = near[i/u.across]
		}
	}
	return u.out
}

// plane is a row of the plane without its padding to whole blocks, whose
// samples the filters must not see.
func (u *upsampler) plane(y int) []uint8 { return u.c.pix[y*u.c.stride:][:u.c.width] }

// far is the row above for an even row of pixels, the one below for an odd one;
// beyond the edge it is the edge.
func (u *upsampler) far(y int) []uint8 {
	return u.plane(min(max(y/2-1+y%2*2, 0), u.c.height-1))
}

// between mixes two rows, 3:1, rounded down and up in turn.
func between(out, near, far []uint8, odd int) {
	bias := 1 + odd
	near, far = near[:len(out)], far[:len(out)]
	for i := range out {
		out[i] = uint8((3*int(near[i]) + int(far[i]) + bias) >> 2)
	}
}

// widen doubles a row.
func widen(out, in []uint8) {
	last := len(in) - 1
	out[0] = in[0]
	out[1] = uint8((3*int(in[0]) + int(in[1]) + 2) >> 2)
	for i := 1; i < last; i++ {
		v := 3 * int(in[i])
		out[2*i] = uint8((v + int(in[i-1]) + 1) >> 2)
		out[2*i+1] = uint8((v + int(in[i+1]) + 2) >> 2)
	}
	out[2*last] = uint8((3*int(in[last]) + int(in[last-1]) + 1) >> 2)
	out[2*last+1] = in[last]
}

// spread returns four bytes as numbers of 16 bits.
func spread(b []uint8) uint64 {
	v := uint64(binary.LittleEndian.Uint32(b))
	v = (v | v<<16) & 0x0000ffff0000ffff
	return (v | v<<8) & 0x00ff00ff00ff00ff
}

// ones is a one in each of four numbers of 16 bits.
const ones = 0x0001000100010001

// widenBoth doubles a part of two mixed rows, 3:1. Four samples are widened at once: no sum of them
// exceeds 16 bits.
func widenBoth(out, near, far []uint8, from, end int) {
	last := len(near) - 1
	near, far = near[:last+1], far[:last+1]
	mixed := func(i int) int { return 3*int(near[i]) + int(far[i]) }
	i := from
	if i == 0 {
		out[0] = uint8((4*mixed(0) + 8) >> 4)
		out[1] = uint8((3*mixed(0) + mixed(1) + 7) >> 4)
		i = 1
	}
	if stop := min(end, last); i+4 <= stop {
		before := uint64(mixed(i - 1))
		for ; i+4 <= stop; i += 4 {
			n, f, px := near[i:i+5:i+5], far[i:i+5:i+5], out[2*i:2*i+8:2*i+8]
			sums := 3*spread(n) + spread(f)
			left := sums<<16 | before
			right := sums>>16 | uint64(3*uint32(n[4])+uint32(f[4]))<<48
			before = sums >> 48
			even := (3*sums + left + 8*ones) >> 4 & (255 * ones)
			odd := (3*sums + right + 7*ones) >> 4 & (255 * ones)
			binary.LittleEndian.PutUint64(px, even|odd<<8)
		}
	}
	for ; i < min(end, last); i++ {
		out[2*i] = uint8((3*mixed(i) + mixed(i-1) + 8) >> 4)
		out[2*i+1] = uint8((3*mixed(i) + mixed(i+1) + 7) >> 4)
	}
	if i == last && i < end {
		out[2*last] = uint8((3*mixed(last) + mixed(last-1) + 8) >> 4)
		out[2*last+1] = uint8((4*mixed(last) + 7) >> 4)
	}
}
