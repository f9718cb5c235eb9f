package asset

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/seinehq/seine"
)

// photograph is a JPEG of 1024x768 with a shape, gradients and noise.
func photograph(tb testing.TB) []byte {
	tb.Helper()
	r := rand.New(rand.NewPCG(11, 1))
	img := image.NewRGBA(image.Rect(0, 0, 1024, 768))
	for y := range 768 {
		for x := range 1024 {
			c := [3]int{x / 5, y / 4, (x + y) / 9}
			if (x-500)*(x-500)+(y-400)*(y-400) < 200*200 {
				c = [3]int{150 + x/40, 20 + y/30, 90}
			}
			n := r.IntN(24)
			img.SetRGBA(x, y, color.RGBA{uint8(c[0] + n), uint8(c[1] + n), uint8(c[2] + n), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func BenchmarkRender(b *testing.B) {
	body := photograph(b)
	for name, spec := range map[string]seine.Image{
		"crop JPEG": {Resize: &seine.Size{Width: 256, Height: 256}, Mode: seine.ModeCenterCrop, To: seine.JPEG},
		"fit PNG":   {Resize: &seine.Size{Width: 512, Height: 512}},
	} {
		b.Run(name, func(b *testing.B) {
			k := New(nil, Options{})
			before := cpu(b)
			for b.Loop() {
				if _, err := k.render(b.Context(), body, spec); err != nil {
					b.Fatal(err)
				}
			}
			// Other work on the machine takes time, and less CPU time.
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(b.N), "CPU-ms/op")
		})
	}
}

// cpu is the CPU time of this process.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
