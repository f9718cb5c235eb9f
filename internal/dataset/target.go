package dataset

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"gocloud.dev/blob"

	"github.com/seinehq/seine"
)

// Target is where an export goes. What is written becomes visible as a whole,
// when it is committed, or not at all.
type Target struct {
	io.Writer
	commit func() error
	abort  func()
}

// Commit puts what was written in its place.
func (t *Target) Commit() error { return t.commit() }

// Abort leaves nothing behind. It does nothing after Commit.
func (t *Target) Abort() { t.abort() }

// ToWriter is a target that is written as it comes, such as standard output.
func ToWriter(w io.Writer) *Target {
	return &Target{Writer: w, commit: func() error { return nil }, abort: func() {}}
}

// ToFile is a target that replaces the file at path, in a folder that is there.
func ToFile(path string) (*Target, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, fileError(path, err)
	}
	done := false
	abort := func() {
		if !done {
			done = true
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}
	return &Target{Writer: diskWriter{f, path}, abort: abort, commit: func() error {
		defer abort()
		// What is put in place must be whole after a crash of the machine too.
		err := f.Sync()
		if err == nil {
			err = f.Chmod(0o644)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return fileError(path, err)
		}
		if err := os.Rename(f.Name(), path); err != nil {
			return fileError(path, err)
		}
		done = true
		return nil
	}}, nil
}

type diskWriter struct {
	w    io.Writer
	path string
}

func (d diskWriter) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	if err != nil {
		err = fileError(d.path, err)
	}
	return n, err
}

func fileError(path string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("write %s: %w", path, seine.ErrDiskFull)
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err // the name of the temporary file tells nobody anything
	}
	return fmt.Errorf("write %s: %w", path, err)
}

// ToBucket is a target that replaces the object at key.
func ToBucket(ctx context.Context, bucket *blob.Bucket, key string) (*Target, error) {
	ctx, cancel := context.WithCancel(ctx)
	w, err := bucket.NewWriter(ctx, key, nil)
	if err != nil {
		cancel()
		return nil, storeError("write "+key, err)
	}
	done := false
	return &Target{Writer: bucketWriter{w, key}, abort: func() {
		if !done {
			done = true
			cancel() // Close would put what there is in place
			_ = w.Close()
		}
	}, commit: func() error {
		done = true
		defer cancel()
		if err := w.Close(); err != nil {
			return storeError("write "+key, err)
		}
		return nil
	}}, nil
}

type bucketWriter struct {
	w   io.Writer
	key string
}

func (b bucketWriter) Write(p []byte) (int, error) {
	n, err := b.w.Write(p)
	if err != nil {
		err = storeError("write "+b.key, err)
	}
	return n, err
}

// Gzip compresses what goes to a target.
func Gzip(t *Target) *Target {
	z := gzip.NewWriter(t.Writer)
	return &Target{Writer: z, abort: t.abort, commit: func() error {
		if err := z.Close(); err != nil {
			return err
		}
		return t.commit()
	}}
}
