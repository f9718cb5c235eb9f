package frontier

import (
	"encoding/json"
	"time"

	"github.com/seinehq/seine"
)

// Spec is a job as a frontier stores it.
type Spec struct {
	Name string

	// Config is the job as JSON, secrets unresolved.
	Config json.RawMessage
	Digest []byte

	// SeedURL and StoreKey are the job's identity: stored keys and paths depend on them, so a
	// changed value returns ErrChanged.
	SeedURL, StoreKey string

	// MaxAttempts limits the attempts of a rescued task: the rescuer has no job file.
	MaxAttempts int

	// Page and Asset are the paces of the job's lanes.
	Page, Asset LanePace
}

// LanePace is the pace of a lane.
type LanePace struct {
	// Delay is the span between two starts. Each start draws its own delay.
	Delay seine.Span

	// Inflight limits the tasks leased at once.
	Inflight int

	Rest     seine.Rest
	Cooldown seine.Cooldown
}

// New is a task to add.
type New struct {
	Key string

	// Lane is the key of its lane: see [Admit].
	Lane     string
	Priority int

	// Page is the page kind. It is empty if the job has one kind.
	Page string

	// Meta is JSON or nil.
	Meta json.RawMessage

	// Budgets bound the admission: a task that the job has not seen is refused if one of them is
	// used up. Refused tasks are counted as left out, with the reason "over the budget NAME".
	Budgets []Budget
}

// Lease is a worker session's time-limited right to its tasks.
type Lease struct {
	// Token is the lease's fencing token: a number that is never reused.
	Token  int64
	Worker string
	TTL    time.Duration
}

// ClaimArgs bounds a claim.
type ClaimArgs struct {
	Job JobID

	// N is the largest number of tasks.
	N int

	// Ahead is the largest time between the claim and a lane's next start.
	Ahead time.Duration

	// Lead is the expected round-trip time. On a paced lane, Claim assigns no start before
	// now+Lead, because that start would already be late when the reply arrives.
	Lead time.Duration

	// Each is the largest number of tasks of one lane. Zero leaves the bound to the lane's pace. A
	// worker with a pace of its own sets it, so that other workers can start the remaining tasks
	// now.
	Each int

	// Not lists lanes to skip, because this worker's own pace blocks their hosts.
	Not []LaneID
}

// Claimed is a task under a lease.
type Claimed struct {
	Job      JobID
	Seq      int64
	Key      string
	Lane     LaneID
	LaneKey  string
	Priority int
	Attempt  int
	Page     string
	Meta     json.RawMessage

	// Visit is the result of the last visit. It is nil if there was none.
	Visit *Visit

	// StartAt is the assigned start by the frontier's clock. Wait is the time from the claim to it.
	StartAt time.Time
	Wait    time.Duration

	// ReadAt is the time of this process at which Wait began, or slightly earlier. Zero means
	// unknown.
	ReadAt time.Time

	// Faults counts the faults of the host in a row.
	Faults int

	// Waited is the state in which the last attempt ended, Error or Stale. It is Pending after no
	// attempt and after attempts that do not count.
	Waited seine.State

	// Mark records what earlier attempts did: see [Failure.Mark].
	Mark Mark

	// Refused is the time since the host's first refusal of the task in a row. Zero means no
	// refusal.
	Refused time.Duration

	// Owed is [Again.Owed] of the previous attempt. It is an empty object if the task was requeued
	// with failed assets. Otherwise it is nil.
	Owed json.RawMessage
}

// Alone reports whether the attempt fetches assets without their page. Such an attempt shows
// nothing about the page's host.
func (c Claimed) Alone() bool { return len(c.Owed) > len("{}") }

// Sweep permits the deletion of files from a store.
type Sweep struct {
	ID int64

	// Free lists the paths that may be deleted.
	Free []string
}
