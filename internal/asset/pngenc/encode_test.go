package pngenc_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/asset/pngenc"
)

var levels = map[string]pngenc.Level{"fast": pngenc.Fast, "balanced": pngenc.Balanced, "small": pngenc.Small}

// samePixels fails when a file does not decode to an image's pixels, all 16 bits
// of them.
func samePixels(t testing.TB, file []byte, img image.Image) {
	t.Helper()
	got, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	if got.Bounds().Size() != b.Size() {
		t.Fatalf("decodes as %v; want %v", got.Bounds().Size(), b.Size())
	}
	for y := range b.Dy() {
		for x := range b.Dx() {
			a, w := exact(got.At(x, y)), exact(img.At(b.Min.X+x, b.Min.Y+y))
			if a != w {
				t.Fatalf("pixel %d, %d is %v; want %v", x, y, a, w)
			}
		}
	}
}

// exact returns a color without premultiplication, which loses invisible colors.
func exact(c color.Color) color.NRGBA64 {
	if c, ok := c.(color.NRGBA); ok {
		return color.NRGBA64{R: uint16(c.R) * 257, G: uint16(c.G) * 257, B: uint16(c.B) * 257, A: uint16(c.A) * 257}
	}
	n, _ := color.NRGBA64Model.Convert(c).(color.NRGBA64)
	return n
}

func encode(t testing.TB, img image.Image, level pngenc.Level) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := pngenc.Encode(t.Context(), &b, img, level); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// shape is an image by its function.
func shape(img interface {
	image.Image
	Set(x, y int, c color.Color)
}, at func(x, y int) color.Color) image.Image {
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			img.Set(x, y, at(x-b.Min.X, y-b.Min.Y))
		}
	}
	return img
}

