package extract

import (
	"path"
	"slices"
	"strings"

	"github.com/seinehq/seine"
)

// The words of an image.
var (
	imageFormats = []string{seine.PNG, seine.JPEG, seine.WebP}
	imageModes   = []string{seine.ModeFit, seine.ModeCenterCrop, seine.ModeBorder, seine.ModeStretch}
	pngEfforts   = []string{seine.PNGFast, seine.PNGBalanced, seine.PNGSmall}
	imageKeeps   = []string{seine.KeepOriginal}
)

// maxReference bounds sizes in pixels, so that edge × size fits.
const maxReference = 1 << 20

func (c *compiler) image(at string, i seine.Image) {
	c.oneOf(at+".to", "format", i.To, imageFormats)
	c.oneOf(at+".png", "effort", i.PNG, pngEfforts)
	c.oneOf(at+".keep", "word", i.Keep, imageKeeps)
	switch {
	case i.Quality < 0 || i.Quality > 100:
		c.say(at+".quality", "%d is not 1 to 100", i.Quality)
	case i.Quality != 0 && i.To != seine.JPEG && i.To != seine.WebP:
		c.say(at+".quality", "is for JPEG and WebP: give to: jpeg or to: webp, or leave it out")
	}
	if i.PNG != "" && i.To != "" && i.To != seine.PNG {
		c.say(at+".png", "is for PNG, and to is %s: leave one of them out", i.To)
	}
	c.oneOf(at+".mode", "mode", i.Mode, imageModes)
	if i.Mode != "" && i.Resize == nil {
		c.say(at+".mode", "is how to resize: add resize: 256x256, or leave it out")
	}
	if i.MaxPixels < 0 {
		c.say(at+".max_pixels", "%d is negative", i.MaxPixels)
	}
	if i.MinWidth < 0 || i.MinHeight < 0 {
		c.say(at+".min", "%dx%d is negative", i.MinWidth, i.MinHeight)
	}
	if r := i.Resize; r != nil && (r.Width < 1 || r.Height < 1 || r.Width > maxReference || r.Height > maxReference) {
		c.say(at+".resize", "%dx%d holds no image; each side must be 1 to %d", r.Width, r.Height, maxReference)
	}
	if i.Crop != nil {
		c.crop(at+".crop", *i.Crop)
	}
}

// oneOf reports a word that is not in known. An empty word means the default.
func (c *compiler) oneOf(at, what, word string, known []string) {
	if word != "" && !slices.Contains(known, word) {
		c.sayNear(at, word, known, "unknown %s %q: %s", what, word, strings.Join(known, ", "))
	}
}

func (c *compiler) crop(at string, crop seine.Crop) {
	switch {
	case crop.OfWidth <= 0 || crop.OfHeight <= 0 || crop.OfWidth > maxReference || crop.OfHeight > maxReference:
		c.say(at+".of", "the reference is %dx%d; each side must be 1 to %d", crop.OfWidth, crop.OfHeight, maxReference)
	case crop.Left < 0 || crop.Top < 0 || crop.Right > crop.OfWidth || crop.Bottom > crop.OfHeight:
		c.say(at+".box", "the box [%d, %d, %d, %d] is outside the reference of %dx%d",
			crop.Left, crop.Top, crop.Right, crop.Bottom, crop.OfWidth, crop.OfHeight)
	case crop.Left >= crop.Right || crop.Top >= crop.Bottom:
		c.say(at+".box", "the box [%d, %d, %d, %d] is empty: give left, top, right, bottom",
			crop.Left, crop.Top, crop.Right, crop.Bottom)
	}
}

// keepsOriginal reports whether an asset is stored as two files.
func (a AssetRule) keepsOriginal() bool {
	return a.Image != nil && a.Image.Keep == seine.KeepOriginal
}

// extensions lists the permitted ends of a rendition's key.
var extensions = map[string][]string{seine.PNG: {".png"}, seine.JPEG: {".jpg", ".jpeg"}, seine.WebP: {".webp"}}

// imageKeys reports a key whose end names another type than its file has, because the store serves
// a file by the end of its key.
func (c *compiler) imageKeys(at, src string, t template, assets []AssetRule) {
	ending := ""
	if len(t) > 0 {
		ending = path.Ext(path.Base("x" + t[len(t)-1].literal))
	}
	for _, a := range assets {
		switch {
		case a.keepsOriginal() && !t.has("asset"):
			c.say(at, "%q has no {asset}: %s and its original would share a file", src, a.Name)
		case a.keepsOriginal() && ending != "":
			c.say(at, "%q ends in %s, and the original of %s has a type of its own: end it in .{ext}", src, ending, a.Name)
		case a.Image != nil && ending != "":
			to := a.Image.To
			if to == "" {
				to = seine.PNG
			}
			if fit := extensions[to]; fit != nil && !slices.Contains(fit, strings.ToLower(ending)) {
				c.say(at, "%q ends in %s, and %s is stored as %s: end it in .{ext} or %s", src, ending, a.Name, to, fit[0])
			}
		}
	}
}
