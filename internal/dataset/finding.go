package dataset

import "time"

// Kind is a kind of fault.
type Kind string

// The kinds of faults. One file that is gone may show as several: the asset of
// a record is missing, and its id is incomplete.
const (
	// Missing: a record owns it, and the store has it not.
	Missing Kind = "missing"

	// Broken: it is there with another size; with Deep: with other bytes, or
	// it can't be decoded.
	Broken Kind = "broken"

	// Orphaned: the key template can have made it, it is older than the grace
	// time, and no record owns it.
	Orphaned Kind = "orphaned"

	// Leftover: a writer that was killed left it beside a file.
	Leftover Kind = "leftover"

	// Incompleted: an id that has some of the assets which every done task owes,
	// and not all.
	Incompleted Kind = "incomplete"

	// Doubled: an id that stands in two folders.
	Doubled Kind = "double"

	// Shared: a file that the records of two tasks name with different bytes. One of them has lost its
	// own.
	Shared Kind = "shared"

	// Misnamed: a path that the key template can't have made, or that is not
	// the one which it makes of the record's fields.
	Misnamed Kind = "misnamed"
)

// Kinds lists the kinds in the order in which they are shown.
var Kinds = []Kind{Missing, Broken, Incompleted, Doubled, Shared, Misnamed, Orphaned, Leftover}

// What was done about a fault.
const (
	// SentBack: its task is pending again; a run mends it.
	SentBack = "sent back"

	// Removed: the file is deleted.
	Removed = "removed"
)

// Finding is one fault.
type Finding struct {
	Kind Kind `json:"kind"`

	// Key is the task's, or the id that a path names; empty when it names none.
	Key string `json:"key"`

	// Asset and Path are empty where an id as a whole is at fault.
	Asset string `json:"asset"`
	Path  string `json:"path"`

	// Detail says what is wrong, in words.
	Detail string `json:"detail"`

	// Fixed is SentBack, Removed or empty.
	Fixed string `json:"fixed"`
}

// AuditOptions say how closely an audit looks, and what it does.
type AuditOptions struct {
	// Fix sends tasks back whose files are missing, broken or incomplete, and
	// deletes what is orphaned or left over.
	Fix bool

	// Deep reads every file: its SHA-256 must be the record's, and an image
	// must decode.
	Deep bool

	// Grace is how old a file must be that nobody owns to be a fault: a task
	// in progress has such files. Zero: any age.
	Grace time.Duration

	// Now is the time; nil: time.Now.
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

	// Young counts files that nobody owns and that are younger than Grace.
	Young int64 `json:"young"`

	// Found counts faults by kind, Fixed what was done about them.
	Found map[Kind]int64 `json:"found"`
	Fixed map[Kind]int64 `json:"fixed"`

	// Tasks is the number of tasks that were sent back.
	Tasks int64 `json:"tasks_sent_back"`

	// Wrong is the number of faults that are there at the end: those of tasks
	// that were sent back are, until they are done again.
	Wrong int64 `json:"wrong"`
}
