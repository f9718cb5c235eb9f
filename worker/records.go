package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/number"
)

// Record is a stored record with its files.
type Record struct {
	// Record has Key, Kind, URL, Fields and FetchedAt. Integers are int64, and other numbers are
	// float64. A number whose digits neither keeps is an encoding/json.Number.
	seine.Record

	// Task is the key of the task that brought the record.
	Task string

	// Files are the stored assets of the record, by name.
	Files []File
}

// File is a stored asset.
type File struct {
	// Name is the asset's name, such as front.
	Name string

	// Path is its key in the store.
	Path string

	// Bytes is the size of the stored file.
	Bytes int64

	// SHA256 is the hash of the stored file, 32 bytes.
	SHA256 []byte

	// URL is where the file came from.
	URL string

	// Width and Height are in pixels. They are zero if the file is no image.
	Width, Height int
}

// errEnough ends a reading whose caller broke its loop.
var errEnough = errors.New("enough")

// Records reads the records of a job from a frontier, ordered by key and kind. at is sqlite:PATH or
// a URL of postgres://. An empty one is [DefaultFrontier]. An error is the last pair. It wraps
// [ErrFrontier], [ErrSchema] or [ErrNoJob], or is the error of ctx.
//
//	for r, err := range worker.Records(ctx, "sqlite:./data/seine.db", "cards") {
func Records(ctx context.Context, at, job string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		err := eachRecord(ctx, cmp.Or(at, DefaultFrontier), job, func(r Record) error {
			if !yield(r, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(Record{}, err)
		}
	}
}

func eachRecord(ctx context.Context, at, job string, each func(Record) error) error {
	if path, lite := strings.CutPrefix(at, "sqlite:"); lite { // reading must not create a file
		if _, err := os.Stat(strings.TrimPrefix(path, "//")); err != nil {
			return fmt.Errorf("%w: %w", ErrFrontier, err)
		}
	}
	f, err := drivers.Open(ctx, at, drivers.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	version, _, err := f.Version(ctx)
	if err == nil {
		err = frontier.CheckSchema(version)
	}
	if err != nil {
		return err
	}
	jobs, err := f.Jobs(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.Name == job {
			return f.Records(ctx, j.ID, func(s frontier.Stored) error {
				r, err := recordOf(s)
				if err != nil {
					return fmt.Errorf("record %s: %w", s.Key, err)
				}
				return each(r)
			})
		}
	}
	return fmt.Errorf("%w: %q", ErrNoJob, job)
}

func recordOf(s frontier.Stored) (Record, error) {
	var fields any
	if err := number.Unmarshal(s.Fields, &fields); err != nil {
		return Record{}, err
	}
	out := Record{
		Record: seine.Record{Key: s.Key, Kind: s.Kind, URL: s.URL, FetchedAt: s.FetchedAt}, Task: cmp.Or(s.Task, s.Key),
	}
	out.Fields, _ = fields.(map[string]any)
	for _, a := range s.Assets {
		out.Files = append(out.Files, File{
			Name: a.Name, Path: a.Path, Bytes: a.Bytes, SHA256: a.SHA256, URL: a.URL, Width: a.Width, Height: a.Height,
		})
	}
	return out, nil
}
