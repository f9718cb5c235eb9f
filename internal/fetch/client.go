// Package fetch connects a job to its fetchers. It adds the job's settings to every request, picks
// the fetcher, and keeps requests away from addresses that the job may not reach ([Guard]).
//
// A page of any status is a page. Without a page the error is a [Fault] or wraps one of
// [seine.ErrHost], [seine.ErrRefused] and [seine.ErrTooLarge]. [Reason] turns it into words that
// can be counted.
//
// The drivers are packages httpfetch and, for pages that need a browser,
// chromefetch.
package fetch

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/weburl"
)

// Client is a job's [seine.Fetcher]: one of its drivers, chosen by Via, asked
// with the job's defaults and within its bounds. It is safe for concurrent use.
type Client struct {
	fetch    seine.Fetch
	sites    []string // where credentials may go, see Sites
	agent    string
	fetchers map[seine.Via]seine.Fetcher
}

// New returns the client of a job whose defaults are put in
// ([seine.Job.Normal]). version is the program's own, for the user agent.
// Fetchers belong to the caller, who closes them.
func New(job seine.Job, version string, fetchers map[seine.Via]seine.Fetcher) *Client {
	c := &Client{fetch: job.Fetch, sites: Sites(&job), agent: job.Fetch.UserAgent, fetchers: fetchers}
	own := UserAgent(version, job.Contact)
	switch {
	case c.agent == "":
		c.agent = own
	case !namesSeine(c.agent):
		c.agent += " " + own
	}
	return c
}

// Fetch gets one page. The job supplies all that the request leaves open: via, waits, headers, user
// agent, bounds. A request may be bounded more tightly than its job, never more loosely. An asset
// (Raw) always goes by [seine.ViaHTTP].
func (c *Client) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	req = c.complete(req)
	f := c.fetchers[req.Via]
	if f == nil {
		return nil, Fault{Reason: NoFetcher, Err: fmt.Errorf("via %q: %s", req.Via, c.known())}
	}
	return f.Fetch(ctx, req)
}

const (
	// MaxStream is the most bytes of a body that a request receives in a writer, after
	// Content-Encoding is undone. A sitemap has at most 50 MB by its protocol. Sites exceed that.
	MaxStream = 1 << 30

	// streamTimeout bounds such a request unless the job's own bound is longer. In this time, 1 GiB
	// arrives at 36 Mbit/s.
	streamTimeout = 4 * time.Minute
)

func (c *Client) complete(req seine.Request) seine.Request {
	body, timeout := c.fetch.MaxBody, c.fetch.Timeout
	switch {
	case req.Raw:
		req.Via = seine.ViaHTTP
		body, timeout = c.fetch.MaxAsset, c.fetch.AssetTimeout
	case req.Via == "":
		req.Via = c.fetch.Via
	}
	if req.To != nil {
		req.Via = seine.ViaHTTP
		body, timeout = MaxStream, max(timeout, streamTimeout)
	}
	if !req.Raw && req.To == nil {
		req.KeepRaw = req.KeepRaw || c.fetch.KeepRaw
		if req.KeepRaw { // the page is an asset
			body, timeout = c.fetch.MaxAsset, max(timeout, c.fetch.AssetTimeout)
		}
		if req.KeepBlobs = (req.KeepBlobs || c.fetch.KeepBlobs) && req.Via == seine.ViaChrome; req.KeepBlobs {
			req.MaxBlob = tighter(req.MaxBlob, c.fetch.MaxAsset)
		}
	}
	req.MaxBody = tighter(req.MaxBody, body)
	req.Timeout = tighter(req.Timeout, timeout)
	if req.Method == "" {
		req.Method = http.MethodGet
	}
	if req.Via == seine.ViaHTTP {
		req.Wait = nil
	} else if req.Wait == nil {
		req.Wait = c.fetch.Wait
	}
	req.CredentialsTo = slices.Concat(c.sites, req.CredentialsTo)
	req.Header = c.header(req.URL, req.CredentialsTo, req.Header)
	return req
}

// header lays the request's headers over the job's, so that a scraper can ask
// for something special. The user agent of the one goes before the other's too;
// Fetch.UserAgent stands between them, the default below both. The job's
// credentials are left out if the URL is on a site that may not receive them.
func (c *Client) header(url string, allowed []string, own http.Header) http.Header {
	h := make(http.Header, len(c.fetch.Header)+len(own)+1)
	h.Set(userAgent, c.agent)
	lay(h, c.fetch.Header)
	if at, err := weburl.Canonical(url); err != nil || !MayCarry(at, allowed) {
		WithoutCredentials(h)
	}
	if c.fetch.UserAgent != "" {
		h.Set(userAgent, c.agent)
	}
	lay(h, own)
	return h
}

const userAgent = "User-Agent"

func lay(h, over http.Header) {
	for k, v := range over {
		h[http.CanonicalHeaderKey(k)] = slices.Clone(v)
	}
}

func (c *Client) known() string {
	var names []string
	for v := range c.fetchers {
		names = append(names, string(v))
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "this worker has none"
	}
	return "this worker has " + strings.Join(names, " and ")
}

// tighter returns the lesser of two bounds, where zero or less is none.
func tighter[T int64 | time.Duration](a, b T) T {
	if a <= 0 {
		return b
	}
	if b <= 0 {
		return a
	}
	return min(a, b)
}

// namesSeine reports whether a user agent has the product token under which robots.txt addresses
// Seine.
func namesSeine(agent string) bool {
	for word := range strings.FieldsSeq(agent) {
		if name, _, _ := strings.Cut(word, "/"); strings.EqualFold(name, "Seine") {
			return true
		}
	}
	return false
}

// UserAgent is the name that Seine gives, "Seine/VERSION (+CONTACT)". The contact, a mail address
// or URL, is how a site's owner reaches who asks; without one the parentheses are missing.
// Characters that a header cannot hold are dropped.
func UserAgent(version, contact string) string {
	agent := "Seine"
	if v := keep(version, "()<>@,;:\\\"/[]?={} \t"); v != "" {
		agent += "/" + v
	}
	if c := keep(contact, "()"); c != "" {
		agent += " (+" + c + ")"
	}
	return agent
}

// keep returns s without the characters of not and all that is not printable
// ASCII.
func keep(s, not string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(not, r) {
			return -1
		}
		return r
	}, s))
}
