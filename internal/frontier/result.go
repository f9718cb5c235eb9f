package frontier

import (
	"encoding/json"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
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

	// Via is the fetcher of the page if the page kind has several, and counts it.
	Via seine.Via

	// LeftOut counts the links of the page that are not in Follow, by the reason.
	LeftOut []LeftOut

	// Failed lists the assets that are not stored. They replace the failed assets of earlier
	// attempts.
	Failed []FailedAsset

	// Quarantined lists the records that fail the job's check. They replace those of an earlier
	// attempt. State is then Error, and Records are the other records of the page.
	Quarantined []Quarantined

	// Judged is the digest of the rules that judged a page that the site served. It is nil if the
	// task ended for another reason.
	Judged []byte

	// Unmatched names the rules that found no link on a done page.
	Unmatched []string

	// Unchanged means that the page is as it was (HTTP 304, or equal content): its records and
	// assets stay. Gone means that a page that was done is gone: its records stay and get the time.
	// A later Done clears it.
	Unchanged, Gone bool

	// History keeps the earlier version of each record whose fields change. Records that the page
	// no longer brings are then gone. Without History they are deleted with their assets, and a
	// changed record replaces its row.
	History bool

	// Visit, if not nil, is stored, and the page is visited again after Visit.Next: see
	// [Maintainer.Promote]. Without it a task that is done or skipped is not visited again.
	Visit *Visit

	// Again, if not nil, returns the task to the queue after its results are stored: its records
	// are complete except for assets that are retried.
	Again *Again

	// Explored, if not nil, is the contribution to the statistics of an ID space.
	Explored *Explored

	// Recording, if not nil, is the index row of the recorded page.
	Recording *Recording

	// Replayed is the time at which the task was finished, in a [Recordings.Replay].
	Replayed time.Time
}

// Paths returns the files of the store that the completion needs.
func (c Completion) Paths() []string {
	paths := make([]string, 0, len(c.Assets)+1)
	for _, a := range c.Assets {
		paths = append(paths, Clean(a.Path))
	}
	return append(paths, c.Recording.Segments()...)
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

	// Task is set as in an Asset. Complete ignores it.
	Task string `json:",omitempty"`

	// Reason is the cause of the failure.
	Reason string
}

// ConsentField and RobotsField are the fields of a record that state the signals of its page, and
// that robots.txt was ignored.
const (
	ConsentField = "_consent"
	RobotsField  = "_robots"
)

// Record is one extracted entity. Its key is unique per job and kind. A page may bring several
// records.
type Record struct {
	Key, Kind, URL string
	Fields         json.RawMessage
	Digest         []byte
	FetchedAt      time.Time

	// Missing lists the fields without a value, for the counters. It is not stored.
	Missing []string

	// Merge means that the record of another task with this key and kind is updated and keeps its
	// owner. Otherwise such a completion is not stored: see [Outcome.Taken].
	Merge bool
}

// Asset is the row of a stored file.
type Asset struct {
	// Key is the key of the record.
	Key string
	assetfile.Stored

	// Task is the key of the task that owns the record, empty if it is Key. Complete ignores it.
	Task string

	// DuplicateOf is KEY/NAME of an asset that this one nearly equals: see [Images.Mark]. Complete
	// ignores it.
	DuplicateOf string
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

	// Taken holds, by seq, a record that belongs to another task. The completions are not stored,
	// and their tasks are still the lease's.
	Taken map[int64]TakenKey

	// OverBudget counts the follow-ups that were refused because a budget is used up.
	OverBudget int

	// Refused lists the follow-ups that were not admitted, because the job had seen them before or
	// a budget is used up, of tasks with an Explored.
	Refused []string
}

// Take adds a completion to Taken.
func (o *Outcome) Take(seq int64, taken TakenKey) {
	if o.Taken == nil {
		o.Taken = map[int64]TakenKey{}
	}
	o.Taken[seq] = taken
}
