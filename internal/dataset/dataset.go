// Package dataset looks after what a job has collected: it compares the records
// of a frontier with the files of a store ([Set.Audit]), deletes what is there
// of incomplete ids ([Set.Clean]), counts ([Set.Count]) and exports records
// ([Set.Export]).
//
// Everything is streamed: what has to be put in another order goes through a
// temporary file, so memory does not grow with the set. A bucket that Seine did
// not fill can be counted and cleaned too, by the key template alone.
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
	// ErrStore: the store can't be listed, read or written.
	ErrStore = errors.New("store")

	// ErrField: records or paths can't be counted by that field.
	ErrField = errors.New("not a field to count by")
)

// Set is the data set of one job.
type Set struct {
	// KeepFormulas writes texts into a CSV as they are, also those that a spreadsheet would take for a
	// formula.
	KeepFormulas bool

	// Job is the job; Rules are its rules.
	Job   *seine.Job
	Rules Rules

	// Frontier stores the job's records, under ID. If it is nil, the set is only the store.
	Frontier Frontier
	ID       frontier.JobID

	// Store keeps its files.
	Store Store

	// Progress, when not nil, is told now and then how many things of a kind
	// ("files", "records") were gone through.
	Progress func(what string, n int64)
}

// Frontier is the part of a frontier that a data set uses.
type Frontier interface {
	frontier.Reader
	frontier.Results
	frontier.Sweeper
}

// Rules say what the records and files of a job have. [extract.Scraper] and [Found] are Rules.
type Rules interface {
	// Layout says what the paths of files mean.
	Layout() *extract.Layout

	// Columns lists the fields of records.
	Columns() []string

	// KeepsRecords reports whether records may lack an asset that failed.
	KeepsRecords() bool
}

// DefaultGrace is how old a file must be that is deleted: longer than a task
// takes from its first file to its end, with retries.
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

// by checks the field that is counted by. Empty: the template's only one.
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
		return "", fmt.Errorf("%w: store.key %q has no field to count by: without --bucket-only the records' fields are counted", ErrField, s.Job.Store.Key)
	case field == "" && len(names) == 0:
		return "", fmt.Errorf("%w: the job's records have no field", ErrField)
	case field == "":
		return "", fmt.Errorf("%w: say which: --by FIELD, one of %q", ErrField, names)
	case s.Frontier == nil:
		return "", fmt.Errorf("%w: %q is not in store.key %q, and paths say no more%s", ErrField, field, s.Job.Store.Key, near)
	}
	return "", fmt.Errorf("%w: %q: the records have %q%s", ErrField, field, names, near)
}
