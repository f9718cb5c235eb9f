package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/cgroup"
)

// lookEvery is how often memory and CPU are looked at.
const lookEvery = time.Second

// share is what part of its slots this worker fills now.
type share struct {
	mu    sync.Mutex
	set   bool
	share cgroup.Share
}

// watch looks at memory and CPU until ctx is done, and says once when they are short
// and once when they are not any more.
func (e *Engine) watch(ctx context.Context) {
	w := e.cfg.Watch
	if w == nil {
		return
	}
	short := false
	for sleep(ctx, lookEvery) {
		s, u := w.Look(time.Now())
		e.share.mu.Lock()
		e.share.share, e.share.set = s, true
		e.share.mu.Unlock()
		switch whole := s == cgroup.Whole(); {
		case !whole && !short:
			short = true
			e.cfg.Log.WarnContext(ctx, "short of memory or CPU: fewer tasks at once", "memory", percent(u.Memory), "cpu_stalled", percent(u.Stalled))
		case whole && short:
			short = false
			e.cfg.Log.WarnContext(ctx, "memory and CPU suffice again", "memory", percent(u.Memory), "cpu_stalled", percent(u.Stalled))
		}
	}
}

func percent(x float64) string { return fmt.Sprintf("%.0f%%", 100*max(0, x)) }

// Share is what part of its slots this worker fills, 0 to 1: less than 1 when it is
// short of memory or CPU.
func (e *Engine) Share() float64 {
	e.share.mu.Lock()
	defer e.share.mu.Unlock()
	if !e.share.set {
		return 1
	}
	return min(e.share.share.Memory, e.share.share.CPU)
}

// affordable is how many of n held slots may be filled; the rest is given back.
func (r *runner) affordable(n int) int {
	s := &r.e.share
	s.mu.Lock()
	slots, set := s.share, s.set
	s.mu.Unlock()
	if !set || slots == cgroup.Whole() {
		return n
	}
	fits := min(n, max(0, slots.Slots(cap(r.held), cgroup.CPUs())-(len(r.held)-n)))
	r.giveBack(n - fits)
	return fits
}
