package engine

import (
	"fmt"
	"sync"
	"time"
)

// pulse notes what a loop is at, so that one that is stuck is found. A wait
// that others bound (for a slot, for work) is no step.
type pulse struct {
	loop string

	mu    sync.Mutex
	step  string // empty: it waits
	since time.Time
}

// at notes the beginning of a step, and of each try of one.
func (p *pulse) at(step string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.step, p.since = step, time.Now()
}

func (p *pulse) rest() { p.at("") }

// stuck says what the loop is stuck at since before a time; free is when it
// could last go on.
func (p *pulse) stuck(before, free time.Time) (what string, since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	since = p.since
	if free.After(since) {
		since = free
	}
	if p.step == "" || !since.Before(before) {
		return "", time.Time{}
	}
	return p.loop + ": " + p.step, since
}

// Stuck tells which loops do not turn any more, in words. While the frontier is
// away they wait for it, which is no fault of theirs.
func (e *Engine) Stuck() []string {
	now := time.Now()
	if e.outage.away() {
		return nil
	}
	back := e.outage.cameBack()
	var out []string
	for _, r := range e.jobs {
		for _, p := range []*pulse{r.claims, r.commits} {
			if what, since := p.stuck(now.Add(-e.cfg.StuckAfter), back); what != "" {
				out = append(out, fmt.Sprintf("job %s: %s for %s", r.job.Name, what, now.Sub(since).Round(time.Second)))
			}
		}
	}
	return out
}

// Away is something that does not answer.
type Away struct {
	// Job whose store it is; empty: the frontier.
	Job   string
	Since time.Time
	Err   error
}

// Away tells what is away by what the engine met: the frontier, the stores of jobs.
func (e *Engine) Away() []Away {
	var out []Away
	if since, err := e.outage.gone(); err != nil {
		out = append(out, Away{Since: since, Err: err})
	}
	for _, r := range e.jobs {
		if since, err := r.store.gone(); err != nil {
			out = append(out, Away{Job: r.job.Name, Since: since, Err: err})
		}
	}
	return out
}
