package asset

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/seinehq/seine"
)

// A rendition of a photograph has the pixels of Pillow from its decoder to its filter.
func TestRenditionsHaveThePixelsOfPillow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const small = "small.jpg" // which the cover enlarges
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", `
import glob
from PIL import Image, ImageOps
for i, name in enumerate(sorted(glob.glob("/usr/share/backgrounds/mate/*/*.jpg"))[:4]):
    image = Image.open(name)
    image.resize((1024, 768), Image.BICUBIC).crop((7, 0, 1001 + i, 768 - i)).save("%d.jpg" % i, quality=90, progressive=i % 2 == 1)
image.resize((90, 61)).save("small.jpg")
image.convert("L").resize((700, 333)).save("gray.jpg")
image.resize((640, 480)).quantize(64).save("palette.png")
for name in glob.glob("*.*"):
    image = Image.open(name)
    if image.mode == "P":
        image = image.convert("RGB")
    (w, h), (a, b) = image.size, (256, 256)
    s = min(w, h)
    x, y = (w - s) // 2, (h - s) // 2
    image.resize((a, b), Image.BICUBIC, box=(x, y, x + s, y + s)).save(name + ".center_crop.png")
    image.resize((a, b), Image.BICUBIC).save(name + ".stretch.png")
    image.crop((10, 10, 80, 55)).resize((a, b), Image.BICUBIC).save(name + ".crop.png")
`)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("Pillow (Debian's python3-pil, which scripts/test installs): %v: %s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jpg"))
	if err != nil || len(files) != 6 {
		t.Fatalf("%d files, %v; want 4 photographs, %s and a gray one", len(files), err, small)
	}
	for _, file := range append(files, filepath.Join(dir, "palette.png")) {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		h, err := readHeader(body)
		if err != nil {
			t.Fatal(err)
		}
		size := &seine.Size{Width: 256, Height: 256}
		for way, spec := range map[string]seine.Image{
			"center_crop": {Resize: size, Mode: seine.ModeCenterCrop},
			"stretch":     {Resize: size, Mode: seine.ModeStretch},
			"crop": {Resize: size, Mode: seine.ModeStretch, Crop: &seine.Crop{
				OfWidth: h.width, OfHeight: h.height, Left: 10, Top: 10, Right: 80, Bottom: 55,
			}},
		} {
			equalPixels(t, fmt.Sprintf("%s of %s", way, filepath.Base(file)), rendered(t, body, spec), pngAt(t, file+"."+way+".png"))
		}
	}
}

func pngAt(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}
