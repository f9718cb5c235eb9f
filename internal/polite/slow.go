package polite

import (
	"time"

	"github.com/seinehq/seine"
)

// A host that answers 429 or 503 is asked at a fraction of its pace: each time
// at half of what it was, and back again by small steps, as TCP does with a
// congested line: a host that refuses one request in thirty is asked at nearly
// its pace, one that refuses every other at a twentieth of it. The fraction is
// kept as what the delay is multiplied by, 1 for none.
const (
	// SlowFrom is what a host without a delay is taken to have: it must slow
	// down too.
	SlowFrom = 10 * time.Millisecond

	// SlowStep is by how much one refusal slows a host, SlowMost the most.
	SlowStep = 2.0
	SlowMost = 64.0

	// EaseEach is what each good answer gives back of the pace, and EaseAll the
	// time in which at most all of it comes back: quick hosts must not recover
	// in an instant.
	EaseEach = 0.02
	EaseAll  = 10 * time.Second
)

// Slower is the factor after a refusal.
func Slower(slow float64) float64 { return min(max(slow, 1)*SlowStep, SlowMost) }

// Ease is the factor after so many good answers, and so long after it was last
// changed.
func Ease(slow float64, good int, since time.Duration) float64 {
	if slow <= 1 || good <= 0 {
		return max(slow, 1)
	}
	back := min(EaseEach*float64(good), max(0, since.Seconds())/EaseAll.Seconds())
	return 1 / min(1, 1/slow+back)
}

// Slowed is a delay and a concurrency (0 or less: no bound) under a factor.
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
