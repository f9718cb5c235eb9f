package explore

import (
	"fmt"
	"math"
	"time"

	"github.com/seinehq/seine/internal/number"
)

const (
	// dark is the share of the expected hits that a failed site still gives.
	dark = 0.05

	// alarm is the doubt that stops a space. A healthy site then gives the observed answers with a
	// probability below e^-alarm. About ten misses during local search reach it, or about fifty
	// probes where three in ten hit.
	alarm = 16

	// restopThreshold is the threshold for a space that was stopped before and has not recovered,
	// because such a space fails more often than others. At half of alarm, one in a hundred healthy
	// spaces of the simulator was stopped.
	restopThreshold = 0.75 * alarm

	// Suspect is the stored doubt from which a space counts as stopped for its answers, not for its
	// errors. A stored watch may lag by a quarter of alarm, and by more within a second.
	Suspect = alarm / 2

	// recoveredBelow is how far doubt must fall after a stop before a space counts as healthy. Two
	// hits usually suffice.
	recoveredBelow = alarm / 4

	// alarmBlocks is the minimum number of blocks that the answers must cover, because a single
	// block may have changed.
	alarmBlocks = 4

	// failing is how many ids in a row may end in error, with none answered between
	// them, until a space is stopped.
	failing = 100

	// sure bounds the expected hit probability of one answer.
	sure = 0.95

	// minExpectation is the expectation below which misses are no evidence. A space whose runs were
	// all found is not a failed site, however many requests it gets.
	minExpectation = 0.01

	// exhausted is the reciprocal of the share of a block from which on its misses count in full.
	exhausted = 10

	// luckWeight is priorWeight for a block with more hits than its parent. Blocks are chosen for
	// their hits, so the expectation of such a block is lower than its own answers.
	luckWeight = 2 * priorWeight

	// minSamples is how many answers it takes until anything is expected. A model
	// may be as old as a worker has slots.
	minSamples = 250
)

// doubt is the log-likelihood ratio of an answer: failed site against healthy site. Its sum falls
// while the answers match the expectation.
func doubt(p float64, hit bool) float64 {
	if hit {
		return math.Log(dark)
	}
	return math.Log((1 - dark*p) / (1 - p))
}

// expected returns the probability that a request hits, given the answers so far.
func (f *Forager) expected(pos int64, kind Kind, walk *LocalSearch) float64 {
	all := f.tree.total()
	if all.Done < minSamples {
		return 0
	}
	// Answers since the last healthy state teach nothing if they stopped the space.
	var unsure Sums
	if f.watch.resumed {
		unsure = f.watch.since(all)
	}
	p := 0.0
	switch kind {
	case Stepped:
		if at := walk.Step(); at.M < f.max {
			p = f.steps.p(at.Context, at.M)
		}
	case Probed:
		block := f.tree.block(pos)
		p = f.tree.hit(block)
		if f.watch.resumed {
			p = max(p, f.tree.before(block, float64(unsure.Probes-unsure.ProbeHits)))
		}
	case Given:
	}
	// The chosen blocks were lucky so far and will hit less often. The ratio of all hits to all
	// expected hits corrects for that.
	all = all.minus(unsure)
	if p *= min(1, float64(all.ProbeHits+all.WalkHits)/max(1, all.Expected)); p < minExpectation {
		return 0
	}
	return min(sure, p)
}

// hit is how likely a probe of a block hits. Unlike the recent probes it does not forget, so the
// expectation does not follow a site that fails.
func (t *tree) hit(block int64) float64 {
	f := priorOf(top(t.live)).f
	// Where a hit does not show that its block has more, the answers of a block tell little about
	// it, until much of it was asked. Then its hits are gone.
	again := min(1, 4*t.recurrence)
	for l := len(t.levels) - 1; l >= t.coarse; l-- {
		x := block >> (t.levels[l] - t.shift)
		s := t.live[l][x]
		more, weight := float64(s.ProbeHits)-float64(s.Probes)*f, again
		if more < 0 {
			weight = max(again, min(1, exhausted*float64(s.Done)/float64(t.sizeAt(l, x))))
			f += weight * more / (float64(s.Probes) + priorWeight)
			continue
		}
		f += weight * more / (float64(s.Probes) + luckWeight)
	}
	return t.rest(block, f)
}

// before returns the probability that a probe of a block hit before the last misses. The model does
// not store the blocks of those misses, so before uses the hit rate of the whole space.
func (t *tree) before(block int64, misses float64) float64 {
	live := top(t.live)
	return t.rest(block, (float64(live.ProbeHits)+0.5)/(max(float64(live.Probes)-misses, float64(live.ProbeHits))+5))
}

// rest returns the probability that a probe of the rest of a block hits, if the share f was wanted
// around it.
func (t *tree) rest(block int64, f float64) float64 {
	// Hits that were found are no longer available. f covers all answers of the stretch. It
	// therefore estimates the state when half of them were present and half of those were found.
	node := t.areaOf(block)
	if s, size := t.sums[t.coarse][node], t.sizeAt(t.coarse, node); float64(s.Done) > 0.1*float64(size) && s.Done < size {
		left := f*(float64(size)-float64(s.Done)/2) - float64(s.ProbeHits+s.WalkHits)/2
		f = max(0, left) / float64(size-s.Done)
	}
	return f
}

