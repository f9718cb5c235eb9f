package asset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/png"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset/webppix"
)

// Rendition is a file derived from an asset.
type Rendition struct {
	body                          []byte
	kind                          kind
	width, height                 int
	originalWidth, originalHeight int
	hash                          []byte
}

// render decodes, turns upright, crops, resizes and encodes. Before it decodes, it reserves memory
// by the header, against one budget of all tasks.
func (k *Keeper) render(ctx context.Context, body []byte, spec seine.Image) (r Rendition, err error) {
	defer func() {
		// The decoders are fed by strangers.
		if v := recover(); v != nil {
			r, err = Rendition{}, Fault("image can't be decoded")
		}
	}()
	if err := valid(spec); err != nil {
		return r, err
	}
	h, err := readHeader(body)
	if err != nil {
		return r, err
	}
	shown := h.size()
	switch {
	case h.pixels() <= 0:
		return r, Fault("image has no pixels")
	case h.pixels() > k.maxPixels(spec):
		return r, tooManyPixels(h, k.maxPixels(spec))
	case shown.X < spec.MinWidth || shown.Y < spec.MinHeight:
		return r, Fault("image is too small")
	}
	box := image.Rectangle{Max: shown}
	if spec.Crop != nil {
		if box = Box(*spec.Crop, shown.X, shown.Y); box.Empty() {
			return r, Fault("image is too small for its crop")
		}
	}
	memory := memoryOf(h, box.Size(), spec)
	if memory > k.opts.Memory && spec.MaxPixels == 0 {
		return r, Fault(fmt.Sprintf("image has %dx%d = %d pixels, which take %d MiB to render; the limit is %d MiB without image.max_pixels",
			shown.X, shown.Y, h.pixels(), mebi(memory), mebi(k.opts.Memory)))
	}
	// With a bound of its own an image may take more than all others together. It is rendered alone
	// then.
	memory = min(memory, k.opts.Memory)
	if err := k.memory.Acquire(ctx, memory); err != nil {
		return r, err
	}
	defer k.memory.Release(memory)

	img, err := h.place(ctx, body, box, place(box.Size(), spec))
	switch {
	case ctx.Err() != nil:
		return r, ctx.Err()
	case err != nil:
		return r, decodeFault(err)
	}
	if r.body, r.kind, err = encode(ctx, img, spec); err != nil {
		return Rendition{}, err
	}
	r.width, r.height, r.hash = img.Bounds().Dx(), img.Bounds().Dy(), perceptualHash(img)
	r.originalWidth, r.originalHeight = shown.X, shown.Y
	return r, nil
}

func (k *Keeper) maxPixels(spec seine.Image) int64 {
	if spec.MaxPixels > 0 {
		return spec.MaxPixels
	}
	return k.opts.MaxPixels
}

// tooManyPixels is the reason of an image over its bound, with its size and the bound.
func tooManyPixels(h *header, limit int64) Fault {
	shown := h.size()
	return Fault(fmt.Sprintf("image has %dx%d = %d pixels; image.max_pixels is %d", shown.X, shown.Y, h.pixels(), limit))
}

// mebi is a number of bytes in MiB, rounded up.
func mebi(n int64) int64 { return (n + 1<<20 - 1) >> 20 }

// Verify decodes a file and returns the reason why it can't be decoded. It returns nil for a file
// that is not an image, that this package cannot decode, or that exceeds its bounds.
func (k *Keeper) Verify(ctx context.Context, body []byte) error {
	return k.look(ctx, body, func(image.Image) {})
}

// hash returns the perceptual hash of a file as it is shown, or nil if [Keeper.Verify] does not
// decode it or finds a fault.
func (k *Keeper) hash(ctx context.Context, body []byte) (hash []byte) {
	if k.look(ctx, body, func(img image.Image) { hash = perceptualHash(img) }) != nil {
		return nil
	}
	return hash
}

// look decodes a file and calls with for the image as it is shown.
func (k *Keeper) look(ctx context.Context, body []byte, with func(image.Image)) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = Fault("image can't be decoded")
		}
	}()
	var unknown foreign
	h, err := readHeader(body)
	switch {
	case errors.As(err, &unknown):
		return nil
	case err != nil:
		return err
	case h.pixels() <= 0:
		return Fault("image has no pixels")
	}
	memory := h.memory + 2*h.pixel*h.pixels() // turned too
	if h.pixels() > k.opts.MaxPixels || memory > k.opts.Memory {
		return nil
	}
	if err := k.memory.Acquire(ctx, memory); err != nil {
		return err
	}
	defer k.memory.Release(memory)
	img, err := h.decode(ctx, body, image.Rect(0, 0, h.width, h.height))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		with(h.orientation.turn(img))
		return nil
	}
	if err = decodeFault(err); errors.As(err, &unknown) {
		return nil
	}
	return err
}

// valid rejects invalid requests of a scraper in Go. A job file is checked before it runs.
func valid(spec seine.Image) error {
	switch {
	case spec.To != "" && spec.To != seine.PNG && spec.To != seine.JPEG && spec.To != seine.WebP:
		return Fault("image is to be of no known format")
	case spec.Mode != "" && spec.Mode != seine.ModeFit && spec.Mode != seine.ModeCenterCrop && spec.Mode != seine.ModeBorder && spec.Mode != seine.ModeStretch:
		return Fault("image is to be resized in no known way")
	case spec.PNG != "" && spec.PNG != seine.PNGFast && spec.PNG != seine.PNGBalanced && spec.PNG != seine.PNGSmall:
		return Fault("image is to be encoded in no known way")
	case spec.Quality < 0 || spec.Quality > 100:
		return Fault("image quality is not 1 to 100")
	case spec.Resize != nil && (spec.Resize.Width < 1 || spec.Resize.Height < 1):
		return Fault("image is to fit into no pixels")
	case spec.Crop != nil && (spec.Crop.OfWidth < 1 || spec.Crop.OfHeight < 1):
		return Fault("crop has no reference size")
	case spec.Keep != "" && spec.Keep != seine.KeepOriginal:
		return Fault("image keeps an unknown part")
	}
	return nil
}

