package frontier

import (
	"time"

	"github.com/seinehq/seine"
)

// maxBackoff bounds the wait between two attempts. It is long enough for a deployment or a short
// ban to end, and a day has room for 24 attempts.
const maxBackoff = time.Hour

// NextTry returns the delay until the next attempt of a task whose attempt ended in state (Error or
// Stale), or that the task is final. The wait doubles with each attempt. draw, a number in [0, 1),
// chooses from its upper half, so that tasks that failed together are retried apart. after, the
// host's own wish, is a lower bound.
func NextTry(retry seine.Retries, state seine.State, attempt int, after time.Duration, draw float64) (delay time.Duration, final bool) {
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

// maxRescueDelay bounds RescueDelay.
const maxRescueDelay = 5 * time.Minute

// RescueDelay returns the time until a task whose worker died is retried. draw is a number in [0,
// 1). After the first death the task is ready at once. After more deaths the task may be the cause:
// a drawn delay separates the tasks of one worker, so that the innocent ones do not die with it
// again. The result has the resolution of the databases, a microsecond.
func RescueDelay(attempt int, draw float64) time.Duration {
	if attempt < 2 {
		return 0
	}
	return times(min(maxRescueDelay, time.Second<<min(attempt, 16)), draw)
}
