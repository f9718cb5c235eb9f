package dataset

import (
	"cmp"
	"time"
)

// Kind is a kind of fault.
type Kind string

// The kinds of faults. One missing file can cause several faults: the asset of a record is missing,
// and its ID is incomplete.
const (
	// Missing reports a file of a record that the store lacks.
	Missing Kind = "missing"

	// Broken reports a file with another size or, with Deep, with other bytes or a decoding error.
	Broken Kind = "broken"

	// Orphaned reports a file that fits the key template, is older than the grace time, and belongs
	// to no record.
	Orphaned Kind = "orphaned"

	// Leftover reports a partial file of a killed writer.
	Leftover Kind = "leftover"

	// Incompleted reports an ID with some of the required assets, but not all.
	Incompleted Kind = "incomplete"

	// Doubled reports an ID in two folders.
	Doubled Kind = "double"

	// Shared reports a file that the records of two tasks name with different bytes. One of them
	// has lost its own.
	Shared Kind = "shared"

	// Misnamed reports a path that the key template cannot make, or that differs from the path of
	// the record's fields.
	Misnamed Kind = "misnamed"
)

// Kinds lists the kinds in the order in which they are shown.
var Kinds = []Kind{Missing, Broken, Incompleted, Doubled, Shared, Misnamed, Orphaned, Leftover}

// The repairs of a fault.
const (
	// SentBack reports that the task is pending again, and a run repairs it.
	SentBack = "sent back"

	// Removed reports that the file was deleted.
	Removed = "removed"
)

// Finding is one fault.
type Finding struct {
	Kind Kind `json:"kind"`

	// Key is the record's, or the id that a path names; empty when it names none.
	Key string `json:"key"`

	// Asset and Path are empty where an id as a whole is at fault.
	Asset string `json:"asset"`
	Path  string `json:"path"`

	// Detail describes the fault.
	Detail string `json:"detail"`

	// Fixed is SentBack, Removed or empty.
	Fixed string `json:"fixed"`

	// task is the key of the record's task if it is not Key.
	task string
}

// owner returns the key of the task that can mend the fault.
func (f Finding) owner() string { return cmp.Or(f.task, f.Key) }

// AuditOptions control the depth and the repairs of an audit.
type AuditOptions struct {
	// Fix requeues tasks with missing, broken or incomplete files, and deletes orphaned and
	// leftover files.
	Fix bool

	// Deep reads every file. Its SHA-256 must match the record, and an image must decode.
	Deep bool

	// Grace is the minimum age of an ownerless file that counts as a fault, because a task in
	// progress has such files. Zero: any age.
	Grace time.Duration

	// Now returns the time. nil means time.Now.
	Now func() time.Time
}

// AuditReport sums an audit up.
type AuditReport struct {
	// Files and Bytes are of the store, below the key template's folder.
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`

	// Assets and Records are of the frontier.
	Assets  int64 `json:"assets"`
	Records int64 `json:"records"`

	// Young counts ownerless files younger than Grace.
	Young int64 `json:"young"`

	// Found counts faults by kind, and Fixed the repairs.
	Found map[Kind]int64 `json:"found"`
	Fixed map[Kind]int64 `json:"fixed"`

	// Tasks is the number of tasks that were sent back.
	Tasks int64 `json:"tasks_sent_back"`

	// Wrong is the number of faults at the end. A fault of a requeued task counts until the task is
	// done again.
	Wrong int64 `json:"wrong"`
}
