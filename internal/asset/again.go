package asset

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"path"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
)

// These change when other bytes are made of equal options: plain of all options, and derived of
// those with a size or of JPEG files.
const (
	plain   = "1"
	derived = "2"
)

// RenderedBy identifies the options that determine the bytes of a rendition.
func RenderedBy(spec seine.Image) []byte {
	spec.Keep, spec.MinWidth, spec.MinHeight, spec.MaxPixels = "", 0, 0, 0
	if spec.To == "" {
		spec.To = seine.PNG
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return nil // numbers and texts have no errors
	}
	by := plain
	if spec.Resize != nil || spec.To == seine.JPEG {
		by = derived
	}
	sum := sha256.Sum256(append([]byte(by), text...))
	return sum[:8]
}

// A Remade is a new rendition of a stored original.
type Remade struct {
	assetfile.Stored
	body []byte
}

// Remake renders an original with other options. was is the present rendition. Its path gets the
// extension of the new format if it has an extension of its own format: see [Moved].
func (k *Keeper) Remake(ctx context.Context, original []byte, was assetfile.Stored, spec seine.Image) (Remade, error) {
	r, err := k.render(ctx, original, spec)
	if err != nil {
		return Remade{}, err
	}
	f := r.file(was.Name, Moved(was.Path, spec), was.URL, spec)
	f.Record = was.Record
	f.OriginalBytes, f.OriginalSHA256 = was.OriginalBytes, was.OriginalSHA256
	return Remade(f), nil
}

// Store writes a rendition in place, unless an equal file is there.
func (k *Keeper) Store(ctx context.Context, r Remade, hold Hold) error {
	return k.put(ctx, r.Stored, r.body, hold)
}

// Moved returns the path of a rendition in the format of other options: the extension .png, .jpg or
// .webp changes.
func Moved(at string, spec seine.Image) string {
	to := map[string]string{seine.JPEG: "jpg", seine.WebP: "webp"}[spec.To]
	if to == "" {
		to = "png"
	}
	old := path.Ext(at)
	switch old {
	case ".png", ".jpg", ".webp":
		return strings.TrimSuffix(at, old) + "." + to
	}
	return at
}

// Thumbnail returns a file as a JPEG that fits into a square, over white.
func (k *Keeper) Thumbnail(ctx context.Context, body []byte, side int) ([]byte, error) {
	const quality = 75
	r, err := k.render(ctx, body, seine.Image{To: seine.JPEG, Quality: quality, Resize: &seine.Size{Width: side, Height: side}})
	if err != nil {
		return nil, err
	}
	return r.body, nil
}
