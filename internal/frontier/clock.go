package frontier

import (
	"fmt"
	"time"
)

// maxClockGap is the largest accepted difference between the clocks of a worker and the frontier.
// Leases and paces depend on the frontier's clock alone, but times in records and logs come from
// the worker.
const maxClockGap = time.Minute

// CheckClock returns ErrClock with a remedy if the clocks differ by more than maxClockGap.
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
