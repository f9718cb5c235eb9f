package recording

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/frontier"
)

// Erase overwrites frames of a segment, so that nothing of them is left. The other frames keep
// their places, and `zstd -d` still reads the segment. A segment that does not exist, and frames
// that were erased before, are no error. An error is an [asset.ErrStore] or an [asset.ErrDiskFull].
func (s *Store) Erase(ctx context.Context, segment string, frames []frontier.Frame) error {
	var err error
	if s.folder != "" {
		err = s.eraseFile(segment, frames)
	} else {
		err = s.eraseObject(ctx, segment, frames)
	}
	return asset.StoreError(ctx, segment, err)
}

// skippable is the magic number of a frame that decoders skip: RFC 8878, section 3.1.2.
const skippable = 0x184D2A50

// blank returns the bytes that take the place of a frame: a frame of zeros, which decoders skip.
func blank(f frontier.Frame) ([]byte, error) {
	const head = 8
	if f.Bytes < head || f.Bytes > maxContent || f.Pos < 0 {
		return nil, fmt.Errorf("a frame of %d bytes at byte %d can't be erased", f.Bytes, f.Pos)
	}
	out := make([]byte, f.Bytes)
	binary.LittleEndian.PutUint32(out, skippable)
	binary.LittleEndian.PutUint32(out[4:], uint32(f.Bytes-head))
	return out, nil
}

func (s *Store) eraseFile(segment string, frames []frontier.Frame) (err error) {
	root, err := os.OpenRoot(s.folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	f, err := root.OpenFile(segment, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	for _, at := range frames {
		zeros, err := blank(at)
		if err != nil {
			return err
		}
		if at.Pos+at.Bytes > info.Size() {
			continue // it was cut off
		}
		if _, err := f.WriteAt(zeros, at.Pos); err != nil {
			return err
		}
	}
	return f.Sync()
}

// maxErase is the number of times that an object is written. Objects do not change otherwise, so a
// difference means that another process erases other frames of it.
const maxErase = 5

func (s *Store) eraseObject(ctx context.Context, segment string, frames []frontier.Frame) error {
	for range maxErase {
		var text []byte
		err := s.call(ctx, maxSegment, func(ctx context.Context) (err error) {
			text, err = s.bucket.ReadAll(ctx, segment)
			return err
		})
		if gcerrors.Code(err) == gcerrors.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		left := false
		for _, at := range frames {
			zeros, err := blank(at)
			if err != nil {
				return err
			}
			if end := at.Pos + at.Bytes; end <= int64(len(text)) && !bytes.Equal(text[at.Pos:end], zeros) {
				copy(text[at.Pos:], zeros)
				left = true
			}
		}
		if !left {
			return nil
		}
		if err := s.call(ctx, len(text), func(ctx context.Context) error {
			return s.bucket.WriteAll(ctx, segment, text, &blob.WriterOptions{ContentType: "application/zstd"})
		}); err != nil {
			return err
		}
	}
	return errors.New("another process erases recordings in the same file; run the command again")
}
