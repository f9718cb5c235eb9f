package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
)

// The hash of a visit is two digests of this many bytes: of the content, and of the rules that
// extracted it. If the rules changed, a page is requested and stored as at its first visit.
const digestBytes = 16

// finding is what an attempt finds out about a page.
type finding struct {
	// rejected are the records that fail the job's check.
	rejected []rejected

	// moved means that another URL stands for the page. The outcome follows it.
	moved bool

	// unchanged means that the page is as the last visit found it.
	unchanged bool

	// unlisted means that the page is a sitemap that left its index.
	unlisted bool

	// hash is the page's content. It is nil if the page is not visited again.
	hash []byte

	// unmatched are the rules that found no link on the page.
	unmatched []string
}

// visitsDue reports whether a job without open tasks has visits that are due, which belong to the
// run. It requeues them. Another worker may have done so since the tasks were counted: they are
// counted once more.
func (p *producer) visitsDue(ctx context.Context) (bool, error) {
	now, err := p.cfg.Frontier.Clock(ctx)
	if err != nil {
		return false, err
	}
	at, ok, err := p.cfg.Frontier.NextRecrawl(ctx, p.job.ID)
	if err != nil {
		return false, err
	}
	if ok && !at.After(now) {
		n, err := p.cfg.Frontier.Promote(ctx, promoteMost)
		if err == nil && n == 0 { // another worker does it at this moment
			p.state.rest()
			p.slots.pause(ctx, firstIdle)
		}
		return true, err
	}
	counts, err := p.cfg.Frontier.Counts(ctx, p.job.ID)
	return counts.Open > 0, err
}

// recrawl returns how often the task's page is visited. A sitemap has no page kind.
func (w work) recrawl() seine.Recrawl {
	if w.pageKind == nil || w.lists() || !w.pageKind.Recrawl.Set() {
		return w.rereads
	}
	return w.pageKind.Recrawl
}

// visitOfID returns the visit of an ID of an explored space. Among the absent IDs only those at the
// newest end are visited again. If just the space is explored again, no other page is visited.
func visitOfID(o *outcome, next discovery.Next, v *frontier.Visit, again time.Duration) *frontier.Visit {
	switch {
	case v == nil:
	case next.Absent && !next.Return:
		return nil
	case next.Return && again > 0:
		v.Every, v.Next = again, again
	case !next.Return && !o.lists() && (o.pageKind == nil || !o.pageKind.Recrawl.Set()):
		return nil
	}
	return v
}

// shortest returns the interval of the page kind that is visited most often. The job's sitemaps are
// read as often, because they list the new pages.
func shortest(job *seine.Job) (out seine.Recrawl) {
	for _, kind := range job.Pages {
		r := kind.Recrawl
		if r.Set() && (!out.Set() || every(r, 1) < every(out, 1)) {
			out = seine.Recrawl{Every: r.Every, Min: r.Min, Max: r.Max}
		}
	}
	return out
}

// known returns the last visit if its result is stored as a whole, under the same rules. Otherwise
// it returns nil: an equal page is then stored again.
func (w work) known(rules []byte) *frontier.Visit {
	v := w.Visit
	if v == nil || !w.recrawl().Set() || len(w.Owed) > 0 || len(v.Hash) != 2*digestBytes ||
		!bytes.Equal(v.Hash[digestBytes:], ruleDigest(rules)) {
		return nil
	}
	return v
}

// conditional adds the validators of the last visit to the request of a page, so that the site may
// answer 304. A browser sends no conditions, because its pages are rendered in any case.
func (w work) conditional(req seine.Request, job *seine.Job) seine.Request {
	via := req.Via
	if via == "" {
		via = job.Fetch.Via
	}
	v := w.known(job.Digest)
	if v == nil || !v.GoneAt.IsZero() || v.ETag == "" && v.LastModified == "" || via == seine.ViaChrome ||
		req.Method != "" && req.Method != http.MethodGet {
		return req
	}
	if req.Header = req.Header.Clone(); req.Header == nil {
		req.Header = http.Header{}
	}
	for name, value := range map[string]string{"If-None-Match": v.ETag, "If-Modified-Since": v.LastModified} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	return req
}

// notModified reports whether a page is the answer to the conditions of the last visit: the site
// says that it did not change.
func (w work) notModified(page *seine.Page, rules []byte) bool {
	return page.Status == http.StatusNotModified && page.Asked && w.known(rules) != nil
}

// repeats reports whether a page has the content of the last visit.
func (w work) repeats(hash, rules []byte) bool {
	v := w.known(rules)
	return v != nil && bytes.Equal(v.Hash, hash)
}

