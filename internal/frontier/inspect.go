package frontier

import (
	"context"
	"time"

	"github.com/seinehq/seine"
)

// Inspector shows the parts of a job to people. Each method reads a bounded number of rows by an
// index.
type Inspector interface {
	// Attempts lists the failed attempts of a task, or of a job if key is empty, the newest first.
	Attempts(ctx context.Context, job JobID, key string, n int) ([]Attempt, error)

	// Newest lists files in the order in which they were stored first, the newest first. before is
	// the last file of the list before, or the zero value. Files of an earlier schema are not
	// listed.
	Newest(ctx context.Context, job JobID, before StoredFile, n int) ([]StoredFile, error)

	// NewestWith lists the files of Newest whose records have a field value. It looks at up to
	// [NewestWithin] files. next is the file after which the list goes on, or the zero value at the
	// end.
	NewestWith(ctx context.Context, job JobID, by FieldValue, before StoredFile, n int) (list []StoredFile, next StoredFile, err error)

	// LaneList lists the lanes of a job after a key, ordered by key.
	LaneList(ctx context.Context, job JobID, after string, n int) ([]LaneInfo, error)
}

// NewestWithin bounds the files of one list by a field value.
const NewestWithin = 5000

// FieldValue selects records by a text as it is, or by a number, true or false as JSON has them.
type FieldValue struct{ Field, Value string }

// NextFile returns the files of a list by a field value, and the file after which it goes on: the
// last of n files, or the last file that was looked at. listed holds the matching files and the
// file number [NewestWithin].
func NextFile(listed []StoredFile, matches []bool, n int) (list []StoredFile, next StoredFile) {
	for i, f := range listed {
		if next = f; matches[i] {
			list = append(list, f)
		}
		if len(list) == n {
			return list, f
		}
	}
	if len(listed) > 0 && !matches[len(listed)-1] {
		return list, next
	}
	return list, StoredFile{}
}

// KeptAttempts is the number of failed attempts that a frontier keeps, and AttemptsFor for how
// long.
const (
	KeptAttempts = 500_000
	AttemptsFor  = 30 * 24 * time.Hour
)

// Attempt is a failed attempt of a task: it ended in error or stale.
type Attempt struct {
	Key    string
	N      int // 1 is the first
	At     time.Time
	State  seine.State
	Reason string
	Worker string

	// Final means that no attempt followed by itself.
	Final bool
}

// StoredFile is an asset with the time at which it was stored first.
type StoredFile struct {
	Asset
	StoredAt time.Time
}

// LaneInfo is a lane with its pace.
type LaneInfo struct {
	HostStatus
	Pace     LanePace
	Inflight int
	Paused   bool
	Ready    bool // a task waits only for the lane
}
