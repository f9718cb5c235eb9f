package asset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"io"
	"strings"

	"github.com/seinehq/seine/internal/asset/jpegpix"
	"github.com/seinehq/seine/internal/asset/webppix"
)

// header is the description of an image before its pixels are decoded.
type header struct {
	media         string
	width, height int
	orientation   orientation

	// memory is what decoding takes, in bytes; pixel the bytes of one decoded.
	memory int64
	pixel  int64
	deep   bool // a sample has 16 bits

	jpeg *jpegpix.Picture
}

// size is the size as it is shown.
func (h *header) size() image.Point { return h.orientation.turned(image.Pt(h.width, h.height)) }

// cutShort may be the connection's fault, and pass.
const cutShort = Fault("image is cut short")

// readHeader tells what an image is, without memory for its pixels.
func readHeader(body []byte) (*header, error) {
	h := &header{media: sniff(body).media, orientation: upright}
	var err error
	switch h.media {
	case "image/jpeg":
		err = h.readJPEG(body)
	case "image/png":
		err = h.readPNG(body)
	case "image/gif":
		var cfg image.Config
		cfg, err = gif.DecodeConfig(bytes.NewReader(body))
		h.width, h.height = cfg.Width, cfg.Height
		// The frame, once more where it is interlaced, and the canvas it is on.
		h.memory, h.pixel = 6*h.pixels(), 4
	case "image/webp":
		var w webppix.Header
		w, err = webppix.Parse(body)
		h.width, h.height, h.orientation = w.Width, w.Height, orientationOf(w.Exif)
		// Planes or pixels, the tables of a lossless file, and the result.
		h.memory, h.pixel = 12*h.pixels(), 4
	default:
		return nil, foreign{Fault(fmt.Sprintf("%s can't be rendered", h.media))}
	}
	if err != nil {
		return nil, headerFault(err)
	}
	return h, nil
}

func (h *header) pixels() int64 { return int64(h.width) * int64(h.height) }

func (h *header) readJPEG(body []byte) (err error) {
	if h.jpeg, err = jpegpix.Parse(body); err != nil {
		return err
	}
	h.width, h.height, h.orientation = h.jpeg.Width, h.jpeg.Height, orientationOf(h.jpeg.Exif)
	h.memory, h.pixel = h.jpeg.Memory(), 4
	if h.jpeg.Gray() {
		h.pixel = 1
	}
	return nil
}

// readPNG reads the head, and looks for an orientation before the pixels. Other chunks are skipped
// without unpacking.
func (h *header) readPNG(body []byte) error {
	const head = 8 + 8 + 13 // the signature, and the first chunk
	if len(body) < head {
		return io.ErrUnexpectedEOF
	}
	if string(body[12:16]) != "IHDR" {
		return errors.New("no head")
	}
	width, height := binary.BigEndian.Uint32(body[16:]), binary.BigEndian.Uint32(body[20:])
	if width > 1<<31-1 || height > 1<<31-1 {
		return errors.New("size")
	}
	h.width, h.height = int(width), int(height)
	transparent := false
	for rest := body[8:]; len(rest) >= 12; {
		n := int64(binary.BigEndian.Uint32(rest))
		name := string(rest[4:8])
		if n > int64(len(rest)-12) || name == "IDAT" {
			break
		}
		switch name {
		case "eXIf":
			h.orientation = orientationOf(rest[8 : 8+n])
		case "tRNS":
			transparent = true
		}
		rest = rest[12+n:]
	}
	const gray = 0
	depth, color, interlaced := body[24], body[25], body[28]
	h.pixel = 4
	if color == gray && !transparent {
		h.pixel = 1
	}
	if h.deep = depth == 16; h.deep {
		h.pixel *= 2
	}
	h.memory = h.pixel * h.pixels()
	if interlaced != 0 {
		h.memory *= 2 // a pass of its own
	}
	return nil
}

// foreign is a possibly valid file that Seine cannot decode.
type foreign struct{ Fault }

func (f foreign) Unwrap() error { return f.Fault }

// headerFault is the reason of a header that can't be read.
func headerFault(err error) error {
	switch {
	case errors.Is(err, webppix.ErrAnimated):
		return foreign{Fault("animated WebP can't be rendered")}
	case errors.Is(err, jpegpix.ErrUnsupported):
		return foreign{Fault("a JPEG of this kind can't be rendered")}
	case cut(err):
		return cutShort
	}
	return Fault("image header is damaged")
}

// decodeFault is the reason of pixels that can't be decoded.
func decodeFault(err error) error {
	switch {
	case errors.Is(err, jpegpix.ErrScans):
		return foreign{Fault("image has too many scans")}
	case errors.Is(err, jpegpix.ErrUnsupported):
		return foreign{Fault("a JPEG of this kind can't be rendered")}
	case cut(err):
		return cutShort
	}
	return Fault("image can't be decoded")
}

// cut reports whether a decoder ran out of bytes, which some decoders report only in words.
func cut(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		strings.Contains(err.Error(), "unexpected EOF") ||
		strings.Contains(err.Error(), "not enough pixel data") || strings.Contains(err.Error(), "not enough image data")
}
