package asset

import (
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"sync"
)

const (
	// hashSide is the side of the gray image that is transformed, and hashBits of the square of
	// coefficients whose signs are the hash.
	hashSide = 32
	hashBits = 8

	// cosineScale makes integers of cosines, so that each machine gets the same hash.
	cosineScale = 1 << 17

	// leastDetail is the least coefficient of an image with a shape. A plain image has none: an
	// amplitude of one gray level of 256 over the whole image.
	leastDetail = (1 << 8) * hashSide * hashSide / 4
)

// cosines holds the rows 1 to hashBits of the discrete cosine transform (DCT-II).
var cosines = sync.OnceValue(func() (c [hashBits][hashSide]int64) {
	for u := range c {
		for x := range c[u] {
			c[u][x] = int64(math.Round(cosineScale * math.Cos(math.Pi*float64(u+1)*(2*float64(x)+1)/(2*hashSide))))
		}
	}
	return c
})

// perceptualHash returns the 64 bits of pHash (Zauner, 2010) in 8 bytes. The image is reduced to
// 32x32 gray pixels over white. A bit is whether a coefficient of its DCT, from (1, 1) to (8, 8),
// is above their median. An image without detail has no hash.
func perceptualHash(img image.Image) []byte {
	if img.Bounds().Empty() {
		return nil
	}
	gray := reduced(img)
	cos := cosines()
	var (
		rows   [hashBits][hashSide]int64 // transformed in one direction
		coeffs [hashBits * hashBits]int64
	)
	for u := range hashBits {
		for y := range hashSide {
			for x := range hashSide {
				rows[u][y] += cos[u][x] * gray[y][x]
			}
		}
	}
	detail := int64(0)
	for v := range hashBits {
		for u := range hashBits {
			at := v*hashBits + u
			for y := range hashSide {
				coeffs[at] += cos[v][y] * rows[u][y]
			}
			detail = max(detail, coeffs[at], -coeffs[at])
		}
	}
	if detail < leastDetail*cosineScale*cosineScale {
		return nil
	}
	sorted := slices.Sorted(slices.Values(coeffs[:]))
	twice := sorted[len(sorted)/2-1] + sorted[len(sorted)/2]
	var hash uint64
	for i, c := range coeffs {
		if 2*c > twice {
			hash |= 1 << (63 - i)
		}
	}
	return binary.BigEndian.AppendUint64(nil, hash)
}

// reduced returns the means of 32x32 equal cells of an image, in 256 × 256 levels of gray. A pixel
// on an edge counts for each cell by its share.
func reduced(img image.Image) (gray [hashSide][hashSide]int64) {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	var sums [hashSide][hashSide]uint64
	line := make([]uint16, w)
	read := lumaOf(img)
	for y := range h {
		read(y, line)
		var cells [hashSide]uint64
		for x, l := range line {
			shares(x, w, func(cell, share int) { cells[cell] += uint64(l) * uint64(share) })
		}
		shares(y, h, func(cell, share int) {
			for i, c := range cells {
				sums[cell][i] += c * uint64(share)
			}
		})
	}
	for y := range sums {
		for x, sum := range sums[y] {
			gray[y][x] = int64(sum / (uint64(w) * uint64(h)))
		}
	}
	return gray
}

// shares calls each for the cells that pixel i of n is in. The pixel has hashSide parts, and a cell
// takes n parts.
func shares(i, n int, each func(cell, share int)) {
	for from, end := i*hashSide, (i+1)*hashSide; from < end; {
		cell := from / n
		to := min(end, (cell+1)*n)
		each(cell, to-from)
		from = to
	}
}

// lumaOf returns a function that reads a row of an image as brightness over white, by the weights
// of JPEG (ITU-R BT.601).
func lumaOf(img image.Image) func(y int, line []uint16) {
	const red, green, blue = 77, 150, 29 // of 256
	b := img.Bounds()
	switch img := img.(type) {
	case *image.Gray:
		return func(y int, line []uint16) {
			for x, v := range img.Pix[y*img.Stride:][:len(line)] {
				line[x] = uint16(v) << 8
			}
		}
	case *image.RGBA:
		return func(y int, line []uint16) {
			row := img.Pix[y*img.Stride:][:4*len(line)]
			for x := range line {
				p := row[4*x : 4*x+4 : 4*x+4]
				line[x] = uint16(red*uint32(p[0]) + green*uint32(p[1]) + blue*uint32(p[2]) + 256*(255-uint32(p[3])))
			}
		}
	}
	row := image.NewRGBA(image.Rect(0, 0, b.Dx(), 1))
	over := image.NewUniform(color.White)
	inner := lumaOf(row)
	return func(y int, line []uint16) {
		draw.Draw(row, row.Rect, over, image.Point{}, draw.Src)
		draw.Draw(row, row.Rect, img, image.Pt(b.Min.X, b.Min.Y+y), draw.Over)
		inner(0, line)
	}
}
