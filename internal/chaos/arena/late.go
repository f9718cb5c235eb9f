package arena

import (
	"context"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/chaos"
)

// watch measures how late this process runs, because it serves the site and keeps its clock. A busy
// machine delays starts, which is no fault of the fleet.
type watch struct {
	mu   sync.Mutex
	late []chaos.Late
	busy []chaos.Fault
}

const (
	tick      = 5 * time.Millisecond
	lateFrom  = 3 * time.Millisecond   // what a quiet machine is late by
	busyFrom  = 250 * time.Millisecond // from here on leases may be lost by it
	lateEvery = 100 * time.Millisecond // of so long a time the latest is kept
)

func (w *watch) run(ctx context.Context) {
	t := time.NewTimer(tick)
	defer t.Stop()
	for {
		due := time.Now().Add(tick)
		t.Reset(tick)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := time.Now()
		if by := now.Sub(due); by > lateFrom {
			w.note(now, by)
		}
	}
}

func (w *watch) note(now time.Time, by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if by > busyFrom {
		w.busy = append(w.busy, chaos.Fault{Kind: chaos.Busy, From: now.Add(-by), Until: now})
	}
	if n := len(w.late); n > 0 && now.Sub(w.late[n-1].At) < lateEvery {
		w.late[n-1].By = max(w.late[n-1].By, by)
		return
	}
	w.late = append(w.late, chaos.Late{At: now, By: by})
}

func (w *watch) seen() ([]chaos.Late, []chaos.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]chaos.Late(nil), w.late...), append([]chaos.Fault(nil), w.busy...)
}
