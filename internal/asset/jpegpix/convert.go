package jpegpix

import (
	"encoding/binary"
	"image"
)

// DrawGray fills dst with the pixels of a decoded gray picture from at on.
func (p *Picture) DrawGray(dst *image.Gray, at image.Point) {
	c := &p.components[0]
	for y := range dst.Rect.Dy() {
		copy(dst.Pix[y*dst.Stride:][:dst.Rect.Dx()], c.pix[(at.Y+y)*c.stride+at.X:])
	}
}

// Draw fills dst with the pixels of a decoded picture from at on, which must
// hold dst's size from there on. Alpha is 255. Inks are taken for inverted, as
// Adobe writes them and every decoder reads them, and are multiplied.
func (p *Picture) Draw(dst *image.RGBA, at image.Point) {
	up := make([]*upsampler, len(p.components))
	for i := range up {
		up[i] = p.upsampler(&p.components[i], at.X, at.X+dst.Rect.Dx())
	}
	toRGB := p.conversion()
	var rows [4][]uint8
	for y := range dst.Rect.Dy() {
		for i, u := range up {
			rows[i] = u.row(at.Y + y)[at.X:]
		}
		toRGB(dst.Pix[y*dst.Stride:][:4*dst.Rect.Dx()], &rows)
	}
}

// conversion is what libjpeg guesses of markers and of the components' names.
func (p *Picture) conversion() func(out []uint8, rows *[4][]uint8) {
	switch ids := p.components; {
	case len(ids) == 1:
		return fromGray
	case len(ids) == 4 && p.adobe && p.adobeTransform != 0:
		return fromYCCK
	case len(ids) == 4:
		return fromCMYK
	case p.jfif:
		return fromYCC
	case p.adobe && p.adobeTransform == 0, !p.adobe && ids[0].id == 'R' && ids[1].id == 'G' && ids[2].id == 'B':
		return fromRGB
	}
	return fromYCC
}

func fromGray(out []uint8, rows *[4][]uint8) {
	for i, v := range rows[0][:len(out)/4] {
		px := out[4*i:][:4:4]
		px[0], px[1], px[2], px[3] = v, v, v, 255
	}
}

func fromRGB(out []uint8, rows *[4][]uint8) {
	for i, v := range rows[0][:len(out)/4] {
		px := out[4*i:][:4:4]
		px[0], px[1], px[2], px[3] = v, rows[1][i], rows[2][i], 255
	}
}

func fromCMYK(out []uint8, rows *[4][]uint8) {
	for i, k := range rows[3][:len(out)/4] {
		px := out[4*i:][:4:4]
		px[0], px[1], px[2], px[3] = under(rows[0][i], k), under(rows[1][i], k), under(rows[2][i], k), 255
	}
}

func fromYCCK(out []uint8, rows *[4][]uint8) {
	fromYCC(out, rows)
	for i, k := range rows[3][:len(out)/4] {
		px := out[4*i:][:4:4]
		px[0], px[1], px[2] = under(255-px[0], k), under(255-px[1], k), under(255-px[2], k)
	}
}

// under is what an ink and black let through.
func under(ink, black uint8) uint8 { return uint8((int(ink)*int(black) + 127) / 255) }

// The conversion of JFIF, with 16 bits after the point: 1.402, 1.772, 0.34414
// and 0.71414.
const (
	crToRed   = 91881
	cbToBlue  = 116130
	cbToGreen = 22554
	crToGreen = 46802
	half      = 1 << 15
)

// These tables hold the effect of a chroma sample on red and blue, and on green before its shift.
var red, blue, greenCb, greenCr = chromaTables()

func chromaTables() (red, blue, greenCb, greenCr [256]int32) {
	for i := range 256 {
		x := int32(i) - 128
		red[i] = (crToRed*x + half) >> 16
		blue[i] = (cbToBlue*x + half) >> 16
		greenCb[i] = -cbToGreen*x + half
		greenCr[i] = -crToGreen * x
	}
	return red, blue, greenCb, greenCr
}

func fromYCC(out []uint8, rows *[4][]uint8) {
	n := len(out) / 4
	luma, cb, cr := rows[0][:n], rows[1][:n], rows[2][:n]
	for i := range luma {
		y, b, r := int32(luma[i]), cb[i], cr[i]
		px := uint32(clamp(y+red[r])) | uint32(clamp(y+(greenCb[b]+greenCr[r])>>16))<<8 | uint32(clamp(y+blue[b]))<<16 | 255<<24
		binary.LittleEndian.PutUint32(out[4*i:][:4], px)
	}
}

func clamp(v int32) uint8 {
	if uint32(v) < 256 {
		return uint8(v)
	}
	return uint8(^(v >> 31)) // 0 when negative, else 255
}
