// Package asset stores the files that a record names. It fetches them through the job's client,
// checks their type, renders them, and writes each so that a reader sees a whole file or none.
//
// A key is created once. An equal file is kept. A different file is replaced only while the task's
// lease holds, and a failure never deletes a file. So a crash leaves at most a whole file of an
// unfinished task, which the next attempt takes over.
package asset

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"gocloud.dev/blob"
	"golang.org/x/sync/semaphore"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/fetch"
)

// Errors that callers act on.
var (
	// ErrDiskFull reports that the store's disk is full.
	ErrDiskFull = seine.ErrDiskFull

	// ErrStore reports that the store rejects the file. A later attempt may succeed.
	ErrStore = errors.New("store")

	// ErrAway reports that the store does not answer. It is an ErrStore too.
	ErrAway = fmt.Errorf("%w does not answer", ErrStore)
)

// Fault reports a file that the job does not want. Its text is a short reason without values.
type Fault string

// Error returns the reason.
func (f Fault) Error() string { return string(f) }

// A CollisionError states that a file with other bytes is at the path, and belongs to another task.
type CollisionError struct{ Path, Other string }

// Error names the path and the other task.
func (e *CollisionError) Error() string {
	return fmt.Sprintf("path %s is the file of task %s: put a name into store.key that tells them apart", e.Path, e.Other)
}

// Reason is the reason of an error of Keep, for counters.
func Reason(err error) string {
	var (
		f Fault
		c *CollisionError
	)
	switch {
	case errors.As(err, &c):
		return c.Error()
	case errors.As(err, &f):
		return string(f)
	case errors.Is(err, ErrDiskFull):
		return "disk full"
	case errors.Is(err, ErrAway):
		return "store does not answer"
	case errors.Is(err, ErrStore):
		return "store does not take it"
	}
	return fetch.Reason(err)
}

// Options bound a keeper; zero values mean the defaults.
type Options struct {
	// Memory is the most bytes of decoded pixels at once, over all tasks.
	// Default 512 MiB.
	Memory int64

	// MaxPixels is the most pixels of one image that has no bound of its own. Default
	// [seine.DefaultMaxPixels].
	MaxPixels int64

	// Patience is how long one call of the store may take; an upload may take
	// as much longer as its bytes take at 128 KiB a second. Default a minute.
	Patience time.Duration
}

// slowest is the least bytes a second of an upload that is not given up.
const slowest = 128 << 10

// Keeper keeps assets in a store. It is safe for concurrent use.
type Keeper struct {
	bucket *blob.Bucket
	folder bool // the bucket is one
	memory *semaphore.Weighted
	opts   Options
}

// New returns a keeper of a bucket; a nil bucket does for Preview and Verify.
func New(bucket *blob.Bucket, opts Options) *Keeper {
	if opts.Memory == 0 {
		opts.Memory = 512 << 20
	}
	if opts.MaxPixels == 0 {
		opts.MaxPixels = seine.DefaultMaxPixels
	}
	if opts.Patience == 0 {
		opts.Patience = time.Minute
	}
	var info os.FileInfo // what a folder's driver knows of itself
	return &Keeper{bucket: bucket, folder: bucket != nil && bucket.As(&info), memory: semaphore.NewWeighted(opts.Memory), opts: opts}
}

// Hold is the task of an asset, as far as a keeper needs it.
type Hold struct {
	// Owned is called before an existing file with other bytes is replaced. An error means that
	// another worker owns the task. nil means that no other worker exists.
	Owned func(context.Context) error

	// Owner returns the key of another task whose record names the file at a path, unless the
	// task's own record names it with the SHA-256 of the existing file. nil means that no other
	// task exists.
	Owner func(ctx context.Context, path string, sha256 []byte) (string, error)

	// Again reports that an earlier attempt may have died while writing. Its partial file is
	// removed.
	Again bool

	// Last reports that no further attempt follows. The keeper then accepts that a better file is
	// unavailable.
	Last bool

	// Page is the task's page, which holds the files of Body and of blob: URLs. nil means that the
	// page was not fetched.
	Page *seine.Page
}

// Keep fetches, renders and stores an asset, which is one file, or a rendition and its original.
func (k *Keeper) Keep(ctx context.Context, from seine.Fetcher, a seine.Asset, hold Hold) ([]assetfile.Stored, error) {
	files, err := k.prepare(ctx, from, a, hold)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if hold.Again {
			if err := k.call(ctx, f.Path, 0, func(ctx context.Context) error { return k.sweep(ctx, f.Path) }); err != nil {
				return nil, err
			}
		}
		if err := k.put(ctx, f.Stored, f.body, hold); err != nil {
			return nil, err
		}
	}
	return stored(files), nil
}

// Preview does what Keep does for an asset of a page, and stores nothing.
func (k *Keeper) Preview(ctx context.Context, from seine.Fetcher, page *seine.Page, a seine.Asset) ([]assetfile.Stored, error) {
	files, err := k.prepare(ctx, from, a, Hold{Page: page})
	return stored(files), err
}

