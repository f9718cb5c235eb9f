package asset_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"os/exec"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/testkit"
)

// plain asks without any manners.
type plain struct{}

func (plain) Fetch(ctx context.Context, r seine.Request) (*seine.Page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return &seine.Page{URL: r.URL, Status: resp.StatusCode, Header: resp.Header, Body: body}, err
}

// Photographs on the bundled site's cards are stored with djpeg's pixels, cropped as the original
// crops.
func TestPhotographsOfTheSite(t *testing.T) {
	t.Parallel()
	site, err := cardsite.New(cardsite.Config{Calm: true, Photos: "/usr/share/backgrounds/mate/nature"})
	if err != nil {
		t.Fatalf("%v; the photographs are Debian's mate-backgrounds, which scripts/test installs", err)
	}
	server := testkit.Serve(t, site.Images().ServeHTTP)
	box := image.Rect(110, 467, 920, 1625)
	spec := &seine.Image{PNG: seine.PNGFast, Crop: &seine.Crop{OfWidth: 1024, OfHeight: 1768, Left: 110, Top: 467, Right: 920, Bottom: 1625}}
	kept := 0
	for _, truth := range site.Truths() {
		original, ok := site.Image(truth.ID, "front", "large")
		if truth.State != seine.Done || !ok || kept == 16 {
			continue
		}
		kept++
		store := memblob.OpenBucket(nil)
		files, err := asset.New(store, asset.Options{}).Keep(t.Context(), plain{}, seine.Asset{
			Name: "front", URL: fmt.Sprintf("%s/cert/%d/small/front.jpg", server.URL, truth.ID), Upgrade: &seine.Upgrade{From: "/small/", To: "/large/"}, Path: "f.{ext}", Image: spec,
		}, asset.Hold{})
		if err != nil || len(files) != 1 || files[0].OriginalBytes != int64(len(original)) {
			t.Fatalf("card %d: %+v, %v; want one file of %d bytes", truth.ID, files, err, len(original))
		}
		body, err := store.ReadAll(t.Context(), "f.png")
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(body))
		if err != nil || img.Bounds().Size() != box.Size() {
			t.Fatalf("card %d: %v, %v; want %v", truth.ID, img.Bounds(), err, box.Size())
		}
		card, ok := img.(*image.RGBA)
		if !ok {
			t.Fatalf("card %d is a %T", truth.ID, img)
		}
		cmd := exec.CommandContext(t.Context(), "djpeg", "-ppm")
		cmd.Stdin = bytes.NewReader(original)
		ppm, err := cmd.Output()
		if err != nil {
			t.Fatalf("djpeg: %v; it is in Debian's libjpeg-turbo-progs, which scripts/test installs", err)
		}
		ppm = ppm[len(ppm)-3*cardsite.Width*cardsite.Height:]
		for y := range box.Dy() {
			for x := range box.Dx() {
				px := ppm[3*((box.Min.Y+y)*cardsite.Width+box.Min.X+x):]
				if c := card.RGBAAt(x, y); c.R != px[0] || c.G != px[1] || c.B != px[2] {
					t.Fatalf("card %d: pixel %d, %d is %v; djpeg has %v", truth.ID, x, y, c, px[:3])
				}
			}
		}
	}
	if kept != 16 {
		t.Errorf("%d cards; want 16", kept)
	}
}
