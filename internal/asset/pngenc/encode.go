// Package pngenc writes PNG files that decode to exactly the given pixels, in the smallest form of
// PNG that holds them: palette, gray, without alpha, with the fewest bits.
//
// The standard library's encoder costs twice the time for the same bytes and keeps the form that an
// image has in memory. Here a row gets the filter with the least sum of absolute differences, as
// libpng does it, and a deflate of klauspost/compress; [Small] searches for its codes instead. Rows
// are made one by one, so an encoder takes only a few rows and the compressor's window in addition
// to the image.
package pngenc

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"

	"github.com/seinehq/seine/internal/asset/deflate"
)

// Level is how hard is tried for few bytes.
type Level uint8

// The levels. On photographs Fast takes half of Balanced's time for an eighth
// more bytes, Small five times as much for 8 % fewer.
const (
	Balanced Level = iota
	Fast
	Small
)

// Memory returns about how many bytes an encoder takes in addition to the image.
func (l Level) Memory() int64 {
	if l == Small {
		return 14 << 20
	}
	return 2 << 20
}

// maxSide is the greatest width and height of a PNG.
const maxSide = 1<<31 - 1

// Encode writes img to w. An image without pixels is an error. It stops with
// ctx's error between two rows.
func Encode(ctx context.Context, w io.Writer, img image.Image, level Level) error {
	size := img.Bounds().Size()
	if size.X <= 0 || size.Y <= 0 || size.X > maxSide || size.Y > maxSide {
		return fmt.Errorf("png: an image of %d x %d pixels cannot be written", size.X, size.Y)
	}
	if int(level) >= len(compressors) {
		return fmt.Errorf("png: no level %d", level)
	}
	src, err := newSource(img)
	if err != nil {
		return err
	}
	f := formOf(src)
	c := &chunks{w: w}
	c.raw("\x89PNG\r\n\x1a\n")
	head := make([]byte, 13)
	binary.BigEndian.PutUint32(head, uint32(size.X))
	binary.BigEndian.PutUint32(head[4:], uint32(size.Y))
	head[8], head[9] = f.depth, f.color
	c.chunk("IHDR", head)
	if f.color == colorPalette {
		rgb, alpha := f.paletteChunks()
		c.chunk("PLTE", rgb)
		if len(alpha) > 0 {
			c.chunk("tRNS", alpha)
		}
	}
	if err := c.pixels(ctx, src, f, level); err != nil {
		return err
	}
	c.chunk("IEND", nil)
	return c.err
}

// pixels writes the rows as chunks of compressed bytes.
func (c *chunks) pixels(ctx context.Context, src *source, f *form, level Level) error {
	pool := &compressors[level]
	z, _ := pool.Get().(compressor)
	defer pool.Put(z)
	z.Reset(c)
	flt := newFilter(f.rowBytes(src.width), f.pixelBytes(), f.filters())
	for y := range src.height {
		if err := ctx.Err(); err != nil {
			return err
		}
		f.pack(flt.current(), src.row(y))
		if _, err := z.Write(flt.next()); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return c.flush()
}

// compressors are pooled, because each takes up to some megabytes.
var compressors = [...]sync.Pool{
	Balanced: {New: func() any { return kept(7) }},
	Fast:     {New: func() any { return kept(2) }},
	Small:    {New: func() any { return deflate.NewWriter(nil) }},
}

type compressor interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// kept returns a compressor of one of the package's own levels.
func kept(level int) compressor {
	z, err := zlib.NewWriterLevel(nil, level)
	if err != nil {
		panic(err) // there is such a level
	}
	return z
}

// chunks writes a file's chunks. The bytes written to it become IDAT chunks. The first error stays.
type chunks struct {
	w    io.Writer
	data []byte
	err  error
}

// dataChunk is the size of an IDAT chunk.
const dataChunk = 64 << 10

func (c *chunks) raw(s string) {
	if c.err == nil {
		_, c.err = io.WriteString(c.w, s)
	}
}

func (c *chunks) chunk(name string, body []byte) {
	if c.err != nil {
		return
	}
	head := make([]byte, 8, 12)
	binary.BigEndian.PutUint32(head, uint32(len(body)))
	copy(head[4:], name)
	sum := crc32.Update(crc32.ChecksumIEEE(head[4:]), crc32.IEEETable, body)
	for _, b := range [][]byte{head, body, binary.BigEndian.AppendUint32(nil, sum)} {
		if c.err == nil {
			_, c.err = c.w.Write(b)
		}
	}
}

// Write takes compressed bytes.
func (c *chunks) Write(p []byte) (int, error) {
	if c.data == nil {
		c.data = make([]byte, 0, dataChunk)
	}
	n := len(p)
	for len(p) > 0 {
		k := copy(c.data[len(c.data):dataChunk], p)
		c.data, p = c.data[:len(c.data)+k], p[k:]
		if len(c.data) == dataChunk {
			if err := c.flush(); err != nil {
				return 0, err
			}
		}
	}
	return n, c.err
}

func (c *chunks) flush() error {
	if len(c.data) > 0 {
		c.chunk("IDAT", c.data)
		c.data = c.data[:0]
	}
	return c.err
}
