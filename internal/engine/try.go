package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/login"
	"github.com/seinehq/seine/internal/manners"
	"github.com/seinehq/seine/internal/redact"
	"github.com/seinehq/seine/internal/weburl"
)

// TrialConfig describes a job to its trial.
type TrialConfig struct {
	// Job has a fetcher and a keeper that stores nothing.
	Job *Job

	// Fleet assigns the starts of requests. Nil: the trial paces itself.
	Fleet Fleet

	// Waits is called before a wait for the start of a page that takes more than a second.
	// Default: nothing.
	Waits func(host string, wait time.Duration)
}

// Fleet is the part of a frontier that paces a trial.
type Fleet interface {
	Reserve(
		ctx context.Context, job frontier.JobID, lane string, draw float64, most time.Duration,
	) (frontier.Turn, error)
	Clock(ctx context.Context) (time.Time, error)
	Tunings(ctx context.Context, job frontier.JobID) (frontier.Tunings, error)
}

// Trial runs attempts of tasks as a worker does. Their results are shown and not stored. The pace,
// robots.txt and the session of a trial last over its attempts. It is not safe for concurrent use.
type Trial struct {
	cfg       TrialConfig
	job       *Job
	tuned     *tuned
	executor  *executor
	committer *committer

	// page and assets are those of the current attempt.
	page   *seine.Page
	assets []TriedAsset
}

// Tried is the result of an attempt.
type Tried struct {
	Task seine.Task

	// Page is the response, nil if there is none.
	Page    *seine.Page
	Verdict seine.Verdict
	Records []seine.Record
	Follow  []seine.Follow

	// Rejected lists the violations of records that fail the job's check.
	Rejected []seine.Violation
	Assets   []TriedAsset

	// Secrets are values of the session's cookies, which no output may have.
	Secrets []string

	// Err is why there is no page or no result, Reason the same in words that can be counted.
	Err    error
	Reason string
}

// TriedAsset is the result of an asset.
type TriedAsset struct {
	seine.Asset
	Stored []assetfile.Stored
	Err    error

	// Reason is why the task ends in error. It is empty if the task is done without the asset.
	Reason string

	// Retried means that a later attempt would fetch the asset again.
	Retried bool
}

// trialPatience limits the wait for the start of a page. Another claim brings a page of a run back.
const trialPatience = 5 * time.Minute

// errUnstarted means that the lane of a trial's page was blocked while the page waited.
var errUnstarted = errors.New("the page may not be requested now")

// ClosedError means that the job may not fetch at this time.
type ClosedError struct{ Until time.Time }

// Error states when the hours begin.
func (e *ClosedError) Error() string {
	return fmt.Sprintf("pace.hours: no request before %s: try again then", e.Until.UTC().Format(time.RFC3339))
}

// NewTrial returns a trial of a job.
func NewTrial(cfg TrialConfig) *Trial {
	own, log := *cfg.Job, slog.New(slog.DiscardHandler)
	t := &Trial{cfg: cfg, job: &own, tuned: &tuned{}}
	own.Scraper = watched{cfg.Job.Scraper, func(page *seine.Page) { t.page = page }}
	if cfg.Fleet == nil {
		own.Pace.Scope = seine.ScopeWorker // the pace is this process's
	}
	job, secrets := t.job, redact.New(own.Secrets)
	lanes := hosts.NewLanes(nil, &job.Job, job.ID)
	trace := newTracer(nil, job.Name, secrets)
	var book *manners.Book
	gate := hosts.New(hosts.Config{
		Frontier: turns{cfg.Fleet}, Job: &job.Job, ID: job.ID, Log: log, Lanes: lanes, Delay: t.tuned.delay,
		Least: func(host string) time.Duration { return book.Delay(host) }, Patience: trialPatience,
	})
	fetcher := &meteredFetcher{next: job.Fetch, via: job.Job.Fetch.Via, meter: noMeter{}, trace: trace}
	book = manners.NewBook(manners.Config{Job: &job.Job, ID: job.ID, Gate: gate, Fetcher: job.Fetch, Log: log})
	t.executor = &executor{
		job: job, log: log, lanes: lanes, slots: newSlots(&job.Job), gate: gate, book: book,
		hours: &hours{hours: job.Pace.Hours, clock: &clock{}, log: log}, redact: secrets, trace: trace, meter: noMeter{},
		store: storeOutage(log),
		fetcher: login.New(login.Config{
			Job: &job.Job, ID: job.ID, Gate: gate, Allowed: book.Allowed, Fetcher: fetcher, Log: log,
		}),
		bounds:  bounds{Times{}.withDefaults().Deadline, func(err error) { panic(err) }},
		observe: func(a TriedAsset) { t.assets = append(t.assets, a) },
	}
	source := discovery.Alone(discovery.Config{Job: &job.Job, ID: job.ID, Log: log, Disallowed: book.Disallowed})
	t.committer = &committer{job: job, log: log, source: source, redact: secrets, trace: trace}
	return t
}

