package frontier

import (
	"time"

	"github.com/seinehq/seine"
)

// FailsCheck begins the reason of a task of which a record fails the job's check, and HeldBack the
// reason of a task whose record lost a value in a drift.
const (
	FailsCheck = "record fails the schema"
	HeldBack   = "held back"
)

// Quarantined is a record that is not part of the data set, because it fails the check of its job
// or because it lost a value in a drift. It stays until its task is done or skipped.
type Quarantined struct {
	Record

	// Task is the key of the task that brought the record. Complete ignores it.
	Task string

	// Page is the page kind of the task.
	Page string

	// Field is the JSON pointer of the value at fault, empty for the whole record. Reason explains
	// the fault and may hold the value.
	Field, Reason string

	// At is the time of the quarantine. Complete ignores it.
	At time.Time
}

// Clears reports whether the quarantined records of a completion replace those of an earlier one.
// Only a requeued task has a mark, and only a replay a time.
func (c Completion) Clears() bool {
	ended := c.State == seine.Done || c.State == seine.Skipped
	return len(c.Quarantined) > 0 || (c.Mark != Unmarked || !c.Replayed.IsZero()) && ended && !c.Alone()
}

// EachQuarantined calls each for the quarantined records of a job, page by page. page returns the
// records after one.
func EachQuarantined(each func(Quarantined) error, page func(last Quarantined) ([]Quarantined, error)) error {
	var last Quarantined
	for {
		list, err := page(last)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, q := range list {
			if err := each(q); err != nil {
				return err
			}
		}
		last = list[len(list)-1]
	}
}
