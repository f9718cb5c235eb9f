package asset

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color/palette"
	"image/gif"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/seinehq/seine"
)

// Memory is taken before an image is decoded, and given back.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	body := encoded(t, "png", picture(100, 100))
	h, err := readHeader(body)
	if err != nil {
		t.Fatal(err)
	}
	k := New(nil, Options{Memory: memoryOf(h, h.size(), seine.Image{})})
	if err := k.memory.Acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := k.render(ctx, body, seine.Image{})
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("an image was decoded beyond the bound: %v", err)
	}
	k.memory.Release(1)
	for range 3 {
		if _, err := k.render(t.Context(), body, seine.Image{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.render(t.Context(), encoded(t, "png", picture(101, 100)), seine.Image{}); !strings.HasPrefix(Reason(err), "image has 101x100 = 10100 pixels, which take 3 MiB to render") {
		t.Errorf("one image over the whole budget: %v", err)
	}
	// With a bound of its own it is rendered, alone.
	spec := seine.Image{MaxPixels: 10100}
	if err := k.memory.Acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	waiting, stop := context.WithCancel(t.Context())
	stop()
	if _, err := k.render(waiting, encoded(t, "png", picture(101, 100)), spec); !errors.Is(err, context.Canceled) {
		t.Errorf("it was not rendered alone: %v", err)
	}
	k.memory.Release(1)
	if _, err := k.render(t.Context(), encoded(t, "png", picture(101, 100)), spec); err != nil {
		t.Errorf("an image within its own bound: %v", err)
	}
	if _, err := k.render(t.Context(), encoded(t, "png", picture(101, 101)), spec); Reason(err) != "image has 101x101 = 10201 pixels; image.max_pixels is 10100" {
		t.Errorf("an image over its own bound: %v", err)
	}
}

// The reserved memory is at least the sum of all allocations of a rendition, freed or not, and not
// many times that sum.
func TestMemoryIsWhatIsReserved(t *testing.T) {
	noise := func(w, h int) *image.NRGBA {
		r := rand.New(rand.NewPCG(1, 2))
		img := image.NewNRGBA(image.Rect(0, 0, w, h))
		for i := range img.Pix {
			img.Pix[i] = uint8(r.Uint32())
		}
		return img
	}
	deep := image.NewNRGBA64(image.Rect(0, 0, 500, 500))
	for i := range deep.Pix {
		deep.Pix[i] = uint8(i * i >> 5)
	}
	opaque := noise(600, 600)
	for i := 3; i < len(opaque.Pix); i += 4 {
		opaque.Pix[i] = 255
	}
	part := image.NewPaletted(image.Rect(0, 0, 1000, 1000), palette.Plan9)
	var frame bytes.Buffer
	if err := gif.EncodeAll(&frame, &gif.GIF{
		Image: []*image.Paletted{part.SubImage(image.Rect(5, 5, 990, 990)).(*image.Paletted)}, Delay: []int{0}, //nolint:forcetypeassert // it is
		Config: image.Config{Width: 1000, Height: 1000, ColorModel: part.Palette},
	}); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"PNG": encoded(t, "png", opaque), "PNG with alpha": encoded(t, "png", noise(600, 600)), "PNG of 16 bits": encoded(t, "png", deep),
		"JPEG": encoded(t, "jpeg", opaque), "a GIF's frame": frame.Bytes(), "gray PNG": encoded(t, "png", image.NewGray(image.Rect(0, 0, 900, 800))),
		"progressive JPEG": jpegFile(t, opaque, "-progressive", "-sample", "1x1", "-quality", "99"),
		"turned JPEG":      withOrientation(jpegFile(t, opaque, "-sample", "2x2"), 6),
	}
	// The first WebP compiles its encoder.
	rendered(t, files["PNG"], seine.Image{To: seine.WebP, Resize: &seine.Size{Width: 1, Height: 1}})
	crop := &seine.Crop{OfWidth: 100, OfHeight: 100, Left: 10, Top: 10, Right: 90, Bottom: 95}
	for name, body := range files {
		for _, spec := range []seine.Image{
			{}, {PNG: seine.PNGFast}, {PNG: seine.PNGSmall}, {Crop: crop}, {Crop: crop, Resize: &seine.Size{Width: 300, Height: 300}}, {To: seine.JPEG}, {To: seine.WebP}, {Resize: &seine.Size{Width: 200, Height: 200}, To: seine.WebP}, {Resize: &seine.Size{Width: 990, Height: 990}, To: seine.JPEG},
			{Resize: &seine.Size{Width: 700, Height: 300}, Mode: seine.ModeCenterCrop}, {Resize: &seine.Size{Width: 1200, Height: 300}, Mode: seine.ModeBorder}, {Resize: &seine.Size{Width: 300, Height: 1200}, Mode: seine.ModeStretch},
		} {
			h, err := readHeader(body)
			if err != nil {
				t.Fatal(err)
			}
			box := h.size()
			if spec.Crop != nil {
				box = Box(*spec.Crop, box.X, box.Y).Size()
			}
			want := memoryOf(h, box, spec)
			k := New(nil, Options{})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := k.render(t.Context(), body, spec); err != nil {
				t.Fatalf("%s %+v: %v", name, spec, err)
			}
			runtime.ReadMemStats(&after)
			got := int64(after.TotalAlloc - before.TotalAlloc)
			if got > want || want > 6*got+encoderMemory(spec, 0) {
				t.Errorf("%s %+v: %d bytes allocated, %d reserved", name, spec, got, want)
			}
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, format := range []string{"png", "jpeg", "gif"} {
		f.Add(encoded(f, format, picture(9, 7)), uint8(0))
		f.Add(encoded(f, format, picture(30, 17)), uint8(7))
	}
	f.Add(hugePNG(), uint8(1))
	f.Add(withOrientation(encoded(f, "jpeg", picture(19, 7)), 5), uint8(2))
	f.Add(jpegFile(f, picture(20, 30), "-progressive"), uint8(3))
	f.Add([]byte("RIFF\x24\x00\x00\x00WEBPVP8L\x17\x00\x00\x00\x2f\x00\x00\x00\x00"), uint8(0))
	k := New(nil, Options{MaxPixels: 1 << 16, Memory: 64 << 20})
	f.Fuzz(func(t *testing.T, body []byte, how uint8) {
		spec := seine.Image{Crop: &seine.Crop{OfWidth: 4, OfHeight: 4, Left: 1, Top: 1, Right: 4, Bottom: 4}}
		if how&1 != 0 {
			spec.Resize = &seine.Size{Width: 7, Height: 5}
		}
		if how&2 != 0 {
			spec.To = seine.JPEG
		}
		if how&4 != 0 {
			spec.PNG = seine.PNGSmall
		}
		r, err := k.render(context.Background(), body, spec)
		if err != nil {
			return
		}
		img, format, err := image.Decode(bytes.NewReader(r.body))
		if err != nil || img.Bounds().Dx() != r.width || img.Bounds().Dy() != r.height || format != map[bool]string{true: "jpeg", false: "png"}[how&2 != 0] {
			t.Fatalf("the rendition does not decode as %d x %d: %v", r.width, r.height, err)
		}
	})
}
