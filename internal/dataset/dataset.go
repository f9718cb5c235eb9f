// Package dataset maintains the data of a job. It compares the records of a frontier with the files
// of a store ([Set.Audit]), deletes files of incomplete IDs ([Set.Clean]), counts ([Set.Count]),
// exports records ([Set.Export]) and forgets tasks ([Set.Forget]).
//
// All data is streamed and sorted in a temporary file, so memory does not grow with the set. A
// bucket that Seine did not fill can be counted and cleaned too, by the key template alone.
//
// A file is deleted only within a sweep ([frontier.Sweeper.BeginSweep]), so
// that no record owns it or comes to own it, also while workers run. A bucket
// without a frontier has no such guard but the age of its files.
package dataset

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// Errors that callers act on.
var (
	// ErrStore reports that the store cannot be listed, read or written.
	ErrStore = errors.New("store")

	// ErrLayout reports a key template that cannot be read.
	ErrLayout = errors.New("not a layout of files")

	// ErrField reports that records or paths cannot be counted by a field.
	ErrField = errors.New("not a field to count by")
)

// Set is the data set of one job.
type Set struct {
	// KeepFormulas writes texts into a CSV unchanged, even if a spreadsheet would read them as
	// formulas.
	KeepFormulas bool

	// AllVersions exports the earlier versions of records too.
	AllVersions bool

	// SkipDuplicates leaves out the records whose images are all marked as duplicates: see
	// [Set.Dupes].
	SkipDuplicates bool

	// Job is the job; Rules are its rules.
	Job   *seine.Job
	Rules Rules

	// Frontier holds the job's records, under ID. nil means that only the store is used.
	Frontier Frontier
	ID       frontier.JobID

	// Store keeps its files.
	Store Store

	// Progress, if not nil, is called now and then with the number of processed things of a kind
	// ("files", "records").
	Progress func(what string, n int64)
}

// Frontier is the part of a frontier that a data set uses.
type Frontier interface {
	frontier.Reader
	frontier.Results
	frontier.Recordings
	frontier.Sweeper
	frontier.Forgetter
	frontier.Images
}

// Rules describe the records and files of a job. [extract.Scraper] and [Found] are Rules.
type Rules interface {
	// Layout reads the paths of files.
	Layout() *extract.Layout

	// Columns lists the fields of records.
	Columns() []string

	// KeepsRecords reports whether records may lack an asset that failed.
	KeepsRecords() bool
}

// DefaultGrace is the minimum age of a file that is deleted, longer than a task takes from its
// first file to its end, with retries.
const DefaultGrace = 24 * time.Hour

// batch is how many keys or paths are asked about at once.
const batch = 500

// progressEvery is how many things lie between two calls of Progress.
const progressEvery = 10_000

func (s *Set) progress(what string, n int64) {
	if s.Progress != nil && n%progressEvery == 0 {
		s.Progress(what, n)
	}
}

// by checks the field that is counted by. Empty means the template's only field.
func (s *Set) by(field string) (string, error) {
	layout := s.Rules.Layout()
	names := layout.Fields()
	if s.Frontier != nil {
		for _, c := range s.Rules.Columns() {
			if !slices.Contains(names, c) {
				names = append(names, c)
			}
		}
	}
	if field == "" && len(layout.Fields()) == 1 {
		return layout.Fields()[0], nil
	}
	if slices.Contains(names, field) {
		return field, nil
	}
	near := ""
	if n := extract.Nearest(field, names); n != "" {
		near = fmt.Sprintf(": did you mean %q?", n)
	}
	switch {
	case len(names) == 0 && s.Frontier == nil:
		return "", fmt.Errorf("%w: store.key %q has no field to count by. Without --bucket-only the records' fields are counted", ErrField, s.Job.Store.Key)
	case field == "" && len(names) == 0:
		return "", fmt.Errorf("%w: the job's records have no fields", ErrField)
	case field == "":
		return "", fmt.Errorf("%w: choose one: --by FIELD, one of %q", ErrField, names)
	case s.Frontier == nil:
		return "", fmt.Errorf("%w: %q is not in store.key %q, and paths hold no other field%s", ErrField, field, s.Job.Store.Key, near)
	}
	return "", fmt.Errorf("%w: %q: the records have %q%s", ErrField, field, names, near)
}
