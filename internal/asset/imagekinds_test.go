package asset

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/seinehq/seine"
)

func TestBox(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	// floor(edge × size ÷ reference + 0.5), in rational numbers.
	edge := func(e, size, ref int) int {
		v := new(big.Rat).SetFrac64(int64(e)*int64(size), int64(ref))
		v.Add(v, big.NewRat(1, 2))
		return int(new(big.Int).Div(v.Num(), v.Denom()).Int64())
	}
	for range 20_000 {
		c := seine.Crop{OfWidth: 1 + r.IntN(5000), OfHeight: 1 + r.IntN(5000)}
		c.Left, c.Top = r.IntN(c.OfWidth), r.IntN(c.OfHeight)
		c.Right, c.Bottom = c.Left+1+r.IntN(c.OfWidth-c.Left), c.Top+1+r.IntN(c.OfHeight-c.Top)
		w, h := 1+r.IntN(9000), 1+r.IntN(9000)
		got := Box(c, w, h)
		want := image.Rect(edge(c.Left, w, c.OfWidth), edge(c.Top, h, c.OfHeight), edge(c.Right, w, c.OfWidth), edge(c.Bottom, h, c.OfHeight))
		if got != want && !(got.Empty() && want.Empty()) {
			t.Fatalf("Box(%+v, %d, %d) = %v; want %v", c, w, h, got, want)
		}
		if !got.In(image.Rect(0, 0, w, h)) {
			t.Fatalf("Box(%+v, %d, %d) = %v leaves the image", c, w, h, got)
		}
	}
}

func TestEveryKindOfImageKeepsItsPixels(t *testing.T) {
	t.Parallel()
	src := picture(33, 21)
	gray := image.NewGray(src.Bounds())
	deep := image.NewNRGBA64(src.Bounds())
	seeThrough := image.NewNRGBA(src.Bounds())
	pal := image.NewPaletted(src.Bounds(), []color.Color{color.Black, color.White, color.NRGBA{200, 10, 20, 255}})
	for y := range 21 {
		for x := range 33 {
			gray.Set(x, y, src.At(x, y))
			deep.SetNRGBA64(x, y, color.NRGBA64{uint16(x * 1999), uint16(y * 3001), 7, 0xffff})
			seeThrough.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), 9, uint8(x * 7)})
			pal.SetColorIndex(x, y, uint8((x+y)%3))
		}
	}
	for name, img := range map[string]image.Image{"color": src, "gray": gray, "16 bits": deep, "alpha": seeThrough, "palette": pal} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range []*seine.Crop{nil, {OfWidth: 33, OfHeight: 21, Left: 3, Top: 2, Right: 30, Bottom: 20}} {
				r, err := New(nil, Options{}).render(t.Context(), encoded(t, "png", img), seine.Image{Crop: c})
				if err != nil {
					t.Fatal(err)
				}
				out, err := png.Decode(bytes.NewReader(r.body))
				if err != nil {
					t.Fatal(err)
				}
				off := image.Point{}
				if c != nil {
					off = image.Pt(c.Left, c.Top)
				}
				for y := range out.Bounds().Dy() {
					for x := range out.Bounds().Dx() {
						a, b := color.NRGBAModel.Convert(out.At(x, y)), color.NRGBAModel.Convert(img.At(off.X+x, off.Y+y))
						if a != b {
							t.Fatalf("crop %v: pixel %d, %d is %v; want %v", c, x, y, a, b)
						}
					}
				}
			}
		})
	}
}
