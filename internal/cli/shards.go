package cli

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"gocloud.dev/blob"

	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/wiring"
)

// manifestName is the file about a WebDataset, in its folder.
const manifestName = "manifest.json"

// shards writes a WebDataset.
func (a *exportCommand) shards(ctx context.Context, arg string, splits []dataset.Split) error {
	if a.output == "-" || dataset.IsStream(a.output) {
		return usagef("-o %s: a WebDataset is a folder: give -o shards/", a.output)
	}
	size, err := sizeOf(a.shard)
	if err != nil {
		return usagef("--shard-size %s: %w", a.shard, err)
	}
	set, done, err := a.dataSet(ctx, arg, wants{frontier: true, address: true})
	if err != nil {
		return err
	}
	defer done()
	if layout := set.Rules.Layout(); len(layout.Assets())+len(layout.Lists()) > 0 {
		if err := a.openSet(ctx, set); err != nil {
			return err
		}
		defer func() { _ = set.Store.Close() }()
	}
	set.SkipDuplicates = a.unique
	set.AllVersions = a.versions == "all"
	opts := dataset.ExportOptions{Format: dataset.WebDataset, Splits: splits, Condition: a.where}
	if opts.Where, err = a.filter(set); err != nil {
		return err
	}
	bucket, prefix, err := a.folder(ctx, a.output)
	if err != nil {
		return err
	}
	defer func() { _ = bucket.Close() }()
	opts.Shards = &dataset.Shards{Bucket: bucket, Prefix: prefix, Bytes: size}
	about, err := set.Export(ctx, opts)
	if err != nil {
		return datasetError(err)
	}
	a.warn(about)
	at := exportPlace{open: func(ctx context.Context, name string) (*dataset.Target, error) {
		return dataset.ToBucket(ctx, bucket, name)
	}}
	if err := writeAbout(ctx, at, prefix+manifestName, about); err != nil {
		return datasetError(err)
	}
	n := int64(len(about.Files) / 2) // a tar file and its rows
	a.note("seine: %s of job %s in %s of %s%s", counted(about.Records, "record"), about.Job, counted(n, "shard"), a.output, permitted(about))
	return nil
}

// folder opens the folder that -o names, and makes it if it is on this machine.
func (a *exportCommand) folder(ctx context.Context, to string) (bucket *blob.Bucket, prefix string, err error) {
	scheme, rest, isURL := strings.Cut(to, "://")
	if isURL && scheme != "file" {
		name, key, _ := strings.Cut(rest, "/")
		if name == "" {
			return nil, "", usagef("-o %s: give gs://BUCKET/FOLDER/", to)
		}
		if key = strings.Trim(key, "/"); key != "" {
			key += "/"
		}
		bucket, err = a.openStore(ctx, place{scheme + "://" + name, "-o"})
		return bucket, key, err
	}
	if strings.HasPrefix(to, "file:") {
		if to, err = wiring.Folder(to); err != nil {
			return nil, "", usagef("-o %s: %w", a.output, err)
		}
	}
	dir, err := filepath.Abs(to)
	if err != nil {
		return nil, "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // others may read an export
		return nil, "", err
	}
	bucket, err = a.openStore(ctx, place{"file:" + filepath.ToSlash(dir), "-o"})
	return bucket, "", err
}

var sizeText = regexp.MustCompile(`(?i)^([0-9]{1,12})\s*(?:([kmgt])(i?)b?|b)?$`)

// sizeOf reads a number of bytes: 500000, 256MiB, 1GB, 64m.
func sizeOf(text string) (int64, error) {
	m := sizeText.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0, usagef("give bytes such as 256MiB or 1GB")
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0, err
	}
	base := int64(1000)
	if m[3] != "" {
		base = 1024
	}
	for range strings.Index("kmgt", strings.ToLower(m[2])) + 1 {
		if m[2] == "" {
			break
		}
		n *= base
	}
	if n < 1<<10 || n > 1<<40 {
		return 0, usagef("give at least 1kB and at most 1TiB")
	}
	return n, nil
}
