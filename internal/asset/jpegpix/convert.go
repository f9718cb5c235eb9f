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
	r := p.Rows(dst.Rect.Sub(dst.Rect.Min).Add(at))
	for y := range dst.Rect.Dy() {
		r.write(dst.Pix[y*dst.Stride:][:4*dst.Rect.Dx()], y)
	}
}

// Rows are the rows of a box of a decoded picture.
type Rows struct {
	box    image.Rectangle
	planes []*upsampler
	toRGB  func(out []uint8, rows *[4][]uint8)
	buffer [2][]uint8
	next   int
}

// Rows returns the rows of a box, which Decode was given or holds.
func (p *Picture) Rows(box image.Rectangle) *Rows {
	r := &Rows{box: box, planes: make([]*upsampler, len(p.components)), toRGB: p.conversion()}
	for i := range r.planes {
		r.planes[i] = p.upsampler(&p.components[i], box.Min.X, box.Max.X)
	}
	return r
}

// Row returns a row as red, green, blue and 255. It is valid until the second next call.
func (r *Rows) Row(y int) []uint8 {
	if r.next ^= 1; r.buffer[r.next] == nil {
		r.buffer[r.next] = make([]uint8, 4*r.box.Dx())
	}
	r.write(r.buffer[r.next], y)
	return r.buffer[r.next]
}

func (r *Rows) write(out []uint8, y int) {
	var rows [4][]uint8
	for i, u := range r.planes {
		rows[i] = u.row(r.box.Min.Y + y)[r.box.Min.X:]
	}
	r.toRGB(out, &rows)
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

// A pixel is converted in one number of 64 bits: red in bits 0 to 15, blue in 16 to 31, and green
// in 32 to 63, with 16 bits after its point. The three have 256 added, so that bits 8 and 9 tell
// whether a color is in range. These tables hold the share of a chroma sample.
var ofCb, ofCr = chromaTables()

const (
	ofLuma  = 1<<48 | 1<<16 | 1
	tooWide = 0x300 * ofLuma
	inRange = 0x100 * ofLuma
)

func chromaTables() (cb, cr [256]uint64) {
	for i := range 256 {
		x := int64(i) - 128
		cb[i] = uint64((256<<16-cbToGreen*x+half)<<32 + (256+(cbToBlue*x+half)>>16)<<16)
		cr[i] = uint64(-crToGreen*x<<32 + 256 + (crToRed*x+half)>>16)
	}
	return cb, cr
}

// opaque is the alpha of a pixel. As a constant it would be stored apart.
var opaque uint32 = 255 << 24

func fromYCC(out []uint8, rows *[4][]uint8) {
	n := len(out) / 4
	out = out[:4*n]
	luma, cb, cr := rows[0][:n], rows[1][:n], rows[2][:n]
	alpha := opaque
	for i := range luma {
		v := ofLuma*uint64(luma[i]) + ofCb[cb[i]] + ofCr[cr[i]]
		if v&tooWide != inRange {
			above := v >> 9 & ofLuma
			v = (v | 255*above) & (255 * (v>>8&ofLuma | above))
		}
		binary.LittleEndian.PutUint32(out[4*i:4*i+4], uint32(v&255)|uint32(v>>48&255)<<8|uint32(v>>16&255)<<16|alpha)
	}
}

func clamp(v int32) uint8 {
	if uint32(v) < 256 {
		return uint8(v)
	}
	return uint8(^(v >> 31)) // 0 when negative, else 255
}
