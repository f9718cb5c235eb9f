package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/drift"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/outage"
)

// producer claims the tasks of a job and dispatches them. One goroutine runs it.
type producer struct {
	cfg *Config
	job *Job
	log *slog.Logger

	slots    *slots
	source   discovery.Source
	gate     hosts.Gate
	lanes    *hosts.Lanes
	outage   *outage.Outage
	pressure *pressure
	hours    *hours
	limits   *limits
	idle     *idler
	state    *loopState

	lead time.Duration // smoothed duration of claims
}

// claimAhead is the largest time between a claim and a lane's next start: about one poll.
const claimAhead = 100 * time.Millisecond

// claimTimeout bounds one claim.
const claimTimeout = 30 * time.Second

// run claims tasks until claiming ends, and with UntilDone until no task is left.
func (p *producer) run(s *shift, start func(work)) error {
	ctx := s.claiming
	p.idle.reset()
	defer p.state.rest()
	for {
		p.state.rest()
		if p.slots.free() == 0 {
			p.explain(ctx, noSlot)
		}
		if !p.slots.await(ctx) {
			return nil
		}
		done, err := p.turn(s, start)
		switch {
		case ctx.Err() != nil:
			return nil // stopping is no error
		case errors.Is(err, frontier.ErrLeaseLost):
			s.lose(err)
			return nil
		case err != nil && done:
			return err
		case err != nil:
			wait := p.outage.Note(ctx, err)
			if wait == 0 {
				return fmt.Errorf("job %s: %w", p.job.Name, err)
			}
			p.state.rest()
			p.explain(ctx, noFrontier)
			outage.Sleep(ctx, wait)
		case done:
			return nil
		}
	}
}

// turn is one turn of the claim loop: look, claim, and dispatch or wait. done means that the job's
// run is over, for the reason in err if there is one.
func (p *producer) turn(s *shift, start func(work)) (done bool, err error) {
	ctx := s.claiming
	now, err := p.look(ctx)
	if err != nil {
		return false, err
	}
	n, wait, why := want(now)
	p.explain(ctx, why)
	if n == 0 {
		return p.wait(ctx, wait, why)
	}
	got, err := p.claim(s, n, start)
	switch {
	case err != nil:
		return false, err
	case got == 0:
		return p.more(ctx)
	case got > 0 && got < n:
		p.fill(ctx)
	}
	return false, nil
}

// look gathers what decides the next claim. It counts finished tasks only if the rest allows a
// claim.
func (p *producer) look(ctx context.Context) (demand, error) {
	d := demand{free: p.slots.free(), held: len(p.slots.held), closed: p.hours.closed()}
	d.fits = p.pressure.fits(cap(p.slots.held), d.held)
	d.room = d.free
	if d.closed > 0 || d.fits <= 0 {
		return d, nil
	}
	p.state.at("counting what is done")
	var err error
	d.room, d.met, err = p.limits.room(ctx, min(d.free, d.fits, maxBatch), d.held)
	return d, err
}

// wait waits because no task may be claimed.
func (p *producer) wait(ctx context.Context, most time.Duration, why reason) (done bool, err error) {
	switch {
	case why == limitMet && p.cfg.UntilDone:
		return true, ErrLimit
	case why == noHours:
		p.state.at("counting what is left")
		if done, err := p.nothingLeft(ctx); err == nil && done {
			return true, nil
		}
		p.state.rest()
		p.hours.await(ctx)
		return false, nil
	}
	p.state.rest()
	p.slots.pause(ctx, most)
	return false, nil
}

// nothingLeft reports whether a run that ends when no task is left is over.
func (p *producer) nothingLeft(ctx context.Context) (bool, error) {
	if !p.cfg.UntilDone {
		return false, nil
	}
	counts, err := p.cfg.Frontier.Counts(ctx, p.job.ID)
	return err == nil && counts.Open == 0 && counts.Unseen == 0, err
}

// allMoved is the result of a claim whose tasks all belonged to other lanes.
const allMoved = -1

// claim claims up to n tasks, dispatches them and returns their number. If some tasks belong to
// other lanes and cannot be moved, a later claim moves them.
func (p *producer) claim(s *shift, n int, start func(work)) (got int, err error) {
	p.slots.take(n)
	defer func() { p.slots.give(n - max(got, 0)) }()
	p.state.at("claiming")
	asked := time.Now()
	// Shutdown must not cancel the call: tasks of a lost reply would wait until the lease expires.
	// They are dispatched and released instead.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.claiming), claimTimeout)
	defer cancel()
	each, not := p.gate.Claim(asked)
	claimed, err := p.cfg.Frontier.Claim(ctx, s.lease, frontier.ClaimArgs{
		Job: p.job.ID, N: n, Each: each, Ahead: claimAhead + 2*p.lead, Lead: p.lead, Not: not,
	})
	if err != nil || len(claimed) == 0 {
		return 0, err
	}
	p.lead = leadAfter(p.lead, time.Since(asked))
	tasks := make([]work, len(claimed))
	for i, c := range claimed {
		tasks[i] = resolve(&p.job.Job, c, asked)
	}
	if tasks, err = p.placed(s, tasks); len(tasks) == 0 {
		return allMoved, err
	}
	p.dispatch(tasks, start)
	p.cfg.Meter.Claimed(p.job.Name, len(tasks))
	p.outage.Over(s.claiming)
	p.idle.reset()
	return len(tasks), nil
}

