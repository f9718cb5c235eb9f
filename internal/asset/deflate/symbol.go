package deflate

import "math/bits"

// The tables of RFC 1951, section 3.2.5.
var (
	lengthBase, lengthExtra = lengthTable()
	lengthSymbol            = func() (t [maxMatch + 1]uint16) {
		for s, base := range lengthBase {
			for n := int(base); n <= maxMatch; n++ {
				t[n] = uint16(257 + s)
			}
		}
		return t
	}()
	distanceBase, distanceExtra = distanceTable()
)

func lengthTable() (base [29]uint16, extra [29]uint8) {
	n := uint16(minMatch)
	for i := range base {
		if i >= 8 {
			extra[i] = uint8(i/4 - 1)
		}
		base[i] = n
		n += 1 << extra[i]
	}
	base[28], extra[28] = maxMatch, 0
	return base, extra
}

func distanceTable() (base [distances]uint16, extra [distances]uint8) {
	n := uint16(1)
	for i := range base {
		if i >= 4 {
			extra[i] = uint8(i/2 - 1)
		}
		base[i] = n
		n += 1 << extra[i]
	}
	return base, extra
}

// distanceSymbol returns the symbol of a distance: twice its magnitude, plus the bit after the
// first.
func distanceSymbol(d uint16) uint16 {
	if d <= 2 {
		return d - 1
	}
	n := uint16(bits.Len16(d-1)) - 1
	return 2*n + (d-1)>>(n-1)&1
}
