package dataset

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/redact"
)

// ExportOptions select what an export writes, and how.
type ExportOptions struct {
	Format Format

	// Shards is the place of a WebDataset.
	Shards *Shards

	// Gzip compresses the files as a whole.
	Gzip bool

	// Where selects records; nil selects all. Condition is its text.
	Where     func(env map[string]any) (bool, error)
	Condition string

	// Splits divide the records among files. Empty: one file.
	Splits []Split

	// Open opens the file of a split, which is empty if there are none. Its name is for the about
	// file. An export can open a file again after it has aborted it.
	Open func(ctx context.Context, split string) (t *Target, name string, err error)
}

// Split is a share of the records. A record belongs to the split in whose part of the interval from
// 0 to 1 its number falls: the first eight bytes of the SHA-256 of its key, divided by 2^64. Equal
// keys are always in the same split.
type Split struct {
	Name  string
	Share float64
}

// splitOf returns the number of the split of a key.
func splitOf(splits []Split, key string) int {
	if len(splits) < 2 {
		return 0
	}
	sum := sha256.Sum256([]byte(key))
	x := float64(binary.BigEndian.Uint64(sum[:8])) / (1 << 64)
	for i, s := range splits[:max(0, len(splits)-1)] {
		if x -= s.Share; x < 0 {
			return i
		}
	}
	return max(0, len(splits)-1)
}

// sink takes the records of one file in a format.
type sink interface {
	put(r record) error
	end() error
}

// dest takes the records of one split.
type dest interface {
	put(ctx context.Context, r record) error

	// commit ends the files and moves them into place. abort leaves nothing of what is not in
	// place.
	commit(ctx context.Context) error
	abort()

	files() []File
}

// output is a file of an export while it is written.
type output struct {
	File
	sink   sink
	target *Target
	zip    *gzip.Writer // nil: not compressed
	buffer *bufio.Writer
	sum    hash.Hash
}

// newOutput returns the file of a split.
func newOutput(target *Target, file File, compressed bool) *output {
	o := &output{File: file, target: target, sum: sha256.New()}
	var to io.Writer = o
	if compressed {
		o.zip = gzip.NewWriter(o)
		to = o.zip
	}
	o.buffer = bufio.NewWriterSize(to, 1<<18)
	return o
}

// Write counts and hashes the bytes of the file.
func (o *output) Write(b []byte) (int, error) {
	n, err := o.target.Write(b)
	_, _ = o.sum.Write(b[:n])
	o.Bytes += int64(n)
	return n, err
}

func (o *output) put(_ context.Context, r record) error {
	err := o.sink.put(r)
	if err == nil {
		o.Records++
	}
	return err
}

func (o *output) abort()        { o.target.Abort() }
func (o *output) files() []File { return []File{o.File} }

func (o *output) commit(context.Context) error {
	if err := o.sink.end(); err != nil {
		return err
	}
	if err := o.buffer.Flush(); err != nil {
		return err
	}
	if o.zip != nil {
		if err := o.zip.Close(); err != nil {
			return err
		}
	}
	o.SHA256 = hex.EncodeToString(o.sum.Sum(nil))
	return o.target.Commit()
}

// typePasses bounds the passes over the records until the columns hold all values. Only records
// that change meanwhile need a third one.
const typePasses = 8

// Export writes every record, ordered by key and kind, as of one moment. With AllVersions it writes
// every version, ordered by version too, as stored when the export reaches it. Equal records give
// equal bytes on every frontier. Files appear in their places at the end, or not at all.
func (s *Set) Export(ctx context.Context, opts ExportOptions) (About, error) {
	x := &export{Set: s, opts: opts, table: s.newTable()}
	for pass := 1; ; pass++ {
		about, err := x.pass(ctx)
		if (errors.Is(err, errMisfit) || errors.Is(err, errAgain)) && pass < typePasses {
			continue
		}
		return about, err
	}
}

// export is one export.
type export struct {
	*Set
	opts  ExportOptions
	table table
	about About

	// outs are empty before the first records are known, and after a misfit.
	outs   []dest
	first  []record
	widens bool // this pass finds types alone
	known  bool // the columns hold all records, unless they change
	fresh  bool // no shard of an earlier export is kept
}

// firstRecords is how many records decide on the columns before one is written.
const firstRecords = 5000

// pass reads the records once. It fails with errMisfit if the columns did not hold all of them.
// Then they do for the next pass.
func (x *export) pass(ctx context.Context) (About, error) {
	x.about = About{
		Job: x.Job.Name, Permission: x.Job.Permission, Contact: x.Job.Contact, Format: x.opts.Format, Where: x.opts.Condition,
		Digest: hex.EncodeToString(x.Job.Digest), Digests: map[string]int64{}, LeftOut: []string{}, Files: []File{},
	}
	x.widens, x.outs, x.first = x.opts.Format == WebDataset && !x.known, nil, nil
	defer x.abort()
	now, err := x.Frontier.Clock(ctx)
	if err != nil {
		return x.about, err
	}
	x.about.ExportedAt = now.UTC()
	from := reader{set: x.Set, layout: x.Rules.Layout(), decodes: x.opts.Format != Parquet}
	if len(x.Job.Secrets) > 0 {
		from.clean = redact.New(x.Job.Secrets)
	}
	read := x.Frontier.Snapshot
	if x.AllVersions {
		read = x.Frontier.Versions
	}
	err = ahead(ctx, func(ctx context.Context, each func(frontier.Stored) error) error { return read(ctx, x.ID, each) },
		from.record, func(r record) error { return x.take(ctx, r) })
	if err == nil {
		err = x.end(ctx)
	}
	slices.Sort(x.about.LeftOut)
	return x.about, err
}

