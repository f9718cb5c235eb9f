package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/polite"
	"github.com/seinehq/seine/internal/redact"
	"github.com/seinehq/seine/internal/weburl"
)

const (
	// maxFailures is the number of failed log-ins in a row after which tasks end in error. Sites
	// lock an account after five to ten.
	maxFailures = 5

	// maxPause is the longest pause between two log-ins.
	maxPause = 5 * time.Minute
)

// failure is why a log-in gives no session, with the remedy.
type failure struct{ text string }

// Error returns the text.
func (f *failure) Error() string { return f.text }

func fail(format string, args ...any) error { return &failure{fmt.Sprintf(format, args...)} }

// logIn logs in for the whole fleet. page is the URL of the task that needs the session. If the
// host is at fault or this worker stops, nothing is known about the log-in, and its grant expires.
func (c *Client) logIn(ctx context.Context, page string, s state) (state, error) {
	cookies, err := c.attempt(ctx, page)
	why := ""
	if err != nil {
		var f *failure
		if !errors.As(err, &f) {
			return state{}, err
		}
		why = redact.New(c.cfg.Job.Secrets).Replace(f.text)
	}
	closing := context.WithoutCancel(ctx)
	got, err := c.cfg.Store.EndLogIn(closing, c.cfg.ID, s.Version, encode(cookies), why)
	if err != nil {
		return state{}, fmt.Errorf("%w: %w", ErrStore, err)
	}
	out := c.adopt(got)
	if why == "" {
		c.cfg.Log.InfoContext(ctx, "logged in", "host", weburl.Host(c.cfg.Job.Session.LogIn.URL))
		return out, nil
	}
	pause := c.pause(out.Failures)
	c.cfg.Log.ErrorContext(ctx, "the log-in failed", "reason", why, "failures", out.Failures, "wait", pause.String())
	// The grant without a log-in is the pause.
	if _, held, err := c.cfg.Store.BeginLogIn(closing, c.cfg.ID, out.Version, c.cfg.Worker, pause); err == nil {
		out = c.adopt(held)
	}
	return state{}, c.refusal(out)
}

// refusal is the error of a task whose session has no log-in.
func (c *Client) refusal(s state) error {
	reason := "log-in failed: " + s.Reason
	if s.Failures >= maxFailures {
		return fetch.Fault{Reason: reason, Err: fmt.Errorf("%w: %d log-ins in a row failed", seine.ErrFinal, s.Failures)}
	}
	return &hosts.DeclinedError{Reason: reason, After: c.pause(s.Failures)}
}

// attempt logs in and returns the cookies. It begins without cookies.
func (c *Client) attempt(ctx context.Context, page string) ([]seine.Cookie, error) {
	in := c.cfg.Job.Session.LogIn
	at, err := weburl.Canonical(in.URL)
	if err != nil {
		return nil, fail("session.login.url is not a URL")
	}
	visit := visitor{Client: c, own: weburl.Host(page)}
	if canonical, err := weburl.Canonical(page); err == nil {
		visit.own = weburl.Host(canonical)
	}
	var answer *seine.Page
	if len(in.Steps) > 0 {
		answer, err = visit.get(ctx, seine.Request{URL: at, Via: seine.ViaChrome, Steps: in.Steps, Wait: []seine.Wait{}, Cookies: []seine.Cookie{}, CredentialsTo: fetch.Sites(c.cfg.Job)})
	} else {
		answer, err = visit.form(ctx, at)
	}
	if err != nil {
		return nil, err
	}
	if answer.Status >= http.StatusBadRequest {
		return nil, fail("session.login: HTTP %d after the log-in; check the user and the password", answer.Status)
	}
	cookies := answer.Cookies
	ok, err := in.Check(answer)
	if err == nil && !ok && !isHTML(answer.Type) {
		// The answer to a script says nothing about pages. The page of the task does.
		if answer, err = visit.get(ctx, seine.Request{URL: page, Cookies: cookies}); err != nil {
			return nil, err
		}
		cookies = answer.Cookies
		ok, err = in.Check(answer)
	}
	switch {
	case err != nil:
		return nil, fail("session.login.check can't be evaluated: %v", err)
	case !ok:
		return nil, fail("session.login.check is false after the log-in; check the user, the password and the expression")
	}
	return cookies, nil
}

