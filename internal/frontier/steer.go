package frontier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seinehq/seine"
)

// Steering changes a running job, and keeps who changed what. A change is one transaction, holds
// for every worker, and outlives them.
type Steering interface {
	// Tune changes the pace of a job's pages, or of one host, and the job's limit. The lanes have
	// the new pace at once. The change outlives [Seeds.Register], until Tune with an empty Tuning
	// removes it. Tune creates the missing lane of a host if the job has no pace.
	Tune(ctx context.Context, job JobID, host string, t Tuning) error

	// Tunings returns the changes of a job, ordered by host. The job's own has no host.
	Tunings(ctx context.Context, job JobID) (Tunings, error)

	// Drop ends open tasks that a filter selects as Skipped, with [WhyDropped]. A requeued task
	// whose page was done is done again. Tasks in progress stay, and tasks that only fetch missing
	// assets. Drop looks at up to n matching tasks after a place of the queue.
	Drop(ctx context.Context, job JobID, by Filter, after int64, n int) (Steered, error)

	// Prioritize gives open tasks that a filter selects another priority. They go behind the other
	// tasks of that priority. Tasks in progress stay.
	Prioritize(ctx context.Context, job JobID, by Filter, priority int, after int64, n int) (Steered, error)

	// Count counts the tasks of a filter. It ignores After and Limit.
	Count(ctx context.Context, job JobID, by Filter) (int64, error)

	// Workers lists the sessions with a live lease, ordered by worker.
	Workers(ctx context.Context) ([]WorkerStatus, error)

	// StopWorker asks the sessions of a worker to end: see [Orders]. It returns their number.
	StopWorker(ctx context.Context, worker string) (int, error)

	// Orders returns the orders of a worker, with the tunings of the given jobs.
	Orders(ctx context.Context, lease Lease, jobs []JobID) (Orders, error)

	// Note adds a change to the log. Its number and time are the frontier's.
	Note(ctx context.Context, c Change) error

	// Changes lists up to n changes of a job, the newest first, before the change with a number.
	// Zero for the job means all jobs, and zero for the number the newest.
	Changes(ctx context.Context, job JobID, before int64, n int) ([]Change, error)
}

// WhyDropped is the reason of a task that a person dropped.
const WhyDropped = "dropped"

// MaxTuned is the largest number of hosts of a job with a pace of their own.
const MaxTuned = 1000

// Tuning changes a pace. A zero value keeps the job's.
type Tuning struct {
	// Host is the key of a lane, or empty for all pages of the job.
	Host string `json:"host"`

	// Delay is the span between two starts. Nil keeps the job's.
	Delay *seine.Span `json:"delay,omitempty"`

	// Concurrency limits the tasks of a host at once.
	Concurrency int `json:"concurrency,omitempty"`

	// Limit replaces the limit of the job. A host has none. Yield stays the job's.
	Limit *seine.Limit `json:"limit,omitempty"`
}

// Empty reports whether nothing changes.
func (t Tuning) Empty() bool { return t.Delay == nil && t.Concurrency == 0 && t.Limit == nil }

// ErrTuning reports values that no pace can have.
var ErrTuning = errors.New("not a pace")

// ErrTunings reports more hosts with a pace of their own than MaxTuned.
var ErrTunings = fmt.Errorf("%w: the job has %d changed paces: remove some first", ErrTuning, MaxTuned)

// Check returns ErrTuning for values that no pace can have.
func (t Tuning) Check() error {
	switch d := t.Delay; {
	case d != nil && (d.Min < 0 || d.Max < d.Min || d.Max > 24*time.Hour):
		return fmt.Errorf("%w: the delay is %s to %s: give times from 0s to 24h, the shorter one first", ErrTuning, d.Min, d.Max)
	case t.Concurrency < 0 || t.Concurrency > unlimited:
		return fmt.Errorf("%w: the concurrency is %d: give 1 to %d", ErrTuning, t.Concurrency, unlimited)
	case t.Limit != nil && (t.Limit.Tasks < 0 || t.Limit.Records < 0 || t.Limit.Assets < 0):
		return fmt.Errorf("%w: a limit is below 0: give 0 for none", ErrTuning)
	case t.Limit != nil && t.Host != "":
		return fmt.Errorf("%w: a host has no limit of its own: leave the host out", ErrTuning)
	case IsAssetLane(t.Host):
		return fmt.Errorf("%w: the assets of a host have the pace of the job file: give a host of pages", ErrTuning)
	}
	return nil
}

