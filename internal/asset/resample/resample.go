// Package resample resizes images of 8 bits to the exact pixels of Pillow's bicubic filter.
//
// The filter is Catmull-Rom's (a = -0.5), widened when it shrinks an image. Rows are resized first
// and columns second. Weights have 22 bits after the point, and the rows between the two passes are
// rounded to 8 bits. Pillow does the same (Resample.c), so a model that was trained with its pixels
// gets them.
package resample

import (
	"context"
	"image"
	"sync"
)

// Job is a part of an image that fills a size.
type Job struct {
	// Frame is the size of the image, and Part the box of it that is resized. Pixels of the image
	// beyond the edges of the box count, as in Pillow.
	Frame image.Point
	Part  image.Rectangle

	// To is the size of the result.
	To image.Point
}

// Window returns the box of the image whose pixels count.
func (j Job) Window() image.Rectangle {
	x0, x1 := reach(j.Frame.X, j.Part.Min.X, j.Part.Max.X, j.To.X)
	y0, y1 := reach(j.Frame.Y, j.Part.Min.Y, j.Part.Max.Y, j.To.Y)
	return image.Rect(x0, y0, x1, y1)
}

// Memory returns the most bytes that a resize of 1, 3 or 4 channels allocates.
func (j Job) Memory(channels int) int64 {
	w := j.Window().Size()
	weights := 4 * (sizeOfTaps(j.Part.Dx(), j.To.X) + sizeOfTaps(j.Part.Dy(), j.To.Y))
	spans := 16 * int64(j.To.X+j.To.Y)
	line := 8 * int64(channels) * int64(w.X+j.To.X)
	return weights + spans + line + int64(channels)*int64(w.Y)*int64(j.To.X)
}

// Source has the rows of a window of an image. A pixel takes one byte, or four: red, green, blue,
// multiplied by alpha.
type Source interface {
	// Row returns a row, counted from the window's first, which must be valid until the second next
	// call. Rows are asked for in their order.
	Row(y int) []uint8
}

// Pixels are the rows of an image in memory.
type Pixels struct {
	Pix    []uint8
	Stride int
}

// Row returns a row, and what follows it.
func (p Pixels) Row(y int) []uint8 { return p.Pix[y*p.Stride:] }

// Run resizes a window of the image, which holds the job's own, into dst. One channel is gray. Of
// four bytes three channels are resized, and alpha is 255, or four. A channel is at most its alpha
// then. Run stops with ctx's error between two rows.
func (j Job) Run(ctx context.Context, dst Pixels, src Source, window image.Rectangle, channels int) error {
	rows := newTaps(j.Frame.X, j.Part.Min.X, j.Part.Max.X, j.To.X)
	columns := newTaps(j.Frame.Y, j.Part.Min.Y, j.Part.Max.Y, j.To.Y)
	y0, y1 := columns.bounds()
	rows.shift(-window.Min.X)
	columns.shift(-y0)
	between := lines((y1 - y0) * j.To.X * channels)
	defer free(between)
	if err := rows.across(ctx, between, src, image.Rect(0, y0-window.Min.Y, window.Dx(), y1-window.Min.Y), channels); err != nil {
		return err
	}
	return columns.down(ctx, dst, between, j.To.X, channels)
}

// maxPooled is the most bytes between the passes that are used again.
const maxPooled = 4 << 20

var pool sync.Pool

// lines returns memory whose content is old.
func lines(size int) []uint8 {
	if old, ok := pool.Get().(*[]uint8); ok && cap(*old) >= size {
		return (*old)[:size]
	}
	return make([]uint8, size)
}

func free(b []uint8) {
	if cap(b) <= maxPooled {
		pool.Put(&b)
	}
}

// clip rounds a sum of weighted samples, which holds half a level already, to a sample.
func clip(sum int32) uint8 {
	v := sum >> precision
	if uint32(v) < 256 {
		return uint8(v)
	}
	return uint8(^(v >> 31)) // 0 when negative, else 255
}
