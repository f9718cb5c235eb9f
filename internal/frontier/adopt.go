package frontier

import (
	"context"
	"encoding/json"
	"time"
)

// An Adoption is a task that another program finished: see [Seeds.Adopt].
type Adoption struct {
	// Task is admitted if the job has not seen its key.
	Task New

	// End ends the task. Its key and page kind are those of Task.
	End Completion
}

// Adopting returns the completions of a batch, and its tasks by key. Of several with one key the
// first counts.
func Adopting(batch []Adoption) (ends []Completion, tasks map[string]New) {
	tasks = map[string]New{}
	for _, a := range batch {
		if _, twice := tasks[a.Task.Key]; twice {
			continue
		}
		tasks[a.Task.Key] = a.Task
		a.End.Key, a.End.Page = a.Task.Key, a.Task.Page
		ends = append(ends, a.End)
	}
	return ends, tasks
}

// ForeignQueue reads the queue of the Python scraper: a table with a column of keys and a column
// status. The frontiers that share a server with such a table are foreign queues.
type ForeignQueue interface {
	// ForeignRows calls each for the rows of a table with a key, ordered by it, and returns the
	// number of rows without one. It returns ErrNoTable if there is no such table.
	ForeignRows(ctx context.Context, table string, each func(ForeignTask) error) (nulls int64, err error)
}

// ForeignTask is a row of a [ForeignQueue].
type ForeignTask struct {
	// Key is an ID or a URL, and Status the state, as the table writes them.
	Key, Status string

	// Priority is larger for tasks that are more urgent. The default of the table is 0.
	Priority int64

	// Meta is JSON or nil.
	Meta json.RawMessage

	// UpdatedAt is the time of the last change. It is zero if the table does not tell it.
	UpdatedAt time.Time
}
