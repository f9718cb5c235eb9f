// Package manners asks what a site allows: robots.txt, signals against the use of its content, and
// pages that ask for proof of a human.
//
// [Book.Allowed] reads robots.txt through the host's lane, once for the whole fleet, and decides
// from it. [Signals] and [Challenge] read a response. The rules themselves are in the packages
// robots, consent and challenge.
package manners

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/outage"
	"github.com/seinehq/seine/internal/polite"
	"github.com/seinehq/seine/internal/robots"
	"github.com/seinehq/seine/internal/weburl"
)

// Store is the part of a frontier that keeps robots.txt.
type Store interface {
	Robots(ctx context.Context, job frontier.JobID, origin string, hold time.Duration) (frontier.RobotsFile, bool, error)
	SetRobots(ctx context.Context, job frontier.JobID, f frontier.RobotsFile) error
	SetDelay(ctx context.Context, job frontier.JobID, lane string, least time.Duration) error
	ReturnStart(ctx context.Context, c frontier.Claimed) error
}

// Config describes a job to its book.
type Config struct {
	// Store is nil for a trial, which keeps its files in memory.
	Store   Store
	Job     *seine.Job // with defaults
	ID      frontier.JobID
	Gate    hosts.Gate
	Fetcher seine.Fetcher
	Log     *slog.Logger
}

// Book knows the robots.txt of the hosts of a job. It is safe for concurrent use.
type Book struct {
	cfg Config

	mu     sync.Mutex
	files  map[string]*file
	failed map[string]int           // failures in a row by origin
	delays map[string]time.Duration // Crawl-delay by host, of the hosts that ask for one
}

// file is a robots.txt as this process knows it.
type file struct {
	rules  *robots.Rules
	policy robots.Policy
	until  time.Time
}

// NewBook returns the book of a job.
func NewBook(cfg Config) *Book {
	return &Book{cfg: cfg, files: map[string]*file{}, failed: map[string]int{}, delays: map[string]time.Duration{}}
}

const (
	// token is the name under which robots.txt addresses Seine.
	token = "Seine"

	// hold is the time in which a worker fetches a robots.txt for the fleet. lookEvery and lookFor
	// bound the wait of the other workers. Then the task returns to the queue for backFor. A task
	// whose page is fetched waits for longer than a worker that died holds the file, because its
	// page would be fetched again each time.
	hold       = time.Minute
	lookEvery  = 100 * time.Millisecond
	lookFor    = 5 * time.Second
	lookBehind = hold + lookFor
	backFor    = 5 * time.Second

	// kept is the longest time for which this process uses a file without asking the frontier.
	kept = 5 * time.Minute

	// maxFiles is the number of hosts that this process remembers.
	maxFiles = 10_000

	// maxBody is the largest robots.txt that is fetched. The parser reads its beginning.
	maxBody = 8 << 20

	// maxRedirects is the most redirects that are followed (RFC 9309, section 2.3.1.2).
	maxRedirects = 5
)

// ErrStore means that the frontier cannot be asked for robots.txt.
var ErrStore = errors.New("robots.txt is not known")

// disallowed is the reason of a page that robots.txt forbids.
const disallowed = "disallowed by robots.txt"

// Allowed returns nil if the job may request a canonical URL. Otherwise it returns a
// [*hosts.DeclinedError] or, while another worker fetches the file, a [*hosts.BusyError].
// [ErrStore] means that the frontier does not answer. Any other error is a fault of the host or of
// this worker.
func (b *Book) Allowed(ctx context.Context, url string) error {
	return b.allowed(ctx, url, lookFor)
}

// AllowedBehind is [Book.Allowed] for a redirect or an asset of a page that is fetched. It waits
// longer while another worker fetches the file.
func (b *Book) AllowedBehind(ctx context.Context, url string) error {
	return b.allowed(ctx, url, lookBehind)
}

func (b *Book) allowed(ctx context.Context, url string, most time.Duration) error {
	if b.cfg.Job.Robots == seine.Ignore {
		return nil
	}
	origin, path, ok := split(url)
	if !ok || path == robotsPath {
		return nil
	}
	f, err := b.file(ctx, origin, most)
	if err != nil {
		return err
	}
	switch f.policy.Effect {
	case robots.AllowAll:
		return nil
	case robots.DisallowAll:
		return &hosts.DeclinedError{Reason: f.policy.Reason, After: max(time.Until(f.until), time.Second)}
	case robots.ParseBody:
	}
	if allowed, _ := f.rules.Allowed(path); !allowed {
		return &hosts.DeclinedError{Reason: disallowed}
	}
	return nil
}

