// Package login keeps the session of a job on its site: the cookies that its workers share, and the
// log-in that renews them.
//
// [Client] is the job's fetcher with the session. It decides whether a page shows that the job is
// signed in.
//
//	page ─→ signed in ─→ its changes of cookies are stored
//	  ↑ └─→ signed out ─→ one worker logs in, the others wait ─┬─→ the page is fetched once more
//	  └────────────────────────────────────────────────────────┘
//	                                                    failed └─→ tasks wait, then end in error
//
// The frontier grants the log-in to one worker at a time. A failed log-in keeps the grant for a
// pause that doubles, so that no worker tries a wrong password again and again.
package login

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/cookie"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/outage"
	"github.com/seinehq/seine/internal/polite"
	"github.com/seinehq/seine/internal/redact"
	"github.com/seinehq/seine/internal/weburl"
)

// Config describes a job to its client.
type Config struct {
	// Store is nil for a trial, which keeps its session in memory.
	Store frontier.Sessions

	Job    *seine.Job // with defaults
	ID     frontier.JobID
	Worker string

	Gate hosts.Gate

	// Allowed returns an error if robots.txt forbids a canonical URL.
	Allowed func(ctx context.Context, url string) error

	Fetcher seine.Fetcher
	Log     *slog.Logger
}

// Client fetches pages within the session of a job. It is safe for concurrent use.
type Client struct {
	cfg     Config
	signing chan struct{} // holds one while a task of this process waits for a log-in or makes it

	mu      sync.Mutex
	now     state
	loaded  time.Time // zero: never
	pending []cookie.Change
	saving  bool

	// fruitless counts the log-ins in a row after which a page still showed no session. Until
	// quiet, such pages cause no log-in. last is the log-in that was counted last.
	fruitless int
	quiet     time.Time
	last      time.Time

	// secrets are the values that results are cleaned of, and hidden replaces them.
	secrets []string
	hidden  *redact.Replacer
}

// state is the session as this process knows it.
type state struct {
	frontier.Session
	cookies []seine.Cookie
}

const (
	// kept is the time for which this process uses a session without asking the frontier.
	kept = time.Second

	// lookEvery and lookFor bound the wait for the log-in of another worker. Then the task returns
	// to the queue for backFor.
	lookEvery = 100 * time.Millisecond
	lookFor   = 5 * time.Second
	backFor   = 5 * time.Second

	// maxFruitless is the number of log-ins in a row that may change nothing for a page.
	maxFruitless = 3
)

// ErrStore means that the frontier cannot be asked for the session.
var ErrStore = errors.New("the session is not known")

// SignedOut is the reason of a page that shows no session right after a log-in.
const SignedOut = "not signed in"

// errToLogIn ends a fetch that leads to the page of the log-in.
var errToLogIn = errors.New("the page leads to the log-in")

// New returns the client of a job.
func New(cfg Config) *Client {
	if cfg.Store == nil {
		cfg.Store = &memory{}
	}
	return &Client{cfg: cfg, signing: make(chan struct{}, 1)}
}

// Fetch gets one page with the cookies of the session. If the page shows that the job is not signed
// in, a worker logs in and the page is fetched once more. A failed log-in is a
// [*hosts.DeclinedError] that ends, or an error that wraps [seine.ErrFinal].
func (c *Client) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	if !c.cfg.Job.Session.Cookies {
		return c.cfg.Fetcher.Fetch(ctx, req)
	}
	s, err := c.current(ctx)
	if err != nil {
		return nil, err
	}
	if c.cfg.Job.Session.LogIn == nil {
		page, err := c.fetch(ctx, req, s)
		if err == nil {
			c.save(ctx, s, page)
		}
		return page, err
	}
	if s.LoggedInAt.IsZero() || s.Failures > 0 {
		// The log-in may have used the start of the page.
		if s, err = c.signInAndEnter(ctx, req.URL, s); err != nil {
			return nil, err
		}
	}
	for again := false; ; again = true {
		page, err := c.fetch(ctx, req, s)
		in, judged := c.signedIn(req, page, err)
		switch {
		case judged != nil:
			return nil, judged
		case in && err != nil:
			return nil, err
		case in:
			c.worked(s, again)
			c.save(ctx, s, page)
			return page, nil
		case again || !c.mayLogIn():
			if again {
				c.failed(s)
			}
			if page != nil && page.Status >= http.StatusBadRequest {
				return page, nil // the page may be forbidden with a session too
			}
			return nil, fetch.Fault{Reason: SignedOut, Err: errors.New("session.login.check is false right after a log-in")}
		}
		if s, err = c.signInAndEnter(ctx, req.URL, s); err != nil {
			return nil, err
		}
	}
}

