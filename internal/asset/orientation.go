package asset

import (
	"encoding/binary"
	"image"
)

// orientation is the display orientation of a picture by Exif's numbers, which state where row 0
// and column 0 of the file belong.
type orientation uint8

// The orientations: 5 to 8 swap width and height.
const (
	upright orientation = 1 + iota
	mirrored
	halfTurn
	flipped
	transposed
	quarterRight
	transverse
	quarterLeft
)

// orientationTag is the orientation's tag in the first directory.
const orientationTag = 0x0112

// orientationOf reads the orientation from a TIFF structure. A missing or invalid one means
// upright.
func orientationOf(tiff []byte) orientation {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			break
		}
		const short = 3
		if order.Uint16(entries) == orientationTag && order.Uint16(entries[2:]) == short && order.Uint32(entries[4:]) == 1 {
			if o := orientation(min(order.Uint16(entries[8:]), 255)); o >= upright && o <= quarterLeft {
				return o
			}
			break
		}
		entries = entries[12:]
	}
	return upright
}

// turned is a size in the file as it is shown.
func (o orientation) turned(size image.Point) image.Point {
	if o >= transposed {
		return image.Pt(size.Y, size.X)
	}
	return size
}

// source returns the position in a file's picture of the pixel that is shown at p.
func (o orientation) source(p, size image.Point) image.Point {
	last := size.Sub(image.Pt(1, 1))
	switch o {
	case upright:
	case mirrored:
		return image.Pt(last.X-p.X, p.Y)
	case halfTurn:
		return image.Pt(last.X-p.X, last.Y-p.Y)
	case flipped:
		return image.Pt(p.X, last.Y-p.Y)
	case transposed:
		return image.Pt(p.Y, p.X)
	case quarterRight:
		return image.Pt(p.Y, last.Y-p.X)
	case transverse:
		return image.Pt(last.X-p.Y, last.Y-p.X)
	case quarterLeft:
		return image.Pt(last.X-p.Y, p.X)
	}
	return p
}

// box is where a box as it is shown lies in a file's picture of a size.
func (o orientation) box(b image.Rectangle, size image.Point) image.Rectangle {
	a, z := o.source(b.Min, size), o.source(b.Max.Sub(image.Pt(1, 1)), size)
	r := image.Rectangle{Min: a, Max: z}.Canon()
	r.Max = r.Max.Add(image.Pt(1, 1))
	return r
}

// turn returns a picture as it is shown. An upright picture is returned unchanged.
func (o orientation) turn(img image.Image) image.Image {
	if o == upright {
		return img
	}
	size := img.Bounds().Size()
	r := image.Rectangle{Max: o.turned(size)}
	switch img := img.(type) {
	case *image.Gray:
		out := image.NewGray(r)
		o.move(out.Pix, img.Pix, img.Stride, 1, size)
		return out
	case *image.Paletted:
		out := image.NewPaletted(r, img.Palette)
		o.move(out.Pix, img.Pix, img.Stride, 1, size)
		return out
	case *image.Gray16:
		out := image.NewGray16(r)
		o.move(out.Pix, img.Pix, img.Stride, 2, size)
		return out
	case *image.RGBA:
		out := image.NewRGBA(r)
		o.move(out.Pix, img.Pix, img.Stride, 4, size)
		return out
	case *image.NRGBA:
		out := image.NewNRGBA(r)
		o.move(out.Pix, img.Pix, img.Stride, 4, size)
		return out
	case *image.RGBA64:
		out := image.NewRGBA64(r)
		o.move(out.Pix, img.Pix, img.Stride, 8, size)
		return out
	case *image.NRGBA64:
		out := image.NewNRGBA64(r)
		o.move(out.Pix, img.Pix, img.Stride, 8, size)
		return out
	}
	out := image.NewNRGBA(r)
	for y := range r.Max.Y {
		for x := range r.Max.X {
			at := o.source(image.Pt(x, y), size).Add(img.Bounds().Min)
			out.Set(x, y, img.At(at.X, at.Y))
		}
	}
	return out
}

// move copies pixels of n bytes to where they are shown.
func (o orientation) move(out, in []uint8, stride, n int, size image.Point) {
	shown := o.turned(size)
	for y := range shown.Y {
		// Along a row as it is shown the source goes by a constant step.
		from := o.source(image.Pt(0, y), size)
		step := o.source(image.Pt(1, y), size).Sub(from)
		at, by := from.Y*stride+from.X*n, step.Y*stride+step.X*n
		row := out[y*shown.X*n:][:shown.X*n]
		for ; len(row) > 0; row = row[n:] {
			copy(row[:n], in[at:at+n])
			at += by
		}
	}
}
