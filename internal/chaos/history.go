// Package chaos judges the work of a fleet whose parts were broken, from the site's journal, the
// final content of the database and the store, and the list of faults. It is pure; package arena
// acts.
//
// [Check] tests these rules:
//
//   - Every ID has exactly one final state, the true one, and was requested.
//   - Done if and only if there is a record, with the true fields.
//   - A record belongs to a fetch by the worker that ended the task. A lost lease stores nothing,
//     and state and record are one commit.
//   - A result that a worker reported as stored is stored. The task is never processed again, and
//     no other worker reports it too.
//   - Every asset exists with the right bytes, and every file is an asset's, except for partial
//     files of a killed writer or a full disk.
//   - A page that is linked has a task if the page with the link was read.
//   - No page of a host is requested before its robots.txt was read, and none that it forbids. The
//     fleet asks for it once, and after a failure only when its time has come.
//   - An ID is requested again only if a trouble of the site, or a fault between the fetch and its
//     commit, explains it.
//   - On a host n starts span at least n-1 delays, less the slack, by the site's
//     own clock, whatever was killed; after Retry-After it is quiet.
//   - Counters equal a full count; nothing is left in queue and lanes.
//   - A worker ends by itself only where a fault explains it.
package chaos

import (
	"time"

	"github.com/seinehq/seine"
)

// History is all that is known of one run.
type History struct {
	Terms

	Truth  []Truth
	Visits []Visit
	Faults []Fault
	Exits  []Exit

	// Acks lists the ends that workers reported as stored.
	Acks []Ack

	// Late are the delays of the machine itself, as the site's process met them.
	Late []Late

	State
	Files []File

	// Audit holds the findings of `seine audit --deep`, or is empty.
	Audit string
}

// Terms are the tolerances of the rules.
type Terms struct {
	// Delay is the least time between the starts on a host, by host.
	Delay map[string]time.Duration

	// Slack is how late a start may be without a fault, because of its process, the connection and
	// the site's own process. It is far below the gain of a broken pace, because it counts once for
	// any number of starts.
	Slack time.Duration

	// Lease is how long one lasts without a heartbeat.
	Lease time.Duration

	// Life bounds the time from a fetch to its commit when nothing breaks.
	Life time.Duration

	// Retries are the most attempts of a task that ends in error, or stale.
	Retries struct{ Error, Stale int }

	// RobotsRetry is the least time between a robots.txt that fails and the next request for it.
	RobotsRetry time.Duration

	// Grace is how long after a Retry-After starts may occur that were claimed before it, or whose
	// worker had no answer yet.
	Grace time.Duration
}

// Truth is the content of an ID and its expected result.
type Truth struct {
	Key    string
	State  seine.State
	Reason string

	// Fields holds the fields of the record, and Assets its files.
	Fields map[string]string
	Assets []File

	// Parent is the key of the page that links to this one. Its task exists if the parent's page
	// was read.
	Parent string

	// Forbidden reports that robots.txt forbids the page.
	Forbidden bool
}

// File is one of the store. For an asset, Name is the asset's name.
type File struct {
	Name   string
	Path   string
	Bytes  int64
	SHA256 string
}

// Visit is one request, by the site's journal.
type Visit struct {
	N      int64
	At     time.Time
	Host   string
	Key    string
	Path   string
	Worker string

	// Page reports that the request was for the ID's page, not for a file.
	Page bool

	// Robots reports that the request was for robots.txt.
	Robots bool

	// Trouble is the trouble of the site for this request, or empty.
	Trouble    string
	RetryAfter time.Duration
}

// Kind is a kind of fault.
type Kind string

// The kinds of faults.
const (
	Kill        Kind = "kill"          // SIGKILL; another worker takes its place
	Pause       Kind = "pause"         // SIGSTOP beyond the lease, then SIGCONT
	StopServer  Kind = "stop fast"     // PostgreSQL restarts, connections are ended
	CrashServer Kind = "stop at once"  // PostgreSQL restarts and recovers
	Cut         Kind = "cut"           // a worker's connections to PostgreSQL are reset
	Stall       Kind = "stall"         // they stand still beyond the lease, then go on
	StoreFull   Kind = "store full"    // ENOSPC for files
	BaseFull    Kind = "database full" // ENOSPC for the database file
	Storm       Kind = "storm"         // the site: 429, 503, resets, half bodies
	Busy        Kind = "machine busy"  // not done, but met: nothing ran for a while
)

// Fault is a fault that was applied or observed.
type Fault struct {
	Kind Kind

	// Worker is the affected worker. Empty means all.
	Worker      string
	From, Until time.Time
	Note        string
}

// Exit is a worker's end by itself.
type Exit struct {
	Worker        string
	Started, At   time.Time
	Code          int
	Said          string // its last words
	ToldTo, Ended bool   // by SIGTERM; by a signal that nobody sent
}

// Ack is a worker's word that a task's end is stored.
type Ack struct {
	At     time.Time
	Key    string
	Worker string
}

// Late is how late the site's process ran at a time.
type Late struct {
	At time.Time
	By time.Duration
}

// State is the content of the database.
type State struct {
	Tasks   []Task
	Records []Record
	Assets  []Asset
	Lanes   []Lane

	// Queue lists the queued tasks, and Leases counts the leases.
	Queue  []Queued
	Leases int

	// Counters are the sums of table stat, by its state.
	Counters map[int]int64
}

// Task is a row of table task.
type Task struct {
	Key     string
	State   seine.State
	Reason  string
	Worker  string
	Attempt int
}

// Record is a row of table record.
type Record struct {
	Key    string
	Fields map[string]string

	// Visit is the number of the visit that it was made of.
	Visit int64
}

// Asset is a row of table asset.
type Asset struct {
	Key string
	File
}

// Queued is a row of table queue.
type Queued struct {
	Key, Lane string
	Attempt   int

	// Leased reports that a worker holds the task. Waits reports that the task waits for a retry.
	Leased, Waits bool
}

// Lane is a row of table lane.
type Lane struct {
	Key      string
	Inflight int
	Full     bool
	Parked   bool
}
