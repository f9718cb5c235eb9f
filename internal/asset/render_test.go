package asset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset/webpenc"
)

// jpegFile is an image as cjpeg of libjpeg-turbo writes it.
func jpegFile(t testing.TB, img image.Image, args ...string) []byte {
	t.Helper()
	b := img.Bounds()
	ppm := fmt.Appendf(nil, "P6 %d %d 255\n", b.Dx(), b.Dy())
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c, _ := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			ppm = append(ppm, c.R, c.G, c.B)
		}
	}
	cmd := exec.CommandContext(t.Context(), "cjpeg", args...)
	cmd.Stdin = bytes.NewReader(ppm)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("cjpeg: %v; it is in Debian's libjpeg-turbo-progs, which scripts/test installs", err)
	}
	return out
}

// tiff returns an Exif structure with an orientation.
func tiff(o int) []byte {
	b := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	binary.BigEndian.PutUint16(b[18:], uint16(o))
	return b
}

// withOrientation puts Exif into a JPEG.
func withOrientation(body []byte, o int) []byte {
	exif := append([]byte("Exif\x00\x00"), tiff(o)...)
	head := binary.BigEndian.AppendUint16([]byte("\xff\xd8\xff\xe1"), uint16(2+len(exif)))
	return append(append(head, exif...), body[2:]...)
}

func rendered(t testing.TB, body []byte, spec seine.Image) image.Image {
	t.Helper()
	r, err := New(nil, Options{}).render(t.Context(), body, spec)
	if err != nil {
		t.Fatal(err)
	}
	img, _, err := image.Decode(bytes.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds().Size() != image.Pt(r.width, r.height) {
		t.Fatalf("the rendition is %v; its row says %d x %d", img.Bounds().Size(), r.width, r.height)
	}
	return img
}

func equalPixels(t testing.TB, what string, got, want image.Image) {
	t.Helper()
	if got.Bounds().Size() != want.Bounds().Size() {
		t.Fatalf("%s: size %v; want %v", what, got.Bounds().Size(), want.Bounds().Size())
	}
	a, b := got.Bounds().Min, want.Bounds().Min
	for y := range got.Bounds().Dy() {
		for x := range got.Bounds().Dx() {
			v, w := color.NRGBA64Model.Convert(got.At(a.X+x, a.Y+y)), color.NRGBA64Model.Convert(want.At(b.X+x, b.Y+y))
			if v != w {
				t.Fatalf("%s: pixel %d, %d is %v; want %v", what, x, y, v, w)
			}
		}
	}
}

// Pillow turns an image by its Exif as a viewer does.
func TestOrientation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	src := picture(37, 22)
	// Without chroma at half the size a turned JPEG has the turned pixels.
	plain := jpegFile(t, src, "-sample", "1x1", "-quality", "95")
	for o := 0; o <= 9; o++ {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.jpg", o)), withOrientation(plain, o), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", `
from PIL import Image, ImageOps
for o in range(10): ImageOps.exif_transpose(Image.open("%d.jpg" % o)).save("%d.png" % o)
`)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("Pillow (Debian's python3-pil, which scripts/test installs): %v: %s", err, out)
	}
	for o := 0; o <= 9; o++ {
		body, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%d.png", o)))
		if err != nil {
			t.Fatal(err)
		}
		want, err := png.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		jpg := withOrientation(plain, o)
		what := fmt.Sprintf("orientation %d", o)
		equalPixels(t, what, rendered(t, jpg, seine.Image{}), want)
		size := want.Bounds().Size()
		c := seine.Crop{OfWidth: size.X, OfHeight: size.Y, Left: 3, Top: 1, Right: size.X - 5, Bottom: size.Y - 2}
		part, ok := want.(interface {
			SubImage(image.Rectangle) image.Image
		})
		if !ok {
			t.Fatalf("%T", want)
		}
		equalPixels(t, what+", cropped", rendered(t, jpg, seine.Image{Crop: &c}), part.SubImage(Box(c, size.X, size.Y)))

		// A PNG of any kind can hold the same structure in a chunk.
		for kind, img := range kindsOf(src) {
			in := pngWithExif(t, img, o)
			got := rendered(t, in, seine.Image{})
			flat := image.NewNRGBA64(image.Rectangle{Max: size})
			for y := range size.Y {
				for x := range size.X {
					from := orientationOf(tiff(o)).source(image.Pt(x, y), src.Rect.Size())
					flat.Set(x, y, img.At(from.X, from.Y))
				}
			}
			equalPixels(t, what+" of a PNG, "+kind, got, flat)
		}
		if w, h := sizeOf(withOrientation(plain, o)); w != size.X || h != size.Y {
			t.Errorf("%s: size %d x %d; want %v", what, w, h, size)
		}
	}
}

