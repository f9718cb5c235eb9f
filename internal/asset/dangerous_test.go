package asset

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"runtime"
	"testing"

	"github.com/seinehq/seine"
)

// riff is a WebP of chunks.
func riff(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func riffChunk(name string, body []byte) []byte {
	out := append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body))), body...)
	return append(out, make([]byte, len(body)%2)...)
}

// vp8x is the head of an extended WebP.
func vp8x(flags byte, w, h int) []byte {
	b := []byte{flags, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), byte((w - 1) >> 16), byte(h - 1), byte((h - 1) >> 8), byte((h - 1) >> 16)}
	return riffChunk("VP8X", b)
}

// vp8l is the head of lossless pixels.
func vp8l(w, h int) []byte {
	v := uint32(w-1) | uint32(h-1)<<14
	return riffChunk("VP8L", append([]byte{0x2f}, binary.LittleEndian.AppendUint32(nil, v)...))
}

// bomb returns a PNG whose named chunk before the pixels unpacks to 64 MiB.
func bomb(t *testing.T, name, before string) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	for range 64 {
		if _, err := z.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	body := encoded(t, "png", picture(9, 9))
	const head = 8 + 25
	return append(append(append([]byte{}, body[:head]...), chunk(name, append([]byte(before), packed.Bytes()...))...), body[head:]...)
}

// manyScans is a JPEG that brings its first scan over and over.
func manyScans(t *testing.T) []byte {
	t.Helper()
	body := jpegFile(t, picture(400, 300), "-progressive")
	first := bytes.Index(body, []byte{0xff, 0xda})
	next := first + 2 + bytes.Index(body[first+2:], []byte{0xff, 0xc4})
	out := append([]byte{}, body[:first]...)
	for range 50_000 {
		out = append(out, body[first:next]...)
		if len(out) > 32<<20 {
			break
		}
	}
	return append(out, body[next:]...)
}

// jpegSize returns a JPEG whose header states the given size.
func jpegSize(t *testing.T, w, h int, args ...string) []byte {
	t.Helper()
	body := jpegFile(t, picture(16, 16), args...)
	at := max(bytes.Index(body, []byte{0xff, 0xc0, 0}), bytes.Index(body, []byte{0xff, 0xc2, 0}))
	binary.BigEndian.PutUint16(body[at+5:], uint16(h))
	binary.BigEndian.PutUint16(body[at+7:], uint16(w))
	return body
}

func pngSize(w, h uint32) []byte {
	head := make([]byte, 13)
	binary.BigEndian.PutUint32(head, w)
	binary.BigEndian.PutUint32(head[4:], h)
	head[8], head[9] = 16, 6
	return append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", head)...)
}

// gifFrame returns a GIF whose first frame is offset on its canvas.
func gifFrame(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	pal := color.Palette{color.Black, color.White}
	if err := gif.EncodeAll(&b, &gif.GIF{
		Image: []*image.Paletted{image.NewPaletted(image.Rect(2, 2, 10, 8), pal)}, Delay: []int{0}, Config: image.Config{Width: 10, Height: 8, ColorModel: pal},
	}); err != nil {
		t.Fatal(err)
	}
	body := b.Bytes()
	binary.LittleEndian.PutUint16(body[6:], 5) // the canvas is narrower
	return body
}

