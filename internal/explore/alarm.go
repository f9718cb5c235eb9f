package explore

import (
	"fmt"
	"math"
)

const (
	// dark is the share of the expected hits that a site gives which does not
	// answer as itself any more.
	dark = 0.05

	// alarm is the doubt at which a space is stopped: that answers of a site as
	// it should be look so is then less likely than one in e^alarm. It takes
	// about ten misses where walks go on, and fifty where three probes in ten hit.
	alarm = 16

	// alarmBlocks is in how many blocks the answers must lie: a single one may
	// have changed.
	alarmBlocks = 4

	// sure bounds what is expected of one answer.
	sure = 0.95

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
	p := 0.0
	switch kind {
	case Stepped:
		if at := walk.Step(); at.M < f.max {
			p = f.steps.p(at.Context, at.M)
		}
	case Probed:
		p = f.tree.hit(f.tree.block(pos))
	case Given:
	}
	// The blocks that are chosen are those that were lucky so far, more than they
	// will be: as often as all hits fell short of what was expected of them.
	return min(sure, p*min(1, float64(all.ProbeHits+all.WalkHits)/max(1, all.Expected)))
}

// hit is how likely a probe of a block hits. Unlike the recent probes it does
// not forget, so that a site that went dark is not soon what is expected.
func (t *tree) hit(block int64) float64 {
	f := believe(top(t.live)).f
	for l := len(t.levels) - 1; l >= 0; l-- {
		s := t.live[l][block>>(t.levels[l]-t.shift)]
		f = (float64(s.ProbeHits) + prior*f) / (float64(s.Probes) + prior)
	}
	// In a block of which much was asked, what was found is gone.
	if s, size := t.sums[0][block], t.sizeAt(0, block); float64(s.Done) > 0.1*float64(size) && s.Done < size {
		f = max(0, f*float64(size)-float64(s.ProbeHits+s.WalkHits)) / float64(size-s.Done)
	}
	return f
}

// watch compares answers with what was expected since they last were as they
// should be: since the sum of doubts was least.
type watch struct {
	begun  bool
	low    Sums           // of the whole space, then
	blocks map[int64]bool // that were answered in since
}

// Rearm begins anew: what was answered so far is not looked at again.
func (f *Forager) Rearm() {
	f.watch.begun = false
	f.watch.note(f.tree.total())
}

// Doubt is how far answers are from what was expected since they last were as
// they should be: a space is stopped at some of it.
func (f *Forager) Doubt() float64 { return f.tree.total().Doubt - f.watch.low.Doubt }

// Dark says why a space has to be stopped: answers in all of its blocks at once
// are not what they were. Empty: it has not. It is asked after the model was
// brought up to date.
func (f *Forager) Dark() string {
	w, total := &f.watch, f.tree.total()
	if w.note(total); f.Doubt() < alarm || len(w.blocks) < min(alarmBlocks, len(f.tree.sums[0])) {
		return ""
	}
	s := total.minus(w.low)
	return fmt.Sprintf("the last %d answers, in %d blocks, were wanted %d times where %.0f were to be expected",
		s.Probes+s.Walks, len(w.blocks), s.ProbeHits+s.WalkHits, s.Expected)
}

func (w *watch) note(total Sums) {
	if !w.begun || total.Doubt <= w.low.Doubt {
		w.begun, w.low, w.blocks = true, total, map[int64]bool{}
	}
}

// answered notes a block whose sums have changed.
func (w *watch) answered(block int64) {
	if w.blocks != nil {
		w.blocks[block] = true
	}
}
