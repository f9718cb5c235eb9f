package polite

import (
	"math"
	"time"

	"github.com/seinehq/seine"
)

// A host that answers 429 or 503 is asked at a fraction of its pace: each time
// at half of what it was, and back again slowly, as TCP does with a congested
// line. The fraction is kept as what the delay is multiplied by, 1 for none.
const (
	// SlowFrom is the least delay that is multiplied: a host without a delay
	// must slow down too.
	SlowFrom = 50 * time.Millisecond

	// SlowStep is by how much one refusal slows a host, SlowMost the most.
	SlowStep = 2.0
	SlowMost = 64.0

	// EaseEach is what each good answer takes off, and EaseHalf the time in
	// which at most half of it goes: quick hosts must not recover in an instant.
	EaseEach = 0.97
	EaseHalf = 30 * time.Second
)

// Slower is the factor after a refusal.
func Slower(slow float64) float64 { return min(max(slow, 1)*SlowStep, SlowMost) }

// Ease is the factor after so many good answers, and so long after it was last
// changed.
func Ease(slow float64, good int, since time.Duration) float64 {
	if slow <= 1 || good <= 0 {
		return max(slow, 1)
	}
	kept := max(math.Pow(EaseEach, float64(good)), math.Pow(0.5, max(0, since.Seconds())/EaseHalf.Seconds()))
	return max(1, slow*kept)
}

// Slowed is a delay and a concurrency (0 or less: no bound) under a factor.
func Slowed(delay seine.Span, concurrency int, slow float64) (seine.Span, int) {
	if slow <= 1 {
		return delay, concurrency
	}
	times := func(d time.Duration) time.Duration { return time.Duration(float64(max(d, SlowFrom)) * slow) }
	if concurrency > 0 {
		concurrency = max(1, int(float64(concurrency)/slow))
	}
	return seine.Span{Min: times(delay.Min), Max: times(delay.Max)}, concurrency
}
