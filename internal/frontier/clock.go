package frontier

import (
	"fmt"
	"time"
)

// maxClockGap is how far a worker's clock may be from the frontier's. Leases and
// paces go by the frontier's clock alone; the times in records and logs do not.
const maxClockGap = time.Minute

// CheckClock returns ErrClock with what to do when the two differ by minutes.
func CheckClock(here, there time.Time) error {
	gap := here.Sub(there)
	if gap.Abs() <= maxClockGap {
		return nil
	}
	side := "ahead of"
	if gap < 0 {
		side = "behind"
	}
	return fmt.Errorf("%w: this machine's is %s %s the frontier's, so its records would bear wrong times: set the clocks (NTP) on both", ErrClock, gap.Abs().Round(time.Second), side)
}
