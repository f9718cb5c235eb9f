package explore

import (
	"fmt"
	"math"
	"time"

	"github.com/seinehq/seine/internal/number"
)

const (
	// dark is the share of the expected hits that a site gives which does not
	// answer as itself any more.
	dark = 0.05

	// alarm is the doubt at which a space is stopped: that answers of a site as
	// it should be look so is then less likely than one in e^alarm. It takes
	// about ten misses where walks go on, and fifty where three probes in ten hit.
	alarm = 16

	// suspicion is that at which one is stopped that was stopped before and was not as
	// it should be since: it is likelier to be dark than another. At half of alarm one
	// in a hundred that were as they should be was stopped (in the simulator's spaces).
	suspicion = 0.75 * alarm

	// Suspect is the doubt, as a frontier knows it, from which on a space was stopped
	// for its answers and not for its errors: a watch may be written late by a quarter
	// of alarm, and more within a second.
	Suspect = alarm / 2

	// assured is how far doubt must fall after that until a space is taken for as it
	// should be: by two hits, mostly.
	assured = alarm / 4

	// alarmBlocks is in how many blocks the answers must lie: a single one may
	// have changed.
	alarmBlocks = 4

	// failing is how many ids in a row may end in error, with none answered between
	// them, until a space is stopped.
	failing = 100

	// sure bounds what is expected of one answer.
	sure = 0.95

	// hopeless is the expectation from which down there is none: what is left of a
	// space whose runs were all found is no dark site, however long it is asked.
	hopeless = 0.01

	// acquainted is how many answers it takes until anything is expected. A model
	// may be as old as a worker has slots.
	acquainted = 250
)

// doubt is how much more likely an answer is of a site that is dark, as a
// logarithm: its sum falls as long as answers are what was expected.
func doubt(p float64, hit bool) float64 {
	if hit {
		return math.Log(dark)
	}
	return math.Log((1 - dark*p) / (1 - p))
}

// expected is how likely a request is a hit, by what was answered so far.
func (f *Forager) expected(pos int64, kind Kind, walk *Excursion) float64 {
	all := f.tree.total()
	if all.Done < acquainted {
		return 0
	}
	// What a space gave since it was last as it should be is nothing to learn from
	// when it was stopped for it.
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
	// The blocks that are chosen are those that were lucky so far, more than they
	// will be: as often as all hits fell short of what was expected of them.
	all = all.minus(unsure)
	if p *= min(1, float64(all.ProbeHits+all.WalkHits)/max(1, all.Expected)); p < hopeless {
		return 0
	}
	return min(sure, p)
}

// hit is how likely a probe of a block hits. Unlike the recent probes it does
// not forget, so that a site that went dark is not soon what is expected.
func (t *tree) hit(block int64) float64 {
	f := believe(top(t.live)).f
	for l := len(t.levels) - 1; l >= t.coarse; l-- {
		s := t.live[l][block>>(t.levels[l]-t.shift)]
		f = (float64(s.ProbeHits) + prior*f) / (float64(s.Probes) + prior)
	}
	return t.rest(block, f)
}

// before is how likely a probe of a block hit before the last so many misses. In
// which blocks those were is not kept: so it is that of a probe anywhere.
func (t *tree) before(block int64, misses float64) float64 {
	live := top(t.live)
	return t.rest(block, (float64(live.ProbeHits)+0.5)/(max(float64(live.Probes)-misses, float64(live.ProbeHits))+5))
}

// rest is how likely a probe hits of what is left around a block where the share f
// was wanted.
func (t *tree) rest(block int64, f float64) float64 {
	// Where much was asked, what was found is gone. f is of all its answers, so it is
	// what was to be had when half of them were there and half of that was found.
	node := t.stretchOf(block)
	if s, size := t.sums[t.coarse][node], t.sizeAt(t.coarse, node); float64(s.Done) > 0.1*float64(size) && s.Done < size {
		left := f*(float64(size)-float64(s.Done)/2) - float64(s.ProbeHits+s.WalkHits)/2
		f = max(0, left) / float64(size-s.Done)
	}
	return f
}

// Watch is where a space's answers last were as they should be: what its alarm is
// measured from. It outlives a worker.
type Watch struct {
	// Doubt was the least, with so many hits expected of so many requests, and so
	// many that came, at a time of the frontier's clock. Of a space that was stopped
	// since and goes on it is the doubt when its circuit was closed.
	Doubt, Expected float64
	Asked, Hits     int64
	At              time.Time

	// Done ids were answered, and Errors had ended in error, when one was answered
	// last.
	Done, Errors int64
}

// watch compares answers with what was expected since they last were as they
// should be: since the sum of doubts was least.
type watch struct {
	begun  bool
	low    Watch
	blocks map[int64]bool // that were answered in since

	resumed bool // stopped since the low, and not as it should be since: [Forager.Resume]
}

// Rearm begins anew: what was answered so far is not looked at again. now is the
// frontier's time.
func (f *Forager) Rearm(now time.Time) {
	f.watch.begun, f.watch.resumed = false, false
	f.watch.note(f.tree.total(), now)
}

// Resume goes on from where other workers, or this one's last run, last saw the
// space as it should be, with the blocks that were answered in since. closed is when
// the space's circuit was closed; its zero value: it never was open. From a watch of
// before that, what was expected before is expected still, until the answers are as
// they should be again: a site may be as dark as it was.
func (f *Forager) Resume(w Watch, closed time.Time, blocks []int64, now time.Time) {
	f.watch = watch{begun: true, low: w, blocks: map[int64]bool{}, resumed: w.At.Before(closed)}
	for _, b := range blocks {
		f.watch.blocks[b] = true
	}
	f.watch.note(f.tree.total(), now)
}

// Watched is where the space was last as it should be.
func (f *Forager) Watched() Watch { return f.watch.low }

// Moved reports whether that is so far from w that it is worth to be written: who
// goes on from w is late by less than that.
func (f *Forager) Moved(w Watch) bool {
	low := &f.watch.low
	return w.At.IsZero() || low.Doubt < w.Doubt-alarm/4 || low.Errors-w.Errors > failing/4
}

// Doubt is how far answers are from what was expected since they last were as
// they should be: a space is stopped at some of it.
func (f *Forager) Doubt() float64 { return f.tree.total().Doubt - f.watch.low.Doubt }

// Dark says why a space has to be stopped: answers in all of its blocks at once
// are not what they were, or none comes at all. Empty: it has not. It is asked
// after the model was brought up to date; now is the frontier's time then.
func (f *Forager) Dark(now time.Time) string {
	w, total := &f.watch, f.tree.total()
	w.note(total, now)
	if n := total.Errors - w.low.Errors; n >= failing {
		return fmt.Sprintf("the last %d ids ended in error, and none was answered", n)
	}
	most := float64(alarm)
	if w.resumed {
		most = suspicion
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
	least := w.low.Doubt
	if w.resumed {
		least -= assured
	}
	if !w.begun || total.Doubt <= least {
		w.begun, w.resumed, w.blocks = true, false, map[int64]bool{}
		w.low = Watch{Doubt: total.Doubt, Expected: total.Expected, Asked: total.Probes + total.Walks, Hits: total.ProbeHits + total.WalkHits, At: now}
	}
	w.low.Done, w.low.Errors = done, failed
}

// since is what was answered since the low, all of it as if by probes.
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
