package cardsite

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	_ "image/png" // photographs may be PNG files
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	xdraw "golang.org/x/image/draw"

	"github.com/seinehq/seine/internal/sitekit"
)

// These are the size of a picture and the position of the card in its holder, front and back. The
// example job crops these boxes.
const (
	Width, Height = 1024, 1768
	smallDivisor  = 2
)

// Boxes are where the card lies, by side.
var Boxes = map[string]image.Rectangle{
	"front": image.Rect(110, 467, 920, 1625),
	"back":  image.Rect(110, 467, 915, 1622),
}

// These colors expose a wrong crop: the holder must be absent, and the card's edge must be visible
// on all four sides.
var (
	Holder = color.RGBA{210, 30, 160, 255}
	Edge   = color.RGBA{245, 200, 40, 255}
)

// edgeWidth is the width of a card's edge in pixels of the large picture.
const edgeWidth = 18

// Image returns a picture as JPEG: side is front or back, size small or large.
func (s *Site) Image(id int64, side, size string) ([]byte, bool) {
	t, ok := s.Truth(id)
	if !ok || t.Kind == Absent || s.cfg.Plain || size != "small" && size != "large" {
		return nil, false
	}
	switch side {
	case "front":
		ok = size == "small" || t.LargeFront
	case "back":
		ok = t.Back && (size == "small" || t.LargeBack)
	default:
		ok = false
	}
	if !ok {
		return nil, false
	}
	key := fmt.Sprintf("%d/%s/%s", id, size, side)
	if body, ok := s.cache.Get(key); ok {
		return body, true
	}
	img := s.drawCard(t, side)
	if size == "small" {
		small := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx()/smallDivisor, img.Bounds().Dy()/smallDivisor))
		xdraw.ApproxBiLinear.Scale(small, small.Bounds(), img, img.Bounds(), draw.Src, nil)
		img = small
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92}); err != nil {
		return nil, false
	}
	s.cache.Put(key, b.Bytes())
	return b.Bytes(), true
}

// stampDivisor is by how much a stamp is smaller than a picture.
const stampDivisor = 16

// drawStamp draws the holder, the edge, and a face of the card's own color. The number of dots is
// the ID's last byte, so that no two faces are equal.
func drawStamp(t Truth, side string) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, Width/stampDivisor, Height/stampDivisor))
	sitekit.Fill(img, img.Bounds(), Holder)
	b := Boxes[side]
	box := image.Rect(b.Min.X/stampDivisor, b.Min.Y/stampDivisor, b.Max.X/stampDivisor, b.Max.Y/stampDivisor)
	sitekit.Fill(img, box, Edge)
	face := box.Inset(2)
	hue := float64(t.ID*47%360) / 360
	if side == "back" {
		hue = math.Mod(hue+0.5, 1)
	}
	sitekit.Fill(img, face, sitekit.HSV(hue, 0.75, 0.9))
	for i := range int(t.ID & 0xff) {
		at := image.Pt(face.Min.X+i%16*2, face.Min.Y+i/16*2)
		sitekit.Fill(img, image.Rectangle{Min: at, Max: at.Add(image.Pt(1, 1))}.Intersect(face), color.White)
	}
	return img
}

func (s *Site) drawCard(t Truth, side string) *image.RGBA {
	if s.cfg.Stamps {
		return drawStamp(t, side)
	}
	img := image.NewRGBA(image.Rect(0, 0, Width, Height))
	sitekit.Fill(img, img.Bounds(), Holder)
	// The holder's label.
	label := image.Rect(90, 90, Width-90, 400)
	sitekit.Fill(img, label, color.RGBA{250, 250, 250, 255})
	sitekit.Text(img, label.Min.X+30, 200, 72, color.Black, fmt.Sprintf("#%d", t.ID))
	sitekit.Text(img, label.Min.X+30, 310, 72, color.Black, fmt.Sprintf("GRADE %s", strings.ToUpper(t.Grade)))

	box := Boxes[side]
	sitekit.Fill(img, box, Edge)
	face := box.Inset(edgeWidth)
	if len(s.photos) > 0 {
		s.drawPhoto(img, face, t.ID, side)
	} else {
		gradient(img, face, t, side)
	}
	strip := image.Rect(face.Min.X, face.Max.Y-300, face.Max.X, face.Max.Y)
	sitekit.Fill(img, strip, color.RGBA{20, 24, 40, 255})
	sitekit.Text(img, strip.Min.X+40, strip.Min.Y+110, 84, color.White, fmt.Sprint(t.ID))
	sitekit.Text(img, strip.Min.X+40, strip.Min.Y+230, 84, color.White, fmt.Sprintf("%s  %s", strings.ToUpper(side), gradeShown(t)))
	if side == "front" {
		sitekit.Text(img, face.Min.X+40, face.Min.Y+130, 96, color.White, t.Name)
	}
	return img
}

func gradeShown(t Truth) string {
	if t.Grade == "unknown" {
		return "?"
	}
	return t.Grade
}

// gradient paints a face in the card's own color. The back is striped, and the front shows a sun
// that is higher for a better grade.
func gradient(img *image.RGBA, r image.Rectangle, t Truth, side string) {
	hue := float64(t.ID*47%360) / 360
	if side == "back" {
		hue = math.Mod(hue+0.5, 1)
	}
	grade, err := strconv.Atoi(t.Grade)
	if err != nil {
		grade = 0
	}
	center := image.Pt(r.Min.X+r.Dx()/2, r.Max.Y-360-grade*40)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		f := float64(y-r.Min.Y) / float64(r.Dy())
		if side == "back" && (y/48)%2 == 0 {
			f = 1 - f
		}
		sky := sitekit.HSV(hue, 0.75, 0.95-0.55*f)
		sitekit.Fill(img, image.Rect(r.Min.X, y, r.Max.X, y+1), sky)
		if side == "front" {
			if dy := y - center.Y; dy*dy < sunRadius*sunRadius {
				half := int(math.Sqrt(float64(sunRadius*sunRadius - dy*dy)))
				sitekit.Fill(img, image.Rect(center.X-half, y, center.X+half, y+1), sitekit.HSV(math.Mod(hue+0.12, 1), 0.35, 1))
			}
		}
	}
}

// sunRadius is in pixels of the large picture.
const sunRadius = 190

func findPhotos(dir string) ([]string, error) {
	var out []string
	for _, pattern := range []string{"*.jpg", "*.jpeg", "*.png"} {
		m, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		out = append(out, m...)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("cardsite: %s holds neither .jpg nor .png", dir)
	}
	return out, nil
}

func (s *Site) drawPhoto(img *image.RGBA, face image.Rectangle, id int64, side string) {
	n := id * 2
	if side == "back" {
		n++
	}
	file, err := os.Open(s.photos[n%int64(len(s.photos))])
	if err != nil {
		return
	}
	defer func() { _ = file.Close() }()
	photo, _, err := image.Decode(file)
	if err != nil {
		return
	}
	xdraw.ApproxBiLinear.Scale(img, face, photo, photo.Bounds(), draw.Src, nil)
}
