// Package chaos judges what a fleet did while its parts were broken: from the
// site's journal, the database and the store, as they stand at the end, and the
// faults as they were done to it. It is pure; package arena acts.
//
// What it holds the fleet to ([Check]):
//
//   - Every id has exactly one final state, the true one, and was asked for.
//   - Done if and only if there is a record, with the true fields.
//   - A record is of a fetch by the worker that ended the task: nothing of a
//     lost lease is stored, and state and record are one commit.
//   - What a worker said is stored is: the task is never worked on again, and no
//     other worker says so too.
//   - Every asset is there with the right bytes, and every file is an asset's,
//     but for what a killed writer or a full disk left half-written.
//   - An id is asked for again only where a trouble of the site or a fault on
//     the way from the fetch to its commit explains it.
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

	// Acks are the ends that workers said were stored.
	Acks []Ack

	// Late are the delays of the machine itself, as the site's process met them.
	Late []Late

	State
	Files []File

	// Audit is what `seine audit --deep` objected to; empty: nothing.
	Audit string
}

// Terms are what the fleet is held to.
type Terms struct {
	// Delay is the least time between the starts on a host, by host.
	Delay map[string]time.Duration

	// Slack is how late a start may come by itself: what its process, the
	// connection and the site's own process take. It is far below what a broken
	// pace saves, because it counts once, however many starts are looked at.
	Slack time.Duration

	// Lease is how long one lasts without a heartbeat.
	Lease time.Duration

	// Life bounds the time from a fetch to its commit when nothing breaks.
	Life time.Duration

	// Retries are the most attempts of a task that ends in error, or stale.
	Retries struct{ Error, Stale int }

	// Grace is how long after a Retry-After starts may go on that were claimed
	// before it, or whose worker had not been answered yet.
	Grace time.Duration
}

// Truth is what an id is, and what is to be made of it.
type Truth struct {
	Key    string
	State  seine.State
	Reason string

	// Fields are those of the record; Assets its files.
	Fields map[string]string
	Assets []File
}

// File is one of the store. Of an asset's, Name is the asset's.
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

	// Page: it asked for the id's page, not for one of its files.
	Page bool

	// Trouble is what the site did to it; empty: nothing.
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

// Fault is what was done, or met.
type Fault struct {
	Kind Kind

	// Worker is whom it hit; empty: all of them.
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

// State is what the database holds.
type State struct {
	Tasks   []Task
	Records []Record
	Assets  []Asset
	Lanes   []Lane

	// Queue lists what is still queued; Leases counts the leases.
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

	// Leased: a worker holds it. Waits: for its next try.
	Leased, Waits bool
}

// Lane is a row of table lane.
type Lane struct {
	Key      string
	Inflight int
	Full     bool
	Parked   bool
}