// Try runs one attempt of a task. It tries all assets, also after an asset that ends the task. Try
// fails if the page may not be requested soon: see [ClosedError] and [hosts.BusyError].
func (t *Trial) Try(ctx context.Context, n frontier.New) (Tried, error) {
	t.page, t.assets = nil, nil
	asked := time.Now()
	claimed, err := t.claim(ctx, n)
	if err != nil {
		return Tried{}, err
	}
	beats := func(context.Context, frontier.Lease) error { return nil }
	s := session{running: ctx, leased: ctx, claiming: ctx, beats: beats, lose: func(error) {}}
	only := s.shift(t.job.Name)
	defer only.stop()
	batch := []outcome{t.executor.run(only, resolve(&t.job.Job, claimed, asked))}
	if batch[0].facts.stage == stageWait && ctx.Err() == nil {
		return Tried{}, t.unstarted()
	}
	_, drafts, _ := t.committer.conclude(ctx, batch)
	if batch[0].final() {
		var out frontier.Outcome
		if taken, ok := frontier.NewOwners().Take(drafts[0]); ok {
			out.Take(drafts[0].Seq, taken)
		}
		t.committer.refused(ctx, batch, []int{0}, drafts, out)
	}
	return t.tried(ctx, batch[0]), nil
}

// claim takes the start of a page, as the claim of a worker does.
func (t *Trial) claim(ctx context.Context, n frontier.New) (frontier.Claimed, error) {
	c := frontier.Claimed{
		Job: t.job.ID, Key: n.Key, LaneKey: n.Lane, Page: n.Page, Priority: n.Priority, Meta: n.Meta, Attempt: 1,
	}
	if page, err := frontier.PageURL(&t.job.Job, n.Key); err == nil {
		c.LaneKey = weburl.Host(page) // a trial needs no shards
	}
	fleet := t.cfg.Fleet
	if fleet != nil {
		t.executor.hours.clock.compare(ctx, fleet)
		changed, err := fleet.Tunings(ctx, t.job.ID)
		if err != nil {
			return c, err
		}
		t.tuned.now.Store(&changed)
	}
	if !t.executor.hours.open() {
		return c, t.unstarted()
	}
	if fleet == nil {
		c.ReadAt = time.Now()
		return c, nil
	}
	turn, err := fleet.Reserve(ctx, t.job.ID, c.LaneKey, rand.Float64(), trialPatience)
	switch {
	case err != nil:
		return c, err
	case turn.Paused || turn.Wait > trialPatience:
		return c, &hosts.BusyError{Host: c.LaneKey, After: turn.Wait, Paused: turn.Paused}
	case turn.Wait > time.Second && t.cfg.Waits != nil:
		t.cfg.Waits(c.LaneKey, turn.Wait)
	}
	c.Wait, c.ReadAt = turn.Wait, time.Now()
	return c, nil
}

// unstarted returns why a page was not requested.
func (t *Trial) unstarted() error {
	if closed := t.executor.hours.closed(); closed > 0 {
		return &ClosedError{t.executor.hours.clock.now().Add(closed)}
	}
	return errUnstarted
}

// tried returns the result of an attempt for people.
func (t *Trial) tried(ctx context.Context, o outcome) Tried {
	out := Tried{
		Task: o.task, Page: t.page, Verdict: o.facts.verdict, Records: o.records, Follow: o.follow, Assets: t.assets,
		Secrets: t.executor.fetcher.Secrets(),
	}
	for _, r := range o.found.rejected {
		out.Rejected, out.Records = append(out.Rejected, r.Violation), append(out.Records, r.Record)
	}
	switch o.facts.stage {
	case stageJudged:
	case stageCheck, stageKeep:
		out.Verdict = seine.Verdict{State: seine.Error, Reason: o.facts.reason()}
	case stageWait:
		out.Err = context.Cause(ctx)
	case stageFetch, stageScrape, stageStore, stageRecord:
		out.Err, out.Reason = o.facts.err, o.facts.reason()
		if o.kind == postpone {
			out.Reason = o.reason
		}
	}
	return out
}

// watched is a scraper whose pages are seen.
type watched struct {
	seine.Scraper
	see func(*seine.Page)
}

// Scrape shows the page and scrapes it.
func (w watched) Scrape(ctx context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
	w.see(page)
	return w.Scraper.Scrape(ctx, task, page)
}

// triedAsset returns the result of an asset for people.
func triedAsset(a seine.Asset, stored []assetfile.Stored, facts attempt, failure ending) TriedAsset {
	out := TriedAsset{Asset: a, Stored: stored, Err: facts.err}
	if facts.err == nil {
		return out
	}
	out.Retried = !failure.final()
	if effectOf(a, failure, facts.err) == endTask && !a.Optional {
		out.Reason = facts.reason()
	}
	return out
}

// turns is a frontier that assigns starts and records nothing about hosts.
type turns struct{ Fleet }

// Reserve takes a start. Without a fleet there is none to take.
func (t turns) Reserve(
	ctx context.Context, job frontier.JobID, lane string, draw float64, most time.Duration,
) (frontier.Turn, error) {
	if t.Fleet == nil {
		return frontier.Turn{}, nil
	}
	return t.Fleet.Reserve(ctx, job, lane, draw, most)
}

// Backoff records nothing.
func (turns) Backoff(context.Context, frontier.JobID, []string, frontier.Backoff) error { return nil }

// Blocked returns no lane.
func (turns) Blocked(context.Context, []frontier.LaneID) ([]frontier.LaneState, error) {
	return nil, nil
}

// HostDown ends no task.
func (turns) HostDown(context.Context, frontier.JobID, string, time.Duration, string) (bool, int, error) {
	return false, 0, nil
}

// HostUp records nothing.
func (turns) HostUp(context.Context, frontier.JobID, string) error { return nil }
