package chromefetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/fetch/egress"
	"github.com/seinehq/seine/internal/weburl"
)

// Job holds the settings that the pages of one job share. Its zero value works.
type Job struct {
	// Guard is asked about each address before it is connected to.
	Guard fetch.Guard

	// Egress makes the connections. Default: direct ones behind Guard.
	Egress *egress.Dialer

	// MaxRedirects bounds the redirects of one page, including those of its scripts. Default 10; a
	// negative number is none.
	MaxRedirects int

	// Chrome is how pages are shown.
	Chrome seine.Chrome

	// Secret reports whether a text holds a secret of the job, in any spelling. Steps fill such a
	// text only into pages of permitted sites, and no request brings it to another one then.
	// Default: there are none.
	Secret func(text string) bool
}

// Fetcher renders the pages of one job. It is a [seine.Fetcher].
type Fetcher struct {
	chrome *Chrome
	job    Job
	proxy  *proxy

	timeout time.Duration // of a page, if the request has none
}

func newFetcher(c *Chrome, job Job, p *proxy) *Fetcher {
	if job.MaxRedirects == 0 {
		job.MaxRedirects = 10
	}
	return &Fetcher{chrome: c, job: job, proxy: p, timeout: pageTimeout}
}

// Close ends the job's proxy; the browser is the worker's.
func (f *Fetcher) Close() error {
	f.proxy.close()
	f.chrome.doors.leave(f.proxy.port())
	return nil
}

// The defaults of a request, equal to a job's defaults.
const (
	pageBody    = 8 << 20
	pageTimeout = 20 * time.Second
)

// Fetch renders one page. Its timeout bounds the navigation and the waits together. An expired wait
// is reported in Page.Waits, and the page is judged in its current state. A page that is no HTML
// comes as it was sent. It ignores req.Raw and req.Via.
func (f *Fetcher) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	canonical, err := weburl.Canonical(req.URL)
	if err != nil {
		return nil, fetch.Fault{Reason: fetch.BadURL, Err: err}
	}
	if err := sendable(req); err != nil {
		return nil, fetch.Fault{Reason: fetch.NoFetcher, Err: err}
	}
	req.MaxBody, req.Timeout = orDefault(req.MaxBody, pageBody), orDefault(req.Timeout, f.timeout)

	select {
	case f.chrome.tabs <- struct{}{}:
		defer func() { <-f.chrome.tabs }()
	case <-ctx.Done():
		return nil, fetch.Fault{Reason: fetch.Canceled, Err: context.Cause(ctx)}
	}
	b, err := f.chrome.take(ctx, f.proxy.port())
	if err != nil {
		if ctx.Err() != nil {
			return nil, fetch.Fault{Reason: fetch.Canceled, Err: context.Cause(ctx)}
		}
		return nil, fetch.Fault{Reason: fetch.BrowserAbsent, Err: err}
	}
	defer f.chrome.give(b)

	start := time.Now()
	lim := fetch.NewLimit(ctx, req.Timeout)
	defer lim.Stop()
	t := &tab{f: f, browser: b, req: req, limit: lim, url: canonical, first: canonical, host: weburl.Host(canonical)}
	page, err := t.render(ctx, withFragment(canonical, req.URL))
	if err != nil && ctx.Err() == nil || t.req.Shoot {
		t.shoot()
	}
	if !t.close() && !b.isLost() {
		// An unclosed page would keep running.
		f.chrome.retire(b, "a page that does not close")
	}
	if err != nil {
		return nil, f.explain(ctx, t, err)
	}
	page.FetchedAt, page.Took = time.Now().UTC(), time.Since(start)
	return page, nil
}

// methods are the methods with which a browser loads a page.
var methods = []string{"", http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// sendable returns an error for a request that a browser cannot send.
func sendable(req seine.Request) error {
	switch {
	case !slices.Contains(methods, req.Method):
		return fmt.Errorf("a browser loads a page with GET, POST, PUT, PATCH or DELETE, not with %q: set via: http", req.Method)
	case len(req.Body) > 0 && (req.Method == "" || req.Method == http.MethodGet):
		return errors.New("a browser sends no body with GET: set via: http")
	}
	return nil
}

func orDefault[T int64 | time.Duration](v, d T) T {
	if v > 0 {
		return v
	}
	return d
}

// withFragment returns a canonical URL with the requested fragment, which may control what a
// scripted page shows.
func withFragment(canonical, asked string) string {
	if _, fragment, ok := strings.Cut(asked, "#"); ok && fragment != "" {
		return canonical + "#" + fragment
	}
	return canonical
}

// explain returns the cause that ended a page.
func (f *Fetcher) explain(ctx context.Context, t *tab, err error) error {
	var fault fetch.Fault
	switch {
	case t.browser.isLost() && ctx.Err() == nil:
		f.chrome.retire(t.browser, "lost")
		return fetch.Fault{Reason: fetch.BrowserDied, Err: t.browser.process.died(ctx)}
	case errors.As(err, &fault):
		return fetch.Classify(t.host, fault)
	}
	return t.limit.Explain(t.host, err)
}
