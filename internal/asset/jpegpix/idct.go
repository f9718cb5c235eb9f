package jpegpix

// The accurate integer inverse transform of libjpeg (jidctint, "islow": Loeffler,
// Ligtenberg and Moschytz with 12 multiplications): 13 bits after the point, two
// bits more than a sample between the passes.
const (
	fixBits  = 13
	passBits = 2

	fix0_298631336 = 2446
	fix0_390180644 = 3196
	fix0_541196100 = 4433
	fix0_765366865 = 6270
	fix0_899976223 = 7373
	fix1_175875602 = 9633
	fix1_501321110 = 12299
	fix1_847759065 = 15137
	fix1_961570560 = 16069
	fix2_053119869 = 16819
	fix2_562915447 = 20995
	fix3_072711026 = 25172
)

// idct writes the samples of a block of dequantized coefficients, which it
// overwrites.
func idct(out []uint8, stride int, b *[64]int32) {
	for i := range 8 {
		if b[8+i]|b[16+i]|b[24+i]|b[32+i]|b[40+i]|b[48+i]|b[56+i] == 0 {
			dc := b[i] << passBits
			for y := 0; y < 64; y += 8 {
				b[y+i] = dc
			}
			continue
		}
		v := butterfly(b[i], b[8+i], b[16+i], b[24+i], b[32+i], b[40+i], b[48+i], b[56+i])
		for y := range v {
			b[8*y+i] = (v[y] + 1<<(fixBits-passBits-1)) >> (fixBits - passBits)
		}
	}
	for y := range 8 {
		row := b[8*y:][:8:8]
		px := out[y*stride:][:8:8]
		v := butterfly(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7])
		for x := range v {
			px[x] = sample(v[x], fixBits+passBits+3)
		}
	}
}

// flat writes a block that has one coefficient.
func flat(out []uint8, stride int, dc int32) {
	v := sample(dc<<passBits, passBits+3)
	for y := range 8 {
		px := out[y*stride:][:8:8]
		for x := range px {
			px[x] = v
		}
	}
}

// sample rounds and shifts a value, and moves it from around 0 to around 128.
func sample(v int32, shift uint) uint8 { return clamp((v+1<<(shift-1))>>shift + 128) }

// butterfly is one pass over one column or row; the results have fixBits after
// the point.
func butterfly(i0, i1, i2, i3, i4, i5, i6, i7 int32) [8]int32 {
	z1 := (i2 + i6) * fix0_541196100
	t2 := z1 - i6*fix1_847759065
	t3 := z1 + i2*fix0_765366865
	t0 := (i0 + i4) << fixBits
	t1 := (i0 - i4) << fixBits
	e0, e3, e1, e2 := t0+t3, t0-t3, t1+t2, t1-t2

	z1, z2, z3, z4 := i7+i1, i5+i3, i7+i3, i5+i1
	z5 := (z3 + z4) * fix1_175875602
	z1 *= -fix0_899976223
	z2 *= -fix2_562915447
	z3 = z5 - z3*fix1_961570560
	z4 = z5 - z4*fix0_390180644
	o0 := i7*fix0_298631336 + z1 + z3
	o1 := i5*fix2_053119869 + z2 + z4
	o2 := i3*fix3_072711026 + z2 + z3
	o3 := i1*fix1_501321110 + z1 + z4
	return [8]int32{e0 + o3, e1 + o2, e2 + o1, e3 + o0, e3 - o0, e2 - o1, e1 - o2, e0 - o3}
}