// take takes one record in.
func (x *export) take(ctx context.Context, r record) error {
	if x.SkipDuplicates && r.duplicate() {
		x.about.Duplicates++
		return nil
	}
	if x.opts.Where != nil {
		env, err := r.environment()
		if err != nil {
			return fmt.Errorf("record %s: %w", r.Key, err)
		}
		holds, err := x.opts.Where(env)
		if err != nil {
			if x.about.Unjudged++; x.about.Why == "" {
				x.about.Why = fmt.Sprintf("record %s: %v", r.Key, err)
			}
			return nil
		}
		if !holds {
			return nil
		}
	}
	x.about.Records++
	x.progress("records", x.about.Records)
	rules := r.Digest
	if _, known := x.about.Digests[rules]; !known && len(x.about.Digests) >= maxDigests {
		rules = "other"
	}
	x.about.Digests[rules]++
	switch {
	case x.widens:
		x.table.add(r)
		return nil
	case x.outs != nil:
		return x.put(ctx, r)
	case x.opts.Format == Parquet:
		x.table.add(r)
		if x.first = append(x.first, r); len(x.first) < firstRecords {
			return nil
		}
	default:
		x.first = append(x.first, r)
	}
	return x.start(ctx)
}

// start opens the files and writes the first records.
func (x *export) start(ctx context.Context) error {
	splits := x.opts.Splits
	if len(splits) == 0 {
		splits = []Split{{Share: 1}}
	}
	for _, split := range splits {
		out, err := x.open(ctx, split.Name)
		if err != nil {
			return err
		}
		x.outs = append(x.outs, out)
	}
	for _, r := range x.first {
		if err := x.put(ctx, r); err != nil {
			return err
		}
	}
	x.first = nil
	return nil
}

// open opens the files of a split.
func (x *export) open(ctx context.Context, split string) (dest, error) {
	if x.opts.Format == WebDataset {
		at := x.opts.Shards
		s := &shardSet{
			store: x.Store, bucket: Store{Bucket: at.Bucket}, prefix: at.Prefix, split: split, limit: cmp.Or(at.Bytes, DefaultShardBytes),
			table: x.table.clone(), single: len(x.table.assets) == 1 && len(x.table.lists) == 0, fresh: &x.fresh,
		}
		if split != "" {
			s.prefix += split + "/"
		}
		return s, nil
	}
	target, name, err := x.opts.Open(ctx, split)
	if err != nil {
		return nil, err
	}
	if x.opts.Format == Parquet {
		if target, err = target.rewritable(); err != nil {
			return nil, err
		}
	}
	o := newOutput(target, File{Name: name, Split: split}, x.opts.Gzip)
	if o.sink, err = x.sink(o.buffer); err != nil {
		target.Abort()
		return nil, err
	}
	return o, nil
}

// put writes a record to the file of its split. If a column does not hold it, the files are given
// up, and the rest of the pass widens the columns.
func (x *export) put(ctx context.Context, r record) error {
	if x.widens {
		x.table.add(r)
		return nil
	}
	err := x.outs[splitOf(x.opts.Splits, r.Key)].put(ctx, r)
	if errors.Is(err, errMisfit) {
		x.abort()
		x.widens = true
		x.table.add(r)
		return nil
	}
	return err
}

func (x *export) end(ctx context.Context) error {
	if x.widens {
		x.known = true
		return errMisfit
	}
	if x.outs == nil {
		if err := x.start(ctx); err != nil {
			return err
		}
		if x.widens {
			return errMisfit
		}
	}
	for _, o := range x.outs {
		if err := o.commit(ctx); err != nil {
			return err
		}
		x.about.Files = append(x.about.Files, o.files()...)
	}
	if x.opts.Format == Parquet || x.opts.Format == WebDataset {
		x.about.Types = x.table.shown()
	}
	return x.sweep(ctx)
}

// abort leaves nothing of files that are not in place.
func (x *export) abort() {
	for _, o := range x.outs {
		o.abort()
	}
	x.outs = nil
}

// sink returns the sink of the format.
func (x *export) sink(w io.Writer) (sink, error) {
	switch x.opts.Format {
	case JSONL:
		return jsonLines{w}, nil
	case CSV:
		put, end, err := x.csvWriter(w, &x.about)
		return rows{put, end}, err
	case Parquet:
		return newParquet(w, x.table), nil
	default: // the others are no file of rows
		return nil, fmt.Errorf("unknown format %q", x.opts.Format)
	}
}

// rows is a sink of functions.
type rows struct {
	write func(record) error
	close func() error
}

func (r rows) put(rec record) error { return r.write(rec) }
func (r rows) end() error           { return r.close() }

// jsonLines writes a record as a line of JSON.
type jsonLines struct{ w io.Writer }

func (l jsonLines) put(r record) error {
	line, err := encodeJSON(r)
	if err == nil {
		_, err = l.w.Write(append(line, '\n'))
	}
	return err
}

func (l jsonLines) end() error { return nil }

// Problem is a mistake in the condition of an export.
type Problem = extract.Problem

// Filter compiles the condition of an export.
func (s *Set) Filter(condition string) (func(env map[string]any) (bool, error), []Problem) {
	return extract.CompileFilter(condition, s.Rules.Columns())
}
