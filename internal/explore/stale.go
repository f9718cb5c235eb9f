package explore

import "math"

// A site that degrades gives stale pages for a share of the requests, such as the page of a log-in.
// They are no evidence about IDs, and the other answers are as expected. Their share is therefore
// watched by itself, with the same sum of log-likelihood ratios (CUSUM, Page 1954).
const (
	// degraded is the least share of stale answers of a degraded site, and mostDegraded the share
	// of a site where stale answers are usual.
	degraded, mostDegraded = 0.3, 0.9

	// staleFactor is by how much the share exceeds the usual share.
	staleFactor = 3

	// leastUsual is the least usual share, so that a few stale answers in a row raise no alarm.
	leastUsual = 0.05

	// stalePrior is the number of answers that count as seen without a stale page.
	stalePrior = 40
)

// answers counts the answers of a space, with the stale answers.
func (s Sums) answers() int64 { return s.Done + s.Stale }

// staleDoubt is the log-likelihood ratio of an answer: degraded site against the share of stale
// answers so far.
func (f *Forager) staleDoubt(stale bool) float64 {
	all := f.tree.total()
	if all.answers() < minSamples {
		return 0
	}
	usual := max(leastUsual, (float64(all.Stale)+1)/(float64(all.answers())+stalePrior))
	worse := min(mostDegraded, max(degraded, staleFactor*usual))
	if usual >= worse {
		return 0
	}
	if stale {
		return math.Log(worse / usual)
	}
	return math.Log((1 - worse) / (1 - usual))
}
