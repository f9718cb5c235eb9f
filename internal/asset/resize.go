package asset

import (
	"image"
	"image/color"
	"image/draw"

	xdraw "golang.org/x/image/draw"

	"github.com/seinehq/seine"
)

// fit returns the size of an image within bounds, with its aspect ratio. The side that exceeds its
// bound most becomes the bound. The other side is rounded, halves up, to at least 1. An image
// within the bounds stays as it is.
func fit(size image.Point, within *seine.Size) image.Point {
	if within == nil || size.X <= within.Width && size.Y <= within.Height {
		return size
	}
	scaled := func(side, to, from int) int {
		return max(1, int((2*int64(side)*int64(to)+int64(from))/(2*int64(from))))
	}
	if int64(size.X)*int64(within.Height) >= int64(size.Y)*int64(within.Width) {
		return image.Pt(within.Width, scaled(size.Y, within.Width, size.X))
	}
	return image.Pt(scaled(size.X, within.Height, size.Y), within.Height)
}

// placing is how an image is brought to a size: the part source of it fills the part at of an image
// of the size out. The rest is white.
type placing struct {
	source, at image.Rectangle
	out        image.Point
}

// place returns how an image of a size is brought to the size of a rendition.
func place(size image.Point, spec seine.Image) placing {
	p := placing{source: image.Rectangle{Max: size}}
	if spec.Resize == nil || spec.Mode == "" || spec.Mode == seine.ModeFit {
		p.out = fit(size, spec.Resize)
		p.at = image.Rectangle{Max: p.out}
		return p
	}
	p.out = image.Pt(spec.Resize.Width, spec.Resize.Height)
	p.at = image.Rectangle{Max: p.out}
	switch spec.Mode {
	case seine.ModeCenterCrop:
		p.source = centered(within(p.out, size), size)
	case seine.ModeBorder:
		p.at = centered(within(size, p.out), p.out)
	}
	return p
}

// within returns the largest size within bounds that has the aspect ratio of a size. The shorter
// side is rounded, halves up, to at least 1.
func within(ratio, bounds image.Point) image.Point {
	scaled := func(side, to, from int) int {
		return max(1, int((2*int64(side)*int64(to)+int64(from))/(2*int64(from))))
	}
	if int64(ratio.X)*int64(bounds.Y) >= int64(ratio.Y)*int64(bounds.X) {
		return image.Pt(bounds.X, min(bounds.Y, scaled(ratio.Y, bounds.X, ratio.X)))
	}
	return image.Pt(min(bounds.X, scaled(ratio.X, bounds.Y, ratio.Y)), bounds.Y)
}

// centered returns a box of a size in the middle of another size. A remaining pixel is on its right
// and below it.
func centered(size, of image.Point) image.Rectangle {
	at := of.Sub(size).Div(2)
	return image.Rectangle{Min: at, Max: at.Add(size)}
}

// keeps reports whether the image stays as it is.
func (p placing) keeps() bool {
	return p.source == p.at && p.at == image.Rectangle{Max: p.out}
}

// memory returns the bytes that a resize takes. The scaler holds rows that are scaled in one
// direction, as four 8-byte numbers per pixel, plus the result and, for a palette, its colors.
func (p placing) memory(pixel int64) int64 {
	from, to := p.source.Size(), p.at.Size()
	return 32*int64(to.X)*int64(from.Y) + 2*pixel*int64(p.out.X)*int64(p.out.Y) + pixel*int64(from.X)*int64(from.Y)
}

// resize brings an image to its size with a Catmull-Rom filter, widened when it shrinks the image.
// Gray stays gray, 16 bits stay 16 bits.
func resize(img image.Image, spec seine.Image) image.Image {
	p := place(img.Bounds().Size(), spec)
	if p.keeps() {
		return img
	}
	r := image.Rectangle{Max: p.out}
	var out draw.Image
	switch src := img.(type) {
	case *image.Gray:
		out = image.NewGray(r)
	case *image.Gray16:
		out = image.NewGray16(r)
	case *image.RGBA64, *image.NRGBA64:
		out = image.NewRGBA64(r)
	case *image.Paletted:
		colors := image.NewNRGBA(src.Rect)
		draw.Draw(colors, src.Rect, src, src.Rect.Min, draw.Src)
		img, out = colors, image.NewRGBA(r)
	default:
		out = image.NewRGBA(r)
	}
	if p.at != r {
		draw.Draw(out, r, image.White, image.Point{}, draw.Src)
	}
	xdraw.CatmullRom.Scale(out, p.at, img, p.source.Add(img.Bounds().Min), draw.Src, nil)
	return out
}

// overWhite is an image without its alpha, as a page that is white shows it.
func overWhite(img image.Image) image.Image {
	switch img := img.(type) {
	case *image.Gray:
		return img
	case *image.RGBA:
		if img.Opaque() {
			return img
		}
	case *image.Gray16:
		out := image.NewGray(image.Rectangle{Max: img.Rect.Size()})
		draw.Draw(out, out.Rect, img, img.Rect.Min, draw.Src)
		return out
	}
	out := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(out, out.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Over)
	return out
}
