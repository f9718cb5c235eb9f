package resample_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"os/exec"
	"testing"

	"github.com/seinehq/seine/internal/asset/resample"
)

// pillow reads jobs of random pixels, and writes what Pillow makes of them.
const pillow = `
import struct, sys
from PIL import Image
read, write = sys.stdin.buffer, sys.stdout.buffer
while head := read.read(36):
    channels, w, h, x0, y0, x1, y1, tw, th = struct.unpack("<9i", head)
    step = 1 if channels == 1 else 4
    image = Image.frombytes({1: "L", 3: "RGBX", 4: "RGBa"}[channels], (w, h), read.read(w * h * step))
    if channels == 3:
        image = image.convert("RGB")
    image = image.resize((tw, th), Image.BICUBIC, box=(x0, y0, x1, y1))
    if channels == 3:
        image.putalpha(255)
    write.write(image.tobytes())
`

type job struct {
	resample.Job
	channels int
	pix      []uint8
}

func (j job) step() int { return map[int]int{1: 1, 3: 4, 4: 4}[j.channels] }

// jobs cover every direction, sides of one pixel, and boxes with and without neighbors.
func jobs() (all []job) {
	r := rand.New(rand.NewPCG(3, 4))
	add := func(frame image.Point, part image.Rectangle, to image.Point) {
		for _, channels := range []int{1, 3, 4} {
			j := job{Job: resample.Job{Frame: frame, Part: part, To: to}, channels: channels}
			j.pix = make([]uint8, frame.X*frame.Y*j.step())
			// Extremes make the filter overshoot.
			for i := range j.pix {
				if j.pix[i] = uint8(r.Uint32()); r.IntN(3) > 0 {
					j.pix[i] = uint8(255 * r.IntN(2))
				}
			}
			if channels == 4 {
				for i := 0; i < len(j.pix); i += 4 {
					for c := range 3 {
						j.pix[i+c] = min(j.pix[i+c], j.pix[i+3])
					}
				}
			}
			all = append(all, j)
		}
	}
	for _, s := range [][4]int{
		{1, 1, 1, 1}, {1, 1, 7, 5}, {7, 5, 1, 1}, {1, 40, 3, 9}, {40, 1, 9, 3}, {2, 3, 2, 3}, {64, 48, 64, 12}, {64, 48, 16, 48},
		{1024, 768, 256, 192}, {1024, 768, 341, 255}, {97, 61, 193, 187}, {300, 2, 2, 300}, {5000, 3, 1, 2}, {3, 5000, 2, 1}, {255, 257, 254, 258},
	} {
		frame := image.Pt(s[0], s[1])
		add(frame, image.Rectangle{Max: frame}, image.Pt(s[2], s[3]))
	}
	add(image.Pt(1024, 768), image.Rect(128, 0, 896, 768), image.Pt(256, 256))
	for range 60 {
		frame := image.Pt(1+r.IntN(120), 1+r.IntN(120))
		x, y := r.IntN(frame.X), r.IntN(frame.Y)
		part := image.Rect(x, y, x+1+r.IntN(frame.X-x), y+1+r.IntN(frame.Y-y))
		add(frame, part, image.Pt(1+r.IntN(150), 1+r.IntN(150)))
	}
	return all
}

// Each pixel is Pillow's, whether the whole image is there or the window that counts.
func TestThePixelsAreThoseOfPillow(t *testing.T) {
	t.Parallel()
	all := jobs()
	var in, out, said bytes.Buffer
	for _, j := range all {
		for _, v := range []int{j.channels, j.Frame.X, j.Frame.Y, j.Part.Min.X, j.Part.Min.Y, j.Part.Max.X, j.Part.Max.Y, j.To.X, j.To.Y} {
			in.Write(binary.LittleEndian.AppendUint32(nil, uint32(v)))
		}
		in.Write(j.pix)
	}
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", pillow)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("Pillow (Debian's python3-pil, which scripts/test installs): %v: %s", err, said.Bytes())
	}
	for _, j := range all {
		name := fmt.Sprintf("%d channels, %v of %v to %v", j.channels, j.Part, j.Frame, j.To)
		want := out.Next(j.To.X * j.To.Y * j.step())
		if j.channels == 4 {
			for i := 0; i < len(want); i += 4 {
				for c := range 3 {
					want[i+c] = min(want[i+c], want[i+3])
				}
			}
		}
		for _, window := range []image.Rectangle{{Max: j.Frame}, j.Window()} {
			stride := j.Frame.X * j.step()
			src := resample.Pixels{Pix: j.pix[window.Min.Y*stride+window.Min.X*j.step():], Stride: stride}
			dst := resample.Pixels{Pix: make([]uint8, j.To.X*j.To.Y*j.step()), Stride: j.To.X * j.step()}
			if err := j.Run(t.Context(), dst, src, window, j.channels); err != nil {
				t.Fatal(err)
			}
			if len(want) != len(dst.Pix) {
				t.Fatalf("%s: Pillow wrote %d bytes; want %d", name, len(want), len(dst.Pix))
			}
			for i := range want {
				if dst.Pix[i] != want[i] {
					t.Fatalf("%s, window %v: byte %d is %d; Pillow's is %d", name, window, i, dst.Pix[i], want[i])
				}
			}
		}
	}
}

// A stopped context ends a resize.
func TestRunStops(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	j := resample.Job{Frame: image.Pt(4, 4), Part: image.Rect(0, 0, 4, 4), To: image.Pt(2, 2)}
	px := func(n int) resample.Pixels { return resample.Pixels{Pix: make([]uint8, n*n), Stride: n} }
	if err := j.Run(ctx, px(2), px(4), j.Window(), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v; want %v", err, context.Canceled)
	}
}
