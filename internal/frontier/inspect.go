package frontier

import (
	"context"
	"maps"
	"slices"
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

	// Numbers returns the part of a status that changes while a job runs, by one statement:
	// counters, states, pause, rate, workers, the alarms and the last retry. It fails with
	// [ErrNoJob].
	Numbers(ctx context.Context, job JobID) (Status, error)

	// KeyAfter returns the key that is n places behind a key in the order of keys. It is empty if
	// fewer follow.
	KeyAfter(ctx context.Context, job JobID, after string, n int) (string, error)

	// LaneList lists the lanes of a job after a key, ordered by key.
	LaneList(ctx context.Context, job JobID, after string, n int) ([]LaneInfo, error)
}

// NewestWithin bounds the files of one list by a field value.
const NewestWithin = 2000

// Searched is the number of tasks that one search looks at.
const Searched = 100_000

// Search lists tasks of a filter among the next tasks in the order of keys. No index knows the
// state, the reason or the host of a finished task, because it would slow each completion, so a
// search looks at up to [Searched] tasks. next is the key after which it goes on, empty at the end.
func Search(ctx context.Context, from Inspector, tasks Reader, job JobID, by Filter) (list []TaskInfo, next string, err error) {
	if by.Until, err = from.KeyAfter(ctx, job, by.After, Searched); err != nil {
		return nil, "", err
	}
	if list, err = tasks.Tasks(ctx, job, by); err != nil {
		return nil, "", err
	}
	if next = by.Until; by.Limit > 0 && len(list) == by.Limit {
		next = list[len(list)-1].Key
	}
	return list, next, nil
}

// fewFailures is the number of failed tasks that [Failed] lists.
const fewFailures = 1000

// Failed lists all final tasks of a filter whose only state is error or stale, by their kept
// attempts. n is the number of final tasks in that state. ok is false if they are many, or if the
// attempts of some are not kept any more.
func Failed(ctx context.Context, from Inspector, tasks Reader, job JobID, by Filter, n int64) (list []TaskInfo, ok bool, err error) {
	if n > fewFailures {
		return nil, false, nil
	}
	attempts, err := from.Attempts(ctx, job, "", 10*fewFailures)
	if err != nil {
		return nil, false, err
	}
	keys := map[string]bool{}
	for _, a := range attempts {
		if a.Final && slices.Contains(by.States, a.State) {
			keys[a.Key] = true
		}
	}
	all := Filter{States: by.States, Part: FinalTasks, Keys: slices.Sorted(maps.Keys(keys))}
	if len(all.Keys) > 0 {
		if list, err = tasks.Tasks(ctx, job, all); err != nil {
			return nil, false, err
		}
	}
	if int64(len(list)) < n {
		return nil, false, nil
	}
	if by.Part, by.Keys = FinalTasks, all.Keys; len(by.Keys) == 0 {
		return nil, true, nil
	}
	list, err = tasks.Tasks(ctx, job, by)
	return list, err == nil, err
}

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
