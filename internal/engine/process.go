package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
	"github.com/seinehq/seine/internal/weburl"
)

// outcome is how an attempt ended: its state, or released.
type outcome struct {
	claimed  frontier.Claimed
	state    seine.State
	reason   string
	released bool

	// refused: the host refused the page (429, 503), which costs no attempt.
	refused bool

	// after is the host's own wish for the time until the next attempt; of a
	// released task it is when it is to be ready again, at no attempt's cost.
	after time.Duration

	// hopeless: another attempt would end alike.
	hopeless bool

	records []seine.Record
	assets  []seine.Stored
	follow  []seine.Follow
	page    *seine.Page

	// failures are the assets that are not stored, though the records are; owed are those of them that
	// a further attempt fetches, and wait is why and when.
	failures []frontier.FailedAsset
	owed     []seine.Asset
	wait     *outcome

	// digest is the digest of the rules that made records. Nil: the job's.
	digest []byte

	span trace.Span // of the task; commit.go ends it
}

// attempt is the life of one task, from its claim to its outcome; commit.go
// makes the outcome true. ctx ends when the lease is lost or the grace is over;
// asked is when the claim was.
func (r *runner) attempt(ctx context.Context, c frontier.Claimed, asked time.Time) outcome {
	// Wait for the start that the claim gave us: the pace is decided there.
	if !r.awaitStart(ctx, c, asked) {
		return outcome{claimed: c, released: true}
	}
	defer r.finished()

	// A task that does not stop when it is told to would be kept leased for
	// ever by our heartbeats.
	var ended atomic.Bool // the timer may be set once more while we return
	stuck := time.AfterFunc(r.e.cfg.Deadline+stuckAfter, func() {
		if !ended.Load() {
			r.abort(c)
		}
	})
	defer stuck.Stop()
	defer context.AfterFunc(ctx, func() { stuck.Reset(stuckAfter) })()
	defer ended.Store(true)

	// The deadline applies to the page, and to each asset anew: a list may have a thousand.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	deadline := time.AfterFunc(r.e.cfg.Deadline, func() { cancel(errDeadline) })
	defer deadline.Stop()
	return r.process(ctx, c, func() {
		if ctx.Err() == nil {
			deadline.Reset(r.e.cfg.Deadline)
			stuck.Reset(r.e.cfg.Deadline + stuckAfter)
		}
	})
}

// process fetches, scrapes and keeps. It calls progress after each asset.
func (r *runner) process(ctx context.Context, c frontier.Claimed, progress func()) outcome {
	if in, ok := owing(c); ok {
		r.pace.ended(c.LaneKey, polite.Silent) // its page's host is not asked
		return r.keepOwed(ctx, c, in, progress)
	}
	task, err := r.task(c)
	if err != nil {
		return failed(c, "key is not valid for this job", true)
	}

	// Fetch. A response of any status is a page; an error means there is none.
	began := time.Now()
	page, err := r.job.Fetch.Fetch(onRedirect(ctx, r.redirected(c.LaneKey)), seine.Request{URL: task.URL, CredentialsTo: r.sites(c)})
	r.pace.ended(c.LaneKey, outcomeOf(page, err))
	if err != nil {
		return r.fetchFailed(ctx, c, err)
	}
	if c.Faults > 0 {
		r.hostUp(ctx, c)
	}
	host := r.answered(c, page)
	if host != r.hostOf(c) {
		r.others.reached(host)
	}
	after := r.heedHost(ctx, host, page, began)
	r.pace.refused(host, page, after, began)
	if after > 0 {
		r.assets.recheck(frontier.AssetLane(host))
		if host == r.hostOf(c) {
			r.waiters.hold(c.Lane)
		}
	}

	// Scrape: fields, and the verdict that the job's rules give.
	scraping, span := r.step(ctx, "scrape")
	result, err := scrape(scraping, r.job.Scraper, task, page)
	r.endStep(span, err)
	if err != nil {
		if ctx.Err() != nil {
			return interrupted(ctx, c)
		}
		r.log.WarnContext(ctx, "page can't be judged", "task", c.Key, "err", err)
		final := errors.Is(err, seine.ErrFinal)
		return failed(c, "scrape: "+strings.TrimPrefix(err.Error(), seine.ErrFinal.Error()+": "), final)
	}
	if len(r.job.Secrets) > 0 {
		result = withoutSecrets(r.redact, result)
	}
	out := outcome{
		claimed: c, state: result.Verdict.State, reason: result.Verdict.Reason, after: after,
		hopeless: result.Verdict.Final,
		records:  result.Records, follow: result.Follow, page: page,
	}
	if out.state == seine.Pending {
		out.state = seine.Done
	}
	if refusal(page) && out.state == seine.Error && result.Verdict.Rule == "" {
		return r.refusedBy(c, out)
	}
	if out.state != seine.Done {
		out.records = nil
		return out
	}

	return r.keep(ctx, out, result.Assets, progress)
}

