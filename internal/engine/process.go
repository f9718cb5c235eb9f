package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/polite"
)

// process fetches, scrapes and keeps. It calls progress after each asset.
func (r *runner) process(ctx context.Context, c frontier.Claimed, pass *hosts.Pass, progress func()) outcome {
	if in, ok := owing(c); ok {
		pass.Leave(polite.Silent) // its page's host is not asked
		return r.keepOwed(ctx, c, in, progress)
	}
	task, err := r.task(c)
	if err != nil {
		pass.Leave(polite.Silent)
		return outcome{claimed: c, ending: r.ends(c, attempt{stage: stageStore, err: errKey})}
	}

	// Fetch. A response of any status is a page; an error means there is none.
	began := time.Now()
	page, err := r.job.Fetch.Fetch(ctx, seine.Request{URL: task.URL, CredentialsTo: r.sites(c), OnRedirect: r.enter(hosts.Redirect, r.ownOf(c))})
	pass.Leave(hosts.OutcomeOf(page, err))
	if err != nil {
		return outcome{claimed: c, ending: r.endingOfFetch(ctx, c, err)}
	}
	after := r.gate.Report(ctx, hosts.Report{Kind: hosts.Page, Own: r.ownOf(c), Page: page, Began: began}).After

	// Scrape: fields, and the verdict that the job's rules give.
	scraping, span := r.step(ctx, "scrape")
	result, err := scrape(scraping, r.job.Scraper, task, page)
	r.endStep(span, err)
	if err != nil {
		facts := interruption(ctx, attempt{stage: stageScrape, err: err})
		if !facts.stopped {
			r.log.WarnContext(ctx, "page can't be judged", "task", c.Key, "err", err)
		}
		return outcome{claimed: c, ending: r.ends(c, facts)}
	}
	if len(r.job.Secrets) > 0 {
		result = withoutSecrets(r.redact, result)
	}
	v := result.Verdict
	out := outcome{
		claimed: c, records: result.Records, follow: result.Follow, page: page,
		ending: r.ends(c, attempt{
			verdict: v, after: after, refusal: hosts.Refusal(page) && v.State == seine.Error && v.Rule == "",
		}),
	}
	if out.state != seine.Done {
		out.records = nil
		if out.kind == postpone {
			out.follow = nil
		}
		return out
	}
	return r.keep(ctx, out, result.Assets, progress)
}

// scrape calls the scraper; its panic is the task's failure and no other's.
func scrape(ctx context.Context, s seine.Scraper, task seine.Task, page *seine.Page) (result seine.Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return s.Scrape(ctx, task, page)
}

// task makes the task of a claim.
func (r *runner) task(c frontier.Claimed) (seine.Task, error) {
	page, err := frontier.PageURL(&r.job.Job, c.Key)
	if err != nil {
		return seine.Task{}, err
	}
	t := seine.Task{Job: r.job.Name, Key: c.Key, ID: c.Key, URL: page, Priority: c.Priority, Attempt: c.Attempt}
	own, meta := splitMeta(c.Meta)
	t.Meta, t.Depth = meta, own.Depth
	return t, nil
}

var errKey = errors.New("key is not valid for this job")