// signInAndEnter is signIn, and waits until the page of the task may be requested.
func (c *Client) signInAndEnter(ctx context.Context, url string, used state) (state, error) {
	s, err := c.signIn(ctx, url, used)
	if err == nil {
		err = c.enterAgain(ctx, url)
	}
	return s, err
}

// fetch gets a page with the cookies of a session.
func (c *Client) fetch(ctx context.Context, req seine.Request, s state) (*seine.Page, error) {
	req.Cookies = s.cookies
	if in, next := c.cfg.Job.Session.LogIn, req.OnRedirect; in != nil && next != nil {
		req.OnRedirect = func(ctx context.Context, from, to string) error {
			if samePage(to, in.URL) && !samePage(req.URL, in.URL) {
				return errToLogIn
			}
			return next(ctx, from, to)
		}
	}
	page, err := c.cfg.Fetcher.Fetch(ctx, req)
	if err == nil {
		c.mu.Lock()
		c.hide(page.Cookies)
		c.mu.Unlock()
	}
	return page, err
}

// signedIn reports whether a response shows that the job is signed in. Files, sitemaps and pages
// whose status says nothing about a session always do. The error means that the check failed.
func (c *Client) signedIn(req seine.Request, page *seine.Page, err error) (bool, error) {
	switch {
	case errors.Is(err, errToLogIn):
		return false, nil
	case err != nil, req.Raw, req.To != nil:
		return true, nil //nolint:nilerr // the caller has the error of the fetch
	}
	if s := page.Status; (s < 200 || s > 299) && s != http.StatusUnauthorized && s != http.StatusForbidden {
		return true, nil
	}
	ok, err := c.cfg.Job.Session.LogIn.Check(page)
	if err != nil {
		return false, fetch.Fault{Reason: "session.login.check fails", Err: err}
	}
	return ok, nil
}

// worked notes that a page showed the session of a log-in. again reports that the log-in was for
// this page.
func (c *Client) worked(s state, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if again || s.LoggedInAt.Equal(c.last) {
		c.fruitless, c.quiet = 0, time.Time{}
	}
}

// failed notes that a page showed no session although the job had just logged in.
func (c *Client) failed(s state) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.LoggedInAt.Equal(c.last) {
		return
	}
	c.last = s.LoggedInAt
	if c.fruitless++; c.fruitless >= maxFruitless {
		c.quiet = time.Now().Add(c.pause(c.fruitless - maxFruitless + 1))
	}
}

// mayLogIn reports whether a page without a session may cause a log-in.
func (c *Client) mayLogIn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !time.Now().Before(c.quiet)
}

// signIn returns a session with a later log-in than used has.
func (c *Client) signIn(ctx context.Context, page string, used state) (state, error) {
	select {
	case c.signing <- struct{}{}:
		defer func() { <-c.signing }()
	case <-ctx.Done():
		return state{}, context.Cause(ctx)
	}
	c.mu.Lock()
	s := c.now
	c.mu.Unlock()
	for end := time.Now().Add(lookFor); ; {
		if s.LoggedInAt.After(used.LoggedInAt) && s.Failures == 0 {
			return s, nil
		}
		mine, got, err := c.cfg.Store.BeginLogIn(ctx, c.cfg.ID, s.Version, c.cfg.Worker, c.hold())
		if err != nil {
			return state{}, fmt.Errorf("%w: %w", ErrStore, err)
		}
		if mine {
			return c.logIn(ctx, page, c.adopt(got))
		}
		moved := got.Version != s.Version
		s = c.adopt(got)
		switch {
		case moved && s.Failures == 0 && time.Now().Before(end):
			continue // another worker stored cookies, or logged in
		case s.Failures > 0:
			return state{}, c.refusal(s)
		case time.Now().After(end):
			return state{}, &hosts.BusyError{Host: weburl.Host(c.cfg.Job.Session.LogIn.URL), After: backFor}
		case !outage.Sleep(ctx, lookEvery):
			return state{}, context.Cause(ctx)
		}
	}
}

// hold is the time in which a worker logs in. It has the starts of robots.txt, of a form with two
// redirects, and of the check.
func (c *Client) hold() time.Duration { return time.Minute + 8*c.cfg.Job.Pace.Delay.Max }

// enterAgain waits until the page of the task may be requested once more.
func (c *Client) enterAgain(ctx context.Context, url string) error {
	at, err := weburl.Canonical(url)
	if err != nil {
		return err
	}
	host := weburl.Host(at)
	pass, err := c.cfg.Gate.Enter(ctx, hosts.Visit{Kind: hosts.Redirect, Host: host, Own: hosts.Own{Host: host, Key: host}})
	if err == nil {
		pass.Leave(polite.Silent)
	}
	return err
}

// samePage reports whether two URLs are one page, whatever their queries are.
func samePage(a, b string) bool { return withoutQuery(a) == withoutQuery(b) }
