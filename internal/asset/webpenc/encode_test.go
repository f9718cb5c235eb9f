package webpenc

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"math/rand"
	"sync"
	"testing"

	"golang.org/x/image/webp"
)

func pattern(alpha bool) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, 83, 61))
	for y := range 61 {
		for x := range 83 {
			c := color.NRGBA{uint8(x*x + y*7), uint8((x * 3) ^ (y * 5)), uint8((x * y) >> 3), 255}
			if alpha {
				c.A = uint8((x + y) * 2)
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// The digests are of the files that Pillow 9.4.0 with libwebp 1.2.4 makes of the same pixels:
// Image.save(out, "WEBP", quality=QUALITY).
func TestEncodeGivesTheBytesOfPillow(t *testing.T) {
	for _, c := range []struct {
		alpha   bool
		quality int
		want    string
	}{
		{false, 1, "4663c16a33d35e2be662e25928ae151c2eef699740f1e64b2bb8b3997558ccb1"},
		{false, 75, "7675cbf31c471c9be3910578f1ca289b4d28862864355c9c39e0f0d3e612166a"},
		{false, 90, "dfe5741b962c2a93b25788bff69692785a411182e0540b4ebc6bcc20a0ca7f7e"},
		{false, 100, "4afd9b89bcdf430bf7d1a3c6663d79c67816d06fe90c13888e29fd919ca0af43"},
		{true, 1, "822249e755963be66068ca3ecded2a71b7b94f58eeba8f665c7e7e455db1df8a"},
		{true, 75, "5188622e3ee4a7eb4e7a9ccda8ec4e90618d19ffc0e6cdecd0ba222037b62d8e"},
		{true, 90, "8cb5d0076e1533d3e91ef798685826ec00c0c5ca74c2c0229bb290f8acb8941d"},
		{true, 100, "79f49b3d62548d2bf824f18e07b0cc3a4e0b32ba89352f4b011eec6bed670942"},
	} {
		body, err := Encode(t.Context(), pattern(c.alpha), c.quality)
		if err != nil {
			t.Fatal(err)
		}
		if got := digest(body); got != c.want {
			t.Errorf("alpha %v, quality %d: got %d bytes with digest %s, want %s", c.alpha, c.quality, len(body), got, c.want)
		}
	}
}

// Noise with transparency takes the most memory of all images.
func TestEncodeBearsNoiseOfEachSize(t *testing.T) {
	draws := rand.New(rand.NewSource(1))
	for _, size := range []image.Point{{1, 1}, {1, 300}, {300, 1}, {2, 3}, {15, 17}, {16, 16}, {33, 64}, {255, 257}, {640, 480}} {
		img := image.NewNRGBA(image.Rectangle{Max: size})
		draws.Read(img.Pix)
		for _, quality := range []int{1, 50, 100} {
			body, err := Encode(t.Context(), img, quality)
			if err != nil {
				t.Fatalf("%v, quality %d: %v", size, quality, err)
			}
			got, err := webp.DecodeConfig(bytes.NewReader(body))
			if err != nil || got.Width != size.X || got.Height != size.Y {
				t.Errorf("%v, quality %d: got %dx%d, %v", size, quality, got.Width, got.Height, err)
			}
		}
	}
}

// An image that does not start at 0, 0, and each kind of image that a rendition can be.
func TestEncodeTakesEachKindOfImage(t *testing.T) {
	whole := image.Rect(0, 0, 83, 61)
	flat := image.NewUniform(color.NRGBA{200, 200, 200, 255})
	large := image.NewNRGBA(image.Rect(-7, -9, 100, 100))
	draw.Draw(large, large.Rect, flat, image.Point{}, draw.Src)
	kinds := map[string]draw.Image{
		"gray": image.NewGray(whole), "gray16": image.NewGray16(whole), "rgba": image.NewRGBA(whole),
		"rgba64": image.NewRGBA64(whole), "nrgba64": image.NewNRGBA64(whole),
		"paletted": image.NewPaletted(whole, color.Palette{color.Black, flat.C}),
		"part":     large.SubImage(whole.Sub(image.Pt(7, 9))).(*image.NRGBA),
	}
	want := image.NewNRGBA(whole)
	draw.Draw(want, whole, flat, image.Point{}, draw.Src)
	reference, err := Encode(t.Context(), want, 90)
	if err != nil {
		t.Fatal(err)
	}
	for name, img := range kinds {
		draw.Draw(img, img.Bounds(), flat, image.Point{}, draw.Src)
		body, err := Encode(t.Context(), img, 90)
		if err != nil || !bytes.Equal(body, reference) {
			t.Errorf("%s: got %s, %v, want %s", name, digest(body), err, digest(reference))
		}
	}
}

func TestEncodeGivesEqualBytesBesideOtherCalls(t *testing.T) {
	var together sync.WaitGroup
	bodies := make([][]byte, 8)
	for i := range bodies {
		together.Go(func() { bodies[i], _ = Encode(context.Background(), pattern(true), 80) })
	}
	together.Wait()
	for _, body := range bodies {
		if len(body) == 0 || !bytes.Equal(body, bodies[0]) {
			t.Fatalf("got %s and %s", digest(body), digest(bodies[0]))
		}
	}
}

func TestEncodeRefusesImagesThatAreTooLarge(t *testing.T) {
	for _, size := range []image.Rectangle{{}, image.Rect(0, 0, MaxSide+1, 1), image.Rect(0, 0, 1, MaxSide+1)} {
		if _, err := Encode(t.Context(), image.NewGray(size), 90); err == nil {
			t.Errorf("%v is encoded", size)
		}
	}
	if _, err := Encode(t.Context(), image.NewGray(image.Rect(0, 0, MaxSide, 1)), 90); err != nil {
		t.Errorf("the largest side: %v", err)
	}
}

func TestASandboxEndsAtItsBound(t *testing.T) {
	s := make(sandbox, 10)
	if got := s.Reallocate(11); got != nil {
		t.Errorf("got %d bytes beyond the bound", len(got))
	}
	if got := s.Reallocate(10); len(got) != 10 || &got[0] != &s[0] {
		t.Errorf("got %d bytes, want 10 in place", len(got))
	}
}

func TestEncodeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Encode(ctx, pattern(false), 90); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
