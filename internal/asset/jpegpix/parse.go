// Package jpegpix decodes JPEG files to the exact pixels of libjpeg-turbo, which Pillow, libvips
// and training pipelines use.
//
// The standard library's decoder has another inverse transform and takes the nearest chroma sample.
// On 4:2:0 it differs by up to 91 of 255. Here the transform is libjpeg's accurate one (islow),
// chroma is upsampled by its triangle filter, and the color conversion has its fixed point.
// Baseline, extended and progressive files of 8 bits by Huffman codes are decoded, with one, three
// or four components; arithmetic codes, 12 bits, lossless and hierarchical files are
// [ErrUnsupported].
//
// Files are untrusted. A file takes at most [Picture.Memory], its scans are limited, and a
// truncated file is io.ErrUnexpectedEOF, never half a picture.
package jpegpix

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
)

// ErrUnsupported is a JPEG of a kind that is not decoded.
var ErrUnsupported = errors.New("unsupported JPEG")

// ErrScans reports a file with more scans than any encoder makes. Each scan costs a pass over the
// picture, however few bytes it has.
var ErrScans = errors.New("too many scans")

// maxScans bounds the scans of a file. Encoders make about ten, the search of
// jpegtran's optimizers some dozens.
const maxScans = 100

var errDamaged = errors.New("damaged JPEG")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errDamaged, fmt.Sprintf(format, args...))
}

// The markers that matter.
const (
	mSOF0, mSOF1, mSOF2, mSOF15 = 0xc0, 0xc1, 0xc2, 0xcf
	mDHT, mJPG, mDAC            = 0xc4, 0xc8, 0xcc
	mRST0, mRST7                = 0xd0, 0xd7
	mSOI, mEOI, mSOS            = 0xd8, 0xd9, 0xda
	mDQT, mDRI                  = 0xdb, 0xdd
	mAPP0, mAPP1, mAPP14        = 0xe0, 0xe1, 0xee
	mTEM                        = 0x01
)

// Picture is a JPEG file whose header was read.
type Picture struct {
	// Width and Height are in pixels, before Orientation is applied.
	Width, Height int

	// Exif is the TIFF structure of the file's Exif segment, or nil.
	Exif []byte

	data []byte
	pos  int

	progressive    bool
	components     []component
	across, down   int // the most samples of a component in a unit
	unitsX, unitsY int // of an interleaved scan

	quant   [4][64]uint16 // in zigzag order
	tables  [2][4]*huffman
	restart int
	scans   int

	jfif           bool
	adobe          bool
	adobeTransform uint8
}

// component is a plane of the picture.
type component struct {
	id            uint8
	across, down  int // its samples in a unit
	quant         uint8
	width, height int // in samples, without padding
	stride        int // of pix and, in blocks, of coefficients
	blocksX       int // with padding to whole units
	blocksY       int
	pix           []uint8
	shown         image.Rectangle // the blocks that are wanted
	coefficients  [][64]int16     // of files of more than one scan
	latched       bool            // whether table is set
	table         [64]uint16      // the quantization table at its first scan
}

