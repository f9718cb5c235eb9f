package asset

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/seinehq/seine"
)

func TestFit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ size, within, want image.Point }{
		{image.Pt(100, 50), image.Pt(200, 200), image.Pt(100, 50)},
		{image.Pt(100, 50), image.Pt(100, 50), image.Pt(100, 50)},
		{image.Pt(100, 50), image.Pt(50, 50), image.Pt(50, 25)},
		{image.Pt(100, 50), image.Pt(200, 25), image.Pt(50, 25)},
		{image.Pt(50, 100), image.Pt(50, 50), image.Pt(25, 50)},
		{image.Pt(3, 2), image.Pt(2, 2), image.Pt(2, 1)},    // 1.33
		{image.Pt(4, 3), image.Pt(2, 2), image.Pt(2, 2)},    // 1.5 is rounded up
		{image.Pt(1000, 1), image.Pt(9, 9), image.Pt(9, 1)}, // at least 1
		{image.Pt(65535, 65535), image.Pt(1, 65535), image.Pt(1, 1)},
	} {
		if got := fit(tt.size, &seine.Size{Width: tt.within.X, Height: tt.within.Y}); got != tt.want {
			t.Errorf("fit(%v, %v) = %v; want %v", tt.size, tt.within, got, tt.want)
		}
	}
	if got := fit(image.Pt(5, 6), nil); got != image.Pt(5, 6) {
		t.Errorf("without bounds: %v", got)
	}
}

// Each mode takes one part of the image to one place of the result.
func TestPlace(t *testing.T) {
	t.Parallel()
	r := image.Rect
	for _, tt := range []struct {
		mode       string
		size, to   image.Point
		source, at image.Rectangle
	}{
		{seine.ModeCenterCrop, image.Pt(400, 200), image.Pt(100, 100), r(100, 0, 300, 200), r(0, 0, 100, 100)},
		{seine.ModeCenterCrop, image.Pt(200, 401), image.Pt(100, 100), r(0, 100, 200, 300), r(0, 0, 100, 100)},
		{seine.ModeCenterCrop, image.Pt(10, 10), image.Pt(40, 20), r(0, 2, 10, 7), r(0, 0, 40, 20)},
		{seine.ModeCenterCrop, image.Pt(1000, 1), image.Pt(1, 1000), r(499, 0, 500, 1), r(0, 0, 1, 1000)},
		{seine.ModeBorder, image.Pt(400, 200), image.Pt(100, 100), r(0, 0, 400, 200), r(0, 25, 100, 75)},
		{seine.ModeBorder, image.Pt(10, 20), image.Pt(100, 50), r(0, 0, 10, 20), r(37, 0, 62, 50)},
		{seine.ModeBorder, image.Pt(1000, 1), image.Pt(10, 10), r(0, 0, 1000, 1), r(0, 4, 10, 5)},
		{seine.ModeStretch, image.Pt(400, 200), image.Pt(100, 100), r(0, 0, 400, 200), r(0, 0, 100, 100)},
		{seine.ModeFit, image.Pt(400, 200), image.Pt(100, 100), r(0, 0, 400, 200), r(0, 0, 100, 50)},
		{seine.ModeFit, image.Pt(40, 20), image.Pt(100, 100), r(0, 0, 40, 20), r(0, 0, 40, 20)},
	} {
		got := place(tt.size, seine.Image{Mode: tt.mode, Resize: &seine.Size{Width: tt.to.X, Height: tt.to.Y}})
		if got.source != tt.source || got.at != tt.at || tt.mode != seine.ModeFit && got.out != tt.to {
			t.Errorf("%s of %v to %v: %+v; want %v at %v", tt.mode, tt.size, tt.to, got, tt.source, tt.at)
		}
	}
}

