package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gocloud.dev/blob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/deadline"
	"github.com/seinehq/seine/internal/recording"
)

// Store is where a job's files are.
type Store struct {
	*blob.Bucket

	// Folder is the store's path if it is a folder, and empty for a bucket.
	Folder string

	// Patience is how long it may give no answer. Default a minute.
	Patience time.Duration
}

func (s Store) patience() time.Duration {
	if s.Patience > 0 {
		return s.Patience
	}
	return time.Minute
}

// call bounds one call.
func (s Store) call(ctx context.Context, call func(context.Context) error) error {
	return deadline.Call(ctx, s.patience(), call)
}

// attributes looks at a file.
func (s Store) attributes(ctx context.Context, path string) (at *blob.Attributes, err error) {
	err = s.call(ctx, func(ctx context.Context) error {
		at, err = s.Attributes(ctx, path)
		return err
	})
	return at, err
}

// remove deletes a file.
func (s Store) remove(ctx context.Context, path string) error {
	return s.call(ctx, func(ctx context.Context) error { return s.Delete(ctx, path) })
}

// read calls with a file's bytes as they come.
func (s Store) read(ctx context.Context, path string, with func(io.Reader) error) error {
	watched, step, end := deadline.Watch(ctx, s.patience())
	defer end()
	r, err := s.NewReader(watched, path, nil)
	if err != nil {
		return deadline.Told(watched, err)
	}
	defer func() { _ = r.Close() }()
	return deadline.Told(watched, with(stepReader{r, step}))
}

// stepReader tells of each piece that comes.
type stepReader struct {
	io.Reader
	step func()
}

func (s stepReader) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.step()
	return n, err
}

// pageSize is the number of files per listing request, the most that Amazon and Google return.
const pageSize = 1000

// object is a file of a store.
type object struct {
	path    string
	bytes   int64
	written time.Time
}

// list calls each for every file below a prefix, in no order that callers may
// rely on.
//
// The pictures of pages that failed and the recordings of pages belong to no record, and are no
// strays either. list leaves them out.
func (s Store) list(ctx context.Context, prefix string, each func(object) error) error {
	all := each
	each = func(o object) error {
		if strings.HasPrefix(o.path, asset.ScreenshotFolder) || recording.IsSegment(o.path) {
			return nil
		}
		return all(o)
	}
	return s.listAll(ctx, prefix, each)
}

// segments calls each for every segment of the recordings of a job.
func (s Store) segments(ctx context.Context, job string, each func(object) error) error {
	return s.listAll(ctx, recording.Folder+job+"/", func(o object) error {
		if !recording.IsSegment(o.path) {
			return nil
		}
		return each(o)
	})
}

// listAll calls each for every file below a prefix.
func (s Store) listAll(ctx context.Context, prefix string, each func(object) error) error {
	if s.Folder != "" {
		return s.walk(ctx, prefix, each)
	}
	for token := blob.FirstPageToken; token != nil; {
		var page []*blob.ListObject
		if err := s.call(ctx, func(ctx context.Context) (err error) {
			page, token, err = s.ListPage(ctx, token, pageSize, &blob.ListOptions{Prefix: prefix})
			return err
		}); err != nil && !errors.Is(err, io.EOF) {
			return storeError("list", err)
		}
		for _, o := range page {
			// Some consoles show a key that ends in a slash as a folder.
			if o.IsDir || strings.HasSuffix(o.Key, "/") && o.Size == 0 {
				continue
			}
			if err := each(object{o.Key, o.Size, o.ModTime}); err != nil {
				return err
			}
		}
	}
	return nil
}

func storeError(doing string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, seine.ErrDiskFull) {
		return err // it names the file
	}
	if isFull(err) {
		return fmt.Errorf("%s: %w", doing, seine.ErrDiskFull)
	}
	return fmt.Errorf("%w: %s: %w", ErrStore, doing, err)
}

// walk lists a folder itself. The bucket's own listing restarts its walk for each page of a
// thousand files. It also skips names such as 7.png next to a folder 7, because it mistakes the
// order of the walk for the order of the keys.
func (s Store) walk(ctx context.Context, prefix string, each func(object) error) error {
	if _, err := os.Stat(s.Folder); err != nil {
		return storeError("list", err)
	}
	// A prefix ends in a slash, or is empty.
	return s.walkDir(ctx, strings.TrimSuffix(prefix, "/"), nil, each)
}

// readAtOnce is how many names of a folder are held.
const readAtOnce = 1024

// walkDir lists a folder and those in it, linked ones too. above lists the enclosing folders. A
// link to one of them is not followed.
func (s Store) walkDir(ctx context.Context, dir string, above []fs.FileInfo, each func(object) error) error {
	d, err := os.Open(filepath.Join(s.Folder, filepath.FromSlash(dir)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was stored there, or it went while we walked
	}
	if err != nil {
		return storeError("list", err)
	}
	defer func() { _ = d.Close() }()
	here, err := d.Stat()
	if err != nil {
		return storeError("list", err)
	}
	if slices.ContainsFunc(above, func(i fs.FileInfo) bool { return os.SameFile(i, here) }) {
		return nil
	}
	above = append(slices.Clip(above), here)
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
			if err == nil && info.Mode()&fs.ModeSymlink != 0 {
				info, err = os.Stat(filepath.Join(d.Name(), e.Name()))
			}
			if errors.Is(err, fs.ErrNotExist) {
				continue // it went, or a link leads nowhere
			}
			if err != nil {
				return storeError("list", err)
			}
			if info.IsDir() {
				folders = append(folders, name)
				continue
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
		if err := s.walkDir(ctx, f, above, each); err != nil {
			return err
		}
	}
	return nil
}

// unescape undoes the escapes of a folder's bucket for characters that a file name cannot hold,
// such as __0x2f__ for a slash.
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

// leftover returns the path of the file that a killed writer was writing. A folder's bucket writes
// PATH.HEX.tmp and renames it.
func leftover(path string) (of string, ok bool) {
	rest, ok := strings.CutSuffix(path, ".tmp")
	i := strings.LastIndexByte(rest, '.')
	if !ok || i <= 0 || i == len(rest)-1 || strings.Trim(rest[i+1:], "0123456789abcdef") != "" {
		return "", false
	}
	return rest[:i], true
}
