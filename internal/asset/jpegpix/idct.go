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

// transform writes the samples of a block, and clears it. Only the first coefficients, in zigzag
// order, may be other than zero.
func transform(out []uint8, stride int, b *[64]int32, first int) {
	if first == 1 {
		flat(out, stride, b[0])
		b[0] = 0
		return
	}
	columns(b)
	rows(out, stride, b)
	*b = [64]int32{}
}

// columns is the first pass.
func columns(b *[64]int32) {
	for i := range 8 {
		i1, i2, i3, i4, i5, i6, i7 := b[8+i], b[16+i], b[24+i], b[32+i], b[40+i], b[48+i], b[56+i]
		if i1|i2|i3|i4|i5|i6|i7 == 0 {
			dc := b[i] << passBits
			b[i], b[8+i], b[16+i], b[24+i], b[32+i], b[40+i], b[48+i], b[56+i] = dc, dc, dc, dc, dc, dc, dc, dc
			continue
		}
		const shift = fixBits - passBits
		e0, e1, e2, e3 := even(b[i]<<fixBits+1<<(shift-1), i2, i4<<fixBits, i6)
		z3, z4 := common(i1, i3, i5, i7)
		o0, o1, o2, o3 := odd(i1, i3, i5, i7, z3, z4)
		b[i], b[56+i] = (e0+o3)>>shift, (e0-o3)>>shift
		b[8+i], b[48+i] = (e1+o2)>>shift, (e1-o2)>>shift
		b[16+i], b[40+i] = (e2+o1)>>shift, (e2-o1)>>shift
		b[24+i], b[32+i] = (e3+o0)>>shift, (e3-o0)>>shift
	}
}

// rows is the second pass. Samples move from around 0 to around 128.
func rows(out []uint8, stride int, b *[64]int32) {
	for y := 0; y < 64; y += 8 {
		r := b[y:][:8:8]
		px := out[:8:8]
		const shift = fixBits + passBits + 3
		e0, e1, e2, e3 := even(r[0]<<fixBits+(1<<(shift-1)+128<<shift), r[2], r[4]<<fixBits, r[6])
		z3, z4 := common(r[1], r[3], r[5], r[7])
		o0, o1, o2, o3 := odd(r[1], r[3], r[5], r[7], z3, z4)
		px[0], px[7] = clamp((e0+o3)>>shift), clamp((e0-o3)>>shift)
		px[1], px[6] = clamp((e1+o2)>>shift), clamp((e1-o2)>>shift)
		px[2], px[5] = clamp((e2+o1)>>shift), clamp((e2-o1)>>shift)
		px[3], px[4] = clamp((e3+o0)>>shift), clamp((e3-o0)>>shift)
		if y < 56 {
			out = out[stride:]
		}
	}
}

// even is the part of the transform of a line that coefficients of even numbers have. The first and
// the fourth are shifted already.
func even(i0, i2, i4, i6 int32) (e0, e1, e2, e3 int32) {
	z1 := (i2 + i6) * fix0_541196100
	t2, t3 := z1-i6*fix1_847759065, z1+i2*fix0_765366865
	t0, t1 := i0+i4, i0-i4
	return t0 + t3, t1 + t2, t1 - t2, t0 - t3
}

// common and odd are the part of the others, in two so that both are inlined.
func common(i1, i3, i5, i7 int32) (z3, z4 int32) {
	z3, z4 = i7+i3, i5+i1
	z5 := (z3 + z4) * fix1_175875602
	return z5 - z3*fix1_961570560, z5 - z4*fix0_390180644
}

func odd(i1, i3, i5, i7, z3, z4 int32) (o0, o1, o2, o3 int32) {
	z1, z2 := (i7+i1)*fix0_899976223, (i5+i3)*fix2_562915447
	return i7*fix0_298631336 - z1 + z3, i5*fix2_053119869 - z2 + z4, i3*fix3_072711026 - z2 + z3, i1*fix1_501321110 - z1 + z4
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
