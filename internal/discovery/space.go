package discovery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/idspace"
)

// Space is an ID space of a job as its frontier numbers it.
type Space struct {
	*idspace.Space
	Number int

	// Model has no statistics yet.
	Model *explore.Forager
}

// Spaces lists the ID spaces that a job explores. A job with another strategy has none.
func Spaces(job *seine.Job) (out []Space) {
	if s := job.Explore.Strategy; s != seine.StrategyForager && s != seine.StrategyRandom {
		return nil
	}
	for i := range job.Seeds.IDs {
		s := idspace.Of(&job.Seeds.IDs[i])
		opts := explore.Options{Blocks: job.Explore.Blocks, Max: job.Explore.Max}
		if len(s.Start) > 0 {
			opts.Start, _ = s.Find(s.Key(s.Start[0]))
		}
		model := explore.New(s.Len(), opts)
		out = append(out, Space{s, frontier.SpaceNumber((*seine.IDSpace)(s), model), model})
	}
	return out
}

// space is an ID space with this worker's model of it. The forager's mutex guards it.
type space struct {
	Space

	// last is the frontier's time of the last read, far the time of the last read that reached far
	// back. farther is when the next such read is due, by this process's clock.
	last, far, farther time.Time

	answers int64 // as of the last read
	circuit frontier.Circuit
	watched time.Time // when the watch was last stored
	barren  int64     // the number of answers without a hit that is reported next
	unsaid  recent

	// end is the first position above the IDs that this worker saw to exist. again is the end of
	// the positions whose absent IDs it requeued: see came. direct is the position above the newest
	// ID that it requeued last.
	end, again, direct int64
}

// recent are answers of this worker that are not stored yet, and the hits among them.
type recent struct {
	answers, found int
	stored         time.Time
}

// A worker stores its recent answers after storeAnswers of them, or after storeAfter.
const (
	storeAnswers = 16
	storeAfter   = 10 * time.Second
)

// note counts an answer, and moves the recent answers to seen if it is time to store them.
func (r *recent) note(seen *frontier.Explored) {
	if seen.Sums.Done > 0 {
		r.answers++
	}
	r.found += int(seen.Sums.Wanted)
	if r.answers >= storeAnswers || r.answers > 0 && time.Since(r.stored) > storeAfter {
		seen.Answers, seen.Found = r.answers, r.found
		*r = recent{stored: time.Now()}
	}
}

// name returns the first and the last ID of a space.
func (s *space) name() string { return s.At(0) + " to " + s.At(s.Len()-1) }

// Blocks written shortly before the last read are read again, because their transaction may have
// been open at that time. Most transactions end within glance. At times a read reaches lookBack
// before the last such read. Rows are absolute, so a second read of a row is harmless.
const (
	glance    = time.Second
	lookBack  = time.Minute
	lookFarBy = 10 * time.Second
)

// since returns the time from which blocks are read, and whether that reaches far back.
func (s *space) since(now time.Time) (since time.Time, far bool) {
	switch {
	case s.last.IsZero():
		return time.Time{}, true
	case now.After(s.farther):
		return s.far.Add(-lookBack), true
	}
	return s.last.Add(-glance), false
}

// learn updates the model. It reports whether the table of steps is due. unsettled are the blocks
// with answers since the space last behaved as expected, on a first read.
func (s *space) learn(k frontier.Knowledge, unsettled map[int64]explore.Sums) bool {
	for block, sums := range k.Blocks {
		s.Model.SetBlock(block, sums)
	}
	// The alarm ignores answers from before the circuit was closed.
	begins := s.last.IsZero() || !k.Circuit.ClosedAt.Equal(s.circuit.ClosedAt)
	switch {
	case begins && !k.Watch.At.IsZero():
		s.Model.Resume(k.Watch, k.Circuit.ClosedAt, slices.Collect(maps.Keys(unsettled)), k.Now)
	case begins:
		s.Model.Rearm(k.Now)
	}
	answers := s.Model.Total().Done
	n := int(answers - s.answers)
	s.last, s.answers = k.Now, answers
	return s.Model.Answered(n)
}

// logCircuit records a space's circuit and logs a change.
func (l links) logCircuit(ctx context.Context, s *space, now frontier.Circuit) {
	was := s.circuit.Open()
	s.circuit = now
	switch {
	case now.Open() && !was:
		l.cfg.Log.WarnContext(ctx, "exploring stops: run `seine resume` to continue",
			"space", s.name(), "err", now.Reason)
	case was && !now.Open():
		l.cfg.Log.InfoContext(ctx, "exploring resumes", "space", s.name())
	}
}

// Barren is the number of answers without a hit that is worth a warning. The alarm expects nothing
// of a site that never gave a hit.
const Barren = 1000

// logBarren warns that a space gave no hit yet, and again at ten times as many answers.
func (l links) logBarren(ctx context.Context, s *space) {
	sums := s.Model.Total()
	if sums.Done < s.barren || sums.ProbeHits+sums.WalkHits+sums.Wanted > 0 {
		return
	}
	for s.barren <= sums.Done {
		s.barren *= 10
	}
	l.cfg.Log.WarnContext(ctx, "nothing was wanted so far: check the verdict and explore.hit",
		"space", s.name(), "answers", sums.Done)
}

// minAnswers is the number of answers from which on a space may be called not worth it. judgeEvery
// is the number of further answers between two judgements.
const (
	minAnswers = 500
	judgeEvery = 50
)

// NotWorthIt explains why no block of the spaces is expected to give at least least hits per
// answer. It returns an empty text if one does, if nothing is left, or if too few answers are
// known.
func NotWorthIt(models []*explore.Forager, answers int64, least float64) string {
	if least <= 0 || answers < minAnswers {
		return ""
	}
	var best, most float64
	over := true
	for _, m := range models {
		b, u := m.Best()
		best, most = max(best, b), max(most, u)
		over = over && m.Over()
	}
	if over || most >= least {
		return ""
	}
	return fmt.Sprintf("the best block promises %.3f hits by answer, at most %.3f; limit.yield is %g",
		best, most, least)
}

// FormerAnswers counts the answers by space that belong to none of these spaces.
func FormerAnswers(answers map[int]int64, spaces []int) (n int64) {
	for _, a := range answers {
		n += a
	}
	for _, s := range spaces {
		n -= answers[s]
	}
	return n
}
