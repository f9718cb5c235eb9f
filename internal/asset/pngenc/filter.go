package pngenc

// filter prepares rows for the compressor. Each row is the difference to a prediction from its
// neighbors, by the filter with the least sum of absolute differences.
type filter struct {
	bpp       int // bytes of a pixel
	raw, prev []byte
	// rows are the candidates by type, each with its type in front.
	rows [5][]byte
}

// The filter types.
const (
	filterNone = iota
	filterSub
	filterUp
	filterAverage
	filterPaeth
)

// newFilter returns a filter of rows of n bytes; without choose no guess is made.
func newFilter(n, bpp int, choose bool) *filter {
	f := &filter{bpp: bpp, raw: make([]byte, bpp+n), prev: make([]byte, bpp+n)}
	types := 1
	if choose {
		types = 5
	}
	for i := range types {
		f.rows[i] = make([]byte, 1+n)
		f.rows[i][0] = uint8(i)
	}
	return f
}

// current is where the next row is to be put. It has a pixel of zeros on its
// left.
func (f *filter) current() []byte { return f.raw[f.bpp:] }

// next filters the row that was put into current. The result is valid until the next call.
func (f *filter) next() []byte {
	best := filterNone
	if f.rows[filterSub] != nil {
		best = f.choose()
	} else {
		copy(f.rows[filterNone][1:], f.current())
	}
	f.raw, f.prev = f.prev, f.raw
	return f.rows[best]
}

func (f *filter) choose() int {
	n := len(f.raw) - f.bpp
	x, left, up, corner := f.raw[f.bpp:], f.raw[:n], f.prev[f.bpp:], f.prev[:n]
	copy(f.rows[filterNone][1:], x)
	sums := [5]int{
		weight(x),
		subtract(f.rows[filterSub][1:], x, left),
		subtract(f.rows[filterUp][1:], x, up),
		average(f.rows[filterAverage][1:], x, left, up),
		paeth(f.rows[filterPaeth][1:], x, left, up, corner),
	}
	best := filterPaeth
	for i, s := range sums {
		if s < sums[best] {
			best = i
		}
	}
	return best
}

func paeth(out, x, left, up, corner []byte) int {
	out, left, up, corner = out[:len(x)], left[:len(x)], up[:len(x)], corner[:len(x)]
	sum := 0
	for i, v := range x {
		a, b, c := int(left[i]), int(up[i]), int(corner[i])
		pa, pb := b-c, a-c
		pc := pa + pb
		pa, pb, pc = max(pa, -pa), max(pb, -pb), max(pc, -pc)
		guess := left[i]
		if pb < pa {
			guess, pa = up[i], pb
		}
		if pc < pa {
			guess = corner[i]
		}
		d := v - guess
		out[i] = d
		sum += magnitude(d)
	}
	return sum
}