// errDeadline ends a task that takes too long.
var errDeadline = errors.New("the task took too long")

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

func failed(c frontier.Claimed, reason string, hopeless bool) outcome {
	return outcome{claimed: c, state: seine.Error, reason: reason, hopeless: hopeless}
}

// interrupted is the outcome of a task whose context ended: released when we
// are stopping or the lease is lost, an error when it took too long.
func interrupted(ctx context.Context, c frontier.Claimed) outcome {
	if errors.Is(context.Cause(ctx), errDeadline) {
		return failed(c, "timeout", false)
	}
	return outcome{claimed: c, released: true}
}

// fetchFailed decides what a page that did not come means.
func (r *runner) fetchFailed(ctx context.Context, c frontier.Claimed, err error) outcome {
	if ctx.Err() != nil {
		return interrupted(ctx, c)
	}
	if out, ok := deferred(c, err); ok {
		return out
	}
	reason := fetch.Reason(err)
	r.log.WarnContext(ctx, "fetch failed", "task", c.Key, "attempt", c.Attempt, "err", err)
	switch {
	case reason == fetch.BrowserAbsent:
		// No page could be had: ours, not the tasks'.
		r.fatal(err)
		return outcome{claimed: c, released: true}
	case errors.Is(err, seine.ErrRefused), errors.Is(err, seine.ErrTooLarge):
		return failed(c, reason, true)
	case errors.Is(err, seine.ErrHost) && !r.ownHost(c, err):
		if out, ok := r.unreached(ctx, c, func(host string) string { return host }, err); ok {
			return out
		}
	case errors.Is(err, seine.ErrHost):
		faults := c.Faults + 1
		pause := r.hostPause(faults)
		r.pace.quiet(c.LaneKey, pause, reason)
		if e := r.e.cfg.Frontier.Quiet(ctx, r.job.ID, []string{r.hostOf(c)}, frontier.Quiet{For: pause, Why: reason, Faults: faults}); e != nil {
			r.log.WarnContext(ctx, "host's pause is not stored", "err", e)
		}
		r.troubles(r.hostOf(c))
		r.waiters.hold(c.Lane)
		// The host is at fault, not the task, until it has been away for retry.host_down.
		if r.hostDown(ctx, c, reason) {
			return failed(c, reason, true)
		}
		return outcome{claimed: c, released: true}
	}
	return failed(c, reason, false)
}

// ownHost reports whether the host at fault is the task's own: a redirect may
// lead to one that is dead.
func (r *runner) ownHost(c frontier.Claimed, err error) bool {
	at, e := frontier.PageURL(&r.job.Job, c.Key)
	var f fetch.Fault
	return e == nil && (!errors.As(err, &f) || f.Host == "" || f.Host == weburl.Host(at))
}

// maxRetryAfter caps what a host may ask us to wait.
const maxRetryAfter = time.Hour

// heedHost obeys what a host that refuses says, for the whole fleet: it is left
// alone as long as Retry-After says, and asked more slowly from there on. began
// is when it was asked.
func (r *runner) heedHost(ctx context.Context, lane string, page *seine.Page, began time.Time) time.Duration {
	if !refusal(page) {
		return 0
	}
	why := "Retry-After"
	now := time.Now()
	if there, err := http.ParseTime(page.Header.Get("Date")); err == nil {
		now = there // a date is meant by the host's own clock
	}
	after, ok := polite.RetryAfter(page.Header.Get("Retry-After"), now, maxRetryAfter)
	if !ok || after == 0 {
		after, why = 0, fmt.Sprintf("HTTP %d", page.Status)
	}
	if r.job.Pace.Scope == seine.ScopeWorker {
		return after // it binds this worker's address only
	}
	lanes := []string{lane}
	if !frontier.IsAssetLane(lane) {
		if r.hasAssets.Load() {
			lanes = append(lanes, frontier.AssetLane(lane))
		}
		r.troubles(lane)
	}
	if err := r.e.cfg.Frontier.Quiet(ctx, r.job.ID, lanes, frontier.Quiet{For: after, Why: why, Slow: true, Ago: time.Since(began)}); err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "what the host refuses is not stored", "err", err)
	}
	return after
}

