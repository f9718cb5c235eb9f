package asset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
)

// web answers by URL. An unknown URL is a 404.
type web map[string]answer

type answer struct {
	status int
	media  string
	body   []byte
	err    error
}

func (w web) Fetch(_ context.Context, req seine.Request) (*seine.Page, error) {
	a, ok := w[req.URL]
	if !ok {
		a = answer{status: http.StatusNotFound}
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if !req.Raw {
		return nil, errors.New("an asset must be asked for as it is")
	}
	return &seine.Page{URL: req.URL, Status: a.status, Header: http.Header{"Content-Type": {a.media}}, Body: a.body}, a.err
}

// picture is a photograph-like image.
func picture(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x * 3), uint8(y * 5), uint8(x ^ y), 255})
		}
	}
	return img
}

func encoded(t testing.TB, format string, img image.Image) []byte {
	t.Helper()
	var (
		b   bytes.Buffer
		err error
	)
	switch format {
	case "png":
		err = png.Encode(&b, img)
	case "jpeg":
		err = jpeg.Encode(&b, img, nil)
	case "gif":
		err = gif.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func folderStore(t *testing.T) (*blob.Bucket, string) {
	t.Helper()
	dir := t.TempDir()
	b, err := fileblob.OpenBucket(dir, &fileblob.Options{Metadata: fileblob.MetadataDontWrite, NoTempDir: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b, dir
}

// keepOne keeps an asset that is one file.
func keepOne(ctx context.Context, k *Keeper, from web, a seine.Asset, hold Hold) (assetfile.Stored, error) {
	got, err := k.Keep(ctx, from, a, hold)
	if err != nil {
		return assetfile.Stored{}, err
	}
	if len(got) != 1 {
		return assetfile.Stored{}, fmt.Errorf("kept %d files; want 1", len(got))
	}
	return got[0], nil
}

func filesIn(t *testing.T, dir string) string {
	t.Helper()
	var out []string
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			out = append(out, rel)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func TestKeepStoresTheWholeRendition(t *testing.T) {
	t.Parallel()
	store, dir := folderStore(t)
	src := picture(512, 884)
	body := encoded(t, "png", src)
	k := New(store, Options{})
	got, err := keepOne(t.Context(), k, web{"http://h/large/a": {media: "image/png", body: body}}, seine.Asset{
		Name: "front", URL: "http://h/small/a", Upgrade: &seine.Upgrade{From: "/small/", To: "/large/"}, Path: "png/10/7_front.{ext}",
		Image: &seine.Image{Crop: &seine.Crop{OfWidth: 1024, OfHeight: 1768, Left: 110, Top: 467, Right: 920, Bottom: 1625}},
	}, Hold{})
	if err != nil {
		t.Fatal(err)
	}
	if got.URL != "http://h/large/a" || got.Path != "png/10/7_front.png" || got.OriginalBytes != int64(len(body)) || got.OriginalWidth != 512 {
		t.Errorf("stored %+v", got)
	}
	file, err := os.ReadFile(filepath.Join(dir, "png/10/7_front.png"))
	if err != nil || int64(len(file)) != got.Bytes {
		t.Fatalf("%d bytes, %v; the row says %d", len(file), err, got.Bytes)
	}
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	// 110/1024 of 512 is 55, 467/1768 of 884 is 233.5 → 234, 920 → 460, 1625 → 812.5 → 813.
	box := image.Rect(55, 234, 460, 813)
	if img.Bounds().Size() != box.Size() || got.Width != box.Dx() || got.Height != box.Dy() {
		t.Fatalf("size %v; want %v", img.Bounds().Size(), box.Size())
	}
	for y := range box.Dy() {
		for x := range box.Dx() {
			if a, b := color.NRGBAModel.Convert(img.At(x, y)), src.At(box.Min.X+x, box.Min.Y+y); a != b {
				t.Fatalf("pixel %d, %d is %v; want %v", x, y, a, b)
			}
		}
	}
}

func TestUpgradeFallsBackOnlyWhenThereIsNoBetterFile(t *testing.T) {
	t.Parallel()
	good := answer{media: "image/png", body: encoded(t, "png", picture(4, 4))}
	for _, tt := range []struct {
		name   string
		better answer
		want   string // the URL that is kept, or the reason
	}{
		{"it is there", good, "http://h/large/a"},
		{"404", answer{status: 404}, "http://h/small/a"},
		{"403", answer{status: 403}, "http://h/small/a"},
		{"a page that says sorry", answer{media: "text/html", body: []byte("<html>sorry")}, "http://h/small/a"},
		{"500 may pass", answer{status: 500}, "HTTP 500"},
		{"429 may pass", answer{status: 429}, "HTTP 429"},
		{"a fault may pass", answer{err: errors.New("reset")}, "fetch failed"},
		{"a damaged file", answer{media: "image/png", body: append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 40)...)}, "http://h/small/a"},
		{"a file over the bound", answer{err: fmt.Errorf("fetch: %w", seine.ErrTooLarge)}, "http://h/small/a"},
		{"a cut file may pass", answer{media: "image/png", body: good.body[:len(good.body)-20]}, "image is cut short"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := New(memblob.OpenBucket(nil), Options{})
			got, err := keepOne(t.Context(), k, web{"http://h/large/a": tt.better, "http://h/small/a": good}, seine.Asset{
				URL: "http://h/small/a", Upgrade: &seine.Upgrade{From: "/small/", To: "/large/"}, Path: "a", Image: &seine.Image{},
			}, Hold{})
			if err != nil {
				got.URL = Reason(err)
			}
			if got.URL != tt.want {
				t.Errorf("kept %q (%v); want %q", got.URL, err, tt.want)
			}
		})
	}
}

func TestTheLastAttemptDoesWithoutTheBetterFile(t *testing.T) {
	t.Parallel()
	good := answer{media: "image/png", body: encoded(t, "png", picture(4, 4))}
	got, err := keepOne(t.Context(), New(memblob.OpenBucket(nil), Options{}), web{"http://h/large/a": {status: 500}, "http://h/small/a": good}, seine.Asset{
		URL: "http://h/small/a", Upgrade: &seine.Upgrade{From: "/small/", To: "/large/"}, Path: "a",
	}, Hold{Last: true})
	if err != nil || got.URL != "http://h/small/a" {
		t.Errorf("kept %q, %v; want the small one", got.URL, err)
	}
}

func TestFilesThatAreNotWhatTheyClaim(t *testing.T) {
	t.Parallel()
	jpg := encoded(t, "jpeg", picture(60, 40))
	pic := encoded(t, "png", picture(60, 40))
	for _, tt := range []struct {
		name  string
		a     answer
		image *seine.Image
		want  string
	}{
		{"empty", answer{media: "image/png"}, &seine.Image{}, "empty file"},
		{"HTML as an image", answer{media: "image/jpeg", body: []byte("<!doctype html><p>sorry")}, nil, "claims to be image/jpeg and is text/html"},
		{"HTML as PDF", answer{media: "application/pdf", body: []byte("<!doctype html><p>sorry")}, nil, "claims to be application/pdf and is text/html"},
		{"text to be rendered", answer{media: "text/plain", body: []byte("hello")}, &seine.Image{}, "not an image but text/plain"},
		{"a cut JPEG", answer{media: "image/jpeg", body: jpg[:len(jpg)/2]}, &seine.Image{}, "image is cut short"},
		{"a cut PNG", answer{media: "image/png", body: pic[:len(pic)/2]}, &seine.Image{}, "image is cut short"},
		{"a JPEG header alone", answer{media: "image/jpeg", body: []byte("\xff\xd8\xff\xe0")}, &seine.Image{}, "image is cut short"},
		{"a damaged header", answer{media: "image/png", body: append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 40)...)}, &seine.Image{}, "image header is damaged"},
		{"a PNG of 50,000 x 50,000", answer{media: "image/png", body: hugePNG()}, &seine.Image{}, "image has 50000x50000 = 2500000000 pixels; image.max_pixels is 100000000"},
		{"too small", answer{media: "image/png", body: pic}, &seine.Image{MinWidth: 61}, "image is too small"},
		{"no pixel left by the crop", answer{media: "image/png", body: encoded(t, "png", picture(1, 1))}, &seine.Image{Crop: &seine.Crop{OfWidth: 1000, OfHeight: 1000, Left: 1, Top: 1, Right: 2, Bottom: 2}}, "image is too small for its crop"},
		{"AVIF is not rendered", answer{media: "image/avif", body: []byte("\x00\x00\x00\x1cftypavif\x00\x00\x00\x00")}, &seine.Image{}, "image/avif can't be rendered"},
		{"HTML as SVG", answer{media: "image/svg+xml", body: []byte("<!-- sorry --><html>")}, nil, "claims to be image/svg+xml and is text/html"},
		{"empty, to be kept as it came", answer{media: "application/pdf"}, nil, "empty file"},
		{"404", answer{status: 404}, nil, "HTTP 404"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store, dir := folderStore(t)
			_, err := New(store, Options{}).Keep(t.Context(), web{"u": tt.a}, seine.Asset{URL: "u", Path: "a.{ext}", Image: tt.image}, Hold{})
			if err == nil || Reason(err) != tt.want {
				t.Errorf("reason %q (%v); want %q", Reason(err), err, tt.want)
			}
			if got := filesIn(t, dir); got != "" {
				t.Errorf("the store holds %s; want nothing", got)
			}
		})
	}
}