// visitor sends the requests of a log-in.
type visitor struct {
	*Client
	own string // the host of the task, whose slot is taken
}

// form reads the page with the form and sends it.
func (v visitor) form(ctx context.Context, at string) (*seine.Page, error) {
	in := v.cfg.Job.Session.LogIn
	page, err := v.get(ctx, seine.Request{URL: at, Via: seine.ViaHTTP})
	if err != nil {
		return nil, err
	}
	var f form
	switch {
	case page.Status == http.StatusMethodNotAllowed: // an API without a page
		f.action = at
	case page.Status >= http.StatusBadRequest:
		return nil, fail("session.login.url: HTTP %d; give the URL of the page with the form", page.Status)
	default:
		if f, err = formOf(ctx, page, in.Form); err != nil {
			return nil, fail("session.login.url: %v; give the URL of the page with the form, or steps with chrome", err)
		}
	}
	if !fetch.SameSite(at, f.action) && !fetch.MayCarry(f.action, v.cfg.Job.Fetch.CredentialsTo) {
		return nil, fail("session.login.url: its form sends to another site, %s; give the URL of the form on that site", weburl.Host(f.action))
	}
	return v.get(ctx, seine.Request{
		URL: f.action, Via: seine.ViaHTTP, Method: http.MethodPost, Body: f.body(in.Form), Cookies: page.Cookies,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Referer": {page.URL}, "Origin": {originOf(page.URL)}},
	})
}

// get sends a request and follows its redirects, each at its host's pace and as robots.txt allows.
func (v visitor) get(ctx context.Context, req seine.Request) (*seine.Page, error) {
	req.OnRedirect = func(ctx context.Context, _, to string) error {
		at, err := weburl.Canonical(to)
		if err != nil {
			return err
		}
		return v.enter(ctx, at)
	}
	err := v.enter(ctx, req.URL)
	if err != nil {
		return nil, v.explain(err)
	}
	page, err := v.cfg.Fetcher.Fetch(ctx, req)
	if err != nil {
		return nil, v.explain(err)
	}
	return page, nil
}

func (v visitor) enter(ctx context.Context, at string) error {
	if err := v.cfg.Allowed(ctx, at); err != nil {
		return err
	}
	visit := hosts.Visit{Kind: hosts.LogIn, Host: weburl.Host(at)}
	if visit.Host == v.own {
		visit.Own = hosts.Own{Host: v.own, Key: v.own}
	}
	pass, err := v.cfg.Gate.Enter(ctx, visit)
	if err == nil {
		pass.Leave(polite.Silent)
	}
	return err
}

// explain returns a failure for an error that another attempt would repeat. A fault of the host,
// and the end of this worker, say nothing about the log-in.
func (v visitor) explain(err error) error {
	var declined *hosts.DeclinedError
	if errors.As(err, &declined) && declined.After == 0 {
		return fail("session.login: %s; give another URL, or robots: ignore with a permission", declined.Reason)
	}
	if f, ok := errors.AsType[fetch.Fault](err); ok && slices.Contains(final, f.Reason) {
		return fail("session.login: %v; correct the URL or the steps", f)
	}
	return err
}

// final are the faults of a log-in itself.
var final = []string{
	fetch.StepFailed, fetch.BadURL, fetch.BadRedirect, fetch.ManyRedirects, fetch.AddressRefused, fetch.OpenedDialog, fetch.OpenedWindow,
	fetch.IsDownload, fetch.NoFetcher, fetch.TooLarge,
}

func isHTML(media string) bool { return media == "text/html" || media == "application/xhtml+xml" }
