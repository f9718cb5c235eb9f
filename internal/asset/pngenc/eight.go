package pngenc

import "encoding/binary"

// Three of the filters work on eight bytes at once, in the lanes of a word.
const (
	highs = 0x8080808080808080
	ones  = 0x0101010101010101
)

// weight is the sum of the absolute values of bytes taken for differences.
func weight(x []byte) int {
	sum := 0
	for ; len(x) >= 8; x = x[8:] {
		sum += magnitudes(binary.LittleEndian.Uint64(x))
	}
	for _, v := range x {
		sum += magnitude(v)
	}
	return sum
}

// subtract writes x - from and returns its weight.
func subtract(out, x, from []byte) int {
	out, from = out[:len(x)], from[:len(x)]
	sum := 0
	for ; len(x) >= 8; out, x, from = out[8:], x[8:], from[8:] {
		d := minus(binary.LittleEndian.Uint64(x), binary.LittleEndian.Uint64(from))
		binary.LittleEndian.PutUint64(out, d)
		sum += magnitudes(d)
	}
	for i, v := range x {
		out[i] = v - from[i]
		sum += magnitude(out[i])
	}
	return sum
}

// average writes x less the mean of left and up and returns its weight.
func average(out, x, left, up []byte) int {
	out, left, up = out[:len(x)], left[:len(x)], up[:len(x)]
	sum := 0
	for ; len(x) >= 8; out, x, left, up = out[8:], x[8:], left[8:], up[8:] {
		a, b := binary.LittleEndian.Uint64(left), binary.LittleEndian.Uint64(up)
		mean := a&b + (a^b)&^ones>>1
		d := minus(binary.LittleEndian.Uint64(x), mean)
		binary.LittleEndian.PutUint64(out, d)
		sum += magnitudes(d)
	}
	for i, v := range x {
		out[i] = v - uint8((int(left[i])+int(up[i]))/2)
		sum += magnitude(out[i])
	}
	return sum
}

// minus subtracts lane by lane. The highest bits are kept out of the borrow and corrected
// afterwards.
func minus(x, y uint64) uint64 { return ((x | highs) - y&^highs) ^ (x^^y)&highs }

// magnitudes is the sum of the absolute values of eight differences.
func magnitudes(d uint64) int {
	negative := d & highs >> 7
	abs := (d ^ negative*255) + negative // at most 128 each: nothing is carried over
	pairs := abs&0x00ff00ff00ff00ff + abs>>8&0x00ff00ff00ff00ff
	return int(pairs * 0x0001000100010001 >> 48)
}

// magnitude is the absolute value of a difference.
func magnitude(d uint8) int {
	v := int8(d)
	m := v >> 7
	return int(uint8((v ^ m) - m))
}
