package asset

import (
	"context"
	"image"
	"image/color"
	"image/draw"

	xdraw "golang.org/x/image/draw"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset/resample"
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

// job is the part as the filter of 8 bits gets it.
func (p placing) job(size image.Point) resample.Job {
	return resample.Job{Frame: size, Part: p.source, To: p.at.Size()}
}

// window returns the box of an image of a size that decides the pixels of the result.
func (p placing) window(size image.Point) image.Rectangle {
	if p.keeps() {
		return image.Rectangle{Max: size}
	}
	return p.job(size).Window()
}

// memory returns the bytes that a resize of an image of a size takes: those of the filter, the
// result, and, for a palette or alpha, a copy of the image. The scaler of 16 bits holds rows that
// are scaled in one direction, as four 8-byte numbers per pixel.
func (p placing) memory(size image.Point, pixel int64, deep bool) int64 {
	from, to := p.window(size).Size(), p.at.Size()
	sum := 2 * pixel * int64(p.out.X) * int64(p.out.Y)
	if deep {
		return sum + 32*int64(to.X)*int64(from.Y)
	}
	return sum + 4*int64(from.X)*int64(from.Y) + p.job(size).Memory(int(pixel))
}

// resize brings an image of a size to another size. img is the window of it. Gray stays gray, 16
// bits stay 16 bits.
func (p placing) resize(ctx context.Context, img image.Image, size image.Point) (image.Image, error) {
	if p.keeps() {
		return img, nil
	}
	to := image.Rectangle{Max: p.out}
	switch img := img.(type) {
	case *image.Gray16:
		return p.deep(img, image.NewGray16(to), size), nil
	case *image.RGBA64, *image.NRGBA64:
		return p.deep(img, image.NewRGBA64(to), size), nil
	case *image.Gray:
		out := image.NewGray(to)
		p.whiten(out)
		dst := resample.Pixels{Pix: out.Pix[out.PixOffset(p.at.Min.X, p.at.Min.Y):], Stride: out.Stride}
		return out, p.job(size).Run(ctx, dst, resample.Pixels{Pix: img.Pix, Stride: img.Stride}, p.window(size), 1)
	}
	from, opaque := multiplied(img)
	channels := 4
	if opaque {
		channels = 3
	}
	return p.color(ctx, resample.Pixels{Pix: from.Pix, Stride: from.Stride}, size, channels)
}

// color resizes the window that rows of four bytes show.
func (p placing) color(ctx context.Context, src resample.Source, size image.Point, channels int) (*image.RGBA, error) {
	out := image.NewRGBA(image.Rectangle{Max: p.out})
	p.whiten(out)
	dst := resample.Pixels{Pix: out.Pix[out.PixOffset(p.at.Min.X, p.at.Min.Y):], Stride: out.Stride}
	return out, p.job(size).Run(ctx, dst, src, p.window(size), channels)
}

// whiten fills the border.
func (p placing) whiten(out draw.Image) {
	if r := out.Bounds(); p.at != r {
		draw.Draw(out, r, image.White, image.Point{}, draw.Src)
	}
}

// deep resizes 16 bits.
func (p placing) deep(img image.Image, out draw.Image, size image.Point) image.Image {
	p.whiten(out)
	source := p.source.Sub(p.window(size).Min).Add(img.Bounds().Min)
	xdraw.CatmullRom.Scale(out, p.at, img, source, draw.Src, nil)
	return out
}

// multiplied returns an image with its colors multiplied by alpha, and whether it is opaque. The
// bytes of an opaque image are those of its colors in either form.
func multiplied(img image.Image) (*image.RGBA, bool) {
	switch img := img.(type) {
	case *image.RGBA:
		return img, img.Opaque()
	case *image.NRGBA:
		if img.Opaque() {
			return &image.RGBA{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect}, true
		}
	}
	out := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	return out, out.Opaque()
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
