package dataset

import (
	"archive/tar"
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Shards is the place of a WebDataset.
type Shards struct {
	// Bucket and Prefix are the folder. The prefix is empty or ends in a slash.
	Bucket *blob.Bucket
	Prefix string

	// Bytes bounds the samples of a shard. Default 256 MiB. A larger sample is a shard of its own.
	Bytes int64
}

const (
	// DefaultShardBytes bounds the samples of a shard.
	DefaultShardBytes = 256 << 20

	// maxShards is the most shards of a split: the names have six digits.
	maxShards = 1_000_000

	// shardForm changes if the same records would give other shards.
	shardForm = 1

	// maxStats bounds the stats of a shard that are read back.
	maxStats = 16 << 20

	// maxClasses bounds the reasons in the stats of a shard.
	maxClasses = 100
)

// stats describes a shard. It is written last, so a shard with stats is complete.
type stats struct {
	Form  int            `json:"form"`
	Count int            `json:"count"`
	Files int            `json:"files"`
	Bytes int64          `json:"bytes"`
	First string         `json:"first_key"`
	Last  string         `json:"last_key"`
	State map[string]int `json:"status_dict"`

	// Source is the SHA-256 of the lines of the records, with the sums of their files, and of the
	// columns' types.
	Source string            `json:"source_sha256"`
	SHA256 map[string]string `json:"sha256"`
	Sizes  map[string]int64  `json:"sizes"`
}

// errAgain asks for another pass, because a complete shard does not hold the records of now.
var errAgain = errors.New("a shard holds other records")

// shardSet writes the samples of one split. A complete shard of an earlier export is kept if it
// holds the same records; its files are not read again.
type shardSet struct {
	store  Store
	bucket Store
	prefix string
	split  string
	limit  int64
	table  table
	single bool // the job has one asset, which needs no name in a sample
	fresh  *bool

	n       int // of the shard
	shard   *shard
	written []File
}

// shard is the open shard.
type shard struct {
	stats
	source hash.Hash
	keeps  *stats // of the complete shard that may stay

	tar     *tar.Writer
	parquet *parquetFile

	samples, rows *scratch // of the tar and of the rows, until they are complete
}

// scratch is a file of a shard while it grows.
type scratch struct {
	*bufio.Writer
	file   *os.File
	remove func()
	sum    hash.Hash
}

func newScratch() (*scratch, error) {
	f, remove, err := temporary("seine-shard-")
	if err != nil {
		return nil, err
	}
	s := &scratch{file: f, remove: remove, sum: sha256.New()}
	s.Writer = bufio.NewWriterSize(io.MultiWriter(diskWriter{f, f.Name()}, s.sum), 1<<18)
	return s, nil
}

// end returns the sum and the size of the file, which is at its beginning then.
func (s *scratch) end() (sum string, size int64, err error) {
	if err := s.Flush(); err != nil {
		return "", 0, err
	}
	if size, err = s.file.Seek(0, io.SeekCurrent); err != nil {
		return "", 0, err
	}
	_, err = s.file.Seek(0, io.SeekStart)
	return hex.EncodeToString(s.sum.Sum(nil)), size, err
}

func (s *scratch) drop() {
	if s != nil {
		s.remove()
	}
}

func shardName(n int) string { return fmt.Sprintf("%06d", n) }

// put adds a record as a sample.
func (s *shardSet) put(ctx context.Context, r record) error {
	if !s.table.holds(r) {
		return errMisfit
	}
	line, err := encodeJSON(r)
	if err != nil {
		return err
	}
	size := sampleBytes(r, line)
	if s.shard != nil && s.shard.Count > 0 && s.shard.Bytes+size > s.limit {
		if err := s.close(ctx); err != nil {
			return err
		}
	}
	if s.shard == nil {
		if err := s.open(ctx, r.Key); err != nil {
			return err
		}
	}
	d := s.shard
	_, _ = d.source.Write(append(line, '\n'))
	d.First, d.Last = cmp.Or(d.First, r.Key), r.Key
	d.Count, d.Files, d.Bytes = d.Count+1, d.Files+len(r.Assets), d.Bytes+size
	d.note(r)
	if d.keeps != nil {
		return nil
	}
	if err := d.parquet.put(r); err != nil {
		return err
	}
	return s.sample(ctx, r, line)
}

// note counts the states of the files of a record: success, or the reasons of failures.
func (d *shard) note(r record) {
	count := func(what string) {
		if _, known := d.State[what]; !known && len(d.State) >= maxClasses {
			what = "other"
		}
		d.State[what]++
	}
	for range r.Assets {
		count("success")
	}
	for _, f := range r.Failures {
		count(f.Reason)
	}
}

// sampleBytes is the size of a sample in a tar file.
func sampleBytes(r record, line []byte) int64 {
	entry := func(n int64) int64 { return 512 + (n+511)/512*512 }
	size := entry(int64(len(line)))
	for _, a := range r.Assets {
		size += entry(a.Bytes)
	}
	return size
}

// open begins a shard. If a complete one begins with the same record, its files are read only if it
// turns out to hold others.
func (s *shardSet) open(ctx context.Context, first string) error {
	if s.n >= maxShards {
		return fmt.Errorf("more than %d shards: give a larger --shard-size", maxShards)
	}
	d := &shard{source: sha256.New(), stats: stats{Form: shardForm, State: map[string]int{}, SHA256: map[string]string{}, Sizes: map[string]int64{}}}
	s.shard = d
	types, err := json.Marshal(s.table.shown())
	if err != nil {
		return err
	}
	_, _ = d.source.Write(types)
	if !*s.fresh {
		old, err := s.statsOf(ctx, s.n)
		if err != nil {
			return err
		}
		if old != nil && old.Form == shardForm && old.First == first && s.whole(ctx, old) {
			d.keeps = old
			return nil
		}
	}
	if d.samples, err = newScratch(); err != nil {
		return err
	}
	if d.rows, err = newScratch(); err != nil {
		return err
	}
	d.tar, d.parquet = tar.NewWriter(d.samples), newParquet(d.rows, s.table)
	return nil
}

// statsOf reads the stats of a complete shard; nil without one.
func (s *shardSet) statsOf(ctx context.Context, n int) (*stats, error) {
	var text []byte
	err := s.bucket.read(ctx, s.prefix+shardName(n)+statsEnd, func(r io.Reader) (err error) {
		text, err = io.ReadAll(io.LimitReader(r, maxStats))
		return err
	})
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, storeError("read "+s.prefix+shardName(n)+statsEnd, err)
	}
	var old stats
	if err := json.Unmarshal(text, &old); err != nil {
		return nil, nil //nolint:nilnil,nilerr // it is not ours, and is replaced
	}
	return &old, nil
}