// Whatever a server sends ends as the task's reason, in a moment and without much
// memory.
func TestDangerousFiles(t *testing.T) {
	cut := jpegFile(t, picture(300, 200), "-progressive")
	for _, tt := range []struct {
		name, want string
		body       []byte
	}{
		{"a JPEG of 50,000 scans", "image has too many scans", manyScans(t)},
		{"a JPEG of 65,000 x 65,000", "image has 65000x65000 = 4225000000 pixels; image.max_pixels is 100000000", jpegSize(t, 65_000, 65_000)},
		{"a progressive JPEG over the budget", "image has 9000x9000 = 81000000 pixels, which take 1625 MiB to render; the limit is 512 MiB without image.max_pixels", jpegSize(t, 9000, 9000, "-progressive", "-sample", "1x1")},
		{"a JPEG larger than its pixels", "image can't be decoded", jpegSize(t, 3000, 3000)},
		{"a JPEG of no width", "image has no pixels", jpegSize(t, 0, 10)},
		{"a JPEG of no height", "image has no pixels", jpegSize(t, 10, 0)},
		{"a JPEG cut between its scans", "image is cut short", cut[:len(cut)*3/4]},
		{"a JPEG of arithmetic codes", "a JPEG of this kind can't be rendered", bytes.Replace(cut, []byte{0xff, 0xc2, 0}, []byte{0xff, 0xca, 0}, 1)},
		{"a JPEG that is nothing", "image header is damaged", []byte("\xff\xd8\xff\xe0\x00\x00 nothing at all")},
		{"a PNG of 2³¹ x 2³¹", "image has 2147483647x2147483647 = 4611686014132420609 pixels; image.max_pixels is 100000000", pngSize(1<<31-1, 1<<31-1)},
		{"a PNG of more than there may be", "image header is damaged", pngSize(1<<31, 1)},
		{"a PNG of no width", "image has no pixels", pngSize(0, 5)},
		{"a PNG of 16 bits over the budget", "image has 9000x9000 = 81000000 pixels, which take 2474 MiB to render; the limit is 512 MiB without image.max_pixels", pngSize(9000, 9000)},
		{"a PNG whose pixels are missing", "image is cut short", pngSize(900, 900)},
		{"a PNG of no color type", "image can't be decoded", func() []byte {
			b := encoded(t, "png", picture(9, 9))
			b[25] = 5
			return b
		}()},
		{"a GIF whose frame leaves its canvas", "image can't be decoded", gifFrame(t)},
		{"a GIF of no frame", "image is cut short", []byte("GIF89a\x05\x00\x05\x00\x00\x00\x00;")[:13]},
		{"a GIF of no pixels", "image has no pixels", []byte("GIF89a\x00\x00\x05\x00\x00\x00\x00;")},
		{"a WebP whose canvas is huge", "image has 30000x30000 = 900000000 pixels; image.max_pixels is 100000000", riff(vp8x(0, 30_000, 30_000), vp8l(5, 5))},
		{"a WebP whose canvas is beyond all bounds", "image header is damaged", riff(vp8x(0, 1<<24, 1<<24))},
		{"a WebP whose frame is larger than its canvas", "image can't be decoded", riff(vp8x(0, 5, 5), vp8l(16_000, 16_000))},
		{"an animated WebP", "animated WebP can't be rendered", riff(vp8x(2, 5, 5), riffChunk("ANIM", make([]byte, 6)))},
		{"a WebP of nothing", "image is cut short", riff(riffChunk("VP8 ", nil))},
		{"a WebP whose pixels are missing", "image is cut short", riff(vp8l(5, 5))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := New(nil, Options{}).Preview(t.Context(), web{"u": {body: tt.body}}, nil, seine.Asset{URL: "u", Path: "f", Image: &seine.Image{}})
			runtime.ReadMemStats(&after)
			if got := Reason(err); got != tt.want {
				t.Errorf("reason %q (%v); want %q", got, err, tt.want)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
				t.Errorf("it took %d bytes", got)
			}
		})
	}
}

// Chunks other than the pixels are never unpacked.
func TestChunksBesideThePixelsAreSteppedOver(t *testing.T) {
	for _, body := range [][]byte{bomb(t, "zTXt", "a\x00\x00"), bomb(t, "iCCP", "a\x00\x00"), bomb(t, "iTXt", "a\x00\x01\x00\x00\x00")} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		equalPixels(t, "bomb", rendered(t, body, seine.Image{}), picture(9, 9))
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
			t.Errorf("%d bytes were taken", got)
		}
	}
}

// A cut file is cut wherever that is, and in every format.
func TestCutFiles(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{
		"JPEG": jpegFile(t, picture(40, 30)), "progressive JPEG": jpegFile(t, picture(40, 30), "-progressive"),
		"PNG": encoded(t, "png", picture(40, 30)), "GIF": encoded(t, "gif", picture(40, 30)),
	} {
		for n := 16; n < len(body)-13; n += 7 { // what a GIF and a PNG end with says nothing of pixels
			_, err := New(nil, Options{}).render(t.Context(), body[:n], seine.Image{})
			if got := Reason(err); got != "image is cut short" {
				t.Errorf("%s, %d of %d bytes: %q (%v)", name, n, len(body), got, err)
			}
		}
	}
}
