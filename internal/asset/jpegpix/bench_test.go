package jpegpix_test

import (
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/seinehq/seine/internal/asset/jpegpix"
)

func BenchmarkDecode(b *testing.B) {
	size := image.Pt(1024, 1000)
	pix := patch(b, size)
	for name, args := range map[string]string{"baseline": "-quality 85", "progressive": "-quality 85 -progressive"} {
		b.Run(name, func(b *testing.B) {
			file := filepath.Join(b.TempDir(), "f.jpg")
			cjpeg(b, file, args, pix, size)
			body, err := os.ReadFile(file)
			if err != nil {
				b.Fatal(err)
			}
			dst := image.NewRGBA(image.Rectangle{Max: size})
			b.SetBytes(int64(len(pix)))
			for b.Loop() {
				p, err := jpegpix.Parse(body)
				if err != nil {
					b.Fatal(err)
				}
				if err := p.Decode(b.Context(), image.Rectangle{Max: size}); err != nil {
					b.Fatal(err)
				}
				p.Draw(dst, image.Point{})
			}
		})
	}
}