// The left half of the image is red and the right half is blue, which shows what a mode keeps.
func TestModes(t *testing.T) {
	t.Parallel()
	red, blue, white := color.NRGBA{200, 0, 0, 255}, color.NRGBA{0, 0, 200, 255}, color.NRGBA{255, 255, 255, 255}
	img := image.NewNRGBA(image.Rect(0, 0, 80, 40))
	draw.Draw(img, image.Rect(0, 0, 40, 40), image.NewUniform(red), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(40, 0, 80, 40), image.NewUniform(blue), image.Point{}, draw.Src)
	body := encoded(t, "png", img)
	for mode, want := range map[string]map[image.Point]color.NRGBA{
		seine.ModeCenterCrop: {image.Pt(2, 2): red, image.Pt(17, 17): blue, image.Pt(2, 17): red},
		seine.ModeBorder:     {image.Pt(2, 2): white, image.Pt(2, 10): red, image.Pt(17, 10): blue, image.Pt(17, 17): white},
		seine.ModeStretch:    {image.Pt(2, 2): red, image.Pt(17, 17): blue, image.Pt(17, 2): blue},
	} {
		got := rendered(t, body, seine.Image{Mode: mode, Resize: &seine.Size{Width: 20, Height: 20}})
		if got.Bounds().Size() != image.Pt(20, 20) {
			t.Errorf("%s: size %v", mode, got.Bounds().Size())
			continue
		}
		for at, c := range want {
			if v := color.NRGBAModel.Convert(got.At(at.X, at.Y)); v != c {
				t.Errorf("%s: %v at %v; want %v", mode, v, at, c)
			}
		}
		// A smaller image is enlarged.
		if got := rendered(t, body, seine.Image{Mode: mode, Resize: &seine.Size{Width: 120, Height: 90}}); got.Bounds().Size() != image.Pt(120, 90) {
			t.Errorf("%s: an enlarged image has %v", mode, got.Bounds().Size())
		}
	}
	// Gray stays gray.
	gray := rendered(t, encoded(t, "png", image.NewGray(image.Rect(0, 0, 30, 60))), seine.Image{Mode: seine.ModeBorder, Resize: &seine.Size{Width: 16, Height: 16}})
	if _, ok := gray.(*image.Gray); !ok || gray.At(1, 8) != (color.Gray{255}) || gray.At(8, 8) != (color.Gray{0}) {
		t.Errorf("gray: %T, %v, %v", gray, gray.At(1, 8), gray.At(8, 8))
	}
}

// A resized image resembles its source: a plain area keeps its color in every kind, and a ramp
// stays a ramp.
func TestResize(t *testing.T) {
	t.Parallel()
	for kind, img := range kindsOf(picture(40, 30)) {
		got := rendered(t, encoded(t, "png", img), seine.Image{Resize: &seine.Size{Width: 20, Height: 20}})
		if got.Bounds().Size() != image.Pt(20, 15) {
			t.Errorf("%s: size %v", kind, got.Bounds())
		}
	}
	ramp := image.NewGray(image.Rect(0, 0, 256, 64))
	for i := range ramp.Pix {
		ramp.Pix[i] = uint8(i % 256)
	}
	got := rendered(t, encoded(t, "png", ramp), seine.Image{Resize: &seine.Size{Width: 64, Height: 64}})
	gray, ok := got.(*image.Gray)
	if !ok {
		t.Fatalf("a gray image is resized to a %T", got)
	}
	for x := 4; x < 60; x++ {
		if v := int(gray.GrayAt(x, 8).Y); v < 4*x || v > 4*x+3 {
			t.Errorf("the ramp is %d at %d; want about %d", v, x, 4*x+1)
		}
	}
}

// The reference of the job file states these defaults.
func TestZeroImageHasTheStatedDefaults(t *testing.T) {
	t.Parallel()
	body := jpegFile(t, picture(40, 30))
	for name, pair := range map[string][2]seine.Image{
		"to, png and min": {{}, {To: seine.PNG, PNG: seine.PNGBalanced, MinWidth: 1, MinHeight: 1}},
		"max_pixels":      {{}, {MaxPixels: seine.DefaultMaxPixels}},
		"quality":         {{To: seine.JPEG}, {To: seine.JPEG, Quality: 90}},
	} {
		var got [2][]byte
		for i, spec := range pair {
			r, err := New(nil, Options{}).render(t.Context(), body, spec)
			if err != nil {
				t.Fatal(err)
			}
			got[i] = r.body
		}
		if !bytes.Equal(got[0], got[1]) {
			t.Errorf("%s: %+v and %+v differ", name, pair[0], pair[1])
		}
	}
}