// hugePNG is a header of 50,000 x 50,000 pixels and nothing else.
func hugePNG() []byte {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	head := make([]byte, 17)
	copy(head, "IHDR")
	binary.BigEndian.PutUint32(head[4:], 50_000)
	binary.BigEndian.PutUint32(head[8:], 50_000)
	head[12], head[13] = 8, 6
	_ = binary.Write(&b, binary.BigEndian, uint32(13))
	b.Write(head)
	_ = binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(head))
	return b.Bytes()
}

func TestKeptAsItCame(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, media, body, path string }{
		{"PDF", "application/pdf", "%PDF-1.7 …", "f.pdf"},
		{"no type claimed", "", "GIF89a\x01\x00\x01\x00\x00\x00\x00", "f.gif"},
		{"AVIF", "image/avif", "\x00\x00\x00\x1cftypavif\x00\x00\x00\x00", "f.avif"},
		{"a type that bytes do not show", "text/csv", "a,b\n1,2\n", "f.csv"},
		{"AVIF by a compatible brand", "image/avif", "\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", "f.avif"},
		{"HEIC of ten bits", "image/heic", "\x00\x00\x00\x18ftypheix\x00\x00\x00\x00mif1heix", "f.heic"},
		{"HEIF of another codec", "image/heif", "\x00\x00\x00\x14ftypmif1\x00\x00\x00\x00mif1", "f.heif"},
		{"a cut list of brands", "image/avif", "\x00\x00\x10\x00ftypmif1\x00\x00\x00\x00av", "f.heif"},
		{"JPEG 2000", "image/jp2", "\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 ", "f.jp2"},
		{"SVG without a declaration", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg"/>`, "f.svg"},
		{"SVG after a comment", "image/svg+xml", "\xef\xbb\xbf<!-- made by hand -->\n<!DOCTYPE svg [ <!ENTITY a 'b>'> ]>\n<svg>", "f.svg"},
		{"SVG that claims nothing", "", `<?xml version="1.0"?><svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>`, "f.svg"},
		{"a page with SVG in it", "text/html", "<!DOCTYPE html><svg/>", "f.html"},
		{"an image that bytes do not show", "image/vnd.nobody", "\x01\x02\x03", "f.bin"},
		{"text that claims to be an image", "image/png", "not found", "f.png"},
		{"unknown", "application/x-nobody-knows", "\x01\x02\x03", "f.bin"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store, dir := folderStore(t)
			got, err := keepOne(t.Context(), New(store, Options{}), web{"u": {media: tt.media, body: []byte(tt.body)}}, seine.Asset{URL: "u", Path: "f.{ext}"}, Hold{})
			if err != nil || got.Path != tt.path {
				t.Fatalf("path %q, %v; want %q", got.Path, err, tt.path)
			}
			if file, err := os.ReadFile(filepath.Join(dir, tt.path)); err != nil || string(file) != tt.body {
				t.Errorf("file %q, %v; want %q", file, err, tt.body)
			}
		})
	}
}

