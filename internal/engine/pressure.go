package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/cgroup"
	"github.com/seinehq/seine/internal/outage"
)

// pressure is the share of its slots that this worker fills, by its memory and CPU.
type pressure struct {
	mu    sync.Mutex
	set   bool
	share cgroup.Share
}

// watch measures memory and CPU until ctx ends. It logs the beginning and the end of a shortage.
func (p *pressure) watch(ctx context.Context, w *cgroup.Watch, log *slog.Logger) {
	if w == nil {
		return
	}
	short := false
	for outage.Sleep(ctx, shareLook) {
		s, u := w.Look(time.Now())
		p.mu.Lock()
		p.share, p.set = s, true
		p.mu.Unlock()
		switch whole := s == cgroup.Whole(); {
		case !whole && !short:
			short = true
			log.WarnContext(ctx, "short of memory or CPU: fewer tasks at once", "memory", percent(u.Memory),
				"cpu_stalled", percent(u.Stalled))
		case whole && short:
			short = false
			log.WarnContext(ctx, "memory and CPU suffice again", "memory", percent(u.Memory), "cpu_stalled",
				percent(u.Stalled))
		}
	}
}

func percent(x float64) string { return fmt.Sprintf("%.0f%%", 100*max(0, x)) }

// fits returns the number of tasks that may be claimed beside held ones, of slots in all.
func (p *pressure) fits(slots, held int) int {
	p.mu.Lock()
	share, set := p.share, p.set
	p.mu.Unlock()
	if !set || share == cgroup.Whole() {
		return slots - held
	}
	return max(0, share.Slots(slots, cgroup.CPUs())-held)
}