// Disallowed reports whether robots.txt forbids a canonical URL, as far as this process knows the
// file. It makes no request.
func (b *Book) Disallowed(url string) bool {
	origin, path, ok := split(url)
	if !ok || path == robotsPath || b.cfg.Job.Robots == seine.Ignore {
		return false
	}
	b.mu.Lock()
	f := b.files[origin]
	b.mu.Unlock()
	if f == nil || f.policy.Effect != robots.ParseBody {
		return false
	}
	allowed, _ := f.rules.Allowed(path)
	return !allowed
}

// Return takes back the start of a task whose page is not requested. A worker with a pace of its
// own has taken none.
func (b *Book) Return(ctx context.Context, c frontier.Claimed) {
	if b.cfg.Store == nil || derived.Unpaced(b.cfg.Job.Pace) || b.cfg.Job.Pace.Scope == seine.ScopeWorker {
		return
	}
	if err := b.cfg.Store.ReturnStart(ctx, c); err != nil && ctx.Err() == nil {
		b.cfg.Log.WarnContext(ctx, "the start of a disallowed page is lost", "task", c.Key, "err", err)
	}
}

// Usages returns the Content-Usage and Content-Signal lines of robots.txt that hold for a URL, as
// far as the file is known.
func (b *Book) Usages(url string) []robots.Usage {
	origin, path, ok := split(url)
	if !ok {
		return nil
	}
	b.mu.Lock()
	f := b.files[origin]
	b.mu.Unlock()
	if f == nil || f.rules == nil {
		return nil
	}
	return f.rules.UsagesOf(path)
}

const robotsPath = "/robots.txt"

// split returns the origin of a canonical URL, and its path with the query.
func split(url string) (origin, path string, ok bool) {
	scheme, rest, found := strings.Cut(url, "://")
	slash := strings.IndexByte(rest, '/')
	if !found || slash < 0 {
		return "", "", false
	}
	return scheme + "://" + rest[:slash], rest[slash:], true
}

// file returns the robots.txt of an origin: from memory, from the frontier, or from the host. It
// waits at most for the time most while another worker fetches the file.
func (b *Book) file(ctx context.Context, origin string, most time.Duration) (*file, error) {
	b.mu.Lock()
	f := b.files[origin]
	b.mu.Unlock()
	if f != nil && time.Now().Before(f.until) {
		return f, nil
	}
	if b.cfg.Store == nil {
		got, err := b.fetch(ctx, origin)
		if err != nil {
			return nil, err
		}
		return b.keep(origin, got, got.TTL), nil
	}
	for end := time.Now().Add(most); ; {
		got, mine, err := b.cfg.Store.Robots(ctx, b.cfg.ID, origin, hold)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrStore, err)
		case mine:
			return b.fetchForAll(ctx, origin, got.CrawlDelay)
		case !got.FetchedAt.IsZero() && !got.Pending:
			return b.keep(origin, got, min(kept, got.ExpiresAt.Sub(got.FetchedAt))), nil
		case !got.FetchedAt.IsZero() && got.Reason == "":
			return b.keep(origin, got, time.Second), nil // the old file serves until the new one is there
		case time.Now().After(end):
			return nil, &hosts.BusyError{Host: hostOf(origin), After: backFor}
		case !outage.Sleep(ctx, lookEvery):
			return nil, context.Cause(ctx)
		}
	}
}

// fetchForAll fetches a robots.txt and stores it for the fleet.
// before is the Crawl-delay of the file before.
func (b *Book) fetchForAll(ctx context.Context, origin string, before time.Duration) (*file, error) {
	got, err := b.fetch(ctx, origin)
	if err != nil {
		// Another worker may try at once.
		got.Reason, got.TTL = fetch.Reason(err), time.Microsecond
		if stored := b.cfg.Store.SetRobots(context.WithoutCancel(ctx), b.cfg.ID, got); stored != nil && ctx.Err() == nil {
			b.cfg.Log.WarnContext(ctx, "the failure of robots.txt is not stored", "origin", origin, "err", stored)
		}
		return nil, err
	}
	f := b.keep(origin, got, got.TTL)
	if f.rules != nil && f.rules.Delay > b.cfg.Job.Pace.Delay.Min {
		got.CrawlDelay = f.rules.Delay
	}
	if got.CrawlDelay != before && b.cfg.Job.Pace.Scope != seine.ScopeWorker {
		if err := b.cfg.Store.SetDelay(ctx, b.cfg.ID, hostOf(origin), got.CrawlDelay); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrStore, err)
		}
	}
	if err := b.cfg.Store.SetRobots(ctx, b.cfg.ID, got); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return f, nil
}