func TestAKeyIsCreatedOnce(t *testing.T) {
	t.Parallel()
	store, dir := folderStore(t)
	k := New(store, Options{})
	keep := func(body string, hold Hold) error {
		_, err := k.Keep(t.Context(), web{"u": {body: []byte(body)}}, seine.Asset{URL: "u", Path: "f"}, hold)
		return err
	}
	is := func(want string) {
		t.Helper()
		if got, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || string(got) != want {
			t.Errorf("the file is %q, %v; want %q", got, err, want)
		}
	}
	if err := keep("one", Hold{}); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	never := Hold{Owned: func(context.Context) error { t.Error("asked for an equal file"); return nil }}
	if err := keep("one", never); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(filepath.Join(dir, "f")); err != nil || !os.SameFile(before, after) {
		t.Errorf("an equal file was written anew: %v", err)
	}
	lost := errors.New("lease lost")
	if err := keep("two", Hold{Owned: func(context.Context) error { return lost }}); !errors.Is(err, lost) {
		t.Errorf("another file without the lease: %v; want %v", err, lost)
	}
	is("one")
	if err := keep("two", Hold{Owned: func(context.Context) error { return nil }}); err != nil {
		t.Error(err)
	}
	is("two")
}

func TestNothingHalfWrittenStays(t *testing.T) {
	t.Parallel()
	store, dir := folderStore(t)
	k := New(store, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := k.put(ctx, assetfile.Stored{Path: "a/f"}, []byte("body"), Hold{}); err == nil {
		t.Error("a write that was stopped succeeded")
	}
	if got := filesIn(t, dir); got != "" {
		t.Errorf("a write that was stopped left %s", got)
	}
	// The next attempt removes the temporary files of a killed writer and nothing else.
	for _, name := range []string{"a/f.png.18f2.tmp", "a/f.png.tmpx", "a/g.png.18f2.tmp", "a/f.jpg"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Keep(t.Context(), web{"u": {body: []byte("whole")}}, seine.Asset{URL: "u", Path: "a/f.png"}, Hold{Again: true}); err != nil {
		t.Fatal(err)
	}
	if got, want := filesIn(t, dir), "a/f.jpg a/f.png a/f.png.tmpx a/g.png.18f2.tmp"; got != want {
		t.Errorf("the store holds %s; want %s", got, want)
	}
}

func TestReasonsHoldNoValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{StoreError(t.Context(), "png/1/7_front.png", syscall.ENOSPC), "disk full"},
		{StoreError(t.Context(), "png/1/7_front.png", errors.New("denied")), "store does not take it"},
		{StoreError(t.Context(), "png/1/7_front.png", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), "store does not answer"},
		{StoreError(t.Context(), "png/1/7_front.png", &fs.PathError{Op: "open", Err: syscall.EACCES}), "store does not take it"},
		{fmt.Errorf("fetch http://h/7: %w", Fault("HTTP 500")), "HTTP 500"},
		{missing{Fault("HTTP 404")}, "HTTP 404"},
	} {
		if got := Reason(tt.err); got != tt.want {
			t.Errorf("Reason(%v) = %q; want %q", tt.err, got, tt.want)
		}
	}
	if !errors.Is(StoreError(t.Context(), "p", &fs.PathError{Err: syscall.ENOSPC}), ErrDiskFull) {
		t.Error("a full disk is not told")
	}
}
