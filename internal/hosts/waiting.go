package hosts

import (
	"context"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// waiting records the claimed pages that wait for their start. Before the start, an operator may
// pause their host, or the host may request a backoff.
type waiting struct {
	mu     sync.Mutex
	byLane map[frontier.LaneID]map[chan struct{}]struct{}
}

// add records a page that waits. blocked is closed when its lane may not be requested now. end
// removes the page.
func (w *waiting) add(lane frontier.LaneID) (blocked <-chan struct{}, end func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byLane == nil {
		w.byLane = map[frontier.LaneID]map[chan struct{}]struct{}{}
	}
	if w.byLane[lane] == nil {
		w.byLane[lane] = map[chan struct{}]struct{}{}
	}
	one := make(chan struct{})
	w.byLane[lane][one] = struct{}{}
	return one, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.byLane[lane], one)
		if len(w.byLane[lane]) == 0 {
			delete(w.byLane, lane)
		}
	}
}

// block gives up the pages that wait on a lane.
func (w *waiting) block(lane frontier.LaneID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.byLane[lane] {
		close(one)
	}
	delete(w.byLane, lane)
}

func (w *waiting) lanes() []frontier.LaneID {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []frontier.LaneID
	for lane := range w.byLane {
		out = append(out, lane)
	}
	return out
}

// watchEvery is the interval of [gate.Watch].
const watchEvery = 500 * time.Millisecond

// Watch reads the state of the lanes with waiting pages, because another worker or an operator may
// have blocked them since the claim.
func (g *gate) Watch(ctx context.Context) {
	for sleep(ctx, watchEvery) {
		lanes := g.waiting.lanes()
		if len(lanes) == 0 {
			continue
		}
		states, err := g.cfg.Frontier.Blocked(ctx, lanes)
		if err != nil {
			continue // the next claim reports the outage
		}
		for _, s := range states {
			if s.Paused || s.Backoff > 0 {
				g.waiting.block(s.Lane)
			}
		}
	}
}
