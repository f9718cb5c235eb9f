package frontier

import (
	"encoding/json"
	"time"

	"github.com/seinehq/seine"
)

// Limits of what a status and a depth list.
const (
	StatusHosts   = 20
	StatusReasons = 50
	DepthReasons  = 20
)

// RecordPage is the number of records that a driver reads at a time.
const RecordPage = 500

// JobInfo is a registered job.
type JobInfo struct {
	ID     JobID
	Name   string
	Paused bool
	Config json.RawMessage
	Digest []byte
}

// Counts are a job's counters.
type Counts struct {
	// Total is every task ever admitted; Open are those not final.
	Total, Open int64

	// Final counts Done, Skipped, Error and Stale tasks that are final.
	Final map[seine.State]int64

	Records, Assets int64

	// Unseen is the number of ids of the space that were not admitted yet.
	Unseen int64
}

// Status is what `seine status` shows of a job.
type Status struct {
	Counts
	Paused  bool
	States  map[seine.State]int64
	Rate    float64 // tasks a second over the fleet, last minute
	Workers int     // sessions with a live lease whose heartbeats name the job
	Hosts   []HostStatus
	Reasons []ReasonCount

	// NullFields are the fields that have no value on all or nearly all records.
	NullFields []FieldCount

	// FailedAssets counts the assets that records are stored without, those that wait for their next
	// try included.
	FailedAssets int64

	// LastRetry is when the last waiting task is due; zero: none waits.
	LastRetry time.Time

	// Leases are the sessions that hold tasks of the job.
	Leases []LeaseStatus
}

// LeaseStatus is a session that holds tasks.
type LeaseStatus struct {
	Worker    string
	ExpiresAt time.Time // moves on with each heartbeat
	Tasks     int64
}

// HostStatus is a lane that is not simply due.
type HostStatus struct {
	// Host is its host; "assets/" is before it where its assets wait, which
	// have a pace of their own.
	Host    string
	NextAt  time.Time
	Blocked bool
	Reason  string

	// Slow is what the host's delay is multiplied by since it refused; 1: it
	// did not.
	Slow float64
}

// ReasonCount counts tasks by why they ended or wait.
type ReasonCount struct {
	State  seine.State
	Reason string
	Count  int64
}

// Filter chooses tasks.
type Filter struct {
	States []seine.State
	Reason string // substring
	Host   string // lane key

	// Before chooses tasks that were last written before it.
	Before time.Time
	Keys   []string
	After  string
	Limit  int
}

// TaskInfo is a task as it is listed.
type TaskInfo struct {
	Key       string
	State     seine.State
	Final     bool
	Attempt   int
	Priority  int
	Reason    string
	Worker    string
	Meta      json.RawMessage
	NextAt    time.Time // zero: not waiting
	UpdatedAt time.Time
	Mark      Mark // of an open task
}

// Stored is a record as it is exported.
type Stored struct {
	Record
	Assets []Asset

	// Failed are the assets that the record is stored without.
	Failed []FailedAsset
}
