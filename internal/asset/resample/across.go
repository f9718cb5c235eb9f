package resample

import (
	"context"
	"encoding/binary"
	"image"
)

// half is half a level. Two samples are weighted with one multiplication: one is in the lower half
// of an integer of 64 bits, the other in the upper half. Their sums stay within 32 bits each.
const half = 1<<(precision-1) | 1<<(precision-1+32)

// split returns the two sums of an integer. The lower sum, if negative, has borrowed from the
// upper.
func split(v int64) (low, high int32) {
	low = int32(v)
	return low, int32((v - int64(low)) >> 32)
}

// across resizes the rows of a box, two at once.
func (t *taps) across(ctx context.Context, out []uint8, src Source, box image.Rectangle, channels int) error {
	var (
		line   = len(t.spans) * channels
		rows   = box.Dy()
		gray   []int64
		color  [][3]int64
		shaded [][4]int64
	)
	switch channels {
	case 1:
		gray = make([]int64, box.Dx())
	case 3:
		color = make([][3]int64, box.Dx())
	default:
		shaded = make([][4]int64, box.Dx())
	}
	for y := 0; y < rows; y += 2 {
		if err := ctx.Err(); err != nil {
			return err
		}
		a := src.Row(box.Min.Y + y)
		b, next := a, y
		if y+1 < rows { // else the last row is resized twice, into the same place
			next = y + 1
			b = src.Row(box.Min.Y + next)
		}
		to, too := out[y*line:][:line], out[next*line:][:line]
		switch channels {
		case 1:
			pairGray(gray, a, b)
			t.gray(to, too, gray)
		case 3:
			pairColor(color, a, b)
			t.color(to, too, color)
		default:
			pairShaded(shaded, a, b)
			t.shaded(to, too, shaded)
		}
	}
	return nil
}

func pairGray(pairs []int64, a, b []uint8) {
	a, b = a[:len(pairs)], b[:len(pairs)]
	for i := range pairs {
		pairs[i] = int64(a[i]) | int64(b[i])<<32
	}
}

func pairColor(pairs [][3]int64, a, b []uint8) {
	a, b = a[:4*len(pairs)], b[:4*len(pairs)]
	for i := range pairs {
		p, v := &pairs[i], both(a[4*i:][:4:4], b[4*i:][:4:4])
		p[0], p[1], p[2] = int64(v&lowBytes), int64(v>>8&lowBytes), int64(v>>16&lowBytes)
	}
}

func pairShaded(pairs [][4]int64, a, b []uint8) {
	a, b = a[:4*len(pairs)], b[:4*len(pairs)]
	for i := range pairs {
		p, v := &pairs[i], both(a[4*i:][:4:4], b[4*i:][:4:4])
		p[0], p[1], p[2], p[3] = int64(v&lowBytes), int64(v>>8&lowBytes), int64(v>>16&lowBytes), int64(v>>24&lowBytes)
	}
}

// lowBytes are the lowest bytes of two numbers of 32 bits.
const lowBytes = 255<<32 | 255

// both reads two pixels.
func both(a, b []uint8) uint64 {
	return uint64(binary.LittleEndian.Uint32(a)) | uint64(binary.LittleEndian.Uint32(b))<<32
}

func (t *taps) gray(a, b []uint8, pairs []int64) {
	a, b = a[:len(t.spans)], b[:len(t.spans)]
	for i, s := range t.spans {
		low, high := split(weighGray(pairs[s.first:][:s.count], t.weights[i*t.most:][:s.count]))
		a[i], b[i] = clip(low), clip(high)
	}
}

func (t *taps) color(a, b []uint8, pairs [][3]int64) {
	for i, s := range t.spans {
		s0, s1, s2 := weighColor(pairs[s.first:][:s.count], t.weights[i*t.most:][:s.count])
		v, u := a[3*i:][:3:3], b[3*i:][:3:3]
		low, high := split(s0)
		v[0], u[0] = clip(low), clip(high)
		low, high = split(s1)
		v[1], u[1] = clip(low), clip(high)
		low, high = split(s2)
		v[2], u[2] = clip(low), clip(high)
	}
}

func (t *taps) shaded(a, b []uint8, pairs [][4]int64) {
	for i, s := range t.spans {
		s0, s1, s2, s3 := weighShaded(pairs[s.first:][:s.count], t.weights[i*t.most:][:s.count])
		v, u := a[4*i:][:4:4], b[4*i:][:4:4]
		low, high := split(s0)
		v[0], u[0] = clip(low), clip(high)
		low, high = split(s1)
		v[1], u[1] = clip(low), clip(high)
		low, high = split(s2)
		v[2], u[2] = clip(low), clip(high)
		low, high = split(s3)
		v[3], u[3] = clip(low), clip(high)
	}
}

// The sums are functions of their own so that nothing else takes registers in their loops.

//go:noinline
func weighGray(px []int64, weights []int32) (sum int64) {
	px = px[:len(weights)]
	sum = half
	for k, w := range weights {
		sum += px[k] * int64(w)
	}
	return sum
}

//go:noinline
func weighColor(px [][3]int64, weights []int32) (s0, s1, s2 int64) {
	px = px[:len(weights)]
	s0, s1, s2 = half, half, half
	for k, w := range weights {
		p, w := &px[k], int64(w)
		s0 += p[0] * w
		s1 += p[1] * w
		s2 += p[2] * w
	}
	return s0, s1, s2
}

//go:noinline
func weighShaded(px [][4]int64, weights []int32) (s0, s1, s2, s3 int64) {
	px = px[:len(weights)]
	s0, s1, s2, s3 = half, half, half, half
	for k, w := range weights {
		p, w := &px[k], int64(w)
		s0 += p[0] * w
		s1 += p[1] * w
		s2 += p[2] * w
		s3 += p[3] * w
	}
	return s0, s1, s2, s3
}
