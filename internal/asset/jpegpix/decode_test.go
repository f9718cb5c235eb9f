package jpegpix_test

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/asset/jpegpix"
)

// djpeg is libjpeg-turbo's decoder with its defaults.
func djpeg(t testing.TB, file string) (pix []byte, channels int, size image.Point) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "djpeg", "-pnm", file).Output()
	if err != nil {
		t.Fatalf("djpeg %s: %v; it is in Debian's libjpeg-turbo-progs, which scripts/test installs", file, err)
	}
	var kind string
	var depth int
	if _, err := fmt.Fscan(bytes.NewReader(out[:min(len(out), 64)]), &kind, &size.X, &size.Y, &depth); err != nil || depth != 255 {
		t.Fatalf("djpeg wrote %q: %v", out[:min(len(out), 20)], err)
	}
	channels = map[string]int{"P5": 1, "P6": 3}[kind]
	return out[len(out)-channels*size.X*size.Y:], channels, size
}

// cjpeg writes a PPM's pixels as a JPEG file.
func cjpeg(t testing.TB, file, args string, pix []byte, size image.Point) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "cjpeg", append(strings.Fields(args), "-outfile", file)...)
	cmd.Stdin = bytes.NewReader(append(fmt.Appendf(nil, "P6 %d %d 255\n", size.X, size.Y), pix...))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cjpeg %s: %v: %s; it is in Debian's libjpeg-turbo-progs, which scripts/test installs", args, err, out)
	}
}

func decoded(t testing.TB, body []byte) (pix []byte, channels int, size image.Point) {
	t.Helper()
	p, err := jpegpix.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Decode(t.Context(), image.Rect(0, 0, p.Width, p.Height)); err != nil {
		t.Fatal(err)
	}
	defer p.Free()
	size = image.Pt(p.Width, p.Height)
	if p.Gray() {
		dst := image.NewGray(image.Rectangle{Max: size})
		p.DrawGray(dst, image.Point{})
		return dst.Pix, 1, size
	}
	dst := image.NewRGBA(image.Rectangle{Max: size})
	p.Draw(dst, image.Point{})
	for i := 0; i < len(dst.Pix); i += 4 {
		if dst.Pix[i+3] != 255 {
			t.Fatalf("alpha of pixel %d is %d", i/4, dst.Pix[i+3])
		}
		pix = append(pix, dst.Pix[i:i+3]...)
	}
	return pix, 3, size
}

// same fails when a sample of a file is other than djpeg's.
func same(t *testing.T, file string) {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, channels, size := decoded(t, body)
	want, wantChannels, wantSize := djpeg(t, file)
	if channels != wantChannels || size != wantSize {
		t.Fatalf("%s: %d channels of %v; djpeg gives %d of %v", file, channels, size, wantChannels, wantSize)
	}
	most, differ := 0, 0
	for i := range want {
		if d := int(got[i]) - int(want[i]); d != 0 {
			most = max(most, d, -d)
			differ++
		}
	}
	if differ > 0 {
		t.Errorf("%s: %d of %d samples differ from djpeg's, by up to %d", filepath.Base(file), differ, len(want), most)
	}
}

// photographs returns the paths of the photographs in Debian's mate-backgrounds.
func photographs(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("/usr/share/backgrounds/mate/*/*.jpg")
	if err != nil || len(files) < 16 {
		t.Fatalf("%d photographs of Debian's mate-backgrounds, which scripts/test installs; want 16", len(files))
	}
	return files
}

func TestPhotographsHaveThePixelsOfLibjpeg(t *testing.T) {
	t.Parallel()
	for _, file := range photographs(t) {
		t.Run(filepath.Base(file), func(t *testing.T) { same(t, file) })
	}
}

// patch is a part of a photograph.
func patch(t testing.TB, size image.Point) []byte {
	t.Helper()
	big, _, whole := djpeg(t, "/usr/share/backgrounds/mate/nature/Blinds.jpg")
	var pix []byte
	for y := range size.Y {
		at := 3 * ((whole.Y/3+y)*whole.X + whole.X/3)
		pix = append(pix, big[at:at+3*size.X]...)
	}
	return pix
}

// Every sampling, at once and by scans, in sizes that end within a block and
// have planes of one and two columns.
func TestEverySamplingHasThePixelsOfLibjpeg(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	scans := filepath.Join(dir, "scans")
	if err := os.WriteFile(scans, []byte("0;\n1;\n2;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := image.Pt(333, 251)
	big := patch(t, whole)
	for _, sampling := range []string{"1x1", "2x1", "1x2", "2x2", "4x1", "4x2", "1x4", "2x2,2x1,1x1", "2x1,1x2,1x1", "1x1,2x2,2x2", "gray"} {
		for _, mode := range []string{"-baseline", "-progressive", "-quality 97", "-quality 3", "-restart 1", "-progressive -restart 3B", "-optimize", "-scans " + scans} {
			t.Run(sampling+mode, func(t *testing.T) {
				t.Parallel()
				args := mode + " -sample " + sampling
				if sampling == "gray" {
					if args = mode + " -grayscale"; strings.Contains(mode, "-scans") {
						return // the script names three components
					}
				}
				for i, size := range []image.Point{{1, 1}, {2, 2}, {3, 5}, {4, 4}, {5, 3}, {8, 8}, {15, 17}, {16, 16}, {17, 1}, {1, 17}, {64, 33}, whole} {
					file := filepath.Join(dir, fmt.Sprintf("%s-%d.jpg", strings.NewReplacer("/", "", " ", "").Replace(args), i))
					var pix []byte
					for y := range size.Y {
						pix = append(pix, big[3*y*whole.X:][:3*size.X]...)
					}
					cjpeg(t, file, args, pix, size)
					same(t, file)
				}
			})
		}
	}
}
