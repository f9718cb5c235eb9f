package jpegenc

import (
	"context"
	"image"
)

// unit is a square of 16 x 16 pixels: four blocks of brightness, and one of each chroma.
type unit struct {
	luma   [4][64]int32
	chroma [2][64]int32
}

// color writes the units of an opaque image.
func (e *encoder) color(ctx context.Context, img *image.RGBA) {
	size := img.Rect.Size()
	var u unit
	for y := 0; y < size.Y && ctx.Err() == nil; y += 16 {
		for x := 0; x < size.X; x += 16 {
			u.read(img, x, y)
			before := int32(0)
			for i := range u.luma {
				// A block beyond the edge has the DC coefficient of the block before it.
				if x+i%2*8 >= size.X || y+i/2*8 >= size.Y {
					u.luma[i] = [64]int32{}
					e.nothing(before)
					continue
				}
				e.block(&u.luma[i], 0)
				before = u.luma[i][0]
			}
			e.block(&u.chroma[0], 1)
			e.block(&u.chroma[1], 2)
		}
	}
}

// nothing writes a block of brightness with one coefficient.
func (e *encoder) nothing(dc int32) {
	e.difference(dc-e.dc[0], 0)
	e.dc[0] = dc
	e.bits.code(e.tables[1][0])
}

// read fills a unit with the pixels from x, y on. Beyond the right edge the last column goes on.
// Below the lower edge the last rows of brightness and of chroma go on, each by itself.
func (u *unit) read(img *image.RGBA, x, y int) {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	var edge [2][64]uint8
	for row := 0; row < 16; row += 2 {
		top := min(y+row, (height-1)&^1)
		first := min(y+row, height-1)
		a, b := img.Pix[first*img.Stride:][:4*width], img.Pix[min(y+row+1, height-1)*img.Stride:][:4*width]
		if first > top {
			// All rows of this pair lie below the image, whose last pair is another one.
			u.lumaRow(pixels(a, x, &edge[0]), row)
			u.lumaRow(pixels(b, x, &edge[1]), row+1)
			copy(u.chroma[0][row*4:][:8], u.chroma[0][row*4-8:])
			copy(u.chroma[1][row*4:][:8], u.chroma[1][row*4-8:])
			continue
		}
		u.pair(pixels(a, x, &edge[0]), pixels(b, x, &edge[1]), row)
	}
}

// pixels returns 16 pixels of a row.
func pixels(row []uint8, x int, edge *[64]uint8) *[64]uint8 {
	if 4*x+64 <= len(row) {
		return (*[64]uint8)(row[4*x:])
	}
	for i := range 16 {
		copy(edge[4*i:4*i+4], row[min(4*(x+i), len(row)-4):])
	}
	return edge
}

// The conversion of JFIF, with 16 bits after the point.
const (
	redToLuma, greenToLuma, blueToLuma = 19595, 38470, 7471
	redToCb, greenToCb                 = 11059, 21709
	greenToCr, blueToCr                = 27439, 5329
	half                               = 1 << 15
)

// luma is a pixel's brightness around 0.
func luma(r, g, b int32) int32 {
	return (redToLuma*r+greenToLuma*g+blueToLuma*b+half)>>16 - 128
}

// lumaRow sets a row of brightness.
func (u *unit) lumaRow(px *[64]uint8, row int) {
	for i := range 16 {
		u.luma[row/8*2+i/8][row%8*8+i%8] = luma(int32(px[4*i]), int32(px[4*i+1]), int32(px[4*i+2]))
	}
}

// pair sets two rows of brightness and one of chroma. Means of four are rounded down and up in
// turn.
func (u *unit) pair(a, b *[64]uint8, row int) {
	for i := range 8 {
		block, at := row/8*2+i/4, row%8*8+i%4*2
		y := &u.luma[block&3]
		cb, cr := int32(0), int32(0)
		for k := range 2 {
			p, q := 8*i+4*k, at+k
			r, g, bl := int32(a[p&63]), int32(a[(p+1)&63]), int32(a[(p+2)&63])
			y[q&63] = luma(r, g, bl)
			cb += (half*bl - redToCb*r - greenToCb*g + half - 1) >> 16
			cr += (half*r - greenToCr*g - blueToCr*bl + half - 1) >> 16
			r, g, bl = int32(b[p&63]), int32(b[(p+1)&63]), int32(b[(p+2)&63])
			y[(q+8)&63] = luma(r, g, bl)
			cb += (half*bl - redToCb*r - greenToCb*g + half - 1) >> 16
			cr += (half*r - greenToCr*g - blueToCr*bl + half - 1) >> 16
		}
		bias := int32(1 + i%2)
		u.chroma[0][(row*4+i)&63], u.chroma[1][(row*4+i)&63] = (cb+bias)>>2, (cr+bias)>>2
	}
}
