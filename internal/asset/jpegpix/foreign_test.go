package jpegpix_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/seinehq/seine/internal/asset/jpegpix"
)

// CMYK, plain and as YCCK (the same file with another Adobe segment), and unconverted RGB, each
// with every sampling.
func TestColorSpacesHaveThePixelsOfLibjpeg(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", `
from PIL import Image
big = Image.open("/usr/share/backgrounds/mate/nature/Blinds.jpg").convert("RGB").crop((300, 300, 633, 551))
c, m, y = [Image.eval(b, lambda v: 255 - v) for b in big.split()]
k = Image.linear_gradient("L").resize(big.size)
inks = Image.merge("CMYK", (c, m, y, k))
for s in range(3):
    for progressive in (False, True):
        inks.save("cmyk%d%s.jpg" % (s, progressive), quality=90, subsampling=s, progressive=progressive)
`)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("Pillow (Debian's python3-pil, which scripts/test installs): %v: %s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jpg"))
	if err != nil || len(files) != 6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		same(t, file)
		at := bytes.Index(body, []byte("Adobe"))
		if at < 0 || body[at+11] != 0 {
			t.Fatalf("%s has no Adobe segment of plain inks", file)
		}
		body[at+11] = 2
		ycck := file + ".ycck"
		if err := os.WriteFile(ycck, body, 0o600); err != nil {
			t.Fatal(err)
		}
		same(t, ycck)
		// Without the segment inks are plain.
		bare := file + ".bare"
		if err := os.WriteFile(bare, append(append([]byte{}, body[:at-4]...), body[at+12:]...), 0o600); err != nil {
			t.Fatal(err)
		}
		same(t, bare)
	}
	size := image.Pt(100, 70)
	for _, args := range []string{"-rgb", "-rgb -progressive", "-rgb -sample 2x2,1x1,1x1"} {
		file := filepath.Join(dir, "rgb.jpg")
		cjpeg(t, file, args, patch(t, size), size)
		same(t, file)
	}
}

// A box decoded alone has the pixels of the whole picture, including its edges.
func TestABoxHasThePixelsOfTheWhole(t *testing.T) {
	t.Parallel()
	size := image.Pt(83, 71)
	drawn := func(body []byte, box image.Rectangle) *image.RGBA {
		p, err := jpegpix.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Decode(t.Context(), box); err != nil {
			t.Fatal(err)
		}
		img := image.NewRGBA(image.Rectangle{Max: box.Size()})
		p.Draw(img, box.Min)
		p.Free() // the next one gets its planes, with old samples
		return img
	}
	for _, args := range []string{"-sample 1x1", "-sample 2x1", "-sample 1x2", "-sample 2x2", "-sample 4x1", "-progressive", "-grayscale"} {
		file := filepath.Join(t.TempDir(), "f.jpg")
		cjpeg(t, file, args, patch(t, size), size)
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		whole := drawn(body, image.Rectangle{Max: size})
		r := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			box := image.Rect(r.IntN(size.X), r.IntN(size.Y), r.IntN(size.X), r.IntN(size.Y))
			box.Max = box.Max.Add(image.Pt(1, 1))
			part := drawn(body, box)
			for y := range box.Dy() {
				for x := range box.Dx() {
					if a, b := part.RGBAAt(x, y), whole.RGBAAt(box.Min.X+x, box.Min.Y+y); a != b {
						t.Fatalf("%s: pixel %d, %d of the box %v is %v; of the whole %v", args, x, y, box, a, b)
					}
				}
			}
		}
	}
}

func decode(ctx context.Context, body []byte) error {
	p, err := jpegpix.Parse(body)
	if err != nil {
		return err
	}
	if p.Memory() > 1<<24 {
		return nil
	}
	return p.Decode(ctx, image.Rect(0, 0, p.Width, p.Height))
}

// sample is a small file.
func sample(t testing.TB, args string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "f.jpg")
	size := image.Pt(40, 30)
	cjpeg(t, file, args, patch(t, size), size)
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// A file that is cut anywhere is cut, and no file makes the decoder panic.
func TestCutAndDamagedFiles(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"", "-progressive", "-restart 1", "-grayscale"} {
		body := sample(t, args)
		for n := range len(body) - 1 {
			if err := decode(t.Context(), body[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q, %d of %d bytes: %v; want %v", args, n, len(body), err, io.ErrUnexpectedEOF)
			}
		}
		r := rand.New(rand.NewPCG(1, 2))
		for range 3000 {
			bad := bytes.Clone(body)
			for range 1 + r.IntN(4) {
				bad[r.IntN(len(bad))] = byte(r.Uint32())
			}
			_ = decode(t.Context(), bad)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	plain, progressive := sample(t, ""), sample(t, "-progressive")
	frame := func(body []byte, marker byte) int { return bytes.Index(body, []byte{0xff, marker, 0}) }
	with := func(body []byte, at int, v ...byte) []byte {
		return append(append(append([]byte{}, body[:at]...), v...), body[at+len(v):]...)
	}
	sof := frame(plain, 0xc0)
	// The first scan may come as often as one likes.
	first := bytes.Index(progressive, []byte{0xff, 0xda})
	next := first + 2 + bytes.Index(progressive[first+2:], []byte{0xff, 0xc4})
	many := append([]byte{}, progressive[:first]...)
	for range 200 {
		many = append(many, progressive[first:next]...)
	}
	many = append(many, progressive[next:]...)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, tt := range []struct {
		name string
		ctx  context.Context
		body []byte
		want error
	}{
		{"arithmetic codes", t.Context(), with(plain, sof+1, 0xc9), jpegpix.ErrUnsupported},
		{"lossless", t.Context(), with(plain, sof+1, 0xc3), jpegpix.ErrUnsupported},
		{"12 bits", t.Context(), with(plain, sof+4, 12), jpegpix.ErrUnsupported},
		{"two components", t.Context(), with(plain, sof+9, 2), jpegpix.ErrUnsupported},
		{"samples that do not divide", t.Context(), with(plain, sof+11, 0x31, 0, 2, 0x21), jpegpix.ErrUnsupported},
		{"200 more scans", t.Context(), many, jpegpix.ErrScans},
		{"a stopped context", stopped, plain, context.Canceled},
	} {
		if err := decode(tt.ctx, tt.body); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v; want %v", tt.name, err, tt.want)
		}
	}
	for name, body := range map[string][]byte{
		"no pixels":              with(plain, sof+5, 0, 0),
		"a component of nothing": with(plain, sof+11, 0),
		"a component twice":      with(plain, sof+13, plain[sof+10]),
		"a table that is not":    with(plain, sof+12, 9),
		"too many blocks":        with(plain, sof+11, 0x44),
		"no start":               plain[1:],
		"no picture":             {0xff, 0xd8, 0xff, 0xd9},
		"no Huffman tables":      bytes.ReplaceAll(plain, []byte{0xff, 0xc4}, []byte{0xff, 0xfe}),
	} {
		if err := decode(t.Context(), body); err == nil || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, jpegpix.ErrUnsupported) {
			t.Errorf("%s: %v; want damage", name, err)
		}
	}
}

// Decode allocates the bytes that Memory states.
func TestMemory(t *testing.T) {
	for _, args := range []string{"", "-progressive", "-sample 1x1", "-grayscale", "-grayscale -progressive"} {
		p, err := jpegpix.Parse(sample(t, args))
		if err != nil {
			t.Fatal(err)
		}
		samples := map[bool]int{true: 40 * 32, false: 48*32 + 2*24*16}[p.Gray()]
		if args == "-sample 1x1" {
			samples = 3 * 40 * 32
		}
		each := 1
		if bytes.Contains([]byte(args), []byte("prog")) {
			each = 3
		}
		if got := p.Memory(); got != int64(each*samples) {
			t.Errorf("%q: Memory() = %d; want %d", args, got, each*samples)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, args := range []string{"", "-progressive", "-restart 1", "-grayscale", "-sample 2x1,1x2,1x1", "-rgb"} {
		f.Add(sample(f, args))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := jpegpix.Parse(body)
		if err != nil || p.Memory() > 1<<20 {
			return
		}
		if err := p.Decode(t.Context(), image.Rect(0, 0, p.Width, p.Height)); err != nil {
			return
		}
		r := image.Rect(0, 0, p.Width, p.Height)
		if p.Gray() {
			p.DrawGray(image.NewGray(r), image.Point{})
		}
		p.Draw(image.NewRGBA(r), image.Point{})
	})
}
