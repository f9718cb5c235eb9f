package shopsite

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"strconv"
	"strings"

	"github.com/seinehq/seine/internal/sitekit"
)

// Width and Height are the size of a picture in pixels.
const Width, Height = 240, 300

// picture is the content of an image.
type picture struct {
	sku, color string
	product, n int
}

var paints = map[string]color.RGBA{
	"black": {30, 30, 34, 255}, "blue": {40, 80, 190, 255}, "green": {40, 140, 70, 255}, "red": {200, 40, 45, 255}, "sand": {215, 190, 140, 255},
}

// Image returns the file of a path such as /i/S00001/1.jpg.
func (s *Site) Image(path string) ([]byte, bool) {
	p, ok := s.images[path]
	if !ok {
		return nil, false
	}
	if body, ok := s.cache.Get(path); ok {
		return body, true
	}
	img := image.NewRGBA(image.Rect(0, 0, Width, Height))
	sitekit.Fill(img, img.Bounds(), color.White)
	body := image.Rect(30, 40+20*p.n, Width-30, Height-60)
	sitekit.Fill(img, body, paints[p.color])
	sitekit.Fill(img, body.Inset(20+p.product%20), sitekit.HSV(float64(p.product*47%360)/360, 0.5, 0.9))
	sitekit.Text(img, 30, 28, 20, color.Black, p.sku)
	sitekit.Text(img, 30, Height-24, 18, color.Black, fmt.Sprintf("view %d", p.n+1))
	var b bytes.Buffer
	var err error
	if strings.HasSuffix(path, ".png") {
		err = png.Encode(&b, img)
	} else {
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 85})
	}
	if err != nil {
		return nil, false
	}
	s.cache.Put(path, b.Bytes())
	return b.Bytes(), true
}

func (s *Site) image(w http.ResponseWriter, r *http.Request) {
	body, ok := s.Image(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	if p := s.images[r.URL.Path]; optOut(p.product, p.n) {
		w.Header().Set("X-Robots-Tag", "noai, noimageai")
	}
	w.Header().Set("Content-Type", http.DetectContentType(body))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}
