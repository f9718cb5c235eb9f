package hosts

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// slots limits the assets of a host that are fetched at once, by pace.assets.concurrency.
type slots struct {
	most int
	used atomic.Bool // an asset was requested, so hosts have lanes for assets

	mu     sync.Mutex
	byLane map[string]*assetHost
}

// assetHost is this process's knowledge of a host of assets.
type assetHost struct {
	slots   chan struct{}
	checked time.Time // when the frontier last reported that the host needs no turns
}

func newSlots(most int) *slots { return &slots{most: max(1, most), byLane: map[string]*assetHost{}} }

func (s *slots) host(lane string) *assetHost {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.byLane[lane]
	if h == nil {
		if len(s.byLane) > maxHosts {
			clear(s.byLane)
		}
		h = &assetHost{slots: make(chan struct{}, s.most)}
		s.byLane[lane] = h
	}
	return h
}

// take waits for a slot of a lane and returns its release.
func (s *slots) take(ctx context.Context, lane string) (release func(), err error) {
	s.used.Store(true)
	h := s.host(lane)
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// checkEvery is the time for which a host without a delay needs no turns, after the frontier has
// reported so. Otherwise every asset would cost a call.
const checkEvery = time.Second

// fresh reports whether the frontier reported recently that a lane needs no turns.
func (s *slots) fresh(lane string) bool {
	h := s.host(lane)
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(h.checked) < checkEvery
}

func (s *slots) check(lane string) {
	h := s.host(lane)
	s.mu.Lock()
	defer s.mu.Unlock()
	h.checked = time.Now()
}

// recheck makes the next asset of a lane ask the frontier again.
func (s *slots) recheck(lane string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.byLane[lane]; h != nil {
		h.checked = time.Time{}
	}
}