// Watch is the last healthy state of a space, the reference of its alarm. It outlives a worker.
type Watch struct {
	// Doubt was minimal at At, after Requests requests with Expected expected hits and Hits hits.
	// At is a time of the frontier's clock. For a space that was stopped and resumed, Doubt is the
	// value at the time when its circuit was closed.
	Doubt, Expected float64
	Asked, Hits     int64
	At              time.Time

	// StaleDoubt was minimal after Answers answers of which Stale were stale.
	StaleDoubt     float64
	Answers, Stale int64

	// Done ids were answered, and Errors had ended in error, when one was answered
	// last.
	Done, Errors int64
}

// watch compares the answers with the expectation since the last healthy state, which is the
// minimum of the summed doubt.
type watch struct {
	begun  bool
	low    Watch
	blocks map[int64]bool // that were answered in since

	resumed bool // stopped since the low, and not as it should be since: [Forager.Resume]
}

// Rearm restarts the watch and ignores all earlier answers. now is the frontier's time.
func (f *Forager) Rearm(now time.Time) {
	f.watch.begun, f.watch.resumed = false, false
	f.watch.note(f.tree.total(), now)
}

// Resume continues from the last healthy state that any worker stored, with the blocks that were
// answered since then. closed is the time when the space's circuit was closed. The zero value means
// that the circuit never opened. A watch from before that time keeps its expectation until the site
// recovers, because the site may still fail.
func (f *Forager) Resume(w Watch, closed time.Time, blocks []int64, now time.Time) {
	f.watch = watch{begun: true, low: w, blocks: map[int64]bool{}, resumed: w.At.Before(closed)}
	for _, b := range blocks {
		f.watch.blocks[b] = true
	}
	f.watch.note(f.tree.total(), now)
}

// Watched is where the space was last as it should be.
func (f *Forager) Watched() Watch { return f.watch.low }

// Moved reports whether the watch differs enough from w to be stored. A worker that resumes from w
// lags by less than that.
func (f *Forager) Moved(w Watch) bool {
	low := &f.watch.low
	return w.At.IsZero() || low.Doubt < w.Doubt-alarm/4 || low.StaleDoubt < w.StaleDoubt-alarm/4 || low.Errors-w.Errors > failing/4
}

// Doubt returns the doubt since the last healthy state. A space stops when it reaches a threshold.
func (f *Forager) Doubt() float64 { return f.tree.total().Doubt - f.watch.low.Doubt }

// Dark returns why a space must stop: the answers of all its blocks changed at once, or no answer
// arrives. An empty string means that the space continues. Call it after the model was refreshed.
// now is the frontier's time of that refresh.
func (f *Forager) Dark(now time.Time) string {
	w, total := &f.watch, f.tree.total()
	w.note(total, now)
	if n := total.Errors - w.low.Errors; n >= failing {
		return fmt.Sprintf("the last %d ids ended in error, and none was answered", n)
	}
	if total.StaleDoubt-w.low.StaleDoubt >= alarm {
		return fmt.Sprintf("of the last %s, %d were stale", number.Counted(total.answers()-w.low.Answers, "answer"), total.Stale-w.low.Stale)
	}
	most := float64(alarm)
	if w.resumed {
		most = restopThreshold
	}
	if f.Doubt() < most || len(w.blocks) < min(alarmBlocks, len(f.tree.sums[0])) {
		return ""
	}
	return fmt.Sprintf("the last %s, in %s, were wanted %s where %.0f were to be expected",
		number.Counted(max(0, total.Probes+total.Walks-w.low.Asked), "answer"), number.Counted(len(w.blocks), "block"),
		number.Counted(max(0, total.ProbeHits+total.WalkHits-w.low.Hits), "time"), total.Expected-w.low.Expected)
}

func (w *watch) note(total Sums, now time.Time) {
	done, failed := w.low.Done, w.low.Errors
	if !w.begun || total.Done != done || total.Errors < failed {
		done, failed = total.Done, total.Errors
	}
	was := w.low
	if !w.begun || total.StaleDoubt <= was.StaleDoubt {
		was.StaleDoubt, was.Answers, was.Stale = total.StaleDoubt, total.answers(), total.Stale
	}
	least := w.low.Doubt
	if w.resumed {
		least -= recoveredBelow
	}
	if !w.begun || total.Doubt <= least {
		w.begun, w.resumed, w.blocks = true, false, map[int64]bool{}
		w.low = Watch{Doubt: total.Doubt, Expected: total.Expected, Asked: total.Probes + total.Walks, Hits: total.ProbeHits + total.WalkHits, At: now}
	}
	w.low.Done, w.low.Errors = done, failed
	w.low.StaleDoubt, w.low.Answers, w.low.Stale = was.StaleDoubt, was.Answers, was.Stale
}

// since returns the answers after the minimum, all counted as probes.
func (w *watch) since(total Sums) (s Sums) {
	s.ProbeHits = max(0, total.ProbeHits+total.WalkHits-w.low.Hits)
	s.Probes = max(s.ProbeHits, total.Probes+total.Walks-w.low.Asked)
	s.Expected = max(0, total.Expected-w.low.Expected)
	return s
}

// answered notes a block whose sums have changed.
func (w *watch) answered(block int64) {
	if w.blocks != nil {
		w.blocks[block] = true
	}
}
