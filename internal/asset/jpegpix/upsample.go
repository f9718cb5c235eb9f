package jpegpix

// upsampler gives the rows of a plane at the picture's size.
type upsampler struct {
	c            *component
	across, down int // pixels for one sample
	out          []uint8
	sums         []int32
}

func (p *Picture) upsampler(c *component) *upsampler {
	u := &upsampler{c: c, across: p.across / c.across, down: p.down / c.down}
	u.out = make([]uint8, c.width*u.across)
	u.sums = make([]int32, c.width)
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
		between(u.out, near, u.far(y), y%2)
	case u.across == 2 && u.down == 1 && !narrow:
		widen(u.out, near)
	case u.across == 2 && u.down == 2 && !narrow:
		far := u.far(y)
		for i, v := range near {
			u.sums[i] = 3*int32(v) + int32(far[i])
		}
		widenSums(u.out, u.sums)
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
	for i, v := range near {
		out[i] = uint8((3*int(v) + int(far[i]) + bias) >> 2)
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

// widenSums doubles a row of two mixed rows, which are four times too large.
func widenSums(out []uint8, in []int32) {
	last := len(in) - 1
	out[0] = uint8((4*in[0] + 8) >> 4)
	out[1] = uint8((3*in[0] + in[1] + 7) >> 4)
	for i := 1; i < last; i++ {
		v := 3 * in[i]
		out[2*i] = uint8((v + in[i-1] + 8) >> 4)
		out[2*i+1] = uint8((v + in[i+1] + 7) >> 4)
	}
	out[2*last] = uint8((3*in[last] + in[last-1] + 8) >> 4)
	out[2*last+1] = uint8((4*in[last] + 7) >> 4)
}
