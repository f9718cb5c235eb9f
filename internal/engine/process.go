package engine

import (
	"context"
	"errors"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/manners"
	"github.com/seinehq/seine/internal/polite"
)

// process is one attempt of a task: wait → fetch → scrape → keep → endingOf. ctx ends when the
// lease is lost or the grace is over. The committer stores the outcome.
func (x *executor) process(ctx context.Context, s *shift, w work) outcome {
	out := outcome{work: w}

	// Ask robots.txt. A page that it forbids costs no request and no start.
	err := x.book.Allowed(ctx, w.page())
	if err == nil && w.lists() {
		err = lister{x}.listed(ctx, w)
		out.found.unlisted = errors.Is(err, errUnlisted)
	}
	if err != nil {
		x.book.Return(ctx, w.Claimed)
		return x.end(ctx, out, attempt{stage: stageFetch, err: err})
	}

	// Wait for the start that the claim reserved: the frontier decides the pace.
	pass, ok := x.wait(s, w)
	if !ok {
		return x.end(ctx, out, attempt{stage: stageWait})
	}
	defer func() { <-x.slots.running }()
	ctx, progress, done := x.bound(ctx, w)
	defer done()
	switch {
	case w.owed != nil: // the record is stored, only assets are missing
		pass.Leave(polite.Silent)
		return x.keepOwed(ctx, s, out, progress)
	case w.err != nil:
		pass.Leave(polite.Silent)
		return x.end(ctx, out, attempt{stage: stageStore, err: w.err})
	case w.lists():
		return lister{x}.process(ctx, w, pass, progress)
	}

	// Fetch. A response of any status is a page. An error means that there is no page.
	page, after, err := x.fetch(ctx, w, pass)
	if err != nil {
		return x.end(ctx, out, attempt{stage: stageFetch, err: err})
	}

	if w.notModified(page, x.job.Digest) {
		out.page, out.found.unchanged = page, true
		return x.end(ctx, out, judged(page, seine.Verdict{State: seine.Done}, after))
	}

	// A page that asks for proof of a human blocks its host.
	name, err := manners.Challenge(page, w.challenge)
	switch {
	case err != nil:
		return x.end(ctx, out, attempt{stage: stageScrape, err: err})
	case name != "":
		return x.end(ctx, out, x.challenged(ctx, w, page, name))
	}

	// Scrape: fields, and the verdict of the job's rules.
	result, err := x.scrape(ctx, w, page)
	if err != nil {
		return x.end(ctx, out, attempt{stage: stageScrape, err: err})
	}
	result, out.found.moved = canonizer{x.job, x.reader}.canonical(ctx, w, result)
	out.page, out.follow, out.leftOut, out.found.unmatched = page, result.Follow, result.LeftOut, result.Unmatched
	out.records = stated(&x.job.Job, page, x.book.Usages(w.task.URL), result.Records)
	out = x.end(ctx, out, judged(page, result.Verdict, after))

	// Keep: a done task stores its assets first.
	if out.state != seine.Done {
		return out.withoutRecords()
	}
	if out.found.hash = w.contentHash(page, result, x.job.Digest); w.repeats(out.found.hash, x.job.Digest) {
		out.found.unchanged, out.records = true, nil
		return out
	}
	out.records, out.found.rejected = sift(&x.job.Job, w.task.Page, out.records, false)
	owed := withoutFilesOf(out.found.rejected, w.Key, result.Assets, func(a seine.Asset) string { return a.Record })
	return x.keep(ctx, s, out, owed, progress)
}

// fetch gets the page of a task and reports its host's answer. after is the time for which the host
// wants no requests.
func (x *executor) fetch(ctx context.Context, w work, pass *hosts.Pass) (page *seine.Page, after time.Duration, err error) {
	began := time.Now()
	req := w.conditional(w.request(), &x.job.Job)
	req.OnRedirect = x.onRedirect(w.redirects(), w.own)
	photograph(w, &req, &x.job.Job)
	page, err = x.fetcher.Fetch(ctx, req)
	pass.Leave(hosts.OutcomeOf(page, err))
	if err != nil {
		return nil, 0, err
	}
	w.caught.page = page
	return page, x.gate.Report(ctx, hosts.Report{Kind: hosts.Page, Own: w.own, Page: page, Began: began}).After, nil
}

// scrape extracts the result of a page, without the job's secrets.
func (x *executor) scrape(ctx context.Context, w work, page *seine.Page) (seine.Result, error) {
	ctx, span := x.trace.step(ctx, "scrape")
	result, err := Scraped(ctx, &x.job.Job, w.task, page)
	x.trace.end(span, err)
	if err != nil {
		return result, err
	}
	return withoutSecrets(result, x.redact, x.fetcher.Hide()), nil
}
