package recording

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/deadline"
	"github.com/seinehq/seine/internal/frontier"
)

// maxSegment is the largest segment in bytes. A larger recording has a segment of its own.
const maxSegment = 64 << 20

// patience bounds a call of the store, in addition to one second per 128 KiB.
const patience = time.Minute

// Index is the part of a frontier that tells which contents are recorded.
type Index interface {
	Bodies(ctx context.Context, job frontier.JobID, digests [][]byte) (map[string]frontier.Frame, error)
}

// Store holds the recordings of a job in a bucket or a folder. It is safe for concurrent use.
//
// In a folder, a worker appends to a segment of its own until the segment is full. The objects of a
// bucket do not change, so a worker writes one segment per commit there.
type Store struct {
	bucket *blob.Bucket
	folder string // empty for a bucket
	job    string

	mu   sync.Mutex
	root *os.Root
	open *os.File    // the segment that this process appends to
	is   os.FileInfo // what open is, whatever its name becomes
	name string
	size int64
}

// NewStore returns the recordings of a job. folder is the store's path if it is a folder.
func NewStore(bucket *blob.Bucket, folder, job string) *Store {
	return &Store{bucket: bucket, folder: folder, job: job}
}

// Close ends the segment that this process appends to.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.rotate()
	if s.root != nil {
		err = errors.Join(err, s.root.Close())
		s.root = nil
	}
	return err
}

// Write makes drafts durable and returns their index rows, in their order. known holds the frames
// of contents that are recorded. An error is an [asset.ErrStore] or an [asset.ErrDiskFull].
func (s *Store) Write(ctx context.Context, drafts []*Draft, known map[string]frontier.Frame) ([]*frontier.Recording, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, bodies := make([]*frontier.Recording, 0, len(drafts)), map[string]frontier.Frame{}
	for start := 0; start < len(drafts); {
		var (
			text []byte
			some []*frontier.Recording
		)
		for start < len(drafts) && (len(text) == 0 || len(text)+len(drafts[start].head)+len(drafts[start].body) <= maxSegment) {
			d := drafts[start]
			row := d.row
			row.Head = frontier.Frame{Pos: int64(len(text)), Bytes: int64(len(d.head))}
			text = append(text, d.head...)
			sum := string(row.SHA256)
			switch at, ok := known[sum]; {
			case ok:
				row.Body = at
			case bodies[sum].Bytes > 0:
				row.Body = bodies[sum]
			default:
				row.Body = frontier.Frame{Pos: int64(len(text)), Bytes: int64(len(d.body))}
				bodies[sum] = row.Body
				text = append(text, d.body...)
			}
			some = append(some, &row)
			start++
		}
		name, pos, err := s.put(ctx, text)
		if err != nil {
			return nil, err
		}
		place := func(f frontier.Frame) frontier.Frame {
			if f.Segment == "" {
				f.Segment, f.Pos = name, f.Pos+pos
			}
			return f
		}
		for _, row := range some {
			row.Head, row.Body = place(row.Head), place(row.Body)
		}
		for sum, at := range bodies {
			bodies[sum] = place(at)
		}
		rows = append(rows, some...)
	}
	return rows, nil
}

// Digests returns the digests of the contents of drafts.
func Digests(drafts []*Draft) (out [][]byte) {
	for _, d := range drafts {
		out = append(out, d.row.SHA256)
	}
	return out
}

// put makes bytes durable and returns their place.
func (s *Store) put(ctx context.Context, text []byte) (name string, pos int64, err error) {
	if s.folder != "" {
		name, pos, err = s.add(text)
	} else {
		name = s.fresh()
		err = s.call(ctx, len(text), func(ctx context.Context) error {
			return s.bucket.Upload(ctx, name, bytes.NewReader(text), &blob.WriterOptions{ContentType: "application/zstd", IfNotExist: true})
		})
	}
	return name, pos, asset.StoreError(ctx, name, err)
}

// fresh returns the name of a new segment. Names sort by their time.
func (s *Store) fresh() string {
	return fmt.Sprintf("%s%s/%s-%s%s", Folder, s.job, time.Now().UTC().Format("20060102T150405"), rand.Text()[:10], Extension)
}

// add appends bytes to the segment of this process. If another process deleted the segment, or if
// the segment is full or damaged, it begins another one.
func (s *Store) add(text []byte) (name string, pos int64, err error) {
	if s.open != nil && (s.size+int64(len(text)) > maxSegment || !s.there()) {
		if err := s.rotate(); err != nil {
			return "", 0, err
		}
	}
	if s.open == nil {
		if err := s.begin(); err != nil {
			return s.name, 0, err
		}
	}
	name, pos = s.name, s.size
	_, err = s.open.Write(text)
	if err == nil {
		err = s.open.Sync() // the row that names the bytes must not outlive them
	}
	if err != nil {
		return name, 0, errors.Join(err, s.rotate()) // its end is unknown
	}
	s.size += int64(len(text))
	return name, pos, nil
}

