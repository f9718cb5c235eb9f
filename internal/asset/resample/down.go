package resample

import "context"

// down resizes columns, for two rows of the result at once: a sample is multiplied by the weights
// of both.
func (t *taps) down(ctx context.Context, dst Pixels, in []uint8, width, channels int) error {
	line := width * channels
	sums := make([]int64, line)
	weights := make([]int64, 2*t.most+1)
	for y := 0; y < len(t.spans); y += 2 {
		if err := ctx.Err(); err != nil {
			return err
		}
		next := min(y+1, len(t.spans)-1)
		first, both := t.pair(y, next, weights)
		for i := range sums {
			sums[i] = half
		}
		weigh(sums, in[first*line:], both)
		store(dst.Pix[y*dst.Stride:], dst.Pix[next*dst.Stride:], sums, channels)
	}
	return nil
}

// pair joins the weights of two neighboring rows, from the first that counts.
func (t *taps) pair(a, b int, into []int64) (first int, weights []int64) {
	s, u := t.spans[a], t.spans[b]
	weights = into[:max(s.first+s.count, u.first+u.count)-s.first]
	clear(weights)
	for k, w := range t.weights[a*t.most:][:s.count] {
		weights[k] = int64(w)
	}
	for k, w := range t.weights[b*t.most:][:u.count] {
		weights[u.first-s.first+k] += int64(w) << 32
	}
	return s.first, weights
}

// weigh adds rows, each multiplied by its weight.
func weigh(sums []int64, rows []uint8, weights []int64) {
	n := len(sums)
	for len(weights) >= 4 {
		a, b, c, d := rows[:n], rows[n:][:n], rows[2*n:][:n], rows[3*n:][:n]
		wa, wb, wc, wd := weights[0], weights[1], weights[2], weights[3]
		for i := range sums {
			sums[i] += int64(a[i])*wa + int64(b[i])*wb + int64(c[i])*wc + int64(d[i])*wd
		}
		weights, rows = weights[4:], rows[4*n:]
	}
	for k, w := range weights {
		row := rows[k*n:][:n]
		for i := range sums {
			sums[i] += int64(row[i]) * w
		}
	}
}

// store writes two rows.
func store(a, b []uint8, sums []int64, channels int) {
	switch channels {
	case 1:
		a, b = a[:len(sums)], b[:len(sums)]
		for i, v := range sums {
			low, high := split(v)
			a[i], b[i] = clip(low), clip(high)
		}
	case 3:
		for i := range len(sums) / 3 {
			v, w, s := a[4*i:][:4:4], b[4*i:][:4:4], sums[3*i:][:3:3]
			low, high := split(s[0])
			v[0], w[0] = clip(low), clip(high)
			low, high = split(s[1])
			v[1], w[1] = clip(low), clip(high)
			low, high = split(s[2])
			v[2], w[2] = clip(low), clip(high)
			v[3], w[3] = 255, 255
		}
	default:
		for i := range len(sums) / 4 {
			v, w, s := a[4*i:][:4:4], b[4*i:][:4:4], sums[4*i:][:4:4]
			low, high := split(s[3])
			v[3], w[3] = clip(low), clip(high)
			for c := range 3 {
				low, high = split(s[c])
				v[c], w[c] = min(clip(low), v[3]), min(clip(high), w[3])
			}
		}
	}
}
