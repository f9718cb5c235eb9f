package frontier

import (
	"encoding/json"
	"time"

	"github.com/seinehq/seine"
)

// Completion is the end of a task, with what it yields.
type Completion struct {
	Claimed

	// State is Done, Skipped, or Error or Stale at the last attempt.
	State   seine.State
	Reason  string
	Records []Record
	Assets  []Asset
	Follow  []New

	// Failed are the assets that are not stored. They replace those of the task that were known.
	Failed []FailedAsset

	// Again, if not nil, sends the task back after what it yields is stored: its records are complete
	// except for assets that are tried again.
	Again *Again

	// Explored, when not nil, is what the answer says of an ID space.
	Explored *Explored
}

// Again is how a task waits for assets that it owes. Its mark is Known from there on.
type Again struct {
	// State is Error, or Pending with Free.
	State  seine.State
	Reason string

	// Delay is the time until the next attempt.
	Delay time.Duration

	// Free: the attempt is not counted.
	Free bool

	// Owed is JSON that the next claim of the task returns.
	Owed json.RawMessage
}

// FailedAsset is an asset whose record is stored without it.
type FailedAsset struct {
	Key, Name, URL string

	// Reason is why it is not stored.
	Reason string
}

// Record is one extracted thing as the frontier keeps it.
type Record struct {
	Key, Kind, URL string
	Fields         json.RawMessage
	Digest         []byte
	FetchedAt      time.Time

	// Missing names the fields without a value, for the counters. It is not stored.
	Missing []string
}

// Asset is the row of a stored file.
type Asset struct {
	Key string
	seine.Stored
}

// Failure gives a task back to be tried again.
type Failure struct {
	Claimed

	// State is Error or Stale: why it waits. Pending with Free.
	State  seine.State
	Reason string

	// Delay is the time until the next attempt.
	Delay time.Duration

	// Free: the attempt is not counted, as neither the task nor its page is at
	// fault. State is Pending then.
	Free bool

	// Refused: the host refused the task (429, 503). The frontier keeps the time of the first refusal
	// in a row.
	Refused bool

	// Follow and Explored are as in a Completion: an excursion goes on past a
	// page that did not come. Mark keeps that in mind; a lesser one than the
	// task has changes nothing.
	Follow   []New
	Explored *Explored
	Mark     Mark
}

// Outcome tells what became of a batch.
type Outcome struct {
	// Kept is the number of tasks that were this lease's and are written.
	Kept int

	// Lost lists the tasks that are not this lease's any more. Nothing of
	// them is stored by this call, which is not to say that nothing was: the
	// answer to a commit may have been lost. A task with a file that a sweep
	// deletes is among them: given back untouched, see Frontier.BeginSweep.
	Lost []int64

	// Bad tells, by Seq, which results the database refuses as data.
	Bad map[int64]error

	// Refused lists the follow-ups of tasks with an Explored that the job had seen
	// before.
	Refused []string
}
