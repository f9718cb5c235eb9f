package hosts

import (
	"math/rand/v2"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// lateAfter is the tolerance for a late start. A later start would crowd the next start, which is
// on time. A quarter of the delay applies if that is longer.
const lateAfter = 50 * time.Millisecond

// lateTries limits how often a late start is replaced, so that a machine that is always late still
// makes progress.
const lateTries = 5

// late reports whether a start's time has passed, because the process was paused or the frontier's
// reply was slow. delay is the pace's.
func late(delay time.Duration, due, now time.Time) bool {
	return delay > 0 && now.Sub(due) > max(lateAfter, delay/4)
}

// startOf returns the start of a turn, and its earliest possible due time, because the frontier
// counted the wait from some moment between the request and the reply.
func startOf(asked time.Time, turn frontier.Turn) (at, due time.Time) {
	due = asked.Add(turn.Wait)
	return due.Add(min(time.Since(asked), lateAfter) / 2), due
}

func draw() float64 { return rand.Float64() }
