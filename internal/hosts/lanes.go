package hosts

import (
	"context"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/weburl"
)

// Lanes decides the lane of a task: the lane of its host if the job has a pace, or one of a few
// shards if it has none. A host of a job without a pace gets a lane of its own while it is
// unhealthy, because its backoff binds the fleet.
//
// A claim may return a task of another lane than its own, because the pace changed while a dead
// worker held it, or because its host became unhealthy. Such a task is not started but moved.
type Lanes struct {
	mover Mover
	job   *seine.Job
	id    frontier.JobID

	mu    sync.Mutex
	hosts map[string]bool // unhealthy
	read  time.Time
	after int64 // tasks up to this one were moved
}

// Mover is the part of a frontier that moves tasks between lanes.
type Mover interface {
	Unhealthy(ctx context.Context, job frontier.JobID) ([]string, error)
	Waiting(ctx context.Context, job frontier.JobID, shards bool, after int64, n int) ([]frontier.Claimed, error)
	Move(ctx context.Context, job frontier.JobID, tasks []frontier.Claimed, lanes []string) error
}

// NewLanes returns the lanes of a job with defaults.
func NewLanes(f Mover, job *seine.Job, id frontier.JobID) *Lanes {
	return &Lanes{mover: f, job: job, id: id, hosts: map[string]bool{}}
}

// OwnOf returns the host of a claimed task whose page has a canonical URL, and its lane. An empty
// URL leaves the host to the lane.
func OwnOf(c frontier.Claimed, page string) Own {
	own := Own{Host: c.LaneKey, Lane: c.Lane, Key: c.LaneKey, Faults: c.Faults}
	if !frontier.IsHost(c.LaneKey) && page != "" {
		own.Host = weburl.Host(page)
	}
	return own
}

// Belongs reports whether a task is in the lane that it belongs to now.
func (l *Lanes) Belongs(own Own) bool { return l.laneOf(own) == own.Key }

func (l *Lanes) laneOf(own Own) string {
	if frontier.IsHost(own.Key) || derived.Unpaced(l.job.Pace) && !l.unhealthy(own.Host) {
		return own.Key
	}
	return own.Host
}

func (l *Lanes) unhealthy(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hosts[host]
}

// markUnhealthy records a host that this worker found to be unhealthy.
func (l *Lanes) markUnhealthy(host string) {
	if !derived.Unpaced(l.job.Pace) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hosts[host] = true
	l.after = 0
}

// readEvery is the interval of [Lanes.Read].
const readEvery = time.Second

// Read learns which hosts other workers found to be unhealthy.
func (l *Lanes) Read(ctx context.Context) error {
	l.mu.Lock()
	fresh := time.Since(l.read) < readEvery
	l.mu.Unlock()
	if fresh || !derived.Unpaced(l.job.Pace) {
		return nil
	}
	hosts, err := l.mover.Unhealthy(ctx, l.id)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := map[string]bool{}
	for _, h := range hosts {
		now[h] = true
		if !l.hosts[h] {
			l.after = 0
		}
	}
	l.hosts, l.read = now, time.Now()
	return nil
}

// moveBatch is the number of tasks that are moved at a time.
const moveBatch = 1000

// MoveMore moves further waiting tasks of a shard, of which more probably belong to other lanes
// than a claim returns.
func (l *Lanes) MoveMore(ctx context.Context) error {
	l.mu.Lock()
	after := l.after
	l.mu.Unlock()
	more, err := l.mover.Waiting(ctx, l.id, true, after, moveBatch)
	if err != nil || len(more) == 0 {
		return err
	}
	l.mu.Lock()
	l.after = more[len(more)-1].Seq
	l.mu.Unlock()
	own := make([]Own, len(more))
	for i, c := range more {
		page, err := frontier.PageURL(l.job, c.Key)
		if err != nil {
			page = "" // the task's attempt reports the key
		}
		own[i] = OwnOf(c, page)
	}
	return l.Move(ctx, more, own)
}

// Move puts tasks without a lease into the lanes that they belong to.
func (l *Lanes) Move(ctx context.Context, tasks []frontier.Claimed, own []Own) error {
	var (
		moved []frontier.Claimed
		lanes []string
	)
	for i, c := range tasks {
		if lane := l.laneOf(own[i]); lane != c.LaneKey {
			moved, lanes = append(moved, c), append(lanes, lane)
		}
	}
	if len(moved) == 0 {
		return nil
	}
	return l.mover.Move(ctx, l.id, moved, lanes)
}

// Relane moves the waiting tasks of a job to the lanes of its pace, because a change between a pace
// and none assigns other lanes. With all, it also moves tasks whose host changed with seeds.url.
func Relane(ctx context.Context, f Mover, job *seine.Job, id frontier.JobID, all bool) error {
	if err := relane(ctx, f, job, id, !derived.Unpaced(job.Pace)); err != nil || !all {
		return err
	}
	return relane(ctx, f, job, id, derived.Unpaced(job.Pace))
}

func relane(ctx context.Context, f Mover, job *seine.Job, id frontier.JobID, shards bool) error {
	after := int64(0)
	for {
		page, err := f.Waiting(ctx, id, shards, after, moveBatch)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].Seq
		var (
			tasks []frontier.Claimed
			lanes []string
		)
		for _, c := range page {
			at, err := frontier.PageURL(job, c.Key)
			if err != nil {
				continue // the task's attempt reports the key
			}
			if lane := frontier.LaneKey(job, c.Key, at); lane != c.LaneKey {
				tasks, lanes = append(tasks, c), append(lanes, lane)
			}
		}
		if len(tasks) == 0 {
			continue
		}
		if err := f.Move(ctx, id, tasks, lanes); err != nil {
			return err
		}
	}
}