// memoryOf returns the most bytes that a rendition takes at once: the decoded image, its window,
// the turned window, and the encoded file in pieces and joined. A resize has its own.
func memoryOf(h *header, box image.Point, spec seine.Image) int64 {
	p := place(box, spec)
	window := p.window(box).Size()
	pixels := int64(window.X) * int64(window.Y)
	sum := h.memory + h.pixel*pixels
	if h.orientation != upright {
		sum += h.pixel * pixels
	}
	if !p.keeps() {
		pixels = int64(p.out.X) * int64(p.out.Y)
		sum += p.memory(box, h.pixel, h.deep)
	}
	return sum + 2*h.pixel*pixels + encoderMemory(spec, pixels)
}

// place decodes the image, turns it upright, and brings a box of it to its size.
func (h *header) place(ctx context.Context, body []byte, box image.Rectangle, p placing) (image.Image, error) {
	window := h.orientation.box(p.window(box.Size()).Add(box.Min), image.Pt(h.width, h.height))
	if h.jpeg != nil && !h.jpeg.Gray() && h.orientation == upright && !p.keeps() {
		// Its pixels need not be in memory at once.
		defer h.jpeg.Free()
		if err := h.jpeg.Decode(ctx, window); err != nil {
			return nil, err
		}
		return p.color(ctx, h.jpeg.Rows(window), box.Size(), 3)
	}
	img, err := h.decode(ctx, body, window)
	if err != nil {
		return nil, err
	}
	return p.resize(ctx, h.orientation.turn(img), box.Size())
}

// decode decodes the image and returns a box of it.
func (h *header) decode(ctx context.Context, body []byte, box image.Rectangle) (image.Image, error) {
	var (
		img image.Image
		err error
	)
	switch h.media {
	case "image/jpeg":
		return h.decodeJPEG(ctx, box)
	case "image/gif":
		img, err = firstFrame(body, image.Pt(h.width, h.height))
	case "image/webp":
		img, err = webppix.Decode(body)
	default:
		img, err = png.Decode(bytes.NewReader(body))
	}
	if err != nil {
		return nil, err
	}
	if size := img.Bounds().Size(); size != image.Pt(h.width, h.height) {
		return nil, Fault("image is smaller or larger than its header states")
	}
	part, ok := img.(interface {
		SubImage(image.Rectangle) image.Image
	})
	if !ok {
		return nil, Fault("image can't be decoded")
	}
	return part.SubImage(box.Add(img.Bounds().Min)), nil
}

func (h *header) decodeJPEG(ctx context.Context, box image.Rectangle) (image.Image, error) {
	defer h.jpeg.Free()
	if err := h.jpeg.Decode(ctx, box); err != nil {
		return nil, err
	}
	if h.jpeg.Gray() {
		img := image.NewGray(image.Rectangle{Max: box.Size()})
		h.jpeg.DrawGray(img, box.Min)
		return img, nil
	}
	img := image.NewRGBA(image.Rectangle{Max: box.Size()})
	h.jpeg.Draw(img, box.Min)
	return img, nil
}

// firstFrame returns the first frame of a GIF at its place on the canvas, transparent elsewhere.
func firstFrame(body []byte, canvas image.Point) (image.Image, error) {
	img, err := gif.Decode(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	whole := image.Rectangle{Max: canvas}
	frame, ok := img.(*image.Paletted)
	if !ok || frame.Rect == whole {
		return img, nil
	}
	out := image.NewNRGBA(whole)
	for y := frame.Rect.Min.Y; y < frame.Rect.Max.Y; y++ {
		for x := frame.Rect.Min.X; x < frame.Rect.Max.X; x++ {
			out.Set(x, y, frame.At(x, y))
		}
	}
	return out, nil
}

// Box returns the crop on an image of a size. An edge is floor(edge × size ÷ reference + 0.5).
func Box(c seine.Crop, width, height int) image.Rectangle {
	edge := func(e, size, reference int) int {
		// In integers, floor(a/b + 1/2) = floor((2a + b) / 2b).
		return int((2*int64(e)*int64(size) + int64(reference)) / (2 * int64(reference)))
	}
	return image.Rectangle{
		Min: image.Point{X: edge(c.Left, width, c.OfWidth), Y: edge(c.Top, height, c.OfHeight)},
		Max: image.Point{X: edge(c.Right, width, c.OfWidth), Y: edge(c.Bottom, height, c.OfHeight)},
	}.Intersect(image.Rect(0, 0, width, height))
}

// sizeOf is an image's size in pixels as it is shown; zero when its header can't be
// read.
func sizeOf(body []byte) (width, height int) {
	defer func() {
		if recover() != nil {
			width, height = 0, 0
		}
	}()
	h, err := readHeader(body)
	if err != nil {
		return 0, 0
	}
	s := h.size()
	return s.X, s.Y
}
