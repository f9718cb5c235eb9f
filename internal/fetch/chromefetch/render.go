package chromefetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/charset"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/weburl"
)

// readGrace is how long a page may take, after its time is up, to be read.
const readGrace = 5 * time.Second

// render loads the page, waits and reads it.
func (t *tab) render(ctx context.Context, url string) (*seine.Page, error) {
	t.limit.Pause()
	err := t.open(ctx)
	t.limit.Resume()
	if err != nil {
		if ctx.Err() == nil && !t.browser.isLost() {
			t.f.chrome.retire(t.browser, "no tab")
			err = fetch.Fault{Reason: fetch.BrowserDied, Err: err}
		}
		return nil, err
	}
	// work ends with the page's time; t.ctx with its first failure.
	work, stop := context.WithCancelCause(t.ctx)
	defer stop(nil)
	defer context.AfterFunc(t.limit.Context(), func() { stop(context.Cause(t.limit.Context())) })()

	if err := t.navigate(work, url); err != nil {
		return nil, err
	}
	for {
		p, err := t.judge(work)
		if !errors.Is(err, errMoved) {
			return p, err
		}
	}
}

// judge waits until the document meets the job's conditions and reads it. It fails with [errMoved]
// when the page has moved on to another document.
func (t *tab) judge(ctx context.Context) (*seine.Page, error) {
	t.mu.Lock()
	generation, d := t.generation, t.document
	t.mu.Unlock()
	switch {
	case d.taken:
		return t.takenPage(d)
	case noContent(d.status):
		return t.page(nil, "", nil)
	case t.isText():
		if err := t.until(ctx, func(d document) bool { return d.taken }); err != nil {
			return nil, err
		}
		return nil, errMoved
	case !isHTML(d.media):
		return t.raw()
	}
	if t.until(ctx, func(d document) bool { return d.parsed }) == nil {
		t.refresh(ctx)
	}
	if err := t.act(ctx, generation); err != nil {
		return nil, err
	}
	waits, err := t.await(ctx)
	if err != nil {
		return nil, err
	}
	stays, err := t.settle(ctx, generation)
	if err != nil {
		return nil, err
	}
	if !stays {
		return nil, errMoved
	}
	return t.read(waits)
}

// takenPage is the page of a body that was taken as it came.
func (t *tab) takenPage(d document) (*seine.Page, error) {
	text, name := d.body, ""
	if fetch.IsText(d.media) {
		var c charset.Charset
		text, c = charset.ToUTF8(d.body, d.media, d.label)
		name = c.Name
	}
	p, err := t.page(text, "", nil)
	if err != nil {
		return nil, err
	}
	p.Charset = name
	if t.req.KeepRaw {
		p.Raw = d.body
	}
	return p, nil
}

// navigate loads the page until its document is parsed.
func (t *tab) navigate(ctx context.Context, url string) error {
	nav, err := cdp.Call(ctx, t.target, page.Navigate, page.NavigateParams{URL: url})
	switch {
	case t.failure() != nil:
		return t.failure()
	case t.current().taken:
		return nil
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case t.isText():
		return t.until(ctx, func(d document) bool { return d.taken })
	case nav.IsDownload:
		return fetch.Fault{Reason: fetch.IsDownload}
	case nav.ErrorText != "" && t.isEmpty():
		return nil
	case nav.ErrorText != "":
		return t.netError(nav.ErrorText)
	}
	return t.until(ctx, func(d document) bool { return d.shown })
}

// isEmpty handles an answer without content, for which the browser keeps the old document.
func (t *tab) isEmpty() (is bool) {
	t.update(func(d *document) {
		if is = noContent(t.answer.status); is {
			*d = t.answer
		}
	})
	return is
}

func noContent(status int) bool {
	return status == http.StatusNoContent || status == http.StatusResetContent || status == http.StatusNotModified
}

// failure is the page's first; nil when there is none.
func (t *tab) failure() error {
	if t.ctx.Err() == nil {
		return nil
	}
	return context.Cause(t.ctx)
}

// netErrors lists the messages of Chromium's network stack that have a reason of their own.
var netErrors = []struct{ prefix, reason string }{
	{"net::ERR_NAME_NOT_RESOLVED", fetch.NoName},
	{"net::ERR_CONNECTION_REFUSED", fetch.RefusedConn},
	{"net::ERR_ADDRESS_UNREACHABLE", fetch.Unreachable},
	{"net::ERR_INTERNET_DISCONNECTED", fetch.Unreachable},
	{"net::ERR_CERT_", fetch.BadCertificate},
	{"net::ERR_SSL_", fetch.BadTLS},
	{"net::ERR_CONNECTION_RESET", fetch.Reset},
	{"net::ERR_CONNECTION_CLOSED", fetch.Reset},
	{"net::ERR_EMPTY_RESPONSE", fetch.Reset},
	{"net::ERR_TOO_MANY_REDIRECTS", fetch.ManyRedirects},
	{"net::ERR_CONTENT_LENGTH_MISMATCH", fetch.Truncated},
	{"net::ERR_INCOMPLETE_CHUNKED_ENCODING", fetch.Truncated},
	{"net::ERR_CONTENT_DECODING_FAILED", fetch.BadEncoding},
	{"net::ERR_INVALID_", fetch.BadResponse},
	{"net::ERR_RESPONSE_HEADERS_", fetch.BadResponse},
	{"net::ERR_HTTP2_", fetch.Reset},
	{"net::ERR_TIMED_OUT", fetch.Timeout},
	{"net::ERR_UNSAFE_PORT", fetch.AddressRefused},
	{"net::ERR_UNSAFE_REDIRECT", fetch.BadRedirect},
	{"net::ERR_UNKNOWN_URL_SCHEME", fetch.BadRedirect},
}

