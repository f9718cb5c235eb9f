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

	"go.opentelemetry.io/otel/attribute"
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
	stuck := time.AfterFunc(taskTimeout+stuckAfter, func() {
		if !ended.Load() {
			r.abort(c)
		}
	})
	defer stuck.Stop()
	defer context.AfterFunc(ctx, func() { stuck.Reset(stuckAfter) })()
	defer ended.Store(true)
	return r.process(ctx, c)
}

// process fetches, scrapes and keeps.
func (r *runner) process(ctx context.Context, c frontier.Claimed) outcome {
	ctx, cancel := context.WithTimeoutCause(ctx, taskTimeout, errDeadline)
	defer cancel()

	task, err := r.task(c)
	if err != nil {
		return failed(c, "key is not valid for this job", true)
	}

	// Fetch. A response of any status is a page; an error means there is none.
	began := time.Now()
	page, err := r.job.Fetch.Fetch(onRedirect(ctx, r.redirected(c.LaneKey)), seine.Request{URL: task.URL})
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

	// Keep: a task is done only when every file that it owes is in the store.
	for _, a := range result.Assets {
		began := time.Now()
		keeping, span := r.step(ctx, "keep", attribute.String("asset", a.Name))
		stored, err := r.job.Keeper.Keep(keeping, r.assets, a, asset.Hold{Owned: r.owned, Owner: r.ownerFor(c), Again: c.Attempt > 1, Last: c.Attempt >= r.job.Retry.Error, Page: page})
		r.endStep(span, err)
		if errors.Is(err, asset.ErrStore) || errors.Is(err, asset.ErrDiskFull) {
			r.e.cfg.Meter.StoreError()
		}
		if err != nil {
			r.store.noteSince(ctx, began, err)
			failure := r.keepFailed(ctx, c, a, err)
			if a.Optional && !failure.released && (failure.hopeless || c.Attempt >= r.job.Retry.Error) && !errors.Is(err, asset.ErrStore) {
				r.log.WarnContext(ctx, "optional asset left out", "task", c.Key, "asset", a.Name, "err", err)
				continue
			}
			return failure
		}
		r.store.over(ctx)
		out.assets = append(out.assets, stored...)
	}
	return out
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

// keepFailed decides what an asset that is not in the store means. The task
// fails: nothing of it is done without its files.
func (r *runner) keepFailed(ctx context.Context, c frontier.Claimed, a seine.Asset, err error) outcome {
	if ctx.Err() != nil {
		return interrupted(ctx, c)
	}
	if out, ok := deferred(c, err); ok {
		return out
	}
	r.log.WarnContext(ctx, "asset not kept", "task", c.Key, "asset", a.Name, "attempt", c.Attempt, "err", err)
	if errors.Is(err, asset.ErrDiskFull) {
		r.fatal(fmt.Errorf("store: %w", err))
		return outcome{claimed: c, released: true}
	}
	if out, ok := r.unreached(ctx, c, frontier.AssetLane, err); ok {
		return out
	}
	return failed(c, "asset "+a.Name+": "+asset.Reason(err), errors.Is(err, seine.ErrRefused) || asset.Final(err))
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
	for _, rec := range o.records {
		stored, err := r.record(c, o.page, rec, o.assets)
		if err != nil {
			bad := failed(c, "record: "+err.Error(), true)
			return &frontier.Completion{Claimed: c, State: bad.state, Reason: bad.reason}, nil
		}
		done.Records = append(done.Records, stored)
	}
	for _, s := range o.assets {
		s.URL = r.redact.Replace(s.URL)
		done.Assets = append(done.Assets, frontier.Asset{Key: c.Key, Stored: s})
	}
	follow, err := r.follows(ctx, c, o)
	if err != nil {
		bad := failed(c, err.Error(), true)
		return &frontier.Completion{Claimed: c, State: bad.state, Reason: bad.reason}, nil
	}
	done.Follow = follow
	seen, next, _ := r.explored(ctx, c, o, around, true)
	done.Explored, done.Follow = seen, append(done.Follow, next...)
	return done, nil
}

// record fills in what a scraper left out, and what stored assets give.
func (r *runner) record(c frontier.Claimed, page *seine.Page, rec seine.Record, assets []seine.Stored) (frontier.Record, error) {
	if len(rec.AssetFields) > 0 {
		rec.Fields = maps.Clone(rec.Fields)
		if rec.Fields == nil {
			rec.Fields = map[string]any{}
		}
		asset.Fill(rec.Fields, rec.AssetFields, assets)
	}
	fields, err := encode(rec.Fields)
	if err != nil {
		return frontier.Record{}, err
	}
	out := frontier.Record{Key: rec.Key, Kind: rec.Kind, URL: rec.URL, Fields: fields, Digest: r.job.Digest, FetchedAt: rec.FetchedAt, Missing: missing(rec.Fields)}
	if out.Key == "" {
		out.Key = c.Key
	}
	if out.Kind == "" {
		out.Kind = "record"
	}
	if out.URL == "" {
		out.URL = page.URL
	}
	out.URL = r.redact.Replace(out.URL)
	if out.FetchedAt.IsZero() {
		out.FetchedAt = page.FetchedAt
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
