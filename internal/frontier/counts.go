package frontier

import "github.com/seinehq/seine"

// The states of table stat besides the final ones.
const (
	StatTotal   = 0
	StatRecords = 10
	StatAssets  = 11
)

// NewCounts returns counters of nothing.
func NewCounts() Counts { return Counts{Final: map[seine.State]int64{}} }

// Add takes in the sum of one state of table stat.
func (c *Counts) Add(state int, n int64) {
	switch state {
	case StatTotal:
		c.Total += n
		c.Open += n
	case StatRecords:
		c.Records += n
	case StatAssets:
		c.Assets += n
	default:
		c.Final[seine.State(state)] += n
		c.Open -= n
	}
}

// States splits the counters by state: what is open is in progress, waits for
// its next try, or is pending.
func (c *Counts) States(inProgress, waitError, waitStale int64) map[seine.State]int64 {
	return map[seine.State]int64{
		seine.Pending:    max(0, c.Open-inProgress-waitError-waitStale),
		seine.InProgress: inProgress,
		seine.Done:       c.Final[seine.Done],
		seine.Skipped:    c.Final[seine.Skipped],
		seine.Stale:      c.Final[seine.Stale] + waitStale,
		seine.Error:      c.Final[seine.Error] + waitError,
	}
}
