package frontier

import (
	"context"
	"time"
)

// Frame is a part of a segment file in a job's store.
type Frame struct {
	// Segment is the path of the file. Pos and Bytes are the place and the length in it, in bytes.
	Segment    string
	Pos, Bytes int64
}

// Recording is the index row of a recorded response. Its frames are durable before the transaction
// that stores the row.
type Recording struct {
	Key string

	// At is the time of the response. A task has one recording for each time.
	At time.Time

	// Head is what the response says about itself, and Body its content. Responses with an equal
	// content share the frame of the body.
	Head, Body Frame

	// SHA256 is the digest of the content, and Size its length in bytes before its compression.
	SHA256 []byte
	Size   int64

	// Digest identifies the rules that judged the response last.
	Digest []byte
}

// Segments returns the paths of the files that a recording needs.
func (r *Recording) Segments() []string {
	switch {
	case r == nil:
		return nil
	case r.Head.Segment == r.Body.Segment:
		return []string{r.Head.Segment}
	}
	return []string{r.Head.Segment, r.Body.Segment}
}

// Recordings keeps the index of the recorded pages, and stores what other rules make of them.
type Recordings interface {
	// Bodies returns the frames of the contents with these digests, by the digest as a string.
	Bodies(ctx context.Context, job JobID, digests [][]byte) (map[string]Frame, error)

	// Recorded returns the latest recording of each key that has one.
	Recorded(ctx context.Context, job JobID, keys []string) (map[string]Recording, error)

	// Recordings calls each for every recording of a job, ordered by key and time.
	Recordings(ctx context.Context, job JobID, each func(Recording) error) error

	// RecordsOf returns the latest versions of the records that these tasks own, with their assets.
	RecordsOf(ctx context.Context, job JobID, tasks []string) ([]Stored, error)

	// Replay replaces the results of finished tasks, in one transaction, as Complete does for
	// claimed ones. It needs no lease: a task that is open, or that was not finished at
	// Completion.Replayed, is Lost. Visits, the lanes and the statistics of spaces stay as they
	// are. Seqs number the batch.
	Replay(ctx context.Context, job JobID, batch []Completion) (Outcome, error)
}

// recordingPage is the number of recordings that are read at once.
const recordingPage = 1000

// EachRecording calls each for every recording. page returns at most n after a key and a time.
func EachRecording(each func(Recording) error, page func(key string, at time.Time, n int) ([]Recording, error)) error {
	key, at := "", time.Time{}
	for {
		all, err := page(key, at, recordingPage)
		if err != nil || len(all) == 0 {
			return err
		}
		for _, r := range all {
			if err := each(r); err != nil {
				return err
			}
		}
		last := all[len(all)-1]
		key, at = last.Key, last.At
	}
}