// file is an asset before it is in the store.
type file struct {
	assetfile.Stored
	body []byte
}

func stored(files []file) []assetfile.Stored {
	var out []assetfile.Stored
	for _, f := range files {
		out = append(out, f.Stored)
	}
	return out
}

// prepare fetches the asset, its better URL first, and renders it.
func (k *Keeper) prepare(ctx context.Context, from seine.Fetcher, a seine.Asset, hold Hold) ([]file, error) {
	if u := a.Upgrade; u != nil && u.From != "" && strings.Contains(a.URL, u.From) {
		better := strings.Replace(a.URL, u.From, u.To, 1)
		files, err := k.prepareURL(ctx, from, a, better, hold.Page)
		// A temporary error falls back only in the last attempt, because a fallback stores the
		// worse file forever.
		if err == nil || ctx.Err() != nil || !hopeless(err) && !hold.Last {
			return files, err
		}
	}
	return k.prepareURL(ctx, from, a, a.URL, hold.Page)
}

// errMissing reports that the URL has no such file.
var errMissing = errors.New("no such file")

// Final reports whether another attempt would end alike: damaged file, wrong type, or exceeded
// bound. An HTTP status may change.
func Final(err error) bool {
	var f Fault
	if errors.As(err, &f) && strings.HasPrefix(string(f), "HTTP ") {
		return false
	}
	var c *CollisionError
	if errors.As(err, &c) {
		return true
	}
	return hopeless(err)
}

// hopeless reports whether another attempt would end alike: missing file, damaged file, or exceeded
// bound.
func hopeless(err error) bool {
	var (
		f Fault
		r retry
	)
	if errors.As(err, &r) {
		return false
	}
	if errors.Is(err, errMissing) || errors.Is(err, seine.ErrTooLarge) || errors.Is(err, seine.ErrRefused) {
		return true
	}
	return errors.As(err, &f) && f != cutShort && !strings.HasPrefix(string(f), "HTTP ")
}

type missing struct{ Fault }

func (m missing) Is(target error) bool { return target == errMissing }
func (m missing) Unwrap() error        { return m.Fault }

func (k *Keeper) prepareURL(ctx context.Context, from seine.Fetcher, a seine.Asset, at string, of *seine.Page) ([]file, error) {
	page, err := get(ctx, from, a, at, of)
	if err != nil {
		return nil, err
	}
	switch s := page.Status; {
	case a.Body: // the verdict has judged it
	case s == http.StatusTooManyRequests || s == http.StatusRequestTimeout || s >= 500:
		return nil, Fault(fmt.Sprintf("HTTP %d", s))
	case s != http.StatusOK:
		return nil, missing{Fault(fmt.Sprintf("HTTP %d", s))}
	}
	if a.Image != nil && a.Image.Keep == seine.KeepOriginal && (a.OriginalPath == "" || a.OriginalPath == a.Path) {
		return nil, Fault("original has no path of its own")
	}
	kind, err := check(page, a.Image != nil, a.Types)
	if err != nil {
		return nil, err
	}
	original := fileOf(a.Name, a.Path, ShownURL(at), kind, page.Body)
	original.OriginalBytes, original.OriginalSHA256 = original.Bytes, original.SHA256
	if a.Image == nil {
		original.Width, original.Height = sizeOf(page.Body)
		original.PHash = k.hash(ctx, page.Body)
		return []file{original}, nil
	}
	r, err := k.render(ctx, page.Body, *a.Image)
	if err != nil {
		return nil, err
	}
	rendition := r.file(a.Name, a.Path, ShownURL(at), *a.Image)
	rendition.OriginalBytes, rendition.OriginalSHA256 = original.Bytes, original.SHA256
	if a.Image.Keep != seine.KeepOriginal {
		return []file{rendition}, nil
	}
	original.Name, original.Path = a.Name+assetfile.OriginalSuffix, pathOf(a.OriginalPath, kind)
	original.Width, original.Height = r.originalWidth, r.originalHeight
	return []file{rendition, original}, nil
}

// file returns a rendition as the file of an asset.
func (r Rendition) file(name, path, at string, spec seine.Image) file {
	f := fileOf(name, path, at, r.kind, r.body)
	f.Width, f.Height, f.PHash, f.RenderedBy = r.width, r.height, r.hash, RenderedBy(spec)
	f.OriginalWidth, f.OriginalHeight = r.originalWidth, r.originalHeight
	return f
}

func fileOf(name, path, at string, is kind, body []byte) file {
	sum := sha256.Sum256(body)
	return file{body: body, Stored: assetfile.Stored{
		Name: name, Path: pathOf(path, is), URL: at, Bytes: int64(len(body)), SHA256: sum[:],
	}}
}

func pathOf(path string, is kind) string { return strings.ReplaceAll(path, "{ext}", is.ext) }
