package engine

import (
	"fmt"
	"sync"
	"time"

	"github.com/seinehq/seine"
)

// loopState is the current step of a loop, so that a stuck loop is detected. A wait that something
// else bounds (for a slot, for work) is no step.
type loopState struct {
	loop string

	mu    sync.Mutex
	step  string // empty: the loop waits
	since time.Time
	why   reason // why the loop claims no task
}

// at records the beginning of a step, and of each retry of a step.
func (l *loopState) at(step string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.step, l.since = step, time.Now()
}

func (l *loopState) rest() { l.at("") }

// explain records why the loop claims no task, and reports whether that changed.
func (l *loopState) explain(why reason) (changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed, l.why = why != l.why, why
	return changed
}

func (l *loopState) reason() reason {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why
}

// stuck returns the step that began before a time and did not end. free is when the loop could last
// continue.
func (l *loopState) stuck(before, free time.Time) (what string, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	since = l.since
	if free.After(since) {
		since = free
	}
	if l.step == "" || !since.Before(before) {
		return "", time.Time{}
	}
	return l.loop + ": " + l.step, since
}

// Stuck describes the loops that make no progress. While the frontier is unreachable, the loops
// wait for it, which is no fault of theirs.
func (e *Engine) Stuck() []string {
	now := time.Now()
	if _, err := e.outage.Down(); err != nil {
		return nil
	}
	back := e.outage.Back()
	var out []string
	for _, c := range e.crews {
		for _, l := range []*loopState{c.producer.state, c.committer.state} {
			if what, since := l.stuck(now.Add(-e.cfg.StuckAfter), back); what != "" {
				out = append(out, fmt.Sprintf("job %s: %s for %s", c.job.Name, what, now.Sub(since).Round(time.Second)))
			}
		}
	}
	return out
}

// Away is a dependency that does not answer.
type Away struct {
	// Job names the job of a store. It is empty for the frontier.
	Job   string
	Since time.Time
	Err   error
}

// Away lists the frontier and the stores that did not answer the engine's last calls.
func (e *Engine) Away() []Away {
	var out []Away
	if since, err := e.outage.Down(); err != nil {
		out = append(out, Away{Since: since, Err: err})
	}
	for _, c := range e.crews {
		if since, err := c.store.Down(); err != nil {
			out = append(out, Away{Job: c.job.Name, Since: since, Err: err})
		}
	}
	return out
}

// Progress is the work of this process for one job.
type Progress struct {
	Job string

	// Ends counts attempts by the state that they ended in. Final counts the final tasks among
	// them.
	Ends, Final     map[seine.State]int64
	Records, Assets int64

	// Rate is the number of tasks per second over the last minute.
	Rate float64

	// Why states why this process claims no task of the job at the moment. It is empty while it
	// claims.
	Why string
}

// Progress returns the work of this process by job.
func (e *Engine) Progress() []Progress {
	var out []Progress
	for _, c := range e.crews {
		p := c.tally.progress(time.Now())
		p.Job, p.Why = c.job.Name, string(c.producer.state.reason())
		out = append(out, p)
	}
	return out
}

// Recent returns the last records that this process stored for a job, the latest first.
func (e *Engine) Recent(job string) []Recent {
	for _, c := range e.crews {
		if c.job.Name == job {
			return c.tally.last()
		}
	}
	return nil
}

// Share returns the share of its slots that this worker fills, 0 to 1. It is less than 1 if memory
// or CPU is short.
func (e *Engine) Share() float64 {
	p := e.pressure
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.set {
		return 1
	}
	return min(p.share.Memory, p.share.CPU)
}
