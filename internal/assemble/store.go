// Package assemble builds what a job runs with from its values: its store, its
// client, its place in a frontier.
package assemble

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"

	"github.com/seinehq/seine/internal/frontier/drivers"
)

// ErrStore says that a store can't be opened or reached.
var ErrStore = errors.New("store unreachable")

// Store opens the bucket at a URL: file:./data/cards/, file:///data/cards/, or
// one that a linked driver knows.
func Store(ctx context.Context, at string) (*blob.Bucket, error) {
	bucket, err := openStore(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrStore, drivers.Redact(at), err)
	}
	if ok, err := bucket.IsAccessible(ctx); err != nil || !ok {
		_ = bucket.Close()
		if err == nil {
			err = errors.New("it does not exist or may not be read")
		}
		return nil, fmt.Errorf("%w: %s: %w", ErrStore, drivers.Redact(at), err)
	}
	return bucket, nil
}

func openStore(ctx context.Context, at string) (*blob.Bucket, error) {
	scheme, rest, found := strings.Cut(at, ":")
	switch {
	case !found || scheme == "":
		return nil, errors.New("give file:FOLDER or the URL of a bucket")
	case scheme == "file":
		dir, err := folder(rest)
		if err != nil {
			return nil, err
		}
		// No attribute files among the pictures, and temporary files in the
		// same folder, so that putting one in place is a rename.
		return fileblob.OpenBucket(dir, &fileblob.Options{CreateDir: true, DirFileMode: 0o755 | os.ModeDir, Metadata: fileblob.MetadataDontWrite, NoTempDir: true})
	}
	return blob.OpenBucket(ctx, at)
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
		return "", errors.New("the URL names no folder: file:./data/")
	}
	return filepath.FromSlash(path), nil
}
