package jpegenc

// The accurate integer transform of libjpeg (jfdctint, "islow"): 13 bits after the point, two bits
// more than a sample between the passes.
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

// transform replaces samples, which are around 0, by coefficients, which are eight times too large.
func transform(b *[64]int32) {
	for y := 0; y < 64; y += 8 {
		r := b[y:][:8:8]
		const shift = fixBits - passBits
		e0, e2, e4, e6 := even(r[0]+r[7], r[1]+r[6], r[2]+r[5], r[3]+r[4])
		o1, o3, o5, o7 := odd(r[0]-r[7], r[1]-r[6], r[2]-r[5], r[3]-r[4])
		r[0], r[4] = e0<<passBits, e4<<passBits
		r[2], r[6] = round(e2, shift), round(e6, shift)
		r[1], r[3], r[5], r[7] = round(o1, shift), round(o3, shift), round(o5, shift), round(o7, shift)
	}
	for x := range 8 {
		const shift = fixBits + passBits
		c0, c1, c2, c3, c4, c5, c6, c7 := b[x], b[8+x], b[16+x], b[24+x], b[32+x], b[40+x], b[48+x], b[56+x]
		e0, e2, e4, e6 := even(c0+c7, c1+c6, c2+c5, c3+c4)
		o1, o3, o5, o7 := odd(c0-c7, c1-c6, c2-c5, c3-c4)
		b[x], b[32+x] = round(e0, passBits), round(e4, passBits)
		b[16+x], b[48+x] = round(e2, shift), round(e6, shift)
		b[8+x], b[24+x], b[40+x], b[56+x] = round(o1, shift), round(o3, shift), round(o5, shift), round(o7, shift)
	}
}

func round(v int32, shift uint) int32 { return (v + 1<<(shift-1)) >> shift }

// even returns coefficients 0, 2, 4 and 6 of sums. 2 and 6 have fixBits after the point.
func even(t0, t1, t2, t3 int32) (e0, e2, e4, e6 int32) {
	s0, s1, d0, d1 := t0+t3, t1+t2, t0-t3, t1-t2
	z := (d1 + d0) * fix0_541196100
	return s0 + s1, z + d0*fix0_765366865, s0 - s1, z - d1*fix1_847759065
}

// odd returns coefficients 1, 3, 5 and 7 of differences, with fixBits after the point.
func odd(t7, t6, t5, t4 int32) (o1, o3, o5, o7 int32) {
	z5 := (t4 + t6 + t5 + t7) * fix1_175875602
	z1, z2 := (t4+t7)*fix0_899976223, (t5+t6)*fix2_562915447
	z3, z4 := z5-(t4+t6)*fix1_961570560, z5-(t5+t7)*fix0_390180644
	return t7*fix1_501321110 - z1 + z4, t6*fix3_072711026 - z2 + z3, t5*fix2_053119869 - z2 + z4, t4*fix0_298631336 - z1 + z3
}
