package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/testkit"
)

// compare checks a frontier and a store against the site's truth for each ID and each picture.
func compare(t *testing.T, site *cardsite.Served, at string, store files) {
	t.Helper()
	f := testkit.Open(t, at, drivers.Options{})
	jobs, err := f.Jobs(t.Context())
	if err != nil || len(jobs) != 1 {
		t.Fatalf("jobs %+v, %v; want one", jobs, err)
	}
	tasks, err := f.Tasks(t.Context(), jobs[0].ID, frontier.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]frontier.TaskInfo{}
	for _, x := range tasks {
		got[x.Key] = x
	}
	if len(got) != len(site.Truths()) || len(tasks) != len(got) {
		t.Errorf("%d tasks; want %d", len(tasks), len(site.Truths()))
	}
	records := map[string][]frontier.Stored{}
	if err := f.Records(t.Context(), jobs[0].ID, func(r frontier.Stored) error {
		records[r.Key] = append(records[r.Key], r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	owned := map[string]bool{}
	for _, want := range site.Truths() {
		key := fmt.Sprint(want.ID)
		task := got[key]
		if task.State != want.State || strings.TrimSuffix(task.Reason, frontier.WithScreenshot) != want.Reason || !task.Final {
			t.Errorf("%s is %s (%s), final %v; want %s (%s)", key, task.State, task.Reason, task.Final, want.State, want.Reason)
		}
		if want.State != seine.Done {
			if len(records[key]) != 0 {
				t.Errorf("%s is %s and has %d records", key, want.State, len(records[key]))
			}
			continue
		}
		if len(records[key]) != 1 {
			t.Errorf("%s has %d records; want 1", key, len(records[key]))
			continue
		}
		compareRecord(t, site, want, records[key][0], store, owned)
	}
	for path := range store {
		if !owned[path] && !strings.HasPrefix(path, asset.ScreenshotFolder) {
			t.Errorf("%s is nobody's", path)
		}
	}
}

func compareRecord(t *testing.T, site *cardsite.Served, want cardsite.Truth, rec frontier.Stored, store files, owned map[string]bool) {
	t.Helper()
	var fields struct {
		Cert, Grade string
		Title       *string // the original's job has none
	}
	if err := json.Unmarshal(rec.Fields, &fields); err != nil {
		t.Fatal(err)
	}
	if fields.Cert != rec.Key || fields.Grade != want.Grade || fields.Title != nil && !strings.HasSuffix(*fields.Title, want.Name) {
		t.Errorf("%s: fields %s; want grade %s, name %s", rec.Key, rec.Fields, want.Grade, want.Name)
	}
	if len(rec.Assets) != 2 {
		t.Errorf("%s has %d assets; want 2", rec.Key, len(rec.Assets))
	}
	for _, a := range rec.Assets {
		if path := fmt.Sprintf("png/%s/%s_%s.png", want.Grade, rec.Key, a.Name); a.Path != path {
			t.Errorf("%s lies at %s; want %s", a.Name, a.Path, path)
		}
		owned[a.Path] = true
		body, ok := store[a.Path]
		if !ok {
			t.Errorf("%s is not in the store", a.Path)
			continue
		}
		if int64(len(body)) != a.Bytes {
			t.Errorf("%s has %d bytes; its row says %d", a.Path, len(body), a.Bytes)
		}
		size := "large"
		if a.Name == "front" && !want.LargeFront || a.Name == "back" && !want.LargeBack {
			size = "small"
		}
		if err := samePicture(t, site, want.ID, a.Name, size, body); err != nil {
			t.Errorf("%s: %v", a.Path, err)
		}
	}
}

// samePicture compares a stored picture with the site's, decoded by libjpeg and cropped here, pixel
// by pixel. The holder must be absent and the card whole.
func samePicture(t *testing.T, site *cardsite.Served, id int64, side, size string, body []byte) error {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(body))
	if err != nil {
		return err
	}
	served, ok := site.Image(id, side, size)
	if !ok {
		return fmt.Errorf("the site has no %s %s", size, side)
	}
	src := libjpeg(t, served)
	b := cardsite.Boxes[side]
	box := asset.Box(seine.Crop{
		OfWidth: cardsite.Width, OfHeight: cardsite.Height, Left: b.Min.X, Top: b.Min.Y, Right: b.Max.X, Bottom: b.Max.Y,
	}, src.Bounds().Dx(), src.Bounds().Dy())
	if img.Bounds().Size() != box.Size() {
		return fmt.Errorf("size %v; want %v", img.Bounds().Size(), box.Size())
	}
	got := pixels(img, img.Bounds())
	for i, want := range pixels(src, box) {
		if d := int(got[i]) - int(want); d < -maxOff || d > maxOff {
			x, y := i/4%box.Dx(), i/4/box.Dx()
			return fmt.Errorf("sample %d of pixel %d, %d is %d; want %d", i%4, x, y, got[i], want)
		}
	}
	return nil
}

// maxOff is the largest permitted difference of a sample from libjpeg's, because decoders round.
const maxOff = 3

// pixels returns the samples of a part of an opaque image, four per pixel.
func pixels(img image.Image, part image.Rectangle) []byte {
	out := image.NewRGBA(image.Rectangle{Max: part.Size()})
	draw.Draw(out, out.Bounds(), img, part.Min, draw.Src)
	return out.Pix
}

// libjpeg decodes by djpeg, which scripts/test installs.
func libjpeg(t *testing.T, body []byte) image.Image {
	t.Helper()
	c := exec.CommandContext(t.Context(), "djpeg", "-pnm")
	c.Stdin = bytes.NewReader(body)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("djpeg (apt-get install libjpeg-turbo-progs): %v", err)
	}
	var kind string
	var w, h, most int
	if _, err := fmt.Fscan(bytes.NewReader(out), &kind, &w, &h, &most); err != nil || kind != "P6" {
		t.Fatalf("djpeg gives %q: %v", kind, err)
	}
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	samples := out[len(out)-3*w*h:]
	for i := range w * h {
		copy(img.Pix[4*i:], samples[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img
}

// files is the content of a store by key.
type files map[string][]byte

// folder reads a store that is one.
func folder(t *testing.T, dir string) files {
	t.Helper()
	out := files{}
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		out[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	}); err != nil {
		t.Error(err)
	}
	return out
}
