package sitekit

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Fill paints a rectangle.
func Fill(img draw.Image, r image.Rectangle, c color.Color) {
	draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// HSV returns a color by hue, saturation and value, each from 0 to 1.
func HSV(h, s, v float64) color.RGBA {
	at := func(n float64) uint8 {
		k := math.Mod(n+h*6, 6)
		return uint8(255 * (v - v*s*max(0, min(k, 4-k, 1))))
	}
	return color.RGBA{at(5), at(3), at(1), 255}
}

var bold = sync.OnceValue(func() *opentype.Font {
	f, err := opentype.Parse(gobold.TTF)
	if err != nil {
		panic(err)
	}
	return f
})

// Text writes a line whose baseline begins at x and y. Faces are not safe for concurrent use, so
// each text makes its own.
func Text(img draw.Image, x, y int, size float64, c color.Color, s string) {
	face, err := opentype.NewFace(bold(), &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		panic(err)
	}
	defer func() { _ = face.Close() }()
	d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(s)
}

// Cache keeps some pictures, because drawing one costs more than serving it. The zero value is
// empty. It is safe for concurrent use.
type Cache struct {
	mu    sync.Mutex
	files map[string][]byte
	order []string
}

// maxCached is the most pictures of a cache.
const maxCached = 600

// Get returns a picture.
func (c *Cache) Get(key string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.files[key]
	return b, ok
}

// Put keeps a picture. The oldest leaves a full cache.
func (c *Cache) Put(key string, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.files[key]; there {
		return
	}
	if len(c.order) >= maxCached {
		delete(c.files, c.order[0])
		c.order = c.order[1:]
	}
	if c.files == nil {
		c.files = map[string][]byte{}
	}
	c.files[key], c.order = body, append(c.order, key)
}
