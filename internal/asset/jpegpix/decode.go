package jpegpix

import (
	"context"
	"fmt"
	"image"
	"sync"
)

// Memory returns the bytes that Decode takes without the file: one per sample, and two more per
// coefficient of a file with several scans.
func (p *Picture) Memory() int64 {
	each := int64(1)
	if p.severalScans() {
		each = 3
	}
	sum := int64(0)
	for _, c := range p.components {
		sum += each * 64 * int64(c.blocksX) * int64(c.blocksY)
	}
	return sum
}

// severalScans reports whether coefficients must be kept between scans: in every progressive file,
// and in others whose first scan lacks a component.
func (p *Picture) severalScans() bool {
	if p.progressive {
		return true
	}
	// The next scan header holds its number of components.
	ahead := *p
	for {
		m, err := ahead.marker()
		if err != nil || m == mEOI {
			return false
		}
		if m == mSOS {
			body, err := ahead.body()
			return err == nil && len(body) > 0 && int(body[0]) < len(p.components)
		}
		if m == mTEM || m == mSOI || mRST0 <= m && m <= mRST7 {
			continue
		}
		if _, err := ahead.body(); err != nil {
			return false
		}
	}
}

// Decode decodes the pixels that a box shows. Only those can be drawn afterwards. It reads the
// whole file, so that it detects a truncated file. It stops with ctx's error between two rows of
// blocks.
func (p *Picture) Decode(ctx context.Context, box image.Rectangle) error {
	if p.Width == 0 || p.Height == 0 {
		return damaged("no pixels")
	}
	for i := range p.components {
		p.components[i].shown = p.blocksOf(&p.components[i], box)
	}
	several := p.severalScans()
	for i := range p.components {
		c := &p.components[i]
		c.pix = plane(64 * c.blocksX * c.blocksY)
		if several {
			c.coefficients = make([][64]int16, c.blocksX*c.blocksY)
		}
	}
	for {
		m, err := p.marker()
		if err != nil {
			return err
		}
		switch {
		case m == mEOI && p.scans == 0:
			return damaged("no scan")
		case m == mEOI:
			return p.finish(ctx)
		case m != mSOS:
			if err := p.segment(m); err != nil {
				return err
			}
			continue
		}
		if p.scans++; p.scans > maxScans {
			return fmt.Errorf("%w: over %d", ErrScans, maxScans)
		}
		s, err := p.readScan()
		if err != nil {
			return err
		}
		if several {
			err = s.run(ctx, func(c *scanned, x, y int) error {
				s.part(c, &c.coefficients[y*c.blocksX+x])
				return nil
			})
		} else {
			err = s.atOnce(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// maxPooled is the size of the largest plane that is used again, so that few large pictures do not
// hold memory that nobody has reserved.
const maxPooled = 4 << 20

// planes are of pictures that were freed. Each sample that is drawn was decoded before, so their
// content does not matter.
var planes sync.Pool

func plane(size int) []uint8 {
	if old, ok := planes.Get().(*[]uint8); ok && cap(*old) >= size {
		return (*old)[:size]
	}
	return make([]uint8, size)
}

// Free gives the memory of a decoded picture to another one. It can't be drawn afterwards.
func (p *Picture) Free() {
	for i := range p.components {
		c := &p.components[i]
		if pix := c.pix; len(pix) > 0 && cap(pix) <= maxPooled {
			planes.Put(&pix)
		}
		c.pix, c.coefficients = nil, nil
	}
}

// blocksOf returns the blocks of a component that a box shows, plus the sample beyond each edge for
// the triangle filters.
func (p *Picture) blocksOf(c *component, box image.Rectangle) image.Rectangle {
	scale := func(v, samples, of int) int { return v * samples / of }
	return image.Rect(
		max(scale(box.Min.X, c.across, p.across)-1, 0)/8, max(scale(box.Min.Y, c.down, p.down)-1, 0)/8,
		(scale(box.Max.X-1, c.across, p.across)+1)/8+1, (scale(box.Max.Y-1, c.down, p.down)+1)/8+1,
	)
}

// atOnce decodes and transforms the blocks of a file of one scan.
func (s *scan) atOnce(ctx context.Context) error {
	if len(s.components) != len(s.p.components) {
		return damaged("scan of %d components in a file of one scan", len(s.components))
	}
	for i := range s.components {
		c := &s.components[i]
		c.joint = c.ac.join()
		for k := range c.steps {
			c.steps[k] = int32(c.table[min(k, 63)])
		}
	}
	var b [64]int32
	return s.run(ctx, func(c *scanned, x, y int) error {
		end := s.whole(c, &b)
		if !(image.Point{X: x, Y: y}).In(c.shown) {
			b = [64]int32{}
			return nil
		}
		transform(c.pix[8*(y*c.stride+x):], c.stride, &b, end)
		return nil
	})
}

// finish transforms the coefficients of several scans.
func (p *Picture) finish(ctx context.Context) error {
	var table, b [64]int32
	for i := range p.components {
		c := &p.components[i]
		if !c.latched {
			return damaged("no scan of component %d", c.id)
		}
		if c.coefficients == nil {
			continue
		}
		for k, q := range c.table {
			table[zigzag[k]] = int32(q)
		}
		shown := c.shown.Intersect(image.Rect(0, 0, c.blocksX, c.blocksY))
		for y := shown.Min.Y; y < shown.Max.Y; y++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			for x := shown.Min.X; x < shown.Max.X; x++ {
				for k, v := range c.coefficients[y*c.blocksX+x] {
					b[k] = int32(v) * table[k]
				}
				transform(c.pix[8*(y*c.stride+x):], c.stride, &b, 64)
			}
		}
		c.coefficients = nil
	}
	return nil
}
