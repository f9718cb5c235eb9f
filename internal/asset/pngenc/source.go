package pngenc

import (
	"encoding/binary"
	"errors"
	"image"
	"image/color"
)

// source gives an image's rows as RGBA without premultiplication, with four bytes per pixel, or
// eight in big-endian order for an image of 16 bits.
type source struct {
	width, height int
	deep          bool
	fill          func(y int, out []byte)
	out           []byte
}

// row is valid until the next call.
func (s *source) row(y int) []byte {
	s.fill(y, s.out)
	return s.out
}

func newSource(img image.Image) (*source, error) {
	b := img.Bounds()
	s := &source{width: b.Dx(), height: b.Dy()}
	switch img := img.(type) {
	case *image.NRGBA:
		s.fill = func(y int, out []byte) { copy(out, img.Pix[y*img.Stride:]) }
	case *image.RGBA:
		s.fill = func(y int, out []byte) { straight(out, img.Pix[y*img.Stride:]) }
	case *image.Gray:
		s.fill = func(y int, out []byte) { spread(out, img.Pix[y*img.Stride:]) }
	case *image.Paletted:
		colors, err := paletteOf(img)
		if err != nil {
			return nil, err
		}
		s.fill = func(y int, out []byte) {
			for x, i := range img.Pix[y*img.Stride:][:s.width] {
				binary.NativeEndian.PutUint32(out[4*x:], colors[i])
			}
		}
	case *image.NRGBA64:
		s.deep = true
		s.fill = func(y int, out []byte) { copy(out, img.Pix[y*img.Stride:]) }
	case *image.RGBA64:
		s.deep = true
		s.fill = func(y int, out []byte) { straight16(out, img.Pix[y*img.Stride:]) }
	case *image.Gray16:
		s.deep = true
		s.fill = func(y int, out []byte) { spread16(out, img.Pix[y*img.Stride:]) }
	default:
		// Whatever else there is can be 16 bits wide.
		s.deep = true
		s.fill = func(y int, out []byte) {
			for x := range s.width {
				c, _ := color.NRGBA64Model.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA64)
				binary.BigEndian.PutUint16(out[8*x:], c.R)
				binary.BigEndian.PutUint16(out[8*x+2:], c.G)
				binary.BigEndian.PutUint16(out[8*x+4:], c.B)
				binary.BigEndian.PutUint16(out[8*x+6:], c.A)
			}
		}
	}
	bytes := 4
	if s.deep {
		bytes = 8
	}
	s.out = make([]byte, bytes*s.width)
	return s, nil
}

// straight undoes the multiplication by alpha.
func straight(out, in []byte) {
	copy(out, in)
	for x := 3; x < len(out); x += 4 {
		if out[x] == 255 {
			continue
		}
		c, _ := color.NRGBAModel.Convert(color.RGBA{R: out[x-3], G: out[x-2], B: out[x-1], A: out[x]}).(color.NRGBA)
		out[x-3], out[x-2], out[x-1] = c.R, c.G, c.B
	}
}

func straight16(out, in []byte) {
	copy(out, in)
	for ; len(out) >= 8; out = out[8:] {
		alpha := uint32(binary.BigEndian.Uint16(out[6:]))
		for i := 0; i < 6 && alpha > 0 && alpha < 0xffff; i += 2 {
			v := uint32(binary.BigEndian.Uint16(out[i:]))
			binary.BigEndian.PutUint16(out[i:], uint16(min(v*0xffff/alpha, 0xffff)))
		}
	}
}

func spread(out, gray []byte) {
	for x, v := range gray[:len(out)/4] {
		binary.LittleEndian.PutUint32(out[4*x:], uint32(v)*0x010101|255<<24)
	}
}

func spread16(out, gray []byte) {
	for x := range len(out) / 8 {
		v := uint64(binary.BigEndian.Uint16(gray[2*x:]))
		binary.BigEndian.PutUint64(out[8*x:], v*0x0001_0001_0001_0000|0xffff)
	}
}

// paletteOf is the palette as pixels, in memory order. An index that it does
// not have is an error.
func paletteOf(img *image.Paletted) (colors [256]uint32, err error) {
	for i, c := range img.Palette {
		n, _ := color.NRGBAModel.Convert(c).(color.NRGBA)
		if i < len(colors) {
			colors[i] = binary.NativeEndian.Uint32([]byte{n.R, n.G, n.B, n.A})
		}
	}
	for y := range img.Rect.Dy() {
		for _, i := range img.Pix[y*img.Stride:][:img.Rect.Dx()] {
			if int(i) >= len(img.Palette) {
				return colors, errors.New("png: a pixel has no color in the palette")
			}
		}
	}
	return colors, nil
}