// netError returns why there is no page. The proxy's reason comes first, because the browser only
// knows that the proxy has no connection.
func (t *tab) netError(text string) error {
	t.mu.Lock()
	host := weburl.Host(t.url)
	t.mu.Unlock()
	if err := t.f.proxy.fault(host); err != nil {
		return fetch.Classify(host, err)
	}
	for _, e := range netErrors {
		if strings.HasPrefix(text, e.prefix) {
			f := fetch.Fault{Reason: e.reason, Host: host, Err: errors.New(text)}
			if e.reason == fetch.AddressRefused {
				f.Err = fmt.Errorf("%w: %s", seine.ErrRefused, text)
			}
			return f
		}
	}
	return fetch.Fault{Reason: fetch.BadResponse, Host: host, Err: errors.New(text)}
}

func (t *tab) current() document {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.document
}

func (t *tab) mainRequest() network.RequestID {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.request
}

func isHTML(media string) bool {
	switch media {
	case "", "text/html", "application/xhtml+xml":
		return true
	}
	return false
}

// raw returns a page that is not HTML, with the bytes that were sent instead of the browser's
// rendering.
func (t *tab) raw() (*seine.Page, error) {
	ctx, cancel := context.WithTimeout(t.ctx, readGrace+t.limit.Left())
	defer cancel()
	if err := t.until(ctx, func(d document) bool { return d.loaded }); err != nil {
		return nil, t.hangs(err)
	}
	body, err := cdp.Call(ctx, t.target, network.GetResponseBody, network.GetResponseBodyParams{RequestID: t.mainRequest()})
	if err != nil {
		return nil, t.hangs(err)
	}
	return t.page(body.Body, "", nil)
}

// read takes the page as it stands. A document that is not parsed to its end is no page. A missing
// script is enough for that. It fails with [errMoved] when the page moves on meanwhile.
func (t *tab) read(waits []seine.Waited) (*seine.Page, error) {
	switch d := t.current(); {
	case t.failure() != nil:
		return nil, t.failure()
	case !d.parsed:
		return nil, fetch.Fault{Reason: fetch.Timeout, Host: t.host, Err: fmt.Errorf("the document is not parsed to its end after %v", t.req.Timeout)}
	}
	grace, cancel := context.WithTimeout(t.ctx, readGrace)
	defer cancel()
	ctx, stop := t.still(grace)
	defer stop()
	var out struct {
		HTML string `json:"html"`
		DOM  string `json:"dom"`
		URL  string `json:"url"`
		Long bool   `json:"long"`
	}
	err := t.call(ctx, "read", &out, t.req.MaxBody)
	if errors.Is(context.Cause(ctx), errMoved) {
		return nil, errMoved
	}
	if err != nil {
		return nil, t.hangs(err)
	}
	if out.Long {
		return nil, tooLarge(t.req.MaxBody)
	}
	p, err := t.page([]byte(out.HTML), out.URL, waits)
	if err != nil {
		return nil, err
	}
	p.DOM = []byte(out.DOM)
	if t.req.KeepBlobs {
		p.Blobs, err = t.blobs(ctx)
		if errors.Is(context.Cause(ctx), errMoved) {
			return nil, errMoved
		}
		if err != nil {
			return nil, t.hangs(err)
		}
	}
	return p, nil
}

// hangs is the reason of a page that cannot be read because its scripts never yield.
func (t *tab) hangs(err error) error {
	if f := t.failure(); f != nil {
		return f
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fetch.Fault{Reason: fetch.Hangs, Host: t.host, Err: errors.New("its scripts leave it no time to answer")}
	}
	return err
}

func (t *tab) page(body []byte, shown string, waits []seine.Waited) (*seine.Page, error) {
	if int64(len(body)) > t.req.MaxBody {
		return nil, tooLarge(t.req.MaxBody)
	}
	cookies, err := t.cookies()
	if err != nil {
		return nil, t.hangs(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &seine.Page{
		URL: t.document.url, Status: t.document.status, Header: t.document.header, Body: body, Type: t.document.media,
		Via: seine.ViaChrome, Redirects: t.asked, Waits: waits, Notes: t.notes, Charset: t.document.charset, Cookies: cookies,
	}
	p.Asked = weburl.Host(p.URL) == t.host && seine.AsksFor(t.req.Header, p.Status)
	if p.Type == "" {
		p.Type = "text/html"
	}
	if t.req.KeepRaw {
		p.Raw = p.Body
	}
	// A script may have changed the address without loading it.
	if at, err := weburl.Canonical(shown); err == nil && weburl.Host(at) == weburl.Host(p.URL) {
		p.URL = at
	}
	return p, nil
}
