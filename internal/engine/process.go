package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
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

// outcome is what came of an attempt: its ending, and what is stored with it.
type outcome struct {
	ending
	claimed frontier.Claimed

	records []seine.Record
	assets  []seine.Stored
	follow  []seine.Follow
	page    *seine.Page

	// failures are the assets that are not stored, though the records are; owed are those of them that
	// a further attempt fetches, and wait is when.
	failures []frontier.FailedAsset
	owed     []seine.Asset
	wait     *ending

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
		return outcome{claimed: c, ending: r.ends(c, attempt{stopped: true})}
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
		return outcome{claimed: c, ending: r.ends(c, attempt{stage: stageStore, err: errKey})}
	}

	// Fetch. A response of any status is a page; an error means there is none.
	began := time.Now()
	page, err := r.job.Fetch.Fetch(onRedirect(ctx, r.redirected(c.LaneKey)), seine.Request{URL: task.URL, CredentialsTo: r.sites(c)})
	r.pace.ended(c.LaneKey, outcomeOf(page, err))
	if err != nil {
		return outcome{claimed: c, ending: r.endingOfFetch(ctx, c, err)}
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
			verdict: v, after: after, refusal: refusal(page) && v.State == seine.Error && v.Rule == "",
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

var errKey = errors.New("key is not valid for this job")

// interruption adds to the facts of an attempt whether its context ended: because the worker stops or the lease is lost,
// or because the task took too long.
func interruption(ctx context.Context, a attempt) attempt {
	a.stopped = ctx.Err() != nil
	a.late = a.stopped && errors.Is(context.Cause(ctx), errDeadline)
	return a
}

// endingOfFetch ends a task whose page did not come. It tells the fleet about the host first.
func (r *runner) endingOfFetch(ctx context.Context, c frontier.Claimed, err error) ending {
	facts := interruption(ctx, attempt{stage: stageFetch, err: err})
	var busy *quietError
	if facts.stopped || errors.As(err, &busy) {
		return r.ends(c, facts)
	}
	r.log.WarnContext(ctx, "fetch failed", "task", c.Key, "attempt", c.Attempt, "err", err)
	if errors.Is(err, seine.ErrHost) {
		if r.ownHost(c, err) {
			facts.down = r.unreachable(ctx, c, fetch.Reason(err))
		} else {
			facts.foreign, facts.rest, facts.down = r.foreignUnreachable(ctx, func(host string) string { return host }, err)
		}
	}
	end := r.ends(c, facts)
	if end.fatal != nil {
		r.fatal(end.fatal)
	}
	return end
}

// unreachable has the task's own host rest for the fleet, and reports whether it has been at fault for
// retry.host_down.
func (r *runner) unreachable(ctx context.Context, c frontier.Claimed, reason string) (down bool) {
	faults := c.Faults + 1
	pause := r.hostPause(faults)
	r.pace.quiet(c.LaneKey, pause, reason)
	if e := r.e.cfg.Frontier.Quiet(ctx, r.job.ID, []string{r.hostOf(c)}, frontier.Quiet{For: pause, Why: reason, Faults: faults}); e != nil {
		r.log.WarnContext(ctx, "host's pause is not stored", "err", e)
	}
	r.troubles(r.hostOf(c))
	r.waiters.hold(c.Lane)
	return r.hostDown(ctx, c, reason)
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
	if !o.final() {
		again = &frontier.Failure{Claimed: c, State: o.state, Reason: o.reason, Delay: o.delay}
		again.Explored, again.Follow, again.Mark = r.explored(ctx, c, o, around, false)
		return nil, again
	}
	done = &frontier.Completion{Claimed: c, State: o.state, Reason: o.reason}
	unstorable := func(err error) (*frontier.Completion, *frontier.Failure) {
		bad := r.ends(c, attempt{stage: stageStore, err: err})
		return &frontier.Completion{Claimed: c, State: bad.state, Reason: bad.reason}, nil
	}
	var err error
	for _, rec := range o.records {
		stored, err := r.record(c, o, rec)
		if err != nil {
			return unstorable(fmt.Errorf("record: %w", err))
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
			return unstorable(fmt.Errorf("record: %w", err))
		}
	}
	if _, followed := owing(c); followed {
		return done, nil // an attempt before this one has brought what follows
	}
	if done.Follow, err = r.follows(ctx, c, o); err != nil {
		return unstorable(err)
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
	out.Delay = o.wait.delay
	if o.wait.kind == postpone {
		out.State, out.Free = seine.Pending, true
	}
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