// kindsOf are the pixels of an image in every form that decoders have.
func kindsOf(src *image.NRGBA) map[string]image.Image {
	gray, gray16 := image.NewGray(src.Rect), image.NewGray16(src.Rect)
	deep, clear := image.NewNRGBA64(src.Rect), image.NewNRGBA(src.Rect)
	deepClear := image.NewNRGBA64(src.Rect)
	pal := image.NewPaletted(src.Rect, []color.Color{color.Black, color.White, color.NRGBA{200, 10, 20, 255}})
	for y := range src.Rect.Dy() {
		for x := range src.Rect.Dx() {
			gray.Set(x, y, src.At(x, y))
			gray16.SetGray16(x, y, color.Gray16{uint16(x*1999 + y)})
			deep.SetNRGBA64(x, y, color.NRGBA64{uint16(x * 1999), uint16(y * 3001), 7, 0xffff})
			deepClear.SetNRGBA64(x, y, color.NRGBA64{uint16(x * 1999), uint16(y * 3001), 7, uint16(1 + x*301)})
			clear.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), 9, uint8(1 + x*6)})
			pal.SetColorIndex(x, y, uint8((x+y)%3))
		}
	}
	return map[string]image.Image{
		"color": src, "gray": gray, "16 bits": deep, "16 bits, gray": gray16, "alpha": clear, "16 bits, alpha": deepClear, "palette": pal,
	}
}

// pngWithExif puts an eXIf chunk behind the head of a PNG. No reader here checks its checksum.
func pngWithExif(t testing.TB, img image.Image, o int) []byte {
	t.Helper()
	body := encoded(t, "png", img)
	const head = 8 + 25
	return append(append(append([]byte{}, body[:head]...), chunk("eXIf", tiff(o))...), body[head:]...)
}

// A 16-bit PNG keeps its 16 bits through a crop; a JPEG of it has 8.
func TestDepthIsKept(t *testing.T) {
	t.Parallel()
	deep := kindsOf(picture(40, 30))["16 bits"]
	body := encoded(t, "png", deep)
	got := rendered(t, body, seine.Image{Crop: &seine.Crop{OfWidth: 40, OfHeight: 30, Left: 3, Top: 4, Right: 30, Bottom: 29}})
	part, ok := deep.(*image.NRGBA64)
	if !ok {
		t.Fatalf("%T", deep)
	}
	equalPixels(t, "16 bits", got, part.SubImage(image.Rect(3, 4, 30, 29)))
	if small := rendered(t, body, seine.Image{Resize: &seine.Size{Width: 20, Height: 20}}); small.ColorModel() != color.RGBA64Model {
		t.Errorf("resized, it has colors of %T", small.At(0, 0))
	}
}

func TestFirstFrameOfAGIF(t *testing.T) {
	t.Parallel()
	colors := color.Palette{color.Black, color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 255}}
	first, second := image.NewPaletted(image.Rect(3, 2, 7, 5), colors), image.NewPaletted(image.Rect(0, 0, 10, 8), colors)
	for i := range first.Pix {
		first.Pix[i] = 1
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{
		Image: []*image.Paletted{first, second}, Delay: []int{1, 1}, Config: image.Config{Width: 10, Height: 8, ColorModel: colors},
	}); err != nil {
		t.Fatal(err)
	}
	want := image.NewNRGBA(image.Rect(0, 0, 10, 8))
	draw.Draw(want, first.Rect, image.NewUniform(colors[1]), image.Point{}, draw.Src)
	equalPixels(t, "the frame on its canvas", rendered(t, b.Bytes(), seine.Image{}), want)
}