// of changes a pace.
func (t Tuning) of(p LanePace) LanePace {
	if t.Delay != nil {
		p.Delay = *t.Delay
	}
	if t.Concurrency > 0 {
		p.Inflight = t.Concurrency
	}
	return p
}

// Tunings are the changes of a job.
type Tunings []Tuning

// Of returns the changes of a host, or of the job.
func (ts Tunings) Of(host string) Tuning {
	for _, t := range ts {
		if t.Host == host {
			return t
		}
	}
	return Tuning{Host: host}
}

// Pace returns the pace of a lane from the pace of the job file. A host's own change comes before
// the job's.
func (ts Tunings) Pace(lane string, p LanePace) LanePace {
	if IsAssetLane(lane) {
		return p
	}
	if p = ts.Of("").of(p); lane == "" {
		return p
	}
	return ts.Of(lane).of(p)
}

// Hosts lists the hosts with changes of their own.
func (ts Tunings) Hosts() []string {
	out := []string{}
	for _, t := range ts {
		if t.Host != "" {
			out = append(out, t.Host)
		}
	}
	return out
}

// Limit returns the limit of a job from the limit of the job file.
func (ts Tunings) Limit(l seine.Limit) seine.Limit {
	if own := ts.Of("").Limit; own != nil {
		own := *own
		own.Yield = l.Yield
		return own
	}
	return l
}

// Steered is a step through the tasks of a selection.
type Steered struct {
	// Changed counts the changed tasks.
	Changed int

	// Next is the place after which the next step begins. Zero means that no task is left.
	Next int64
}

// steerBatch is the number of tasks per transaction of a selection.
const steerBatch = 1000

// DropAll drops a whole selection. each is called with the number so far.
func DropAll(ctx context.Context, s Steering, job JobID, by Filter, each func(n int)) (int, error) {
	return steps(each, func(after int64) (Steered, error) { return s.Drop(ctx, job, by, after, steerBatch) })
}

// PrioritizeAll gives a whole selection another priority.
func PrioritizeAll(ctx context.Context, s Steering, job JobID, by Filter, priority int, each func(n int)) (int, error) {
	return steps(each, func(after int64) (Steered, error) { return s.Prioritize(ctx, job, by, priority, after, steerBatch) })
}

func steps(each func(n int), step func(after int64) (Steered, error)) (total int, err error) {
	for after := int64(0); ; {
		s, err := step(after)
		if err != nil {
			return total, err
		}
		total += s.Changed
		if each != nil {
			each(total)
		}
		if after = s.Next; after == 0 {
			return total, nil
		}
	}
}

// WorkerStatus is a session of a worker.
type WorkerStatus struct {
	Worker    string
	ExpiresAt time.Time         // each heartbeat extends it
	Rates     map[JobID]float64 // tasks per second
	Tasks     int64
	Stopping  bool
}

// Orders are the wishes of people about a worker.
type Orders struct {
	// Stop means that a person asked the worker to end.
	Stop bool

	// Tunings are the changes by job.
	Tunings map[JobID]Tunings
}

// The largest texts of a change in bytes, and the number of changes that a frontier keeps.
const (
	maxWho      = 200
	maxWhat     = 2000
	KeptChanges = 100_000
)

// Change is an entry of the log of changes.
type Change struct {
	ID  int64
	Job JobID // 0: none
	At  time.Time

	// Who names a person as far as the caller knows. What describes the change as a command.
	Who, What string
}

// Bounded returns the change as a frontier stores it.
func (c Change) Bounded() Change {
	c.Who, c.What = cutText(Clean(c.Who), maxWho), cutText(Clean(c.What), maxWhat)
	return c
}
