package polite

import (
	"time"

	"github.com/seinehq/seine"
)

// A host that answers 429 or 503 gets half of its previous pace and recovers in small steps, as TCP
// does on a congested link. A host that refuses one request in thirty keeps nearly its pace. A host
// that refuses every second request gets a twentieth. The fraction is stored as the factor of the
// delay, with 1 for none.
const (
	// SlowFrom is the assumed delay of a host without one, so that it can slow down too.
	SlowFrom = 10 * time.Millisecond

	// SlowStep is by how much one refusal slows a host, SlowMost the most.
	SlowStep = 2.0
	SlowMost = 64.0

	// EaseEach is the share of the pace that each good answer restores. EaseAll is the minimum time
	// of a full recovery, so that a fast host does not recover at once.
	EaseEach = 0.02
	EaseAll  = 10 * time.Second
)

// Slower is the factor after a refusal.
func Slower(slow float64) float64 { return min(max(slow, 1)*SlowStep, SlowMost) }

// Ease returns the factor after a number of good answers and the time since its last change. It
// reckons in microseconds, so that SQL can compute the same number.
func Ease(slow float64, good int, since time.Duration) float64 {
	if slow <= 1 || good <= 0 {
		return max(slow, 1)
	}
	back := min(EaseEach*float64(good), float64(max(0, since.Microseconds()))/float64(EaseAll.Microseconds()))
	return 1 / min(1, 1/slow+back)
}

// Slowed returns a delay and a concurrency under a factor. A concurrency of 0 or less has no bound.
func Slowed(delay seine.Span, concurrency int, slow float64) (seine.Span, int) {
	if slow <= 1 {
		return delay, concurrency
	}
	if delay == (seine.Span{}) {
		delay = seine.Span{Min: SlowFrom, Max: SlowFrom}
	}
	times := func(d time.Duration) time.Duration { return time.Duration(float64(d) * slow) }
	if concurrency > 0 {
		concurrency = max(1, int(float64(concurrency)/slow))
	}
	return seine.Span{Min: times(delay.Min), Max: times(delay.Max)}, concurrency
}