// there reports whether the open segment is still the file of its name.
func (s *Store) there() bool {
	now, err := os.Stat(filepath.Join(s.folder, s.name))
	return err == nil && os.SameFile(now, s.is)
}

// begin opens a new segment. No symbolic link leads it out of the folder.
func (s *Store) begin() (err error) {
	if s.root == nil {
		if s.root, err = os.OpenRoot(s.folder); err != nil {
			return err
		}
	}
	s.name, s.size = s.fresh(), 0
	dir := filepath.Dir(s.name)
	if err := s.root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if s.open, err = s.root.OpenFile(s.name, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644); err != nil {
		s.open = nil
		return err
	}
	if s.is, err = s.open.Stat(); err != nil {
		return errors.Join(err, s.rotate())
	}
	d, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// rotate ends the open segment.
func (s *Store) rotate() error {
	if s.open == nil {
		return nil
	}
	err := s.open.Close()
	s.open = nil
	return err
}

// call bounds a call of the store that moves n bytes.
func (s *Store) call(ctx context.Context, n int, call func(context.Context) error) error {
	return deadline.Call(ctx, patience+time.Duration(n)*(time.Second/(128<<10)), call)
}

// Page reads a recording back. A recording whose bytes are missing or changed is an [ErrDamaged],
// which names the place.
func (s *Store) Page(ctx context.Context, r frontier.Recording) (*seine.Page, error) {
	first, second := r.Head, r.Body
	for _, f := range []frontier.Frame{first, second} {
		if f.Bytes <= 0 || f.Bytes > maxContent || f.Pos < 0 || f.Pos > math.MaxInt64-2*maxContent || !IsSegment(f.Segment) {
			return nil, fmt.Errorf("%w: its index row has impossible places", ErrDamaged)
		}
	}
	if r.Size < 0 || r.Size > maxContent {
		return nil, fmt.Errorf("%w: its index row has an impossible size", ErrDamaged)
	}
	joined := first.Segment == second.Segment && first.Pos+first.Bytes == second.Pos
	if joined {
		first.Bytes += second.Bytes
	}
	text, err := s.read(ctx, first)
	if err != nil {
		return nil, err
	}
	body := text[r.Head.Bytes:]
	if !joined {
		if body, err = s.read(ctx, second); err != nil {
			return nil, err
		}
	}
	damaged := func(at frontier.Frame, why any) error {
		return fmt.Errorf("%w: %v, at byte %d of %s", ErrDamaged, why, at.Pos, at.Segment)
	}
	plain, err := heads.DecodeAll(text[:r.Head.Bytes], nil)
	if err != nil {
		return nil, damaged(r.Head, err)
	}
	var h head
	if err := json.Unmarshal(plain, &h); err != nil {
		return nil, damaged(r.Head, err)
	}
	if h.Key != r.Key {
		return nil, damaged(r.Head, "it is that of another task")
	}
	var frame zstd.Header
	if err := frame.Decode(body); err == nil && frame.HasFCS && frame.FrameContentSize != uint64(r.Size) {
		return nil, damaged(r.Body, "its content has another size")
	}
	content, err := decoder.DecodeAll(body, make([]byte, 0, r.Size))
	if err != nil {
		return nil, damaged(r.Body, err)
	}
	if sum := sha256.Sum256(content); !bytes.Equal(sum[:], r.SHA256) {
		return nil, damaged(r.Body, "its SHA-256 is another one")
	}
	return decode(h, content)
}

// read reads a frame.
func (s *Store) read(ctx context.Context, f frontier.Frame) ([]byte, error) {
	var text []byte
	err := s.call(ctx, int(f.Bytes), func(ctx context.Context) error {
		r, err := s.bucket.NewRangeReader(ctx, f.Segment, f.Pos, f.Bytes, nil)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		text = make([]byte, f.Bytes)
		_, err = io.ReadFull(r, text)
		return err
	})
	switch {
	case gcerrors.Code(err) == gcerrors.NotFound:
		return nil, fmt.Errorf("%w: the store has no file %s", ErrDamaged, f.Segment)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: %s ends before byte %d", ErrDamaged, f.Segment, f.Pos+f.Bytes)
	case err != nil:
		return nil, fmt.Errorf("%w: read %s: %w", asset.ErrStore, f.Segment, err)
	}
	return text, nil
}
