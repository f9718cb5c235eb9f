package chromefetch

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/cookie"
)

// cookieParams returns cookies as the browser takes them.
func cookieParams(cookies []seine.Cookie) []*network.CookieParam {
	out := make([]*network.CookieParam, 0, len(cookies))
	for _, c := range cookies {
		p := &network.CookieParam{
			Name: c.Name, Value: c.Value, Path: c.Path, Secure: c.Secure, HTTPOnly: c.HTTPOnly, SameSite: network.CookieSameSite(c.SameSite),
		}
		scheme := "http"
		if c.Secure {
			scheme = "https"
		}
		host := c.Domain
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		p.URL = scheme + "://" + host + c.Path
		if !c.HostOnly {
			p.Domain = "." + c.Domain
		}
		if !c.Expires.IsZero() {
			p.Expires = cdp.TimeSinceEpoch(float64(c.Expires.UnixMicro()) / 1e6)
		}
		out = append(out, p)
	}
	return out
}

// cookies returns the cookies of the request, as the page's context has them, and the cookies of
// the hosts of its main documents. The cookies of other sites, whose scripts the page has,
// do not belong to the session.
func (t *tab) cookies() ([]seine.Cookie, error) {
	if t.req.Cookies == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(t.ctx, readGrace)
	defer cancel()
	got, err := cdp.Call(ctx, t.browser.chrome, storage.GetCookies, storage.GetCookiesParams{BrowserContextID: t.context})
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	documents := append(slices.Clone(t.asked), t.url)
	t.mu.Unlock()
	out := []seine.Cookie{}
	for _, c := range got.Cookies {
		k := cookieOf(c)
		ours := slices.ContainsFunc(t.req.Cookies, func(o seine.Cookie) bool { return o.Domain == k.Domain && o.Name == k.Name })
		if ours || slices.ContainsFunc(documents, func(url string) bool { return cookie.OriginOf(url).Within(k) }) {
			out = append(out, k)
		}
	}
	return out, nil
}

// cookieOf returns a cookie of the browser.
func cookieOf(c *network.Cookie) seine.Cookie {
	domain, below := strings.CutPrefix(c.Domain, ".")
	out := seine.Cookie{
		Name: c.Name, Value: c.Value, Domain: strings.Trim(domain, "[]"), HostOnly: !below, Path: c.Path, Secure: c.Secure,
		HTTPOnly: c.HTTPOnly, SameSite: string(c.SameSite),
	}
	if !c.Session && c.Expires > 0 {
		seconds, part := math.Modf(c.Expires)
		out.Expires = time.Unix(int64(seconds), int64(part*1e6)*1e3).UTC()
	}
	return out
}