// kinds are images with the color type and depth that they must get.
func kinds(size image.Point) map[string]struct {
	img          image.Image
	color, depth uint8
} {
	r := image.Rectangle{Max: size}.Add(image.Pt(3, 2)) // not at 0, 0
	nrgba := func(at func(x, y int) color.Color) image.Image { return shape(image.NewNRGBA(r), at) }
	deep := func(at func(x, y int) color.Color) image.Image { return shape(image.NewNRGBA64(r), at) }
	gray := func(v int) color.Color { return color.NRGBA{uint8(v), uint8(v), uint8(v), 255} }
	type kind = struct {
		img          image.Image
		color, depth uint8
	}
	return map[string]kind{
		"photograph":       {nrgba(func(x, y int) color.Color { return color.NRGBA{uint8(x * 3), uint8(y * 5), uint8(x*x + y), 255} }), 2, 8},
		"alpha":            {nrgba(func(x, y int) color.Color { return color.NRGBA{uint8(x * 3), uint8(y * 5), 7, uint8(x ^ y)} }), 6, 8},
		"gray":             {nrgba(func(x, y int) color.Color { return gray(x*y + x) }), 0, 8},
		"gray image":       {shape(image.NewGray(r), func(x, y int) color.Color { return color.Gray{uint8(x*y + x)} }), 0, 8},
		"16 grays":         {nrgba(func(x, y int) color.Color { return gray((x + y) % 16 * 17) }), 0, 4},
		"4 grays":          {nrgba(func(x, y int) color.Color { return gray((x + y) % 4 * 85) }), 0, 2},
		"black and white":  {nrgba(func(x, y int) color.Color { return gray((x ^ y) % 2 * 255) }), 0, 1},
		"3 other grays":    {nrgba(func(x, y int) color.Color { return gray((x+y)%3*50 + 1) }), 3, 2},
		"gray with alpha":  {nrgba(func(x, y int) color.Color { v := uint8(x * 2); return color.NRGBA{v, v, v, uint8(y * 3)} }), 4, 8},
		"2 colors":         {nrgba(func(x, y int) color.Color { return color.NRGBA{uint8((x + y) % 2 * 200), 10, 20, 255} }), 3, 1},
		"16 colors, alpha": {nrgba(func(x, y int) color.Color { return color.NRGBA{9, uint8((x + y) % 16), 20, uint8((x + y) % 16 * 9)} }), 3, 4},
		"256 colors":       {nrgba(func(x, y int) color.Color { return color.NRGBA{uint8(x*16 + y%16), uint8(x*16 + y%16), 3, 255} }), 3, 8},
		"palette":          {shape(image.NewPaletted(r, color.Palette{color.Black, color.White, color.NRGBA{200, 10, 20, 255}}), func(x, y int) color.Color { return []color.Color{color.Black, color.NRGBA{200, 10, 20, 255}}[(x+y)%2] }), 3, 1},
		"16 bits":          {deep(func(x, y int) color.Color { return color.NRGBA64{uint16(x * 1999), uint16(y * 3001), 7, 0xffff} }), 2, 16},
		"16 bits, alpha": {deep(func(x, y int) color.Color {
			return color.NRGBA64{uint16(x * 1999), uint16(y * 3001), 7, uint16(x * 999)}
		}), 6, 16},
		"16 bits, gray": {shape(image.NewGray16(r), func(x, y int) color.Color { return color.Gray16{uint16(x*1999 + y)} }), 0, 16},
		"16 bits, gray, alpha": {deep(func(x, y int) color.Color {
			v := uint16(x*1999 + 1)
			return color.NRGBA64{v, v, v, uint16(y * 3001)}
		}), 4, 16},
		"8 bits in 16":          {deep(func(x, y int) color.Color { return color.NRGBA{uint8(x * 3), uint8(y * 5), uint8(x*x + y), 255} }), 2, 8},
		"premultiplied, opaque": {shape(image.NewRGBA(r), func(x, y int) color.Color { return color.RGBA{uint8(x * 3), uint8(y * 5), uint8(x*x + y), 255} }), 2, 8},
		"16 bits, premultiplied": {shape(image.NewRGBA64(r), func(x, y int) color.Color {
			return color.RGBA64{uint16(x * 199), uint16(y * 301), 7, uint16(0xffff - x*9)}
		}), 6, 16},
		"any other": {shape(image.NewCMYK(r), func(x, y int) color.Color { return color.CMYK{uint8(x * 3), uint8(y * 5), 9, 0} }), 2, 8},
	}
}

func TestEveryKindKeepsItsPixels(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, k := range kinds(image.Pt(70, 50)) {
		for level, l := range levels {
			file := encode(t, k.img, l)
			samePixels(t, file, k.img)
			if file[25] != k.color || file[24] != k.depth {
				t.Errorf("%s: color type %d of %d bits; want %d of %d", name, file[25], file[24], k.color, k.depth)
			}
			path := filepath.Join(dir, strings.ReplaceAll(name+" "+level, " ", "_")+".png")
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	asOthersSee(t, dir)
}

// asOthersSee fails when pngcheck or Pillow (libpng) refuses a file of a folder,
// or sees other pixels than image/png.
func asOthersSee(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	if out, err := exec.CommandContext(t.Context(), "pngcheck", append([]string{"-q"}, files...)...).CombinedOutput(); err != nil {
		t.Errorf("pngcheck (of Debian's pngcheck, which scripts/test installs): %v: %s", err, out)
	}
	// Pillow drops the lower eight of 16 bits of color, so only the upper eight count.
	const script = `
import sys, zlib
from PIL import Image
for f in sys.argv[1:]:
    im = Image.open(f); im.load()
    if im.mode.startswith("I"): im = im.point(lambda v: v / 256).convert("L")
    print(im.width, im.height, zlib.crc32(im.convert("RGBA").tobytes()))
`
	out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", append([]string{"-c", script}, files...)...).Output()
	if err != nil {
		var stop *exec.ExitError
		if errors.As(err, &stop) {
			t.Logf("%s", stop.Stderr)
		}
		t.Fatalf("Pillow (Debian's python3-pil, which scripts/test installs): %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, f := range files {
		if strings.Contains(f, "16_bits,_gray") {
			continue // how Pillow rounds these is its own affair
		}
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if want := sum(img); i >= len(lines) || lines[i] != want {
			t.Errorf("%s: Pillow sees %s; image/png %s", filepath.Base(f), lines[i], want)
		}
	}
}

func sum(img image.Image) string {
	b := img.Bounds()
	var pix []byte
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := exact(img.At(b.Min.X+x, b.Min.Y+y))
			pix = append(pix, uint8(c.R>>8), uint8(c.G>>8), uint8(c.B>>8), uint8(c.A>>8))
		}
	}
	return fmt.Sprintf("%d %d %d", b.Dx(), b.Dy(), crc32.ChecksumIEEE(pix))
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, size := range []image.Point{{1, 1}, {1, 9}, {9, 1}, {7, 3}, {8, 8}, {255, 2}, {2, 300}} {
		for _, k := range kinds(size) {
			for _, l := range levels {
				samePixels(t, encode(t, k.img, l), k.img)
			}
		}
	}
	for _, img := range []image.Image{image.NewGray(image.Rect(0, 0, 0, 5)), image.NewGray(image.Rect(3, 3, 3, 3))} {
		if err := pngenc.Encode(t.Context(), &bytes.Buffer{}, img, pngenc.Fast); err == nil {
			t.Errorf("an image of %v was encoded", img.Bounds())
		}
	}
	bad := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black})
	bad.Pix[3] = 1
	if err := pngenc.Encode(t.Context(), &bytes.Buffer{}, bad, pngenc.Fast); err == nil {
		t.Error("a pixel without a color was encoded")
	}
}