func (p *producer) dispatch(tasks []work, start func(work)) {
	answered := time.Now()
	for _, w := range tasks {
		w.answered = answered
		start(w)
	}
}

// placed releases and moves the tasks that belong to other lanes, and returns the others.
func (p *producer) placed(s *shift, tasks []work) ([]work, error) {
	ctx := s.claiming
	if err := p.lanes.Read(ctx); err != nil {
		return tasks, nil //nolint:nilerr // the next claim reports the outage; these tasks are ours
	}
	var (
		wrong []frontier.Claimed
		owns  []hosts.Own
	)
	right := slices.DeleteFunc(slices.Clone(tasks), func(w work) bool {
		if p.lanes.Belongs(w.own) {
			return false
		}
		if end := endingOf(&p.job.Job, w.Claimed, attempt{stage: stageWait}, 0); end.kind != release {
			return false
		}
		wrong, owns = append(wrong, w.Claimed), append(owns, w.own)
		return true
	})
	if len(wrong) == 0 {
		return tasks, nil
	}
	if err := p.release(s, wrong); err != nil {
		return right, err
	}
	if err := p.lanes.Move(ctx, wrong, owns); err != nil || len(right) > 0 {
		return right, err
	}
	return right, p.lanes.MoveMore(ctx)
}

// release gives back tasks that no executor runs. It retries while the frontier is unreachable: a
// task under a live lease could not be claimed again. When claiming ends, so does the lease soon.
func (p *producer) release(s *shift, tasks []frontier.Claimed) error {
	for {
		whole, cancel := context.WithTimeout(context.WithoutCancel(s.claiming), claimTimeout)
		_, err := p.cfg.Frontier.Release(whole, s.lease, tasks)
		cancel()
		if err == nil || errors.Is(err, frontier.ErrLeaseLost) {
			return err
		}
		if wait := p.outage.Note(s.claiming, err); wait == 0 || !outage.Sleep(s.claiming, wait) {
			return err
		}
	}
}

// fill admits tasks for the slots that a short claim left free.
func (p *producer) fill(ctx context.Context) {
	p.state.at("exploring")
	if err := p.source.Fill(ctx, p.slots.unfilled()); err != nil && ctx.Err() == nil && p.outage.Note(ctx, err) == 0 {
		p.log.WarnContext(ctx, "exploring failed", "err", err)
	}
}

// more follows a claim that returned no task: admit more tasks, end, or wait.
func (p *producer) more(ctx context.Context) (done bool, err error) {
	p.state.at("looking for work")
	supply, err := p.source.More(ctx, p.slots.unfilled())
	if err != nil || supply.Added > 0 || supply.Again {
		return false, err
	}
	if p.cfg.UntilDone && !supply.Left {
		counts, err := p.cfg.Frontier.Counts(ctx, p.job.ID)
		if err != nil {
			return false, err
		}
		if counts.Open == 0 {
			if due, err := p.visitsDue(ctx); err != nil || due {
				return false, err
			}
			if err := p.source.End(); err != nil {
				return true, fmt.Errorf("job %s: %w", p.job.Name, err)
			}
			return true, nil
		}
	}
	if held, err := p.heldByDrift(ctx); err != nil || held {
		return held, err
	}
	wait := p.idle.next(rand.Float64())
	due := supply.Idle
	if due == nil {
		due = &frontier.IdleState{}
		if due.Wait, due.Due, err = p.cfg.Frontier.Due(ctx, []frontier.JobID{p.job.ID}); err != nil {
			return false, err
		}
	}
	p.outage.Over(ctx)
	if due.Due && due.Wait < wait {
		wait = max(due.Wait-2*p.lead, firstBrief)
		if wait < firstIdle {
			// A task is due, and the claim returned none: another worker holds it, or this worker's
			// own pace blocks it.
			wait = max(wait, p.idle.short())
		}
	}
	p.state.rest()
	p.explain(ctx, idle)
	p.slots.pause(ctx, wait)
	return false, nil
}

// heldByDrift returns [ErrDrift] if an alarm paused the job of a run that ends when no task is
// left, and no task is in flight here. Such a run would wait until a person corrects the job file.
func (p *producer) heldByDrift(ctx context.Context) (bool, error) {
	if !p.cfg.UntilDone || p.job.OnDrift != seine.DriftPauses || len(p.slots.held) > 0 {
		return false, nil
	}
	stored, err := p.cfg.Frontier.Drift(ctx, p.job.ID)
	if err != nil {
		return false, err
	}
	if !slices.ContainsFunc(stored.Watch().Alarms, func(a drift.Alarm) bool { return a.Held }) {
		return false, nil
	}
	return true, fmt.Errorf("job %s: %w", p.job.Name, ErrDrift)
}

// explain records why no task is claimed. It logs the reasons that an operator can change.
func (p *producer) explain(ctx context.Context, why reason) {
	if p.state.explain(why) && (why == limitMet || why == noRoom) {
		p.log.InfoContext(ctx, "no task is claimed", "why", string(why))
	}
}