// keep remembers a file for a time.
func (b *Book) keep(origin string, got frontier.RobotsFile, ttl time.Duration) *file {
	f := &file{until: time.Now().Add(min(ttl, kept))}
	f.policy = robots.Verdict(got.Status, 0, nil)
	if got.Reason != "" {
		// An allowing failure has a status, a forbidding one may have none.
		f.policy.Reason = got.Reason
		if got.Status == 0 {
			f.policy.Effect = robots.DisallowAll
		}
	}
	if f.policy.Effect == robots.ParseBody {
		f.rules = robots.Parse(got.Body, token)
	}
	if f.policy.Effect == robots.DisallowAll {
		f.until = time.Now().Add(ttl)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.files) >= maxFiles {
		clear(b.files)
		clear(b.delays)
	}
	b.files[origin] = f
	if f.rules != nil && f.rules.Delay > 0 {
		b.delays[hostOf(origin)] = f.rules.Delay
	} else {
		delete(b.delays, hostOf(origin))
	}
	return f
}

// Delay returns the Crawl-delay of a host as far as this process has read its robots.txt, or zero.
// The pace of a worker keeps it. The pace of the fleet is told to the frontier.
func (b *Book) Delay(host string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.delays[host]
}

func hostOf(origin string) string { return weburl.Host(origin + "/") }

// errManyRedirects ends the request for a robots.txt.
var errManyRedirects = errors.New("too many redirects")

// fetch requests a robots.txt at its host's pace. A fault of the host is an error, because no page
// of the host could be fetched either.
func (b *Book) fetch(ctx context.Context, origin string) (frontier.RobotsFile, error) {
	out := frontier.RobotsFile{Origin: origin}
	redirects := 0
	enter := func(ctx context.Context, url string) error {
		pass, err := b.cfg.Gate.Enter(ctx, hosts.Visit{Kind: hosts.Robots, Host: weburl.Host(url)})
		if err == nil {
			pass.Leave(polite.Silent)
		}
		return err
	}
	if err := enter(ctx, origin+robotsPath); err != nil {
		return out, err
	}
	page, err := b.cfg.Fetcher.Fetch(ctx, seine.Request{
		URL: origin + robotsPath, Via: seine.ViaHTTP, Wait: []seine.Wait{}, MaxBody: maxBody, Header: http.Header{"Accept": {"text/plain,*/*"}},
		OnRedirect: func(ctx context.Context, _, to string) error {
			if redirects++; redirects > maxRedirects {
				return errManyRedirects
			}
			at, err := weburl.Canonical(to)
			if err != nil {
				return err
			}
			return enter(ctx, at)
		},
	})
	var busy *hosts.BusyError
	switch reason := fetch.Reason(err); {
	case err == nil:
	case errors.As(err, &busy), ctx.Err() != nil, errors.Is(err, seine.ErrHost), errors.Is(err, seine.ErrRefused),
		reason == fetch.NoFetcher, reason == fetch.BrowserAbsent:
		return out, err
	}
	if err != nil && fetch.Reason(err) == fetch.ManyRedirects {
		redirects = maxRedirects + 1
	}
	policy := robots.Verdict(0, redirects, nil)
	switch {
	case err != nil && redirects <= maxRedirects:
		policy = robots.Verdict(0, 0, errors.New(fetch.Reason(err)))
	case err == nil:
		out.Status, out.Body = page.Status, page.Body
		policy = robots.Verdict(page.Status, 0, nil)
	default:
		out.Status = http.StatusNotFound // a circle has no file
	}
	if policy.Effect != robots.ParseBody {
		out.Reason, out.Body = policy.Reason, nil
	}
	b.mu.Lock()
	if b.failed[origin]++; policy.Effect != robots.DisallowAll {
		delete(b.failed, origin)
	}
	if out.TTL = policy.Age(b.failed[origin]); policy.Effect != robots.DisallowAll {
		out.TTL -= kept // each process keeps it for that long after it is read
	}
	b.mu.Unlock()
	if policy.Effect == robots.DisallowAll {
		b.cfg.Log.WarnContext(ctx, "robots.txt can't be read, so the host's pages wait", "origin", origin, "reason", policy.Reason)
	}
	return out, nil
}