// contentHash returns the hash of a page that is visited again, or nil. It covers the records in
// any order, and the URLs of their assets. If the page itself is an asset, it covers the page.
func (w work) contentHash(page *seine.Page, result seine.Result, rules []byte) []byte {
	if !w.recrawl().Set() {
		return nil
	}
	var lines [][]byte
	add := func(v any) {
		line, err := encode(v)
		if err != nil { // the record is not stored either
			line = []byte(err.Error())
		}
		lines = append(lines, line)
	}
	for _, rec := range result.Records {
		add([]any{"record", rec.Key, rec.Kind, rec.Fields})
	}
	for _, a := range result.Assets {
		switch {
		case a.Body && page.Raw != nil:
			add([]any{"body", a.Record, a.Name, page.Raw})
		case a.Body:
			add([]any{"body", a.Record, a.Name, page.Body})
		case ofPage(a): // a blob: URL is drawn by the browser
			add([]any{"blob", a.Record, a.Name})
		default:
			add([]any{"asset", a.Record, a.Name, a.URL})
		}
	}
	slices.SortFunc(lines, bytes.Compare)
	sum := sha256.Sum256(bytes.Join(lines, []byte("\n")))
	return append(sum[:digestBytes:digestBytes], ruleDigest(rules)...)
}

func ruleDigest(rules []byte) []byte {
	sum := sha256.Sum256(rules)
	return sum[:digestBytes]
}

// visited adds to a completion what the visit of its page found, and the time until the next one. A
// task that ends in an error keeps the visit of before: the frontier has put its next one off.
func visited(o *outcome, c *frontier.Completion) {
	r, last := o.recrawl(), o.Visit
	c.History = r.History
	if !r.Set() || c.State != seine.Done && c.State != seine.Skipped {
		return
	}
	if o.found.unlisted {
		return // no visit follows
	}
	v := &frontier.Visit{}
	if last != nil {
		v.Hash, v.Every = last.Hash, last.Every
	}
	changed := false
	switch {
	case c.State == seine.Skipped && c.Reason == elsewhere && len(v.Hash) == 0:
		return // its canonical page is visited instead
	case c.State == seine.Skipped:
		wasDone, wasGone := len(v.Hash) > 0, last != nil && !last.GoneAt.IsZero()
		c.Gone = wasDone && (wasGone || missingPage(o.page))
		c.Unchanged = !c.Gone
		changed = c.Gone && !wasGone
	case o.owed != nil: // the assets of a visit that is stored
		if last != nil {
			v.ETag, v.LastModified = last.ETag, last.LastModified
		}
		v.Every, v.Next = every(r, v.Every), every(r, v.Every)
		c.Visit = v
		return
	default:
		v.ETag, v.LastModified = validators(o.page)
		c.Unchanged = o.found.unchanged
		if o.page.Status == http.StatusNotModified { // may leave them out
			v.ETag, v.LastModified = orLast(v.ETag, last.ETag), orLast(v.LastModified, last.LastModified)
		}
		if o.found.hash != nil {
			changed = !sameContent(v.Hash, o.found.hash)
			v.Hash = o.found.hash
		}
	}
	if v.Every > 0 {
		v.Every = interval(r, v.Every, changed)
	} else {
		v.Every = every(r, discovery.ChangeFreq(o.task.Meta))
	}
	v.Next = v.Every
	c.Visit = v
}

func orLast(value, last string) string {
	if value == "" {
		return last
	}
	return value
}

// sameContent compares the content's part of two hashes. Without an earlier hash nothing changed.
func sameContent(last, hash []byte) bool {
	return len(last) < digestBytes || bytes.Equal(last[:digestBytes], hash[:digestBytes])
}

// missingPage reports whether a page says that it is gone.
func missingPage(page *seine.Page) bool {
	return page != nil && (page.Status == http.StatusNotFound || page.Status == http.StatusGone)
}

// mostValidator bounds a stored validator, in bytes. Longer ones are not sent back.
const mostValidator = 1024

// validators returns the ETag and the Last-Modified of a page, as they came. A page that a browser
// rendered has none: its document may stay while its scripts show other data.
func validators(page *seine.Page) (etag, modified string) {
	if page.Via == seine.ViaChrome {
		return "", ""
	}
	get := func(name string) string {
		if v := page.Header.Get(name); len(v) <= mostValidator {
			return v
		}
		return ""
	}
	return get("ETag"), get("Last-Modified")
}

// interval returns the time until the next visit of a page. A fixed one is Every. An adaptive one
// begins at the geometric mean of Min and Max, halves after a visit that found a change and doubles
// after one that did not. last is the interval before this visit; zero is the first visit.
func interval(r seine.Recrawl, last time.Duration, changed bool) time.Duration {
	switch {
	case r.Every > 0:
		return r.Every
	case last <= 0:
		return every(r, 0)
	case changed:
		return every(r, last/2)
	case last > r.Max/2:
		return r.Max
	}
	return every(r, 2*last)
}

// every bounds an interval by what the page kind wants. Zero is the first interval.
func every(r seine.Recrawl, d time.Duration) time.Duration {
	least := max(r.Min, time.Second)
	switch {
	case r.Every > 0:
		return r.Every
	case d <= 0:
		d = time.Duration(math.Sqrt(float64(least) * float64(r.Max))).Round(time.Second)
	}
	return min(max(d, least), max(r.Max, least))
}
