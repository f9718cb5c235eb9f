package dataset

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/redact"
)

// Format is how records are written.
type Format string

// The formats of an export.
const (
	// JSONL is one record a line.
	JSONL Format = "jsonl"

	// CSV is one record a row, by RFC 4180, with a head.
	CSV Format = "csv"
)

// About accompanies an export. It states the rules of the records and the permission.
type About struct {
	Job        string    `json:"job"`
	Permission string    `json:"permission"`
	Contact    string    `json:"contact"`
	Format     Format    `json:"format"`
	Records    int64     `json:"records"`
	ExportedAt time.Time `json:"exported_at"`

	// Digests counts the records by the digest of the rules that made them, in hexadecimal digits.
	// Digest belongs to the current rules.
	Digest  string           `json:"digest"`
	Digests map[string]int64 `json:"digests"`

	// LeftOut lists fields of some records without a CSV column, which earlier rules of the job
	// had.
	LeftOut []string `json:"left_out"`
}

// maxDigests bounds the digests with a count of their own. Further ones count under "other".
const maxDigests = 1000

// record is the shape of an exported record, which is a contract.
type record struct {
	Job       string              `json:"job"`
	Key       string              `json:"key"`
	Kind      string              `json:"kind"`
	URL       string              `json:"url"`
	Fields    map[string]any      `json:"fields"`
	Assets    map[string]exported `json:"assets"`
	FetchedAt time.Time           `json:"fetched_at"`

	// Failures are the assets that the record is stored without, by name.
	Failures map[string]failure `json:"failures,omitempty"`

	// Version counts the changes of the fields, from 1. It is set if all versions are exported.
	Version int `json:"version,omitempty"`

	// GoneAt is the time from which on the page is gone, or does not hold the record.
	GoneAt *time.Time `json:"gone_at,omitempty"`
}

type failure struct {
	URL    string `json:"url"`
	Reason string `json:"reason"`
}

type exported struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	URL    string `json:"url"`
}

func (s *Set) record(r frontier.Stored) (record, error) {
	out := record{Job: s.Job.Name, Key: r.Key, Kind: r.Kind, URL: r.URL, Assets: map[string]exported{}, FetchedAt: r.FetchedAt.UTC()}
	var err error
	if out.Fields, err = decodeFields(r.Fields); err != nil {
		return out, fmt.Errorf("record %s: %w", r.Key, err)
	}
	for _, a := range r.Assets {
		out.Assets[a.Name] = exported{a.Path, a.Bytes, hex.EncodeToString(a.SHA256), a.Width, a.Height, a.URL}
	}
	for _, f := range r.Failed {
		if out.Failures == nil {
			out.Failures = map[string]failure{}
		}
		out.Failures[f.Name] = failure{f.URL, f.Reason}
	}
	if s.AllVersions {
		out.Version = r.Version
	}
	if !r.GoneAt.IsZero() {
		at := r.GoneAt.UTC()
		out.GoneAt = &at
	}
	return out, nil
}

// clean leaves secrets out. The paths of files stay as they are in the store.
func (r *record) clean(secrets *redact.Replacer) {
	r.Fields, r.URL = redact.Object(secrets, r.Fields), secrets.Replace(r.URL)
	for name, a := range r.Assets {
		a.URL = secrets.Replace(a.URL)
		r.Assets[name] = a
	}
}

// Export writes every record, ordered by key and kind, as of one moment. With AllVersions it writes
// every version, ordered by version too, as stored when the export reaches it. Equal records give
// equal bytes on every frontier, because the keys of objects are sorted.
func (s *Set) Export(ctx context.Context, w io.Writer, format Format) (About, error) {
	about := About{
		Job: s.Job.Name, Permission: s.Job.Permission, Contact: s.Job.Contact, Format: format,
		Digest: hex.EncodeToString(s.Job.Digest), Digests: map[string]int64{}, LeftOut: []string{},
	}
	now, err := s.Frontier.Clock(ctx)
	if err != nil {
		return about, err
	}
	about.ExportedAt = now.UTC()
	out := bufio.NewWriterSize(w, 1<<18)
	put, end, err := s.writer(out, format, &about)
	if err != nil {
		return about, err
	}
	clean := redact.New(s.Job.Secrets)
	read := s.Frontier.Snapshot
	if s.AllVersions {
		read = s.Frontier.Versions
	}
	err = read(ctx, s.ID, func(r frontier.Stored) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		rec, err := s.record(r)
		if err != nil {
			return err
		}
		if len(s.Job.Secrets) > 0 { // a version of Seine before stored what a page repeats
			rec.clean(clean)
		}
		about.Records++
		s.progress("records", about.Records)
		digest := hex.EncodeToString(r.Digest)
		if _, known := about.Digests[digest]; !known && len(about.Digests) >= maxDigests {
			digest = "other"
		}
		about.Digests[digest]++
		return put(rec)
	})
	if err == nil {
		err = end()
	}
	if err == nil {
		err = out.Flush()
	}
	slices.Sort(about.LeftOut)
	return about, err
}

// writer returns the function that writes one record, and the function that ends the file.
func (s *Set) writer(w io.Writer, format Format, about *About) (put func(record) error, end func() error, err error) {
	switch format {
	case JSONL:
		return func(r record) error {
			line, err := encodeJSON(r)
			if err == nil {
				_, err = w.Write(append(line, '\n'))
			}
			return err
		}, func() error { return nil }, nil
	case CSV:
		return s.csvWriter(w, about)
	}
	return nil, nil, fmt.Errorf("unknown format %q: jsonl or csv", format)
}