func TestToJPEG(t *testing.T) {
	t.Parallel()
	src := image.NewNRGBA(image.Rect(0, 0, 64, 48))
	for i := range src.Pix {
		src.Pix[i] = 40
		if i%4 == 3 {
			src.Pix[i] = 0 // nothing is seen of it
		}
	}
	body := encoded(t, "png", src)
	var sizes []int
	for _, quality := range []int{0, 20, 90, 100} {
		r, err := New(nil, Options{}).render(t.Context(), body, seine.Image{To: seine.JPEG, Quality: quality})
		if err != nil {
			t.Fatal(err)
		}
		if r.kind.ext != "jpg" || r.kind.media != "image/jpeg" {
			t.Errorf("kind %+v", r.kind)
		}
		sizes = append(sizes, len(r.body))
		img, err := jpeg.Decode(bytes.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		if r, _, _, _ := img.At(20, 20).RGBA(); r>>8 < 250 {
			t.Errorf("what is transparent is %d; want white", r>>8)
		}
	}
	photo := encoded(t, "png", picture(64, 48))
	length := func(quality int) int {
		r, err := New(nil, Options{}).render(t.Context(), photo, seine.Image{To: seine.JPEG, Quality: quality})
		if err != nil {
			t.Fatal(err)
		}
		return len(r.body)
	}
	if length(0) != length(90) || length(20) >= length(90) || length(90) >= length(100) {
		t.Errorf("quality does not tell: %d, %d, %d bytes at 20, 90, 100; %d without (%v)", length(20), length(90), length(100), length(0), sizes)
	}
	gray := image.NewGray(image.Rect(0, 0, 16, 16))
	if got := rendered(t, encoded(t, "png", gray), seine.Image{To: seine.JPEG}); got.ColorModel() != color.GrayModel {
		t.Errorf("a gray image is a JPEG of %T", got)
	}
}

func TestWebP(t *testing.T) {
	t.Parallel()
	src := picture(64, 48)
	for _, c := range []struct{ given, used int }{{0, 90}, {20, 20}, {90, 90}, {100, 100}} {
		r, err := New(nil, Options{}).render(t.Context(), encoded(t, "png", src), seine.Image{To: seine.WebP, Quality: c.given})
		if err != nil {
			t.Fatal(err)
		}
		want, err := webpenc.Encode(t.Context(), src, c.used)
		if err != nil || !bytes.Equal(r.body, want) || r.kind != (kind{"image/webp", "webp"}) || r.width != 64 || r.height != 48 {
			t.Errorf("quality %d: got %d bytes, %+v, %dx%d, want %d bytes (%v)", c.given, len(r.body), r.kind, r.width, r.height, len(want), err)
		}
	}
	wide := encoded(t, "png", image.NewGray(image.Rect(0, 0, webpenc.MaxSide+1, 1)))
	if _, err := New(nil, Options{}).render(t.Context(), wide, seine.Image{To: seine.WebP}); Reason(err) != "image is too large for a WebP" {
		t.Errorf("got %v", err)
	}
}

func TestTheOriginalIsStoredBeside(t *testing.T) {
	t.Parallel()
	store, dir := folderStore(t)
	body := jpegFile(t, picture(50, 40), "-quality", "80")
	a := seine.Asset{
		Name: "front", URL: "u", Path: "png/7_front.{ext}", OriginalPath: "png/7_front_original.{ext}",
		Image: &seine.Image{Keep: seine.KeepOriginal, Crop: &seine.Crop{OfWidth: 50, OfHeight: 40, Left: 10, Top: 10, Right: 30, Bottom: 20}},
	}
	got, err := New(store, Options{}).Keep(t.Context(), web{"u": {media: "image/jpeg", body: body}}, a, Hold{Again: true})
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v; want two files", got, err)
	}
	if s := got[0]; s.Name != "front" || s.Path != "png/7_front.png" || s.Width != 20 || s.OriginalWidth != 50 || s.OriginalBytes != int64(len(body)) {
		t.Errorf("the rendition: %+v", s)
	}
	s := got[1]
	if s.Name != "front_original" || s.Path != "png/7_front_original.jpg" || s.Width != 50 || s.Height != 40 || s.Bytes != int64(len(body)) || !bytes.Equal(s.SHA256, got[0].OriginalSHA256) {
		t.Errorf("the original: %+v", s)
	}
	if file, err := os.ReadFile(filepath.Join(dir, s.Path)); err != nil || !bytes.Equal(file, body) {
		t.Errorf("the original in the store: %d bytes, %v; want %d", len(file), err, len(body))
	}
	a.OriginalPath = ""
	if _, err := New(memblob.OpenBucket(nil), Options{}).Keep(t.Context(), web{"u": {body: body}}, a, Hold{}); Reason(err) != "original has no path of its own" {
		t.Errorf("without a path: %v", err)
	}
	// No file, not even the original, is left of what can't be rendered.
	empty, dir := folderStore(t)
	a.OriginalPath = "o.{ext}"
	if _, err := New(empty, Options{}).Keep(t.Context(), web{"u": {media: "image/avif", body: []byte("\x00\x00\x00\x1cftypavif\x00\x00\x00\x00")}}, a, Hold{}); Reason(err) != "image/avif can't be rendered" {
		t.Errorf("AVIF: %v", err)
	}
	if left := filesIn(t, dir); left != "" {
		t.Errorf("the store holds %s", left)
	}
}

