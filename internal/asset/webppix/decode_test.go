package webppix_test

import (
	"bytes"
	"errors"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/seinehq/seine/internal/asset/webppix"
)

// pillow runs a script of Python's imaging library, which has libwebp.
func pillow(t testing.TB, dir, script string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("Pillow (Debian's python3-pil, which scripts/test installs): %v: %s", err, out)
	}
}

func TestPixelsAreThoseOfLibwebp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pillow(t, dir, `
from PIL import Image
big = Image.open("/usr/share/backgrounds/mate/nature/Blinds.jpg").convert("RGB")
for i, size in enumerate([(1, 1), (2, 2), (3, 5), (16, 16), (17, 1), (1, 17), (2, 9), (333, 251), (640, 480)]):
    im = big.crop((300, 300, 300 + size[0], 300 + size[1]))
    alpha = im.convert("RGBA"); alpha.putalpha(Image.linear_gradient("L").resize(size))
    for name, one, how in [("lossy", im, dict(quality=80)), ("rough", im, dict(quality=5)), ("alpha", alpha, dict(quality=70)), ("lossless", alpha, dict(lossless=True, exact=True))]:
        f = "%d-%s" % (i, name)
        one.save(f + ".webp", **how)
        open(f + ".rgba", "wb").write(Image.open(f + ".webp").convert("RGBA").tobytes())
`)
	files, err := filepath.Glob(filepath.Join(dir, "*.webp"))
	if err != nil || len(files) != 36 {
		t.Fatalf("%d files, %v; want 36", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(file[:len(file)-len("webp")] + "rgba")
		if err != nil {
			t.Fatal(err)
		}
		img, err := webppix.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		h, err := webppix.Parse(body)
		if size := img.Bounds().Size(); err != nil || h.Width != size.X || h.Height != size.Y || h.Exif != nil {
			t.Errorf("%s: header %+v, %v; decodes as %v", filepath.Base(file), h, err, size)
		}
		var got []byte
		for y := range h.Height {
			for x := range h.Width {
				c, _ := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
				got = append(got, c.R, c.G, c.B, c.A)
			}
		}
		if !bytes.Equal(got, want) {
			most := 0
			for i := range want {
				most = max(most, int(got[i])-int(want[i]), int(want[i])-int(got[i]))
			}
			t.Errorf("%s: pixels differ from libwebp's by up to %d", filepath.Base(file), most)
		}
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pillow(t, dir, `
from PIL import Image
im = Image.new("RGB", (8, 6), "red")
exif = Image.Exif(); exif[0x112] = 6
im.save("exif.webp", exif=exif)
im.save("many.webp", save_all=True, append_images=[Image.new("RGB", (8, 6), "blue")])
`)
	body, err := os.ReadFile(filepath.Join(dir, "exif.webp"))
	if err != nil {
		t.Fatal(err)
	}
	if h, err := webppix.Parse(body); err != nil || h.Width != 8 || h.Height != 6 || len(h.Exif) < 8 || string(h.Exif[:2]) != "MM" && string(h.Exif[:2]) != "II" {
		t.Errorf("header %+v, %v; want 8 x 6 with Exif", h, err)
	}
	if body, err = os.ReadFile(filepath.Join(dir, "many.webp")); err != nil {
		t.Fatal(err)
	}
	if _, err := webppix.Parse(body); !errors.Is(err, webppix.ErrAnimated) {
		t.Errorf("an animation: %v; want %v", err, webppix.ErrAnimated)
	}
}
