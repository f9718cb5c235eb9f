package asset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	_ "image/gif" // its first frame
	_ "image/jpeg"
	"image/png"
	"io"
	"strings"

	_ "golang.org/x/image/webp"

	"github.com/seinehq/seine"
)

// Rendition is a file derived from an asset.
type Rendition struct {
	body                          []byte
	kind                          kind
	width, height                 int
	originalWidth, originalHeight int
}

// bytesPerPixel is what decoding and encoding one pixel may take: the decoded
// image, at most eight bytes, and the copy that the encoder is given.
const bytesPerPixel = 12

// render decodes, crops and encodes. Its memory is bounded before it decodes:
// by the header's size, against one budget of all tasks.
func (k *Keeper) render(ctx context.Context, body []byte, spec seine.Image) (r Rendition, err error) {
	defer func() {
		// The decoders are fed by strangers.
		if v := recover(); v != nil {
			r, err = Rendition{}, Fault("image can't be decoded")
		}
	}()
	cfg, _, err := image.DecodeConfig(bytes.NewReader(body))
	switch {
	case errors.Is(err, image.ErrFormat):
		return r, Fault(fmt.Sprintf("%s can't be rendered", sniff(body).media))
	case err != nil && cut(err):
		return r, cutShort
	case err != nil:
		return r, Fault("image header is damaged")
	}
	pixels := int64(cfg.Width) * int64(cfg.Height)
	switch {
	case pixels <= 0:
		return r, Fault("image has no pixels")
	case pixels > k.opts.MaxPixels || pixels*bytesPerPixel > k.opts.Memory:
		return r, Fault("image has too many pixels")
	case cfg.Width < spec.MinWidth || cfg.Height < spec.MinHeight:
		return r, Fault("image is too small")
	}
	if err := k.memory.Acquire(ctx, pixels*bytesPerPixel); err != nil {
		return r, err
	}
	defer k.memory.Release(pixels * bytesPerPixel)

	img, _, err := image.Decode(bytes.NewReader(body))
	switch {
	case err != nil && cut(err):
		return r, cutShort
	case err != nil:
		return r, Fault("image can't be decoded")
	}
	size := img.Bounds().Size()
	r.originalWidth, r.originalHeight = size.X, size.Y
	if spec.Crop != nil {
		box := Box(*spec.Crop, size.X, size.Y).Add(img.Bounds().Min)
		if box.Empty() {
			return r, Fault("image is too small for its crop")
		}
		img = crop(img, box)
	}
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.DefaultCompression, BufferPool: nil}
	if err := enc.Encode(&out, img); err != nil {
		return r, fmt.Errorf("encode: %w", err)
	}
	r.body, r.kind = out.Bytes(), kind{"image/png", "png"}
	r.width, r.height = img.Bounds().Dx(), img.Bounds().Dy()
	return r, nil
}

// cutShort may be the connection's fault, and pass.
const cutShort = Fault("image is cut short")

// cut reports whether a decoder ran out of bytes; some say so only in words.
func cut(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		strings.Contains(err.Error(), "unexpected EOF") || strings.Contains(err.Error(), "not enough pixel data")
}

// Box is the crop on an image of a size: an edge is
// floor(edge × size ÷ reference + 0.5).
func Box(c seine.Crop, width, height int) image.Rectangle {
	edge := func(e, size, reference int) int {
		// In integers: floor(a/b + 1/2) = floor((2a + b) / 2b).
		return int((2*int64(e)*int64(size) + int64(reference)) / (2 * int64(reference)))
	}
	return image.Rectangle{
		Min: image.Point{X: edge(c.Left, width, c.OfWidth), Y: edge(c.Top, height, c.OfHeight)},
		Max: image.Point{X: edge(c.Right, width, c.OfWidth), Y: edge(c.Bottom, height, c.OfHeight)},
	}.Intersect(image.Rect(0, 0, width, height))
}

// crop copies a box out, so that the rest can be freed; without an alpha
// channel where there was none.
func crop(img image.Image, box image.Rectangle) image.Image {
	var out draw.Image = image.NewNRGBA(image.Rectangle{Max: box.Size()})
	switch img.(type) {
	case *image.YCbCr, *image.CMYK:
		out = image.NewRGBA(image.Rectangle{Max: box.Size()})
	case *image.Gray:
		out = image.NewGray(image.Rectangle{Max: box.Size()})
	}
	draw.Draw(out, out.Bounds(), img, box.Min, draw.Src)
	return out
}

// size is an image's size in pixels, when its header can be read.
func size(body []byte) (width, height int, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	cfg, _, err := image.DecodeConfig(bytes.NewReader(body))
	return cfg.Width, cfg.Height, err == nil && cfg.Width > 0
}
