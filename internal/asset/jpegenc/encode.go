// Package jpegenc writes the JPEG files of libjpeg-turbo, byte by byte: baseline, with chroma at
// half the size (4:2:0), the accurate transform and the Huffman tables of the standard. Pillow
// writes these files by default.
package jpegenc

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"io"
)

// maxSide is the largest side of a JPEG in pixels (ITU-T T.81, B.2.2).
const maxSide = 1<<16 - 1

// encoder is one file.
type encoder struct {
	bits    writer
	steps   [2][64]uint8      // in zigzag order
	inverse [2][64]reciprocal // in a block's order
	tables  [4][256]entry
	dc      [3]int32
}

// reciprocal divides by multiplication: of a coefficient, whose half step is added.
type reciprocal struct{ half, by uint32 }

// Encode writes an image without alpha: a gray one or an opaque one. The quality is 1 to 100. It
// stops with ctx's error between two rows of blocks.
func Encode(ctx context.Context, w io.Writer, img image.Image, quality int) error {
	size := img.Bounds().Size()
	if size.X < 1 || size.Y < 1 || size.X > maxSide || size.Y > maxSide {
		return fmt.Errorf("a JPEG has no %dx%d pixels", size.X, size.Y)
	}
	e := &encoder{bits: writer{to: w}}
	scale := 200 - 2*quality
	if quality < 50 {
		scale = 5000 / quality
	}
	for i := range e.steps {
		for k, q := range quantization[i] {
			step := min(max((int(q)*scale+50)/100, 1), 255)
			e.steps[i][k] = uint8(step)
			// Coefficients are eight times too large. The product is exact: a coefficient with half
			// a step has at most 16 bits, and a divisor 11.
			d := uint64(8 * step)
			e.inverse[i][zigzag[k]] = reciprocal{uint32(d / 2), uint32((1<<32 + d - 1) / d)}
		}
	}
	for i, h := range huffman {
		e.tables[i] = h.entries()
	}
	switch img := img.(type) {
	case *image.Gray:
		e.head(size, 1)
		e.gray(ctx, img)
	case *image.RGBA:
		e.head(size, 3)
		e.color(ctx, img)
	default:
		return fmt.Errorf("a JPEG is not made of %T", img)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return e.bits.end()
}

// head writes everything up to the first block.
func (e *encoder) head(size image.Point, components int) {
	segment := func(marker uint8, body ...uint8) {
		e.bits.put(0xff, marker)
		e.bits.put(binary.BigEndian.AppendUint16(nil, uint16(len(body)+2))...)
		e.bits.put(body...)
	}
	e.bits.put(0xff, 0xd8)
	segment(0xe0, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0)
	kinds := min(components, 2)
	for i := range kinds {
		segment(0xdb, append([]uint8{uint8(i)}, e.steps[i][:]...)...)
	}
	frame := append([]uint8{8}, binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, uint16(size.Y)), uint16(size.X))...)
	frame, scan := append(frame, uint8(components)), []uint8{uint8(components)}
	for i := range components {
		sampling, kind := uint8(0x11), uint8(min(i, 1))
		if i == 0 && components > 1 {
			sampling = 0x22
		}
		frame = append(frame, uint8(i+1), sampling, kind)
		scan = append(scan, uint8(i+1), kind<<4|kind)
	}
	segment(0xc0, frame...)
	for i := range 2 * kinds {
		h := huffman[i]
		segment(0xc4, append(append([]uint8{uint8(i&1<<4 | i>>1)}, h.counts[:]...), h.symbols...)...)
	}
	segment(0xda, append(scan, 0, 63, 0)...)
}

// gray writes the blocks of a gray image. Beyond the edge it is the edge.
func (e *encoder) gray(ctx context.Context, img *image.Gray) {
	size := img.Rect.Size()
	var b [64]int32
	for y := 0; y < size.Y && ctx.Err() == nil; y += 8 {
		for x := 0; x < size.X; x += 8 {
			for i := range b {
				b[i] = int32(img.Pix[min(y+i/8, size.Y-1)*img.Stride+min(x+i%8, size.X-1)]) - 128
			}
			e.block(&b, 0)
		}
	}
}

// block transforms a block of a component and writes it.
func (e *encoder) block(b *[64]int32, component int) {
	kind := min(component, 1)
	transform(b)
	inverse := &e.inverse[kind]
	for i, v := range b {
		sign := v >> 31
		r := inverse[i]
		q := int32(uint64(uint32((v^sign)-sign)+r.half) * uint64(r.by) >> 32)
		b[i] = (q ^ sign) - sign
	}
	dc := b[0]
	e.difference(dc-e.dc[component], kind)
	e.dc[component] = dc
	run, ac := 0, &e.tables[2*kind+1]
	for _, at := range zigzag[1:] {
		v := b[at&63]
		if v == 0 {
			run++
			continue
		}
		for ; run > 15; run -= 16 {
			e.bits.code(ac[0xf0])
		}
		bits, value := magnitude(v)
		e.bits.code(ac[uint8(run<<4)|bits])
		e.bits.add(value, bits)
		run = 0
	}
	if run > 0 {
		e.bits.code(ac[0])
	}
}

// difference writes the difference of a DC coefficient to the last one.
func (e *encoder) difference(v int32, kind int) {
	bits, value := magnitude(v)
	e.bits.code(e.tables[2*kind][bits])
	e.bits.add(value, bits)
}