// Pixels at random, in a part of a larger image.
func TestRandomPixels(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		whole := image.NewNRGBA(image.Rect(0, 0, 1+r.IntN(60), 1+r.IntN(60)))
		mask, set := byte(r.Uint32()), byte(r.Uint32())
		for i := range whole.Pix {
			whole.Pix[i] = byte(r.Uint32())&mask | set
		}
		b := whole.Bounds()
		part := whole.SubImage(image.Rect(b.Dx()/3, b.Dy()/4, b.Dx(), b.Dy()))
		for _, l := range levels {
			samePixels(t, encode(t, part, l), part)
		}
	}
}

// A writer that stops taking bytes ends the encoder with its error.
func TestAFailingWriter(t *testing.T) {
	t.Parallel()
	img := kinds(image.Pt(300, 300))["photograph"].img
	whole := len(encode(t, img, pngenc.Fast))
	for _, after := range []int{0, 8, 20, 60, whole / 2, whole - 1} {
		if err := pngenc.Encode(t.Context(), &full{left: after}, img, pngenc.Fast); !errors.Is(err, errFull) {
			t.Errorf("after %d of %d bytes: %v; want %v", after, whole, err, errFull)
		}
	}
}

var errFull = errors.New("full")

type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func FuzzEncode(f *testing.F) {
	f.Add([]byte("some pixels, more or less"), uint8(5), uint8(0), uint8(0))
	f.Add(bytes.Repeat([]byte{1, 2, 3, 255}, 40), uint8(8), uint8(1), uint8(2))
	f.Fuzz(func(t *testing.T, pix []byte, width, kind, level uint8) {
		bytesOf := []int{4, 1, 8, 2}[kind%4]
		w := int(width) + 1
		h := len(pix) / (bytesOf * w)
		if h == 0 {
			return
		}
		r := image.Rect(0, 0, w, h)
		img := []image.Image{
			&image.NRGBA{Pix: pix, Stride: 4 * w, Rect: r}, &image.Gray{Pix: pix, Stride: w, Rect: r},
			&image.NRGBA64{Pix: pix, Stride: 8 * w, Rect: r}, &image.Gray16{Pix: pix, Stride: 2 * w, Rect: r},
		}[kind%4]
		samePixels(t, encode(t, img, pngenc.Level(level%3)), img)
	})
}
