package resample

import "math"

// precision is the number of bits of a weight after the point. A sum of weighted samples of 8 bits
// has two bits left for the sign and for weights whose absolute sum exceeds one.
const precision = 32 - 8 - 2

// support is how far the filter reaches at a scale of one.
const support = 2.0

// span is the part of a line that an output sample is made of.
type span struct{ first, count int }

// taps are the weights of each output sample.
type taps struct {
	spans   []span
	weights []int32 // of each sample, most of them
	most    int
}

// kernel returns the scale, its reach in samples, and the most taps of a sample.
func kernel(part, to int) (scale, reach float64, most int) {
	scale = float64(part) / float64(to)
	reach = support * max(scale, 1)
	return scale, reach, int(math.Ceil(reach))*2 + 1
}

// sizeOfTaps returns the number of weights.
func sizeOfTaps(part, to int) int64 {
	_, _, most := kernel(part, to)
	return int64(most) * int64(to)
}

// spanOf returns the samples around a center. The conversions keep a compiler from fusing a product
// with a sum, which rounds otherwise on some processors.
func spanOf(i, from, size int, scale, reach float64) (center float64, s span) {
	center = float64(from) + float64((float64(i)+0.5)*scale)
	s.first = max(int(center-reach+0.5), 0)
	s.count = min(int(center+reach+0.5), size) - s.first
	return center, s
}

// reach returns the samples that count for a part of a line.
func reach(size, from, end, to int) (first, last int) {
	scale, far, _ := kernel(end-from, to)
	_, a := spanOf(0, from, size, scale, far)
	_, z := spanOf(to-1, from, size, scale, far)
	return a.first, z.first + z.count
}

func newTaps(size, from, end, to int) *taps {
	scale, far, most := kernel(end-from, to)
	t := &taps{spans: make([]span, to), weights: make([]int32, to*most), most: most}
	exact := make([]float64, most)
	narrow := 1 / max(scale, 1)
	for i := range t.spans {
		center, s := spanOf(i, from, size, scale, far)
		sum := 0.0
		for k := range exact[:s.count] {
			exact[k] = bicubic((float64(k+s.first) - center + 0.5) * narrow)
			sum += exact[k]
		}
		row := t.weights[i*most:][:most]
		for k, w := range exact[:s.count] {
			if sum != 0 {
				w /= sum
			}
			row[k] = int32(math.Copysign(0.5, w) + float64(w*(1<<precision)))
		}
		t.spans[i] = s
	}
	return t
}

// bicubic is the filter of Catmull and Rom.
func bicubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64(float64(float64(float64((a+2)*x)-(a+3))*x)*x) + 1
	case x < 2:
		return (float64(float64(float64((x-5)*x)+8)*x) - 4) * a
	}
	return 0
}

// bounds returns the samples that count.
func (t *taps) bounds() (first, end int) {
	last := t.spans[len(t.spans)-1]
	return t.spans[0].first, last.first + last.count
}

// shift moves the line's origin.
func (t *taps) shift(by int) {
	for i := range t.spans {
		t.spans[i].first += by
	}
}
