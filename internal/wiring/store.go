// Package wiring prepares the parts of a job from its values: its store, its client, its place in a
// frontier.
package wiring

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"

	"github.com/seinehq/seine/internal/deadline"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier/drivers"
)

// ErrStore reports that a store cannot be opened or reached.
var ErrStore = errors.New("store unreachable")

// answerWithin bounds the first answer of a store, because Google's client retries a missing one
// without end.
const answerWithin = 20 * time.Second

// Store opens the bucket at a URL, which is file:./data/cards/, file:///data/cards/, or a URL of a
// linked driver. It fails with [ErrStore] after at most 20 s without an answer. It fails with
// [ErrStore], at the latest when 20 s have gone by without an answer.
func Store(ctx context.Context, at string) (*blob.Bucket, error) {
	return store(ctx, at, answerWithin)
}

func store(ctx context.Context, at string, within time.Duration) (*blob.Bucket, error) {
	bucket, err := openStore(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrStore, drivers.Redact(at), err)
	}
	if err := deadline.Call(ctx, within, func(ctx context.Context) error {
		ok, err := bucket.IsAccessible(ctx)
		if err == nil && !ok {
			err = errors.New("it does not exist or may not be read")
		}
		return err
	}); err != nil {
		_ = bucket.Close()
		return nil, fmt.Errorf("%w: %s: %w", ErrStore, drivers.Redact(at), err)
	}
	return bucket, nil
}

func openStore(ctx context.Context, at string) (*blob.Bucket, error) {
	scheme, rest, found := strings.Cut(at, ":")
	switch known := schemes(); {
	case !found || scheme == "":
		return nil, errors.New("give file:FOLDER or the URL of a bucket")
	case !slices.Contains(known, scheme+":"):
		near := ""
		if n := extract.Nearest(scheme+":", known); n != "" {
			near = fmt.Sprintf(": did you mean %q?", n)
		}
		return nil, fmt.Errorf("it begins with none of %s%s", strings.Join(known, ", "), near)
	case scheme == "file":
		dir, err := folder(rest)
		if err != nil {
			return nil, err
		}
		// No attribute files among the pictures, and temporary files in the
		// same folder, so that putting one in place is a rename.
		bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{CreateDir: true, DirFileMode: 0o755 | os.ModeDir, Metadata: fileblob.MetadataDontWrite, NoTempDir: true})
		if err != nil {
			return nil, err
		}
		return confine(dir, bucket)
	}
	return blob.OpenBucket(ctx, at)
}

// schemes lists the URL schemes of the linked drivers.
func schemes() []string {
	known := []string{"file:"}
	for _, s := range blob.DefaultURLMux().BucketSchemes() {
		if s != "file" {
			known = append(known, s+":")
		}
	}
	return known
}

// folder is the folder of a file URL, relative ones included.
func folder(rest string) (string, error) {
	path, _, _ := strings.Cut(rest, "?")
	if strings.HasPrefix(path, "//") {
		host, p, _ := strings.Cut(strings.TrimPrefix(path, "//"), "/")
		switch host {
		case "", "localhost":
			path = "/" + p
		default: // file://./data
			path = host + "/" + p
		}
	}
	path, err := url.PathUnescape(path)
	if err != nil {
		return "", err
	}
	if path == "" {
		return "", errors.New("the URL names no folder, unlike file:./data/")
	}
	return filepath.FromSlash(path), nil
}