func TestWhatAScraperMayAskByMistake(t *testing.T) {
	t.Parallel()
	body := encoded(t, "png", picture(4, 4))
	for want, spec := range map[string]seine.Image{
		"image is to be of no known format":      {To: "avif"},
		"image is to be encoded in no known way": {PNG: "tiny"},
		"image quality is not 1 to 100":          {To: seine.JPEG, Quality: 101},
		"image is to fit into no pixels":         {Resize: &seine.Size{Width: 5}},
		"crop has no reference size":             {Crop: &seine.Crop{Right: 1, Bottom: 1}},
		"image keeps an unknown part":            {Keep: "all"},
	} {
		if _, err := New(nil, Options{}).render(t.Context(), body, spec); Reason(err) != want {
			t.Errorf("%+v: %q; want %q", spec, Reason(err), want)
		}
	}
}

// The file that the keeper stores of a photograph has the pixels of djpeg.
func TestPhotographsThroughTheKeeper(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("/usr/share/backgrounds/mate/nature/*.jpg")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d photographs of Debian's mate-backgrounds, which scripts/test installs: %v", len(files), err)
	}
	for _, f := range files[:4] {
		t.Run(filepath.Base(f), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			store, dir := folderStore(t)
			got, err := keepOne(t.Context(), New(store, Options{}), web{"u": {media: "image/jpeg", body: body}}, seine.Asset{URL: "u", Path: "f.{ext}", Image: &seine.Image{
				PNG: seine.PNGFast, Crop: &seine.Crop{OfWidth: 1000, OfHeight: 1000, Left: 301, Top: 307, Right: 633, Bottom: 711},
			}}, Hold{})
			if err != nil {
				t.Fatal(err)
			}
			ppm, err := exec.CommandContext(t.Context(), "djpeg", "-ppm", f).Output()
			if err != nil {
				t.Fatal(err)
			}
			w, h := got.OriginalWidth, got.OriginalHeight
			ppm = ppm[len(ppm)-3*w*h:]
			file, err := os.Open(filepath.Join(dir, "f.png"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			img, err := png.Decode(file)
			if err != nil {
				t.Fatal(err)
			}
			box := Box(seine.Crop{OfWidth: 1000, OfHeight: 1000, Left: 301, Top: 307, Right: 633, Bottom: 711}, w, h)
			want := image.NewRGBA(box)
			for y := box.Min.Y; y < box.Max.Y; y++ {
				for x := box.Min.X; x < box.Max.X; x++ {
					px := ppm[3*(y*w+x):]
					want.SetRGBA(x, y, color.RGBA{px[0], px[1], px[2], 255})
				}
			}
			equalPixels(t, f, img, want)
		})
	}
}
