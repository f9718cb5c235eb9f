package frontier

import (
	"encoding/json"
	"time"

	"github.com/seinehq/seine"
)

// Completion ends a task and stores its results.
type Completion struct {
	Claimed

	// State is Done, Skipped, or at the last attempt Error or Stale.
	State   seine.State
	Reason  string
	Records []Record
	Assets  []Asset
	Follow  []New

	// LeftOut counts the links of the page that are not in Follow, by the reason.
	LeftOut []LeftOut

	// Failed lists the assets that are not stored. They replace the failed assets of earlier
	// attempts.
	Failed []FailedAsset

	// Again, if not nil, returns the task to the queue after its results are stored: its records
	// are complete except for assets that are retried.
	Again *Again

	// Explored, if not nil, is the contribution to the statistics of an ID space.
	Explored *Explored
}

// LeftOut counts links that were not admitted.
type LeftOut struct {
	// Reason is the cause, for example "out of scope".
	Reason string
	N      int64
}

// Again describes how a task waits for its missing assets. From then on its mark is Known.
type Again struct {
	// State is Error, or Pending with Free.
	State  seine.State
	Reason string

	// Delay is the time until the next attempt.
	Delay time.Duration

	// Free means that the attempt does not count.
	Free bool

	// Owed is JSON. The next claim of the task returns it.
	Owed json.RawMessage
}

// FailedAsset is an asset that its record lacks.
type FailedAsset struct {
	Key, Name, URL string

	// Reason is the cause of the failure.
	Reason string
}

// Record is one extracted entity.
type Record struct {
	Key, Kind, URL string
	Fields         json.RawMessage
	Digest         []byte
	FetchedAt      time.Time

	// Missing lists the fields without a value, for the counters. It is not stored.
	Missing []string
}

// Asset is the row of a stored file.
type Asset struct {
	Key string
	seine.Stored
}

// Failure returns a task to the queue, to be retried.
type Failure struct {
	Claimed

	// State is the reason why the task waits: Error or Stale, and Pending with Free.
	State  seine.State
	Reason string

	// Delay is the time until the next attempt.
	Delay time.Duration

	// Free means that the attempt does not count, because neither the task nor its page is at
	// fault. State is then Pending.
	Free bool

	// Refused means that the host refused the task (429, 503). The frontier stores the time of the
	// first refusal in a row.
	Refused bool

	// Follow and Explored are as in a Completion: a local search continues past a page that failed.
	// Mark records it. A lower mark than the task's changes nothing.
	Follow   []New
	Explored *Explored
	Mark     Mark
}

// Outcome is the result of a batch.
type Outcome struct {
	// Kept counts the tasks that were still the lease's and are written.
	Kept int

	// Lost lists the seqs of tasks that are no longer the lease's. This call stored nothing of
	// them. An earlier call may have stored their results, if its commit was not acknowledged. Lost
	// includes the tasks with a file that a sweep deletes: they are released. See
	// [Sweeper.BeginSweep].
	Lost []int64

	// Bad holds, by seq, the errors of results that the database rejects as data.
	Bad map[int64]error

	// Refused lists the follow-ups that the job had seen before, of tasks with an Explored.
	Refused []string
}