// Parse reads a file up to the header of its frame.
func Parse(data []byte) (*Picture, error) {
	p := &Picture{data: data, pos: 2}
	if len(data) < 2 {
		return nil, io.ErrUnexpectedEOF
	}
	if data[0] != 0xff || data[1] != mSOI {
		return nil, damaged("no start of image")
	}
	for p.components == nil {
		marker, err := p.marker()
		if err != nil {
			return nil, err
		}
		if marker == mSOS || marker == mEOI {
			return nil, damaged("marker %x before the frame", marker)
		}
		if err := p.segment(marker); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Gray reports whether the picture has no color.
func (p *Picture) Gray() bool { return len(p.components) == 1 }

// marker steps to the next marker and over it. Garbage before it is skipped, as
// all decoders do.
func (p *Picture) marker() (uint8, error) {
	for ; p.pos+1 < len(p.data); p.pos++ {
		if p.data[p.pos] != 0xff {
			continue
		}
		switch m := p.data[p.pos+1]; {
		case m == 0 || m == 0xff: // a stuffed byte; a fill byte
		default:
			p.pos += 2
			return m, nil
		}
	}
	return 0, io.ErrUnexpectedEOF
}

// segment reads the segment of a marker that stands between scans.
func (p *Picture) segment(marker uint8) error {
	if marker == mTEM || mRST0 <= marker && marker <= mRST7 || marker == mSOI {
		return nil // they have no segment
	}
	body, err := p.body()
	if err != nil {
		return err
	}
	switch {
	case marker == mDQT:
		return p.readQuant(body)
	case marker == mDHT:
		return p.readHuffman(body)
	case marker == mDRI:
		if len(body) < 2 {
			return damaged("restart interval of %d bytes", len(body))
		}
		p.restart = int(binary.BigEndian.Uint16(body))
	case marker == mSOF0, marker == mSOF1, marker == mSOF2:
		p.progressive = marker == mSOF2
		return p.readFrame(body)
	case marker >= mSOF0 && marker <= mSOF15 && marker != mJPG || marker == mDAC:
		return fmt.Errorf("%w: marker %x", ErrUnsupported, marker)
	case marker == mAPP0:
		p.jfif = p.jfif || len(body) >= 5 && string(body[:5]) == "JFIF\x00"
	case marker == mAPP1:
		if p.Exif == nil && len(body) > 6 && string(body[:6]) == "Exif\x00\x00" {
			p.Exif = body[6:]
		}
	case marker == mAPP14:
		if len(body) >= 12 && string(body[:5]) == "Adobe" {
			p.adobe, p.adobeTransform = true, body[11]
		}
	}
	return nil
}

// body returns the content of a segment after its length.
func (p *Picture) body() ([]byte, error) {
	if p.pos+2 > len(p.data) {
		return nil, io.ErrUnexpectedEOF
	}
	n := int(binary.BigEndian.Uint16(p.data[p.pos:]))
	switch {
	case n < 2:
		return nil, damaged("segment of %d bytes", n)
	case p.pos+n > len(p.data):
		return nil, io.ErrUnexpectedEOF
	}
	body := p.data[p.pos+2 : p.pos+n]
	p.pos += n
	return body, nil
}

func (p *Picture) readQuant(body []byte) error {
	for len(body) > 0 {
		wide, id := int(body[0]>>4), body[0]&15
		if wide > 1 || id > 3 || len(body) < 1+64*(1+wide) {
			return damaged("quantization table")
		}
		body = body[1:]
		for i := range 64 {
			if wide == 1 {
				p.quant[id][i] = binary.BigEndian.Uint16(body[2*i:])
			} else {
				p.quant[id][i] = uint16(body[i])
			}
		}
		body = body[64*(1+wide):]
	}
	return nil
}

func (p *Picture) readHuffman(body []byte) error {
	for len(body) > 0 {
		if len(body) < 17 || body[0]>>4 > 1 || body[0]&15 > 3 {
			return damaged("Huffman table")
		}
		n := 0
		for _, c := range body[1:17] {
			n += int(c)
		}
		if n > 256 || len(body) < 17+n {
			return damaged("Huffman table of %d codes", n)
		}
		h, err := newHuffman([16]uint8(body[1:17]), body[17:17+n])
		if err != nil {
			return err
		}
		p.tables[body[0]>>4][body[0]&15] = h
		body = body[17+n:]
	}
	return nil
}

// readFrame reads the size and the components.
func (p *Picture) readFrame(body []byte) error {
	if p.components != nil {
		return damaged("two frames")
	}
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return damaged("frame of %d bytes", len(body))
	}
	n := int(body[5])
	if body[0] != 8 || n != 1 && n != 3 && n != 4 {
		return fmt.Errorf("%w: %d bits, %d components", ErrUnsupported, body[0], n)
	}
	p.Height, p.Width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if p.Width == 0 || p.Height == 0 {
		// Height 0 means that a later segment holds it. No common decoder supports that.
		p.components = make([]component, n)
		return nil
	}
	components := make([]component, n)
	for i := range components {
		b := body[6+3*i:]
		c := component{id: b[0], across: int(b[1] >> 4), down: int(b[1] & 15), quant: b[2]}
		if c.across < 1 || c.across > 4 || c.down < 1 || c.down > 4 || c.quant > 3 {
			return damaged("component %d", i)
		}
		for _, other := range components[:i] {
			if other.id == c.id {
				return damaged("component %d twice", c.id)
			}
		}
		components[i] = c
		p.across, p.down = max(p.across, c.across), max(p.down, c.down)
	}
	if n == 1 {
		// A single component is never interleaved, so its blocks follow one another.
		components[0].across, components[0].down, p.across, p.down = 1, 1, 1, 1
	}
	p.unitsX, p.unitsY = ceil(p.Width, 8*p.across), ceil(p.Height, 8*p.down)
	blocks := 0
	for i := range components {
		c := &components[i]
		if p.across%c.across != 0 || p.down%c.down != 0 {
			return fmt.Errorf("%w: %dx%d samples of %dx%d", ErrUnsupported, c.across, c.down, p.across, p.down)
		}
		c.width, c.height = ceil(p.Width*c.across, p.across), ceil(p.Height*c.down, p.down)
		c.blocksX, c.blocksY = p.unitsX*c.across, p.unitsY*c.down
		c.stride = 8 * c.blocksX
		blocks += c.across * c.down
	}
	if blocks > 10 && n > 1 {
		return damaged("%d blocks in a unit", blocks)
	}
	p.components = components
	return nil
}

func ceil(a, b int) int { return (a + b - 1) / b }
