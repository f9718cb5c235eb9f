// Package webppix decodes WebP files to the pixels of libwebp.
//
// golang.org/x/image/webp decodes the planes of a lossy file exactly but returns them in JPEG's
// range. Black is 16 and white 235, so its colors are 8 of 255 off on average. Here chroma is
// upsampled and colors are converted as libwebp does it. An animation is not decoded.
package webppix

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"

	"golang.org/x/image/webp"
)

// ErrAnimated is a file of several frames.
var ErrAnimated = errors.New("animated WebP")

// Header is what stands before the pixels.
type Header struct {
	Width, Height int

	// Exif is the TIFF structure of the file's EXIF chunk, or nil.
	Exif []byte
}

// Parse reads the header, and looks for the chunks behind the pixels.
func Parse(body []byte) (Header, error) {
	cfg, err := webp.DecodeConfig(bytes.NewReader(body))
	h := Header{Width: cfg.Width, Height: cfg.Height}
	if err != nil {
		return h, err
	}
	for rest := body[min(12, len(body)):]; len(rest) >= 8; {
		name, n := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[8:]
		chunk := rest[:min(n, int64(len(rest)))]
		switch {
		case name == "VP8X" && len(chunk) > 0 && chunk[0]&2 != 0:
			return h, ErrAnimated
		case name == "EXIF" && h.Exif == nil:
			// Some writers put JPEG's prefix before it.
			h.Exif = bytes.TrimPrefix(chunk, []byte("Exif\x00\x00"))
		}
		rest = rest[min(n+n%2, int64(len(rest))):]
	}
	return h, nil
}

// Decode decodes the pixels, with alpha if the file has it.
func Decode(body []byte) (image.Image, error) {
	img, err := webp.Decode(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	switch img := img.(type) {
	case *image.YCbCr:
		return convert(img, nil, 0), nil
	case *image.NYCbCrA:
		return convert(&img.YCbCr, img.A, img.AStride), nil
	}
	return img, nil
}

func convert(src *image.YCbCr, alpha []uint8, alphaStride int) *image.NRGBA {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	cw, ch := (w+1)/2, (h+1)/2
	us, vs := make([]uint8, 2*cw+1), make([]uint8, 2*cw+1)
	for y := range h {
		// A row lies between two rows of chroma, nearer to one of them; beyond
		// the edge it is the edge.
		near := y / 2
		far := min(max(near-1+y%2*2, 0), ch-1)
		n, f := near*src.CStride, far*src.CStride
		upsample(us, src.Cb[n:][:cw], src.Cb[f:][:cw])
		upsample(vs, src.Cr[n:][:cw], src.Cr[f:][:cw])
		px := dst.Pix[y*dst.Stride:]
		for x, v := range src.Y[y*src.YStride:][:w] {
			luma, u, v := int(v)*19077>>8, int(us[x]), int(vs[x])
			px[4*x] = clip(luma + v*26149>>8 - 14234)
			px[4*x+1] = clip(luma - u*6419>>8 - v*13320>>8 + 8708)
			px[4*x+2] = clip(luma + u*33050>>8 - 17685)
			px[4*x+3] = 255
			if alpha != nil {
				px[4*x+3] = alpha[y*alphaStride+x]
			}
		}
	}
	return dst
}

// upsample doubles a row: 9/16 of the nearest sample, 3/16 of its neighbors in
// each direction, 1/16 of the one across, in libwebp's two roundings.
func upsample(out, near, far []uint8) {
	last := len(near) - 1
	out[0] = edge(near[0], far[0])
	for x := 1; x <= last; x++ {
		a, b, c, d := int(near[x-1]), int(near[x]), int(far[x-1]), int(far[x])
		sum := a + b + c + d + 8
		out[2*x-1] = uint8(((sum+2*(b+c))>>3 + a) >> 1)
		out[2*x] = uint8(((sum+2*(a+d))>>3 + b) >> 1)
	}
	out[2*last+1] = edge(near[last], far[last])
}

func edge(near, far uint8) uint8 { return uint8((3*int(near) + int(far) + 2) >> 2) }

func clip(v int) uint8 {
	if v < 0 {
		return 0
	}
	return uint8(min(v>>6, 255))
}
