package jpegenc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os/exec"
	"testing"

	"github.com/seinehq/seine/internal/asset/jpegenc"
)

// cjpeg is libjpeg-turbo's encoder.
func cjpeg(t testing.TB, pnm []byte, quality int) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "cjpeg", "-baseline", "-quality", fmt.Sprint(quality))
	cmd.Stdin = bytes.NewReader(pnm)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("cjpeg: %v; it is in Debian's libjpeg-turbo-progs, which scripts/test installs", err)
	}
	return out
}

// images are a smooth one, which has blocks without detail, and one of noise, with every extreme.
func images(size image.Point) map[string]*image.RGBA {
	r := rand.New(rand.NewPCG(uint64(size.X), uint64(size.Y)))
	smooth, noise := image.NewRGBA(image.Rectangle{Max: size}), image.NewRGBA(image.Rectangle{Max: size})
	for i := 0; i < len(smooth.Pix); i += 4 {
		x, y := i/4%size.X, i/4/size.X
		copy(smooth.Pix[i:], []uint8{uint8(x + y), uint8(y * y / 50), uint8(200 - x/2), 255})
		for c := range 3 {
			noise.Pix[i+c] = uint8(r.Uint32())
			if r.IntN(2) > 0 {
				noise.Pix[i+c] = uint8(255 * r.IntN(2))
			}
		}
		noise.Pix[i+3] = 255
	}
	return map[string]*image.RGBA{"smooth": smooth, "noise": noise}
}

var sizes = []image.Point{
	{1, 1}, {2, 2}, {3, 5}, {7, 9}, {8, 8}, {9, 7}, {15, 17}, {16, 16}, {17, 15}, {17, 16}, {24, 40}, {25, 42}, {33, 31}, {1, 40}, {41, 1}, {256, 256}, {251, 130},
}

// A file of each size and quality is that of libjpeg-turbo, byte by byte.
func TestFilesAreThoseOfLibjpeg(t *testing.T) {
	t.Parallel()
	for _, size := range sizes {
		for name, img := range images(size) {
			gray := image.NewGray(img.Rect)
			color, plain := fmt.Appendf(nil, "P6 %d %d 255\n", size.X, size.Y), fmt.Appendf(nil, "P5 %d %d 255\n", size.X, size.Y)
			for i := range gray.Pix {
				gray.Pix[i] = img.Pix[4*i]
				color, plain = append(color, img.Pix[4*i:4*i+3]...), append(plain, gray.Pix[i])
			}
			for _, quality := range []int{1, 30, 50, 75, 90, 97, 100} {
				for kind, one := range map[string]struct {
					img image.Image
					pnm []byte
				}{"color": {img, color}, "gray": {gray, plain}} {
					var got bytes.Buffer
					if err := jpegenc.Encode(t.Context(), &got, one.img, quality); err != nil {
						t.Fatal(err)
					}
					if want := cjpeg(t, one.pnm, quality); !bytes.Equal(got.Bytes(), want) {
						t.Errorf("%s, %s, %v, quality %d: other bytes (%d) than those of libjpeg-turbo (%d)", name, kind, size, quality, got.Len(), len(want))
					}
				}
			}
		}
	}
}

// A part of an image, with a stride, is written as an image of its own.
func TestAPartOfAnImage(t *testing.T) {
	t.Parallel()
	whole := images(image.Pt(50, 40))["noise"]
	part, ok := whole.SubImage(image.Rect(7, 5, 40, 32)).(*image.RGBA)
	if !ok {
		t.Fatal("no part")
	}
	alone := image.NewRGBA(image.Rectangle{Max: part.Rect.Size()})
	for y := range alone.Rect.Dy() {
		copy(alone.Pix[y*alone.Stride:][:alone.Stride], part.Pix[y*part.Stride:])
	}
	var a, b bytes.Buffer
	if err := errors.Join(jpegenc.Encode(t.Context(), &a, part, 90), jpegenc.Encode(t.Context(), &b, alone, 90)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("a part has other bytes than its copy")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	img := images(image.Pt(9, 9))["smooth"]
	if err := jpegenc.Encode(stopped, &bytes.Buffer{}, img, 90); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped context: %v; want %v", err, context.Canceled)
	}
	for name, img := range map[string]image.Image{
		"no pixels": image.NewRGBA(image.Rectangle{}), "too wide": image.NewGray(image.Rect(0, 0, 1<<16, 1)), "a palette": image.NewPaletted(image.Rect(0, 0, 1, 1), nil),
	} {
		if err := jpegenc.Encode(t.Context(), &bytes.Buffer{}, img, 90); err == nil {
			t.Errorf("%s is a JPEG", name)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	img := images(image.Pt(256, 256))["smooth"]
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			_ = jpegenc.Encode(b.Context(), &bytes.Buffer{}, img, 90)
		}
	})
	b.Run("image/jpeg", func(b *testing.B) {
		for b.Loop() {
			_ = jpeg.Encode(&bytes.Buffer{}, img, &jpeg.Options{Quality: 90})
		}
	})
}