// whole reports whether the files of a shard have their sizes: a disk may have lost their ends.
func (s *shardSet) whole(ctx context.Context, old *stats) bool {
	for _, end := range []string{tarEnd, rowsEnd} {
		size, known := old.Sizes[end[1:]]
		at, err := s.bucket.attributes(ctx, s.prefix+shardName(s.n)+end)
		if !known || err != nil || at.Size != size {
			return false
		}
	}
	return true
}

// close completes the shard: the tar file, the rows, and last the stats.
func (s *shardSet) close(ctx context.Context) error {
	d := s.shard
	if d == nil {
		return nil
	}
	d.Source = hex.EncodeToString(d.source.Sum(nil))
	if d.keeps != nil {
		if d.keeps.Source != d.Source {
			*s.fresh = true
			return errAgain
		}
		d.stats = *d.keeps
	} else if err := s.write(ctx, d); err != nil {
		return err
	}
	name := shardName(s.n)
	for _, end := range []string{tarEnd, rowsEnd} {
		s.written = append(s.written, File{
			Name: s.prefix + name + end, Split: s.split, Records: int64(d.Count), Bytes: d.Sizes[end[1:]], SHA256: d.SHA256[end[1:]],
		})
	}
	s.drop()
	s.shard = nil
	s.n++
	return nil
}

func (s *shardSet) write(ctx context.Context, d *shard) error {
	if err := d.parquet.end(); err != nil {
		return err
	}
	if err := d.tar.Close(); err != nil {
		return err
	}
	for name, file := range map[string]*scratch{"tar": d.samples, "parquet": d.rows} {
		sum, size, err := file.end()
		if err != nil {
			return err
		}
		d.SHA256[name], d.Sizes[name] = sum, size
	}
	text, err := json.MarshalIndent(d.stats, "", "  ")
	if err != nil {
		return err
	}
	name := s.prefix + shardName(s.n)
	// A shard that is replaced must not look complete meanwhile.
	if err := s.bucket.remove(ctx, name+statsEnd); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return storeError("delete "+name+statsEnd, err)
	}
	for _, f := range []struct {
		end  string
		body io.Reader
	}{{tarEnd, d.samples.file}, {rowsEnd, d.rows.file}, {statsEnd, bytes.NewReader(append(text, '\n'))}} {
		if err := copyTo(ctx, s.bucket, name+f.end, f.body); err != nil {
			return err
		}
	}
	return nil
}

func copyTo(ctx context.Context, bucket Store, key string, body io.Reader) error {
	target, err := ToBucket(ctx, bucket.Bucket, key)
	if err != nil {
		return err
	}
	defer target.Abort()
	if _, err := io.Copy(target, body); err != nil {
		return err
	}
	return target.Commit()
}

// drop removes the temporary files of the shard.
func (s *shardSet) drop() {
	if d := s.shard; d != nil {
		d.samples.drop()
		d.rows.drop()
		d.samples, d.rows = nil, nil
	}
}

func (s *shardSet) abort() { s.drop() }

// commit completes the last shard.
func (s *shardSet) commit(ctx context.Context) error { return s.close(ctx) }

func (s *shardSet) files() []File { return s.written }
