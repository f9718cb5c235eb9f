package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// waiters are the claimed tasks that wait for their start. Their host may be
// paused, or say that it wants to be left alone, before that comes.
type waiters struct {
	mu     sync.Mutex
	byLane map[frontier.LaneID]map[chan struct{}]struct{}
}

// add notes a task that waits: held is closed when its lane is not to be asked
// now. end forgets it.
func (w *waiters) add(lane frontier.LaneID) (held <-chan struct{}, end func()) {
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

// hold gives back what waits on a lane.
func (w *waiters) hold(lane frontier.LaneID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.byLane[lane] {
		close(one)
	}
	delete(w.byLane, lane)
}

func (w *waiters) lanes() []frontier.LaneID {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []frontier.LaneID
	for lane := range w.byLane {
		out = append(out, lane)
	}
	return out
}

// heldEvery is how often a worker asks for the lanes of its waiting tasks
// whether they were paused or became quiet since the claim.
const heldEvery = 500 * time.Millisecond

// watchHeld gives back the tasks that wait for a host which another worker found
// to be quiet, or which somebody paused.
func (r *runner) watchHeld(ctx context.Context) {
	for sleep(ctx, heldEvery) {
		lanes := r.waiters.lanes()
		if len(lanes) == 0 {
			continue
		}
		states, err := r.e.cfg.Frontier.Blocked(ctx, lanes)
		if err != nil {
			continue // whoever claims next says so
		}
		for _, s := range states {
			if s.Paused || s.Backoff > 0 {
				r.waiters.hold(s.Lane)
			}
		}
	}
}

// hostPatience is how long a task that is under way waits for its turn on
// another host: it holds its slot, and a page that was fetched, meanwhile.
const hostPatience = time.Minute

// heldPause is when a task is tried again whose other host somebody paused.
const heldPause = 5 * time.Minute

// quietError says that a task can't go on before another host may be asked. It
// is given back until then, at no attempt's cost.
type quietError struct {
	host  string
	after time.Duration
}

func (e *quietError) Error() string {
	return fmt.Sprintf("%s may be asked in %s", e.host, e.after.Round(time.Second))
}

// await waits for a turn on another host.
func (r *runner) await(ctx context.Context, lane string, turn frontier.Turn, err error) error {
	host := strings.TrimPrefix(lane, frontier.AssetLane(""))
	switch {
	case err != nil:
		return err
	case turn.Paused:
		return &quietError{host, heldPause}
	case turn.Wait > hostPatience:
		return &quietError{host, turn.Wait}
	case !sleep(ctx, turn.Wait):
		return context.Cause(ctx)
	}
	return nil
}
