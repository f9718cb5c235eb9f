package hosts

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// fake is a frontier that records the calls of a gate.
type fake struct {
	turn  frontier.Turn
	err   error
	down  bool
	state frontier.LaneState
	least map[string]time.Duration // the Crawl-delay of a host

	mu    sync.Mutex
	calls []string
}

func (f *fake) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
}

// take returns the calls since the last take.
func (f *fake) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.calls
	f.calls = nil
	return out
}

func (f *fake) Reserve(_ context.Context, _ frontier.JobID, lane string, _ float64, most time.Duration) (frontier.Turn, error) {
	f.note("reserve %s within %v", lane, most)
	return f.turn, f.err
}

func (f *fake) Backoff(_ context.Context, _ frontier.JobID, lanes []string, b frontier.Backoff) error {
	f.note("backoff %v %v %q faults %d slow %v", lanes, b.For, b.Why, b.Faults, b.Slow)
	return nil
}

func (f *fake) Blocked(_ context.Context, lanes []frontier.LaneID) ([]frontier.LaneState, error) {
	f.note("blocked %v", lanes)
	return []frontier.LaneState{f.state}, nil
}

func (f *fake) HostDown(_ context.Context, _ frontier.JobID, host string, after time.Duration, reason string) (bool, int, error) {
	f.note("host down %s %v %s", host, after, reason)
	return f.down, 3, nil
}

func (f *fake) HostUp(_ context.Context, _ frontier.JobID, host string) error {
	f.note("host up %s", host)
	return nil
}

func (f *fake) Unhealthy(context.Context, frontier.JobID) ([]string, error) { return nil, nil }

func (f *fake) Waiting(context.Context, frontier.JobID, bool, int64, int) ([]frontier.Claimed, error) {
	return nil, nil
}

func (f *fake) Move(_ context.Context, _ frontier.JobID, tasks []frontier.Claimed, lanes []string) error {
	for i, c := range tasks {
		f.note("move %s to %s", c.Key, lanes[i])
	}
	return nil
}
