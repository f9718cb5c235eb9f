package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/weburl"
)

// Where a task waits is its lane: its host's where the job has a pace, one of a
// few shards where it has none. A claim may bring a task of another lane than it
// belongs to: a worker that died held it while the pace changed, or its host is
// in trouble since it was admitted. Such a task is not started but moved.

// troubled are the hosts of a job without a pace that refused, can't be reached
// or were paused: what they say binds the fleet, so their tasks need lanes of
// their own.
type troubled struct {
	mu    sync.Mutex
	hosts map[string]bool
	read  time.Time
	after int64 // tasks up to this one were moved
}

// troubledEvery is how often a worker asks which hosts are in trouble.
const troubledEvery = time.Second

// hostOf returns the lane of a task's host.
func (r *runner) hostOf(c frontier.Claimed) string {
	if frontier.IsHost(c.LaneKey) {
		return c.LaneKey
	}
	page, err := frontier.PageURL(&r.job.Job, c.Key)
	if err != nil {
		return c.LaneKey
	}
	return weburl.Host(page)
}

// inTrouble reports whether a host of a job without a pace has a lane of its own.
func (r *runner) inTrouble(host string) bool {
	r.trouble.mu.Lock()
	defer r.trouble.mu.Unlock()
	return r.trouble.hosts[host]
}

func (r *runner) anyTrouble() bool {
	r.trouble.mu.Lock()
	defer r.trouble.mu.Unlock()
	return len(r.trouble.hosts) > 0
}

// troubles notes a host that this worker found to be in trouble.
func (r *runner) troubles(host string) {
	if !r.job.Pace.Unpaced() {
		return
	}
	r.trouble.mu.Lock()
	defer r.trouble.mu.Unlock()
	if r.trouble.hosts == nil {
		r.trouble.hosts = map[string]bool{}
	}
	r.trouble.hosts[host] = true
	r.trouble.after = 0
}

// readTroubles learns what other workers found.
func (r *runner) readTroubles(ctx context.Context) error {
	r.trouble.mu.Lock()
	fresh := time.Since(r.trouble.read) < troubledEvery
	r.trouble.mu.Unlock()
	if fresh || !r.job.Pace.Unpaced() {
		return nil
	}
	hosts, err := r.e.cfg.Frontier.Unhealthy(ctx, r.job.ID)
	if err != nil {
		return err
	}
	r.trouble.mu.Lock()
	defer r.trouble.mu.Unlock()
	now := map[string]bool{}
	for _, h := range hosts {
		now[h] = true
		if !r.trouble.hosts[h] {
			r.trouble.after = 0
		}
	}
	r.trouble.hosts, r.trouble.read = now, time.Now()
	return nil
}

// laneOf returns the lane that a task belongs to now.
func (r *runner) laneOf(c frontier.Claimed) string {
	if frontier.IsHost(c.LaneKey) || r.job.Pace.Unpaced() && !r.anyTrouble() {
		return c.LaneKey
	}
	if host := r.hostOf(c); !r.job.Pace.Unpaced() || r.inTrouble(host) {
		return host
	}
	return c.LaneKey
}

// misplaced moves the claimed tasks that belong to other lanes, and returns the
// others.
func (r *runner) misplaced(ctx context.Context, lease frontier.Lease, got []frontier.Claimed) ([]frontier.Claimed, error) {
	if err := r.readTroubles(ctx); err != nil {
		return got, nil //nolint:nilerr // the next claim says so; these are ours
	}
	var wrong []frontier.Claimed
	right := slices.DeleteFunc(slices.Clone(got), func(c frontier.Claimed) bool {
		if r.laneOf(c) == c.LaneKey {
			return false
		}
		wrong = append(wrong, c)
		return true
	})
	if len(wrong) == 0 {
		return got, nil
	}
	if err := r.release(ctx, lease, wrong); err != nil {
		return right, err
	}
	if err := r.move(ctx, wrong); err != nil || len(right) > 0 {
		return right, err
	}
	// Likely many are left: more of them at a time than a claim brings.
	r.trouble.mu.Lock()
	after := r.trouble.after
	r.trouble.mu.Unlock()
	more, err := r.e.cfg.Frontier.Waiting(ctx, r.job.ID, true, after, addBatch)
	if err != nil || len(more) == 0 {
		return right, err
	}
	r.trouble.mu.Lock()
	r.trouble.after = more[len(more)-1].Seq
	r.trouble.mu.Unlock()
	return right, r.move(ctx, more)
}

// release gives tasks back that nobody works on, however long it takes: kept by a
// lease that lives they would be nobody's. When ctx ends the lease soon does.
func (r *runner) release(ctx context.Context, lease frontier.Lease, tasks []frontier.Claimed) error {
	for {
		whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
		_, err := r.e.cfg.Frontier.Release(whole, lease, tasks)
		cancel()
		if err == nil || errors.Is(err, frontier.ErrLeaseLost) {
			return err
		}
		if wait := r.e.outage.note(ctx, err); wait == 0 || !sleep(ctx, wait) {
			return err
		}
	}
}

// move puts tasks that are not leased into the lanes that they belong to.
func (r *runner) move(ctx context.Context, tasks []frontier.Claimed) error {
	var (
		moved []frontier.Claimed
		lanes []string
	)
	for _, c := range tasks {
		if lane := r.laneOf(c); lane != c.LaneKey {
			moved, lanes = append(moved, c), append(lanes, lane)
		}
	}
	if len(moved) == 0 {
		return nil
	}
	return r.e.cfg.Frontier.Move(ctx, r.job.ID, moved, lanes)
}
