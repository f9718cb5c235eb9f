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

// resizeMemory returns the bytes that a resize takes. The scaler holds rows that are scaled in one
// direction, as four 8-byte numbers per pixel, plus the result and, for a palette, its colors.
func resizeMemory(from, to image.Point, pixel int64) int64 {
	return 32*int64(to.X)*int64(from.Y) + 2*pixel*int64(to.X)*int64(to.Y) + pixel*int64(from.X)*int64(from.Y)
}

// resize makes an image fit with a Catmull-Rom filter, widened when it shrinks the image. Gray
// stays gray, 16 bits stay 16 bits.
func resize(img image.Image, within *seine.Size) image.Image {
	to := fit(img.Bounds().Size(), within)
	if to == img.Bounds().Size() {
		return img
	}
	r := image.Rectangle{Max: to}
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
	xdraw.CatmullRom.Scale(out, r, img, img.Bounds(), draw.Src, nil)
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
