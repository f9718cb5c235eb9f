package frontier

import (
	"time"

	"github.com/seinehq/seine"
)

// maxBackoff bounds the wait between two attempts: long enough for a deploy or
// a short ban to pass, short enough that a day holds many.
const maxBackoff = time.Hour

// NextTry says when a task whose attempt ended in state (Error or Stale) is
// tried again, or that it is final. The wait doubles with each attempt and is
// drawn from its upper half, so that tasks that failed together come apart;
// draw is a number in [0, 1). after, the host's own wish, is a lower bound.
func NextTry(retry seine.Retry, state seine.State, attempt int, after time.Duration, draw float64) (delay time.Duration, final bool) {
	most := retry.Error
	if state == seine.Stale {
		most = retry.Stale
	}
	if attempt >= most {
		return 0, true
	}
	wait := maxBackoff
	if shift := attempt - 1; shift < 30 && retry.Backoff<<shift < maxBackoff {
		wait = retry.Backoff << shift
	}
	wait = wait/2 + time.Duration(draw*float64(wait/2))
	return max(wait, after), false
}

// mostApart bounds what RescueDelay gives.
const mostApart = 5 * time.Minute

// RescueDelay is how long a task waits whose worker died; draw is a number in
// [0, 1). The first time it is ready at once. From the second on it may be what
// kills its workers: the tasks that died together come apart, so that those
// beside it don't die with it again and again.
func RescueDelay(attempt int, draw float64) time.Duration {
	if attempt < 2 {
		return 0
	}
	return time.Duration(draw * float64(min(mostApart, time.Second<<min(attempt, 16))))
}
