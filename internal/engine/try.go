package engine

import (
	"context"
	"log/slog"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/login"
	"github.com/seinehq/seine/internal/manners"
	"github.com/seinehq/seine/internal/redact"
)

// Trial is an attempt whose result is shown and not stored.
type Trial struct {
	// Job has a fetcher and a keeper that stores nothing.
	Job *Job

	// Task has the key, the lane, the meta and the wait of its start.
	Task frontier.Claimed

	// Hosts assigns the turns of redirects and assets. It records nothing.
	Hosts hosts.Frontier
}

// Tried is the result of a trial.
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

// Try runs one attempt of a task as a worker does. It tries all assets, also after an asset that
// would end the task.
func Try(ctx context.Context, t Trial) Tried {
	var out Tried
	own, log := *t.Job, slog.New(slog.DiscardHandler)
	own.Scraper = watched{t.Job.Scraper, func(page *seine.Page) { out.Page = page }}
	job := &own
	secrets := redact.New(job.Secrets)
	lanes := hosts.NewLanes(nil, &job.Job, job.ID)
	trace := newTracer(nil, job.Name, secrets)
	gate := hosts.New(hosts.Config{Frontier: t.Hosts, Job: &job.Job, ID: job.ID, Log: log, Lanes: lanes})
	fetcher := &meteredFetcher{next: job.Fetch, via: job.Job.Fetch.Via, meter: noMeter{}, trace: trace}
	book := manners.NewBook(manners.Config{Job: &job.Job, ID: job.ID, Gate: gate, Fetcher: job.Fetch, Log: log})
	x := &executor{
		job: job, log: log, lanes: lanes, slots: newSlots(&job.Job), gate: gate,
		book: book, hours: &hours{clock: &clock{}, log: log}, redact: secrets, trace: trace, meter: noMeter{}, store: storeOutage(log),
		fetcher: login.New(login.Config{
			Job: &job.Job, ID: job.ID, Gate: gate, Allowed: book.Allowed, Fetcher: fetcher, Log: log,
		}),
		bounds:  bounds{Times{}.withDefaults().Deadline, func(err error) { panic(err) }},
		observe: func(a TriedAsset) { out.Assets = append(out.Assets, a) },
	}
	beats := func(context.Context, frontier.Lease) error { return nil }
	s := session{running: ctx, leased: ctx, claiming: ctx, beats: beats, lose: func(error) {}}
	only := s.shift(job.Name)
	defer only.stop()
	done := x.run(only, resolve(&job.Job, t.Task, time.Now()))
	out.Task, out.Verdict, out.Records, out.Follow = done.task, done.facts.verdict, done.records, done.follow
	if done.state == seine.Done {
		for _, a := range out.Assets {
			done.assets = append(done.assets, a.Stored...)
		}
		(&committer{job: job}).check(&done)
		for _, r := range done.found.rejected {
			out.Rejected, out.Records = append(out.Rejected, r.Violation), append(out.Records, r.Record)
		}
		if len(out.Rejected) > 0 {
			out.Verdict = seine.Verdict{State: seine.Error, Reason: done.reason}
		}
	}
	out.Secrets = x.fetcher.Secrets()
	if out.Err = done.facts.err; out.Err == nil && done.facts.stopped {
		out.Err = context.Cause(ctx)
	}
	switch {
	case done.kind == postpone && done.facts.err != nil:
		out.Reason = done.reason
	case done.facts.err != nil:
		out.Reason = done.facts.reason()
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
