package frontier

import "context"

// WhyForgotten is the reason of a task that was forgotten. Its state is Skipped, and it is not
// fetched again.
const WhyForgotten = "forgotten"

// Forgotten counts what Forget deleted.
type Forgotten struct {
	Tasks, Records, Versions, Assets, Quarantined, Recordings int64

	// Busy lists the tasks in progress. Nothing of them was deleted.
	Busy []string
}

// Add adds the counts of o.
func (f *Forgotten) Add(o Forgotten) {
	f.Tasks += o.Tasks
	f.Records += o.Records
	f.Versions += o.Versions
	f.Assets += o.Assets
	f.Quarantined += o.Quarantined
	f.Recordings += o.Recordings
	f.Busy = append(f.Busy, o.Busy...)
}

// Erasure is a file of a store, or a frame of a segment, whose rows were deleted by Forget. It is
// listed until it is erased, so that an interrupted command goes on.
type Erasure struct {
	Path string

	// Pos and Bytes are the place of a frame. Of a file they are zero.
	Pos, Bytes int64

	// Shared means that another recording needs the frame.
	Shared bool
}

// Forgetter deletes all that a job knows of tasks.
type Forgetter interface {
	// Forget deletes the records with all their versions, the assets, the quarantined records, the
	// recordings and the metadata of tasks, in one transaction. The tasks end as Skipped with
	// [WhyForgotten]. The files are listed as erasures.
	Forget(ctx context.Context, job JobID, keys []string) (Forgotten, error)

	// Erasures returns at most n files and frames that have not been erased, ordered by path and
	// place.
	Erasures(ctx context.Context, job JobID, n int) ([]Erasure, error)

	// Erased deletes erasures from the list.
	Erased(ctx context.Context, job JobID, done []Erasure) error
}
