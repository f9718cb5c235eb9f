package frontier

import (
	"context"
	"encoding/json"
	"time"
)

// Images changes the rows of stored files without their pages.
type Images interface {
	// Intend notes paths at which a render is about to write or delete files. Until the note is
	// forgotten, a file at such a path may differ from its row.
	Intend(ctx context.Context, job JobID, intents []Intent) error

	// Intents calls each for every note of a job, ordered by path.
	Intents(ctx context.Context, job JobID, each func(Intent) error) error

	// Settled deletes notes.
	Settled(ctx context.Context, job JobID, paths []string) error

	// Render replaces rows of assets, in one transaction, and sets the time at which their tasks
	// were finished. It returns the tasks that are open, that were not finished at Rendered.At, or
	// that bring a file pending deletion: see [Sweeper.BeginSweep]. Nothing of these is stored.
	Render(ctx context.Context, job JobID, batch []Rendered) (lost []string, err error)

	// Mark states which assets nearly equal others. A mark of other bytes than the row's changes
	// nothing. Other bytes in the row remove its mark.
	Mark(ctx context.Context, job JobID, marks []Duplicate) error
}

// Intent is a path at which a render changes a file of a task.
type Intent struct{ Path, Task string }

// Rendered are the changed files of a finished task.
type Rendered struct {
	Task string

	// At is the time at which the task was finished.
	At time.Time

	// Assets replace the rows of their keys and names, which exist. Key is set.
	Assets []Asset

	// Fields replace the fields of the latest versions of records. They hold properties of files,
	// so that no version is kept for the change.
	Fields []RecordFields
}

// RecordFields are the fields of a record.
type RecordFields struct {
	Key, Kind string
	Fields    json.RawMessage
}

// Paths returns the files that the rows name.
func (r Rendered) Paths() []string {
	var paths []string
	for _, a := range r.Assets {
		paths = append(paths, Clean(a.Path))
	}
	return paths
}

// Duplicate is the mark of an asset. Of is KEY/NAME of another one, and empty removes the mark.
type Duplicate struct {
	Key, Name string
	SHA256    []byte
	Of        string
}

// intentPage is the number of notes that are read at once.
const intentPage = 1000

// EachIntent calls each for every note. page returns at most n after a path.
func EachIntent(each func(Intent) error, page func(path string, n int) ([]Intent, error)) error {
	path := ""
	for {
		all, err := page(path, intentPage)
		if err != nil || len(all) == 0 {
			return err
		}
		for _, i := range all {
			if err := each(i); err != nil {
				return err
			}
			path = i.Path
		}
	}
}
