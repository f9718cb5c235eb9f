package asset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/deadline"
)

// put writes the file, unless an equal file exists.
func (k *Keeper) put(ctx context.Context, s assetfile.Stored, body []byte, hold Hold) error {
	there := false
	if err := k.call(ctx, s.Path, s.Bytes, func(ctx context.Context) error {
		err := k.write(ctx, s, body, true)
		if there = gcerrors.Code(err) == gcerrors.FailedPrecondition || errors.Is(err, fs.ErrExist); there {
			return nil
		}
		return err
	}); err != nil || !there {
		return err
	}
	var sum []byte
	if err := k.call(ctx, s.Path, s.Bytes, func(ctx context.Context) (err error) {
		sum, err = k.sum(ctx, s.Path)
		return err
	}); err != nil || bytes.Equal(sum, s.SHA256) {
		return err
	}
	if hold.Owned != nil {
		if err := hold.Owned(ctx); err != nil {
			return err
		}
	}
	if hold.Owner != nil {
		other, err := hold.Owner(ctx, s.Path, sum)
		if err != nil {
			return err
		}
		if other != "" {
			return &CollisionError{Path: s.Path, Other: other}
		}
	}
	return k.call(ctx, s.Path, s.Bytes, func(ctx context.Context) error { return k.write(ctx, s, body, false) })
}

// call bounds one call of the store by the number of bytes that it moves.
func (k *Keeper) call(ctx context.Context, path string, size int64, call func(context.Context) error) error {
	within := k.opts.Patience + time.Duration(size)*(time.Second/slowest)
	return StoreError(ctx, path, deadline.Call(ctx, within, call))
}

// write puts the whole file in place at its end, or nothing.
func (k *Keeper) write(ctx context.Context, s assetfile.Stored, body []byte, create bool) error {
	opts := &blob.WriterOptions{IfNotExist: create, ContentType: typeOf(s.Path), BufferSize: bufferFor(len(body))}
	if k.folder {
		return k.writeFile(ctx, s.Path, body, opts)
	}
	// Upload at once, because some drivers panic if the bucket rejects the first of several writes.
	return k.bucket.Upload(ctx, s.Path, bytes.NewReader(body), opts)
}

// writeFile writes into a folder.
func (k *Keeper) writeFile(ctx context.Context, path string, body []byte, opts *blob.WriterOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var file *os.File
	opts.BeforeWrite = func(as func(any) bool) error { as(&file); return nil }
	w, err := k.bucket.NewWriter(ctx, path, opts)
	if err != nil {
		return err
	}
	_, err = w.Write(body)
	if err == nil && file != nil {
		// The database records the file as stored, so the file must survive whatever the database
		// survives.
		err = file.Sync()
	}
	if err != nil {
		cancel() // Close would put what there is in place
		_ = w.Close()
		return err
	}
	if opts.IfNotExist && file != nil && ctx.Err() == nil {
		// The driver checks and then renames, so two concurrent writers would both succeed. A link
		// is made by one; where there are none its way has to do.
		err := os.Link(file.Name(), target(file.Name()))
		if err == nil || errors.Is(err, fs.ErrExist) {
			cancel() // Close removes the linked file
			_ = w.Close()
			return err
		}
	}
	return w.Close()
}

// target returns the name of a file from its temporary name. See leftover.
func target(temporary string) string {
	name := strings.TrimSuffix(temporary, ".tmp")
	return strings.TrimSuffix(name, name[max(strings.LastIndexByte(name, '.'), 0):])
}

// bufferFor is how much of a file a bucket's driver may hold at once. By
// themselves some take 16 MiB for each, however small it is.
func bufferFor(size int) int {
	const (
		least = 5 << 20 // of S3's parts
		most  = 16 << 20
		step  = 256 << 10 // of Google's
	)
	return min(max((size+step-1)/step*step, least), most)
}

// sweep removes the temporary files of a killed writer next to a key. Only a folder shows such
// files; a bucket shows none before it has the whole.
func (k *Keeper) sweep(ctx context.Context, path string) error {
	it := k.bucket.List(&blob.ListOptions{Prefix: path + "."})
	for {
		o, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if leftover(path, o.Key) {
			if err := k.bucket.Delete(ctx, o.Key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
				return err
			}
		}
	}
}

// leftover reports whether a key is a temporary name of fileblob: the key, the time in hexadecimal
// digits, tmp. A template may make keys that end in .tmp too.
func leftover(path, key string) bool {
	stamp, found := strings.CutPrefix(key, path+".")
	stamp, ends := strings.CutSuffix(stamp, ".tmp")
	return found && ends && stamp != "" && strings.Trim(stamp, "0123456789abcdef") == ""
}

func (k *Keeper) sum(ctx context.Context, path string) ([]byte, error) {
	r, err := k.bucket.NewReader(ctx, path, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	h := sha256.New()
	if _, err := r.WriteTo(h); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

// StoreError returns an error of a write to a path as ErrDiskFull, ErrAway or ErrStore.
func StoreError(ctx context.Context, path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("write %s: %w", path, ErrDiskFull)
	case ctx.Err() != nil: // the task's own end
		return err
	case away(err):
		return fmt.Errorf("%w: write %s: %w", ErrAway, path, err)
	}
	return fmt.Errorf("%w: write %s: %w", ErrStore, path, err)
}

// away reports whether an error shows that the store is unreachable, not that it rejected the file.
func away(err error) bool {
	var (
		op      *net.OpError
		request *url.Error
		answer  interface{ HTTPStatusCode() int }
	)
	return errors.Is(err, deadline.ErrOver) || errors.As(err, &op) || errors.As(err, &request) ||
		errors.As(err, &answer) && answer.HTTPStatusCode() >= http.StatusInternalServerError
}
