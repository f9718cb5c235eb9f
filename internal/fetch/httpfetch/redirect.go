package httpfetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/cookie"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/weburl"
)

// chain is the way of one fetch through its redirects.
type chain struct {
	method string
	body   []byte // sent until a redirect turns the request into a GET
	url    string // the next to ask
	asked  []string
	header http.Header
	// allowed lists the sites, besides the first URL's, that may receive the header's credentials.
	allowed []string
	raw     bool // an asset: nothing in it leads elsewhere
	jar     *cookie.Jar
	seen    map[question]string // the cookies with which it was asked last
}

// question is a request to a site without its cookies.
type question struct{ method, url string }

func newChain(req seine.Request, url string) *chain {
	c := &chain{method: req.Method, body: req.Body, url: url, raw: req.Raw, allowed: req.CredentialsTo, jar: cookie.New(req.Cookies), header: make(http.Header, len(req.Header)+3), seen: map[question]string{}}
	if c.method == "" {
		c.method = http.MethodGet
	}
	for k, v := range req.Header {
		if k = http.CanonicalHeaderKey(k); !slices.Contains(ours, k) {
			c.header[k] = v
		}
	}
	if c.header.Get("User-Agent") == "" {
		c.header.Set("User-Agent", fetch.UserAgent("", ""))
	}
	if c.header.Get("Accept") == "" {
		c.header.Set("Accept", "*/*")
		if !req.Raw {
			c.header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
		}
	}
	c.header.Set("Accept-Encoding", acceptEncoding)
	return c
}

// ours lists the headers about the message itself, which a job cannot know.
var ours = []string{
	"Accept-Encoding", "Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade",
}

// request returns the next request of the chain.
func (c *chain) request(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	if len(c.body) > 0 {
		body = bytes.NewReader(c.body)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, c.url, body)
	if err != nil {
		return nil, err
	}
	req.Header = c.header.Clone()
	cookies := c.cookies(c.url)
	if cookies != "" {
		req.Header.Set("Cookie", cookies)
	}
	c.seen[question{c.method, c.url}] = cookies
	return req, nil
}

// cookies returns the Cookie header for a URL, from the job's cookies and those set by the chain.
func (c *chain) cookies(url string) string {
	return c.jar.Header(cookie.OriginOf(url), strings.Join(c.header["Cookie"], "; "), time.Now())
}

// redirects reports whether a response is a redirect. Without a Location it is a page like any
// other.
func redirects(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return resp.Header.Get("Location") != ""
	}
	return false
}

// follow moves the chain on when the response is a redirect. Cookies set on the way are sent on the
// rest of the chain, because many sites redirect in circles without them. A repeated request with
// the same cookies gets the same answer, so such a circle is an error.
func (c *chain) follow(resp *http.Response, most int) (bool, error) {
	c.jar.Set(cookie.OriginOf(c.url), resp.Header["Set-Cookie"], time.Now())
	if !redirects(resp) {
		return false, nil
	}
	next, err := location(c.url, resp.Header.Get("Location"))
	if err != nil {
		return false, fetch.Fault{Reason: fetch.BadRedirect, Err: err}
	}
	switch {
	case c.method == http.MethodHead:
	case resp.StatusCode == http.StatusSeeOther,
		c.method == http.MethodPost && (resp.StatusCode == http.StatusMovedPermanently || resp.StatusCode == http.StatusFound):
		c.get() // RFC 9110 sections 15.4.2 to 15.4.4
	}
	return true, c.move(next, most)
}

// get makes the rest of the chain a GET, without the headers about a body (Fetch standard,
// HTTP-redirect fetch).
func (c *chain) get() {
	c.method, c.body = http.MethodGet, nil
	for _, name := range []string{"Content-Encoding", "Content-Language", "Content-Location", "Content-Type"} {
		c.header.Del(name)
	}
}

// refresh moves the chain on when the page refreshes to another one in a short time, or to itself
// after it has set a cookie. It notes each refresh that it does not follow.
func (c *chain) refresh(p *seine.Page, most int) (bool, error) {
	r, ok := refreshOf(p)
	if !ok || c.raw {
		return false, nil
	}
	follows, note := r.Follows(p.URL, p.Status)
	if r.URL == p.URL && r.Delay <= fetch.MaxRefresh && p.Status < http.StatusBadRequest && c.cookies(p.URL) != c.seen[question{c.method, p.URL}] {
		follows = true
	}
	if !follows {
		p.Notes = append(p.Notes, note)
		return false, nil
	}
	if c.method != http.MethodHead {
		c.get()
	}
	return true, c.move(r.URL, most)
}

// move makes next the URL to ask.
func (c *chain) move(next string, most int) error {
	c.asked = append(c.asked, c.url)
	if len(c.asked) > most {
		return fetch.Fault{Reason: fetch.ManyRedirects, Err: fmt.Errorf("more than %d", max(most, 0))}
	}
	if !fetch.SameSite(c.url, next) && !fetch.MayCarry(next, c.allowed) {
		fetch.WithoutCredentials(c.header)
		if len(c.body) > 0 { // it may hold a secret as the headers do
			return fetch.Fault{Reason: fetch.BadRedirect, Err: errors.New("a request with a body leads to another site")}
		}
	}
	if cookies, asked := c.seen[question{c.method, next}]; asked && cookies == c.cookies(next) {
		return fetch.Fault{Reason: fetch.ManyRedirects, Err: errors.New("they go round in a circle")}
	}
	c.url = next
	return nil
}

// location returns the canonical URL that a Location header names.
func location(base, ref string) (string, error) {
	abs, err := weburl.Resolve(base, ref)
	if err != nil {
		return "", err
	}
	return weburl.Canonical(abs)
}
