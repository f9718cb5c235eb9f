package frontier

import (
	"context"
	"time"

	"github.com/seinehq/seine"
)

// Histories keeps the counters of jobs over time.
type Histories interface {
	// Sample stores the counters of the jobs that a worker works on, or whose counters changed:
	// once a minute and once an hour. It deletes samples of minutes after KeptMinutes and of hours
	// after KeptHours. Any worker may call it at any time.
	Sample(ctx context.Context) error

	// History returns the samples of a job with a step, from a time on, ordered by time.
	History(ctx context.Context, job JobID, step time.Duration, from time.Time) ([]Moment, error)
}

// A job has at most 2,880 samples of minutes and 8,784 of hours. With about 200 bytes each, a year
// takes less than 3 MB.
const (
	KeptMinutes = 48 * time.Hour
	KeptHours   = 366 * 24 * time.Hour
)

// Moment is the state of a job's counters at the begin of a minute or an hour.
type Moment struct {
	At time.Time

	// Final counts the finished tasks by state.
	Done, Skipped, Stale, Error int64

	Open, Records, Assets int64
	Workers               int64
}

// MomentOf returns counters as a moment.
func MomentOf(at time.Time, c Counts, workers int) Moment {
	return Moment{
		At: at, Done: c.Final[seine.Done], Skipped: c.Final[seine.Skipped], Stale: c.Final[seine.Stale], Error: c.Final[seine.Error],
		Open: c.Open, Records: c.Records, Assets: c.Assets, Workers: int64(workers),
	}
}

// Same reports whether the counters are equal.
func (s Moment) Same(o Moment) bool {
	s.At, s.Workers, o.At, o.Workers = time.Time{}, 0, time.Time{}, 0
	return s == o
}

// Ended counts the finished tasks.
func (s Moment) Ended() int64 { return s.Done + s.Skipped + s.Stale + s.Error }

// Rate is the work of one step.
type Rate struct {
	At                                   time.Time // the begin
	Done, Skipped, Stale, Error, Records int64
}

// Rates returns the work between samples, for each step that has some. Counters that became
// smaller, because tasks were requeued, count as no work. After a pause the work belongs to the
// step before the next sample.
func Rates(samples []Moment, step time.Duration) []Rate {
	var out []Rate
	for i := 1; i < len(samples); i++ {
		a, b := samples[i-1], samples[i]
		at := a.At
		if b.At.Sub(a.At) > step {
			at = b.At.Add(-step)
		}
		out = append(out, Rate{
			At: at, Done: max(0, b.Done-a.Done), Skipped: max(0, b.Skipped-a.Skipped), Stale: max(0, b.Stale-a.Stale), Error: max(0, b.Error-a.Error),
			Records: max(0, b.Records-a.Records),
		})
	}
	return out
}
