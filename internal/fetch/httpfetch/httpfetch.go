// Package httpfetch fetches pages with net/http: HTTP/1.1 and HTTP/2, bounded in
// time, bytes and redirects, each connection behind a [fetch.Guard].
//
// One Fetch sends one request, and one more for each redirect; nothing is ever sent a second time
// by itself. [http.Transport] does: if a reused connection is reset, it repeats a GET, ignoring the
// host's pace. So the connections are held here, one [http.ClientConn] each, which never repeats. A
// request that meets a reset ends in an error and is the frontier's to retry.
//
// Only connections outlive a fetch. Caches do not, and cookies only in [seine.Page.Cookies]. Seine
// uses no proxies of the environment, because the guard would see the proxy's address in place of
// the host's.
package httpfetch

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/charset"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/fetch/egress"
	"github.com/seinehq/seine/internal/weburl"
)

// Config configures a Fetcher. Its zero value works.
type Config struct {
	// Guard is asked about each address before it is connected to.
	Guard fetch.Guard

	// Egress makes the connections. Default: direct ones behind Guard.
	Egress *egress.Dialer

	// MaxRedirects is the most redirects of one fetch. Default 10; a negative
	// number is none, and the redirect is an error.
	MaxRedirects int

	// RootCAs are the authorities of certificates. Default: the system's.
	RootCAs *x509.CertPool

	// ConnsPerHost is the most connections of one host and, because a request
	// never shares one over HTTP/1.1, the most requests at once. Default 32.
	ConnsPerHost int
}

// The defaults of a request, equal to a job's defaults.
const (
	pageBody     = 8 << 20
	pageTimeout  = 20 * time.Second
	assetBody    = 64 << 20
	assetTimeout = 15 * time.Second
)

// Fetcher is a [seine.Fetcher]. It is safe for concurrent use.
type Fetcher struct {
	config Config
	pool   *pool
}

// New returns a Fetcher. Close it to close its idle connections.
func New(c Config) *Fetcher {
	if c.MaxRedirects == 0 {
		c.MaxRedirects = 10
	}
	if c.ConnsPerHost <= 0 {
		c.ConnsPerHost = 32
	}
	if c.Egress == nil {
		c.Egress, _ = egress.New(egress.Config{Guard: c.Guard}) // fails only with proxies
	}
	return &Fetcher{config: c, pool: newPool(newDialer(c).dial, c.ConnsPerHost)}
}

// Close closes idle connections; those in use are closed when their fetch ends.
func (f *Fetcher) Close() error {
	f.pool.close()
	return nil
}

// Fetch gets one page and follows redirects to it. It ignores req.Via and
// req.Wait. Errors are a [fetch.Fault]; a body that is shorter than announced
// is one, too, never a page.
func (f *Fetcher) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	url, err := weburl.Canonical(req.URL)
	if err != nil {
		return nil, fetch.Fault{Reason: fetch.BadURL, Err: err}
	}
	body, timeout := int64(pageBody), pageTimeout
	if req.Raw {
		body, timeout = assetBody, assetTimeout
	}
	if req.MaxBody > 0 {
		body = req.MaxBody
	}
	if req.Timeout > 0 {
		timeout = req.Timeout
	}
	start := time.Now()
	lim := fetch.NewLimit(ctx, timeout)
	defer lim.Stop()

	c := newChain(req, url)
	for {
		resp, raw, err := f.ask(lim.Context(), c, body, req.To) //nolint:bodyclose,contextcheck // ask reads and closes it; its context is made of ctx
		if err != nil {
			return nil, lim.Explain(weburl.Host(c.url), err)
		}
		from := c.url
		redirect, err := c.follow(resp, f.config.MaxRedirects)
		var p *seine.Page
		if err == nil && !redirect {
			p = page(req, resp, raw)
			p.URL = c.url
		}
		if err == nil && !redirect && req.To == nil {
			redirect, err = c.refresh(p, f.config.MaxRedirects)
		}
		if err != nil {
			return nil, fetch.Classify(weburl.Host(from), err)
		}
		if !redirect {
			p.Redirects, p.Cookies = c.asked, c.jar.All()
			p.FetchedAt, p.Took = time.Now().UTC(), time.Since(start)
			return p, nil
		}
		if req.OnRedirect != nil {
			lim.Pause()
			if err := req.OnRedirect(ctx, from, c.url); err != nil {
				return nil, fmt.Errorf("redirect: %w", err)
			}
			lim.Resume()
		}
	}
}

// ask sends one request and reads its answer to the end.
func (f *Fetcher) ask(ctx context.Context, c *chain, limit int64, to io.Writer) (_ *http.Response, body []byte,
	err error) {
	req, err := c.request(ctx)
	if err != nil {
		return nil, nil, fetch.Fault{Reason: fetch.BadURL, Err: err}
	}
	conn, err := f.pool.get(ctx, req.URL.Scheme, weburl.Host(c.url))
	if err != nil {
		return nil, nil, err
	}
	// Only a connection whose answer was read to its end is used again. A stalled connection may be
	// dead, and over HTTP/2 it would break every later request too.
	whole := false
	defer func() { f.pool.put(conn, whole) }()

	resp, err := conn.cc.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if redirects(resp) {
		// Its body is read for the connection's sake alone.
		n, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxDrain))
		whole = err == nil && n < maxDrain
		return resp, nil, nil
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		to = nil
	}
	body, err = readBody(resp, limit, to)
	whole = err == nil
	return resp, body, err
}

// maxDrain is the most bytes of a redirect's body that are cheaper to read than
// a connection is to open.
const maxDrain = 64 << 10

// page makes a page of an answer, without what depends on the way to it.
func page(req seine.Request, resp *http.Response, body []byte) *seine.Page {
	t, label := fetch.MediaType(resp.Header, body)
	p := &seine.Page{
		Status: resp.StatusCode,
		Header: resp.Header,
		Body:   body,
		Type:   t,
		Asked:  seine.AsksFor(resp.Request.Header, resp.StatusCode),
		Via:    seine.ViaHTTP,
	}
	if req.Raw {
		return p
	}
	if req.KeepRaw {
		p.Raw = body
	}
	if fetch.IsText(p.Type) {
		text, c := charset.ToUTF8(body, p.Type, label)
		p.Body, p.Charset = text, c.Name
	}
	return p
}
