package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gocloud.dev/blob"
)

// Store is where a job's files are.
type Store struct {
	*blob.Bucket

	// Folder is its path when it is a folder; empty: a bucket.
	Folder string
}

// object is a file of a store.
type object struct {
	path    string
	bytes   int64
	written time.Time
}

// list calls each for every file below a prefix, in no order that callers may
// rely on.
func (s Store) list(ctx context.Context, prefix string, each func(object) error) error {
	if s.Folder != "" {
		return s.walk(ctx, prefix, each)
	}
	it := s.List(&blob.ListOptions{Prefix: prefix})
	for {
		o, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return storeError("list", err)
		}
		// A key that ends in a slash is what some consoles show as a folder.
		if o.IsDir || strings.HasSuffix(o.Key, "/") && o.Size == 0 {
			continue
		}
		if err := each(object{o.Key, o.Size, o.ModTime}); err != nil {
			return err
		}
	}
}

func storeError(doing string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", ErrStore, doing, err)
}

// walk lists a folder itself. The bucket's own listing walks from the start for
// each page of a thousand, and passes over names such as 7.png beside a folder
// 7, because it takes the order of a walk for that of the keys.
func (s Store) walk(ctx context.Context, prefix string, each func(object) error) error {
	if _, err := os.Stat(s.Folder); err != nil {
		return storeError("list", err)
	}
	// A prefix ends in a slash, or is empty.
	return s.walkDir(ctx, strings.TrimSuffix(prefix, "/"), each)
}

// readAtOnce is how many names of a folder are held.
const readAtOnce = 1024

func (s Store) walkDir(ctx context.Context, dir string, each func(object) error) error {
	d, err := os.Open(filepath.Join(s.Folder, filepath.FromSlash(dir)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was stored there, or it went while we walked
	}
	if err != nil {
		return storeError("list", err)
	}
	defer func() { _ = d.Close() }()
	var folders []string
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := d.ReadDir(readAtOnce)
		for _, e := range entries {
			name := e.Name()
			if dir != "" {
				name = dir + "/" + name
			}
			if e.IsDir() {
				folders = append(folders, name)
				continue
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return storeError("list", err)
			}
			// Another program's attributes of a file are not a file of the set.
			if strings.HasSuffix(name, ".attrs") {
				continue
			}
			if err := each(object{unescape(name), info.Size(), info.ModTime()}); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return storeError("list", err)
		}
	}
	for _, f := range folders {
		if err := s.walkDir(ctx, f, each); err != nil {
			return err
		}
	}
	return nil
}

// unescape undoes what the bucket of a folder writes for characters that a file
// name can't hold: __0x2f__ for a slash.
func unescape(name string) string {
	const begin, end = "__0x", "__"
	var b strings.Builder
	for {
		before, after, found := strings.Cut(name, begin)
		digits, rest, closed := strings.Cut(after, end)
		if !found || !closed {
			b.WriteString(name)
			return b.String()
		}
		r, err := strconv.ParseInt(digits, 16, 32)
		if err != nil {
			b.WriteString(before + begin)
			name = after
			continue
		}
		b.WriteString(before)
		b.WriteRune(rune(r))
		name = rest
	}
}

// leftover returns the path of the file that a killed writer was writing: a
// folder's bucket writes PATH.HEX.tmp and renames it.
func leftover(path string) (of string, ok bool) {
	rest, ok := strings.CutSuffix(path, ".tmp")
	i := strings.LastIndexByte(rest, '.')
	if !ok || i <= 0 || i == len(rest)-1 || strings.Trim(rest[i+1:], "0123456789abcdef") != "" {
		return "", false
	}
	return rest[:i], true
}
