package dataset

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"gocloud.dev/gcerrors"

	"github.com/seinehq/seine/internal/extract"
)

// The ends of the names of a shard's files.
const (
	tarEnd   = ".tar"
	rowsEnd  = ".parquet"
	statsEnd = "_stats.json"
)

// sample writes the files of a record, and then the record itself.
func (s *shardSet) sample(ctx context.Context, r record, line []byte) error {
	base := sampleName(r.Key)
	names := make([]string, 0, len(r.Assets))
	for name := range r.Assets {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		a := r.Assets[name]
		part := strings.TrimPrefix(path.Ext(a.Path), ".")
		if !s.single {
			part = strings.Trim(extract.Sanitize(name)+"."+part, ".")
		}
		if err := s.add(ctx, base+"."+cmp.Or(part, "bin"), a, r); err != nil {
			return err
		}
	}
	if caption, ok := r.Fields["caption"].(string); ok {
		if err := s.shard.entry(base+".txt", int64(len(caption)), r.FetchedAt, strings.NewReader(caption)); err != nil {
			return err
		}
	}
	return s.shard.entry(base+".json", int64(len(line)), r.FetchedAt, bytes.NewReader(line))
}

// add copies a file of the store into the shard, and checks its sum.
func (s *shardSet) add(ctx context.Context, name string, a exported, r record) error {
	sum := sha256.New()
	err := s.store.read(ctx, a.Path, func(in io.Reader) error {
		return s.shard.entry(name, a.Bytes, r.FetchedAt, io.TeeReader(in, sum))
	})
	switch {
	case gcerrors.Code(err) == gcerrors.NotFound:
		return fmt.Errorf("%w: the file %s of record %s is missing: run `seine audit --fix`, then `seine run`", ErrStore, a.Path, r.Key)
	case errors.Is(err, errSize), err == nil && hex.EncodeToString(sum.Sum(nil)) != a.SHA256:
		return fmt.Errorf("%w: the file %s of record %s has other bytes than were stored: run `seine audit --fix --deep`, then `seine run`", ErrStore, a.Path, r.Key)
	case err != nil:
		return storeError("read "+a.Path, err)
	}
	return nil
}

var errSize = errors.New("the file has another size")

// entry writes one file of a tar archive. Its bytes depend on its arguments alone.
func (d *shard) entry(name string, size int64, at time.Time, body io.Reader) error {
	if err := d.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: at.Truncate(time.Second), Format: tar.FormatPAX,
	}); err != nil {
		return err
	}
	n, err := io.Copy(d.tar, body)
	switch {
	case errors.Is(err, tar.ErrWriteTooLong), err == nil && n != size:
		return errSize
	}
	return err
}

// sampleName returns the name of a sample. A loader takes what follows its first dot for the kind
// of a file.
func sampleName(key string) string {
	name := extract.Sanitize(key)
	if !strings.Contains(name, ".") {
		return name
	}
	sum := sha256.Sum256([]byte(key))
	return strings.ReplaceAll(strings.TrimSuffix(name, path.Ext(name)), ".", "_") + "-" + hex.EncodeToString(sum[:16])
}