// commitOf turns an outcome into what the frontier is told: a completion, or a
// failure that is tried again.
func (r *runner) commitOf(ctx context.Context, o outcome, around neighborhood) (done *frontier.Completion, again *frontier.Failure) {
	c := o.claimed
	if o.state == seine.Error || o.state == seine.Stale {
		delay, final := frontier.NextTry(r.job.Retry, o.state, c.Attempt, o.after, rand.Float64())
		if !final && !o.hopeless {
			again = &frontier.Failure{Claimed: c, State: o.state, Reason: o.reason, Delay: delay}
			again.Explored, again.Follow, again.Mark = r.explored(ctx, c, o, around, false)
			return nil, again
		}
	}
	done = &frontier.Completion{Claimed: c, State: o.state, Reason: o.reason}
	var err error
	for _, rec := range o.records {
		stored, err := r.record(c, o, rec)
		if err != nil {
			bad := failed(c, "record: "+err.Error(), true)
			return &frontier.Completion{Claimed: c, State: bad.state, Reason: bad.reason}, nil
		}
		done.Records = append(done.Records, stored)
	}
	done.Failed = o.failures
	for _, s := range o.assets {
		done.Assets = append(done.Assets, frontier.Asset{Key: c.Key, Stored: s})
	}
	if len(o.failures) > 0 {
		done.Reason = o.whyUnkept()
	}
	if len(o.owed) > 0 {
		if done.Again, err = r.again(o, done.Records); err != nil {
			bad := failed(c, "record: "+err.Error(), true)
			return &frontier.Completion{Claimed: c, State: bad.state, Reason: bad.reason}, nil
		}
	}
	if _, followed := owing(c); followed {
		return done, nil // an attempt before this one has brought what follows
	}
	if done.Follow, err = r.follows(ctx, c, o); err != nil {
		bad := failed(c, err.Error(), true)
		return &frontier.Completion{Claimed: c, State: bad.state, Reason: bad.reason}, nil
	}
	seen, next, _ := r.explored(ctx, c, o, around, true)
	done.Explored, done.Follow = seen, append(done.Follow, next...)
	return done, nil
}

// again says how a task waits whose records are stored and whose assets are not.
func (r *runner) again(o outcome, records []frontier.Record) (*frontier.Again, error) {
	owed, err := r.owes(o, records)
	if err != nil {
		return nil, err
	}
	out := &frontier.Again{State: seine.Error, Reason: o.whyUnkept(), Owed: owed}
	if o.wait.released { // for another host, which costs no attempt
		out.State, out.Delay, out.Free = seine.Pending, o.wait.after, true
		return out, nil
	}
	out.Delay, _ = frontier.NextTry(r.job.Retry, seine.Error, o.claimed.Attempt, o.wait.after, rand.Float64())
	return out, nil
}

// record fills in what a scraper left out, and what stored assets give.
func (r *runner) record(c frontier.Claimed, o outcome, rec seine.Record) (frontier.Record, error) {
	if len(rec.AssetFields) > 0 {
		rec.Fields = maps.Clone(rec.Fields)
		if rec.Fields == nil {
			rec.Fields = map[string]any{}
		}
		asset.Fill(rec.Fields, rec.AssetFields, o.assets)
	}
	fields, err := encode(rec.Fields)
	if err != nil {
		return frontier.Record{}, err
	}
	out := frontier.Record{Key: rec.Key, Kind: rec.Kind, URL: rec.URL, Fields: fields, Digest: r.job.Digest, FetchedAt: rec.FetchedAt, Missing: missing(rec.Fields)}
	if o.digest != nil {
		out.Digest = o.digest
	}
	if out.Key == "" {
		out.Key = c.Key
	}
	if out.Kind == "" {
		out.Kind = "record"
	}
	if out.URL == "" {
		out.URL = o.page.URL
	}
	out.URL = r.redact.Replace(out.URL)
	if out.FetchedAt.IsZero() {
		out.FetchedAt = o.page.FetchedAt
	}
	return out, nil
}

// missing names the fields without a value, sorted.
func missing(fields map[string]any) []string {
	var names []string
	for name, v := range fields {
		if list, ok := v.([]any); v == nil || ok && len(list) == 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
