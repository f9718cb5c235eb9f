package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/login"
	"github.com/seinehq/seine/internal/manners"
	"github.com/seinehq/seine/internal/outage"
	"github.com/seinehq/seine/internal/polite"
	"github.com/seinehq/seine/internal/redact"
	"github.com/seinehq/seine/internal/weburl"
)

// executor runs attempts of a job's tasks. It stores no result. It is safe for concurrent use.
type executor struct {
	job *Job
	log *slog.Logger

	reader  reader
	gate    hosts.Gate
	book    *manners.Book
	lanes   *hosts.Lanes
	slots   *slots
	hours   *hours
	fetcher *login.Client
	redact  *redact.Replacer
	trace   *tracer
	meter   Meter
	store   *outage.Outage

	bounds bounds

	// observe receives the result of each asset of a trial. Nil: the attempt is no trial.
	observe func(TriedAsset)
}

// bounds limits the time of a task. abort ends the process of a task that does not return.
type bounds struct {
	deadline time.Duration
	abort    func(error)
}

// run runs one attempt of a task and traces it.
func (x *executor) run(s *shift, w work) outcome {
	ctx, span := x.trace.task(s.leased, w)
	out := x.process(ctx, s, w)
	if err := w.caught.encode(x, out); err != nil {
		out = x.end(ctx, outcome{work: w}, attempt{stage: stageRecord, err: err})
	}
	out.span = span
	if out.fatal != nil {
		s.fail(out.facts.fatal(out.fatal))
	}
	return out
}

// wait waits for the start of the task's page and takes a slot in which the task runs. Without a
// pass, the task returns to the queue: the worker claims no more, the lane is blocked, or ctx
// ended.
func (x *executor) wait(s *shift, w work) (pass *hosts.Pass, ok bool) {
	pass, err := x.gate.Enter(s.claiming, hosts.Visit{
		Kind: hosts.Page, Host: w.own.Host, Own: w.own, Start: hosts.StartOf(w.Claimed, w.asked, s.held),
	})
	if err != nil {
		return nil, false
	}
	if x.hours.open() {
		select {
		case x.slots.running <- struct{}{}:
			if x.lanes.Belongs(w.own) {
				pass.Begin()
				return pass, true
			}
			<-x.slots.running // the host became unhealthy since the claim
		case <-s.claiming.Done():
		case <-pass.Blocked():
		}
	}
	pass.Leave(polite.Silent)
	return nil, false
}

// stuckAfter is the time in which a task must return after the end of its context.
const stuckAfter = 30 * time.Second

// errDeadline ends a task that exceeds its deadline.
var errDeadline = errors.New("the task took too long")

// bound applies the deadline to the page of a task, and to each asset by itself: a list may have a
// thousand. progress begins the time of the next asset. If the task ignores the end of its context,
// bound aborts the process, because heartbeats would keep the task leased forever.
func (x *executor) bound(ctx context.Context, w work) (bounded context.Context, progress, done func()) {
	var ended atomic.Bool // the timer may be set once more while the task returns
	stuck := time.AfterFunc(x.bounds.deadline+stuckAfter, func() {
		if !ended.Load() {
			x.bounds.abort(fmt.Errorf("job %s: task %s did not return within %v of the end of its context", x.job.Name,
				w.Key, stuckAfter))
		}
	})
	release := context.AfterFunc(ctx, func() { stuck.Reset(stuckAfter) })
	bounded, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(x.bounds.deadline, func() { cancel(errDeadline) })
	progress = func() {
		if bounded.Err() == nil {
			timer.Reset(x.bounds.deadline)
			stuck.Reset(x.bounds.deadline + stuckAfter)
		}
	}
	return bounded, progress, func() {
		ended.Store(true)
		timer.Stop()
		cancel(nil)
		release()
		stuck.Stop()
	}
}

// end applies endingOf to the facts of an attempt. If the attempt failed, it reports the host at
// fault first.
func (x *executor) end(ctx context.Context, out outcome, facts attempt) outcome {
	out.facts = x.complete(ctx, out.work, facts)
	out.ending = endingOf(&x.job.Job, out.Claimed, out.facts, rand.Float64())
	shot, err := keepScreenshot(ctx, x.job, out)
	if err != nil {
		x.log.WarnContext(ctx, "a screenshot is not stored", "task", out.Key, "err", err)
	}
	out.ending = shot
	return out
}

// complete adds to the facts of a failed attempt whether its context ended, and what its host's
// fault means for the task.
func (x *executor) complete(ctx context.Context, w work, a attempt) attempt {
	if a.err == nil || a.stage != stageFetch && a.stage != stageScrape && a.stage != stageKeep {
		return a
	}
	if ctx.Err() != nil {
		a.stopped, a.late = true, errors.Is(context.Cause(ctx), errDeadline)
		return a
	}
	var (
		busy     *hosts.BusyError
		declined *hosts.DeclinedError
	)
	if a.stateUnknown() || errors.As(a.err, &busy) || errors.As(a.err, &declined) {
		return a
	}
	x.logFailure(ctx, w, a)
	if a.hostFault() {
		report := hosts.Report{Kind: hosts.Page, Own: w.own, Err: a.err}
		if a.stage == stageKeep {
			report.Kind = hosts.Asset
		}
		effect := x.gate.Report(ctx, report)
		a.foreign, a.rest, a.down = effect.Foreign, effect.Rest, effect.Down
	}
	return a
}

func (x *executor) logFailure(ctx context.Context, w work, a attempt) {
	log := x.log.With("task", w.Key)
	switch a.stage {
	case stageFetch:
		log.WarnContext(ctx, "fetch failed", "attempt", w.Attempt, "err", a.err)
	case stageScrape:
		log.WarnContext(ctx, "page can't be judged", "err", a.err)
	case stageKeep:
		log.WarnContext(ctx, "asset not kept", "asset", a.asset, "attempt", w.Attempt, "err", a.err)
	case stageJudged, stageWait, stageStore, stageRecord, stageCheck:
	}
}

// challenged blocks the host of a page that asks for proof of a human, or reports a ban.
func (x *executor) challenged(ctx context.Context, w work, page *seine.Page, name string) attempt {
	effect := x.gate.Report(ctx, hosts.Report{Kind: hosts.Page, Own: w.own, Page: page, Challenge: name, Began: time.Now()})
	v := seine.Verdict{State: seine.Error, Reason: "blocked: " + name}
	return attempt{verdict: v, refusal: true, after: effect.After}
}

// onRedirect returns the hook of a request that enters the host of each redirect. With the pace of
// the fleet, package hosts reserves a start on the lane of the new host.
func (x *executor) onRedirect(kind hosts.Kind, own hosts.Own) func(ctx context.Context, from, to string) error {
	return func(ctx context.Context, _, to string) error {
		at, err := weburl.Canonical(to)
		if err != nil {
			return err
		}
		if leave := x.job.Scope.Leave; leave != nil && kind == hosts.Redirect && leave(at, 0) != "" {
			x.log.InfoContext(ctx, "a redirect left the scope", "host", own.Host, "to", at)
			return &hosts.DeclinedError{Reason: "left the scope"}
		}
		if err := x.book.AllowedBehind(ctx, at); err != nil {
			return err
		}
		_, err = x.gate.Enter(ctx, hosts.Visit{Kind: kind, Host: weburl.Host(at), Own: own})
		return err
	}
}

// guarded calls the scraper. If it panics, only the task fails.
func guarded(ctx context.Context, s seine.Scraper, task seine.Task, page *seine.Page) (result seine.Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return s.Scrape(ctx, task, page)
}
