package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gocloud.dev/blob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/deadline"
)

// Target is where an export goes. The output becomes visible as a whole when it is committed, or
// not at all.
type Target struct {
	io.Writer
	commit func() error
	abort  func()
	stream bool // what is written can't be taken back
}

// Commit moves the output into place.
func (t *Target) Commit() error { return t.commit() }

// Abort leaves nothing behind. It does nothing after Commit.
func (t *Target) Abort() { t.abort() }

// ToWriter is a target that is written as it comes, such as standard output.
func ToWriter(w io.Writer) *Target {
	return &Target{Writer: w, stream: true, commit: func() error { return nil }, abort: func() {}}
}

// IsStream reports whether path is written directly, because it is a pipe or a device, which cannot
// be replaced and has no sidecar file.
func IsStream(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return false
	}
	if at, err := filepath.Abs(path); err == nil && descriptor(at) {
		return true
	}
	return !info.Mode().IsRegular()
}

// descriptor reports whether a path is one of the process's open files, which may be any file.
// /dev/shm is a folder like others.
func descriptor(path string) bool {
	return path == "/dev/stdout" || path == "/dev/stderr" || strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/")
}

// ToFile is a target that replaces the file at path, in an existing folder. A link is followed, and
// its target is replaced. Into a stream it is written as it comes.
func ToFile(path string) (*Target, error) {
	if IsStream(path) {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0) //nolint:gosec // where the user says
		if err != nil {
			return nil, fileError(path, err)
		}
		closed := false
		end := func() error {
			if closed {
				return nil
			}
			closed = true
			return f.Close()
		}
		return &Target{Writer: diskWriter{f, path}, stream: true, abort: func() { _ = end() }, commit: func() error {
			if err := end(); err != nil {
				return fileError(path, err)
			}
			return nil
		}}, nil
	}
	to, mode, err := behind(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	// Dir would take a/../b for b, which it is not when a is a link.
	dir, name := filepath.Split(to)
	if dir == "" {
		dir = "."
	}
	f, err := draft(dir, name)
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
		// The file must be complete even after a crash of the machine.
		err := f.Sync()
		if err == nil {
			err = f.Chmod(mode)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return fileError(path, err)
		}
		if err := os.Rename(f.Name(), to); err != nil {
			return fileError(path, err)
		}
		done = true
		return nil
	}}, nil
}

// maxLinks bounds a chain of links, as the system does.
const maxLinks = 40

// behind returns the file that a path leads to, existing or not, and its mode.
func behind(path string) (string, fs.FileMode, error) {
	for range maxLinks {
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return path, 0o644, nil
		case err != nil:
			return "", 0, err
		case info.Mode()&fs.ModeSymlink == 0:
			return path, info.Mode().Perm(), nil
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", 0, err
		}
		if !filepath.IsAbs(to) {
			dir, _ := filepath.Split(path)
			to = dir + to
		}
		path = to
	}
	return "", 0, syscall.ELOOP
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
	if isFull(err) {
		return fmt.Errorf("write %s: %w", path, seine.ErrDiskFull)
	}
	var (
		p *fs.PathError
		l *os.LinkError
	)
	switch { // the name of the temporary file tells nobody anything
	case errors.As(err, &p):
		err = p.Err
	case errors.As(err, &l):
		err = l.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write %s: %w: make the folder %s, or give another path", path, err, filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("write %s: %w: give a path in a folder that this user may write to", path, err)
	}
	return fmt.Errorf("write %s: %w", path, err)
}

// isFull reports whether a disk is full.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// pieceTime is the extra time that a store may take for a part of an export. Some drivers hold 16
// MiB, and a line may carry 128 KiB per second.
const pieceTime = 2 * time.Minute

// ToBucket is a target that replaces the object at key. It ends when the bucket
// takes nothing for three minutes.
func ToBucket(ctx context.Context, bucket *blob.Bucket, key string) (*Target, error) {
	return toBucket(ctx, Store{Bucket: bucket}, key, Store{}.patience()+pieceTime)
}

func toBucket(ctx context.Context, store Store, key string, within time.Duration) (*Target, error) {
	watched, cancel := context.WithCancel(ctx)
	w, err := store.NewWriter(watched, key, nil)
	if err != nil {
		cancel()
		return nil, storeError("write "+key, err)
	}
	// A piece that waits, or the end, is given up by ending the whole.
	bounded := func(call func() error) error {
		return storeError("write "+key, deadline.Call(ctx, within, func(ctx context.Context) error {
			defer context.AfterFunc(ctx, cancel)()
			return call()
		}))
	}
	done := false
	return &Target{Writer: bucketWriter{w, bounded}, abort: func() {
		if !done {
			done = true
			cancel() // Close would put what there is in place
			_ = w.Close()
		}
	}, commit: func() error {
		done = true
		defer cancel()
		return bounded(w.Close)
	}}, nil
}

type bucketWriter struct {
	w       io.Writer
	bounded func(func() error) error
}

func (b bucketWriter) Write(p []byte) (n int, err error) {
	err = b.bounded(func() error {
		n, err = b.w.Write(p)
		return err
	})
	return n, err
}

// rewritable returns a target that takes nothing back: it keeps the output of a stream in a
// temporary file until it is committed. Other targets are returned as they are.
func (t *Target) rewritable() (*Target, error) {
	if !t.stream {
		return t, nil
	}
	f, remove, err := temporary("seine-export-")
	if err != nil {
		return nil, err
	}
	drop := func() {
		remove()
		t.abort()
	}
	return &Target{Writer: diskWriter{f, f.Name()}, abort: drop, commit: func() error {
		defer drop()
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.Copy(t.Writer, f); err != nil {
			return err
		}
		return t.commit()
	}}, nil
}
