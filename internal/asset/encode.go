package asset

import (
	"bytes"
	"context"
	"fmt"
	"image"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset/jpegenc"
	"github.com/seinehq/seine/internal/asset/pngenc"
	"github.com/seinehq/seine/internal/asset/webpenc"
)

// defaultQuality is the quality of a JPEG or WebP if the job sets none.
const defaultQuality = 90

// encode writes an image as a file of the wanted format.
func encode(ctx context.Context, img image.Image, spec seine.Image) ([]byte, kind, error) {
	var out pieces
	quality := spec.Quality
	if quality == 0 {
		quality = defaultQuality
	}
	switch spec.To {
	case seine.WebP:
		return encodeWebP(ctx, img, quality)
	case seine.JPEG:
		if b := img.Bounds(); b.Dx() >= 1<<16 || b.Dy() >= 1<<16 {
			return nil, kind{}, Fault("image is too large for a JPEG")
		}
		if err := jpegenc.Encode(ctx, &out, overWhite(img), quality); err != nil {
			if ctx.Err() != nil {
				return nil, kind{}, ctx.Err()
			}
			return nil, kind{}, fmt.Errorf("encode: %w", err)
		}
		return out.join(), kind{"image/jpeg", "jpg"}, nil
	}
	if err := pngenc.Encode(ctx, &out, img, levelOf(spec.PNG)); err != nil {
		if ctx.Err() != nil {
			return nil, kind{}, ctx.Err()
		}
		return nil, kind{}, fmt.Errorf("encode: %w", err)
	}
	return out.join(), kind{"image/png", "png"}, nil
}

func encodeWebP(ctx context.Context, img image.Image, quality int) ([]byte, kind, error) {
	if b := img.Bounds(); b.Dx() > webpenc.MaxSide || b.Dy() > webpenc.MaxSide {
		return nil, kind{}, Fault("image is too large for a WebP")
	}
	body, err := webpenc.Encode(ctx, img, quality)
	switch {
	case ctx.Err() != nil:
		return nil, kind{}, ctx.Err()
	case err != nil:
		return nil, kind{}, fmt.Errorf("encode: %w", err)
	}
	return body, kind{"image/webp", "webp"}, nil
}

// pieces collects a file of unknown length. A growing buffer would briefly exist three times.
type pieces [][]byte

const piece = 256 << 10

func (p *pieces) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		last := len(*p) - 1
		if last < 0 || len((*p)[last]) == piece {
			*p = append(*p, make([]byte, 0, piece))
			continue
		}
		n := min(len(rest), piece-len((*p)[last]))
		(*p)[last] = append((*p)[last], rest[:n]...)
		rest = rest[n:]
	}
	return len(b), nil
}

func (p *pieces) join() []byte { return bytes.Join(*p, nil) }

func levelOf(effort string) pngenc.Level {
	switch effort {
	case seine.PNGFast:
		return pngenc.Fast
	case seine.PNGSmall:
		return pngenc.Small
	}
	return pngenc.Balanced
}

// encoderMemory returns the bytes that an encoder takes in addition to the image and the file.
func encoderMemory(spec seine.Image, pixels int64) int64 {
	switch spec.To {
	case seine.JPEG:
		return 0
	case seine.WebP:
		return webpenc.Memory(pixels)
	}
	return levelOf(spec.PNG).Memory()
}
