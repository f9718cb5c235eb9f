package asset

import (
	"encoding/binary"
	"encoding/hex"
	"image"
	"image/color"
	"image/draw"
	"math/bits"
	"testing"

	"github.com/seinehq/seine"
)

// shapes is a picture with the formula of the reference.
func shapes(w, h, k int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			blue := uint8(30)
			if (x/11+y/(7+k))%2 != 0 {
				blue = 255
			}
			img.SetRGBA(x, y, color.RGBA{uint8(x*k + y*2), uint8(x * y >> k), blue, 255})
		}
	}
	return img
}

// The hashes are of a program in Python that reduces the image by the areas of
// pixels, with Pillow 9.4.0 (mode F, Image.reduce), and computes the cosine transform in floats.
func TestPerceptualHashEqualsAReference(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		w, h, k int
		want    string
	}{
		{83, 61, 2, "5fa843cc9991a6ad"},
		{160, 100, 3, "0f1c7163e3c6cc99"},
		{45, 37, 4, "8a0a0af5f1f50af5"},
		{17, 300, 5, "aa4d0255ffa8fc28"},
		{96, 64, 6, "8f188008ffff805f"},
	} {
		img := shapes(c.w, c.h, c.k)
		if got := hex.EncodeToString(perceptualHash(img)); got != c.want {
			t.Errorf("%dx%d, %d: got %s, want %s", c.w, c.h, c.k, got, c.want)
		}
		for name, other := range map[string]draw.Image{"NRGBA": image.NewNRGBA(img.Rect), "RGBA64": image.NewRGBA64(img.Rect), "moved": image.NewRGBA(img.Rect.Add(image.Pt(-5, 9)))} {
			draw.Draw(other, other.Bounds(), img, image.Point{}, draw.Src)
			if got := hex.EncodeToString(perceptualHash(other)); got != c.want {
				t.Errorf("%s: got %s, want %s", name, got, c.want)
			}
		}
	}
}

func TestPerceptualHashOfPlainImages(t *testing.T) {
	t.Parallel()
	for _, img := range []image.Image{image.NewGray(image.Rect(0, 0, 50, 40)), image.NewNRGBA(image.Rect(0, 0, 1, 1)), image.NewRGBA(image.Rectangle{})} {
		if got := perceptualHash(img); got != nil {
			t.Errorf("%T: got %x, want none", img, got)
		}
	}
}

// A rendition in other sizes and formats keeps its hash nearly, and another image is far away.
func TestPerceptualHashOfRenditions(t *testing.T) {
	t.Parallel()
	k := New(nil, Options{})
	of := func(n int, spec seine.Image) uint64 {
		r, err := k.render(t.Context(), encoded(t, "png", shapes(320, 200, n)), spec)
		if err != nil {
			t.Fatal(err)
		}
		return binary.BigEndian.Uint64(r.hash)
	}
	first, other := of(3, seine.Image{}), of(6, seine.Image{})
	if d := bits.OnesCount64(first ^ other); d < 16 {
		t.Errorf("another image differs in %d bits", d)
	}
	for _, spec := range []seine.Image{
		{Resize: &seine.Size{Width: 160, Height: 100}}, {Resize: &seine.Size{Width: 150, Height: 150}, Mode: seine.ModeStretch},
		{To: seine.JPEG, Quality: 40}, {To: seine.WebP, Quality: 40},
	} {
		if d := bits.OnesCount64(first ^ of(3, spec)); d > 8 {
			t.Errorf("%+v differs in %d bits", spec, d)
		}
	}
	body := encoded(t, "png", shapes(320, 200, 3))
	if got := k.hash(t.Context(), body); got == nil || binary.BigEndian.Uint64(got) != first {
		t.Errorf("the unchanged file has the hash %x, want %x", got, first)
	}
	if got := k.hash(t.Context(), body[:len(body)/2]); got != nil {
		t.Errorf("a damaged file has the hash %x", got)
	}
	if got := k.hash(t.Context(), []byte("text")); got != nil {
		t.Errorf("a text has the hash %x", got)
	}
}
