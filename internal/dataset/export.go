package dataset

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/redact"
)

// Format is how records are written. A new one is a constant here, a case of export.sink in
// write.go, and its extension, name and help in cli/export.go.
type Format string

// The formats of an export.
const (
	// JSONL is one record a line.
	JSONL Format = "jsonl"

	// CSV is one record a row, by RFC 4180, with a head.
	CSV Format = "csv"

	// Parquet has one row per record, with typed columns.
	Parquet Format = "parquet"

	// SQL is a statement that creates a view in the frontier's database.
	SQL Format = "sql"

	// WebDataset has tar files of samples, each with the rows of its samples as Parquet.
	WebDataset Format = "webdataset"
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

	// Where is the condition that the records meet, or empty. Unjudged counts the records for which
	// it has no answer, and Why is the reason for the first of them. They are left out.
	Where    string `json:"where,omitempty"`
	Unjudged int64  `json:"unjudged,omitempty"`
	Why      string `json:"why,omitempty"`

	// Duplicates counts the records that are left out as duplicates.
	Duplicates int64 `json:"duplicates,omitempty"`

	// Damaged counts the recordings that a web archive lacks because they are damaged.
	Damaged int64 `json:"damaged,omitempty"`

	// Files lists the files of the export.
	Files []File `json:"files"`

	// Types are the types of the fields' columns, in formats that have types.
	Types map[string]string `json:"types,omitempty"`

	// LeftOut lists fields of some records without a CSV column, which earlier rules of the job
	// had.
	LeftOut []string `json:"left_out"`
}

// File is a file of an export.
type File struct {
	Name    string `json:"name"`
	Split   string `json:"split,omitempty"`
	Records int64  `json:"records"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
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

	lineage

	raw    json.RawMessage // Fields, with canonical numbers
	layout *extract.Layout
}

// duplicate reports whether each image of a record, apart from originals, is marked as a duplicate.
func (r *record) duplicate() bool {
	marked := false
	for name, a := range r.Assets {
		if a.Width == 0 || strings.HasSuffix(name, assetfile.OriginalSuffix) {
			continue
		}
		if a.DuplicateOf == "" {
			return false
		}
		marked = true
	}
	return marked
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

	// PHash is the perceptual hash in hexadecimal digits. DuplicateOf is a mark of seine dupes.
	PHash       string `json:"phash,omitempty"`
	DuplicateOf string `json:"duplicate_of,omitempty"`
}

// reader makes records of what the frontier holds.
type reader struct {
	set    *Set
	layout *extract.Layout
	clean  *redact.Replacer // nil without secrets

	// decodes reports that the fields are needed as a map, not only as JSON.
	decodes bool
}

func (x reader) record(r frontier.Stored) (record, error) {
	out := record{
		Job: x.set.Job.Name, Key: r.Key, Kind: r.Kind, URL: r.URL, FetchedAt: r.FetchedAt.UTC(),
		raw: number.CanonicalJSON(r.Fields), layout: x.layout,
	}
	var err error
	if x.decodes || x.clean != nil {
		if out.Fields, err = decodeFields(out.raw); err != nil {
			return out, fmt.Errorf("record %s: %w", r.Key, err)
		}
	}
	if x.decodes || len(r.Assets) > 0 {
		out.Assets = make(map[string]exported, len(r.Assets))
	}
	for _, a := range r.Assets {
		out.Assets[a.Name] = exported{a.Path, a.Bytes, hex.EncodeToString(a.SHA256), a.Width, a.Height, a.URL, hex.EncodeToString(a.PHash), a.DuplicateOf}
	}
	for _, f := range r.Failed {
		if out.Failures == nil {
			out.Failures = map[string]failure{}
		}
		out.Failures[f.Name] = failure{f.URL, f.Reason}
	}
	if x.set.AllVersions {
		out.Version = r.Version
	}
	if !r.GoneAt.IsZero() {
		at := r.GoneAt.UTC()
		out.GoneAt = &at
	}
	if x.clean != nil { // a version of Seine before stored what a page repeats
		err = out.cleanBy(x.clean)
	}
	out.lineage = lineageOf(x.set.Job, r, out.raw)
	return out, err
}

// cleanBy leaves secrets out. The paths of files stay as they are in the store.
func (r *record) cleanBy(secrets *redact.Replacer) (err error) {
	r.Fields, r.URL = redact.Object(secrets, r.Fields), secrets.Replace(r.URL)
	for name, a := range r.Assets {
		a.URL = secrets.Replace(a.URL)
		r.Assets[name] = a
	}
	r.raw, err = encodeJSON(r.Fields)
	return err
}

// environment returns the names that a filter sees.
func (r *record) environment() (map[string]any, error) {
	var v any
	if err := number.Unmarshal(r.raw, &v); err != nil {
		return nil, err
	}
	fields, _ := v.(map[string]any)
	env := maps.Clone(fields)
	if env == nil {
		env = map[string]any{}
	}
	for i, text := range []string{r.Digest, r.Permission, r.Robots, r.Recording} {
		if _, own := env[extract.LineageNames[i]]; !own {
			env[extract.LineageNames[i]] = text
		}
	}
	env["fields"] = fields
	env["key"], env["kind"], env["url"], env["fetched_at"] = r.Key, r.Kind, r.URL, r.FetchedAt.Format(time.RFC3339)
	return env, nil
}
