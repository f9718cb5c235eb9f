package wiring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/fetch/chromefetch"
	"github.com/seinehq/seine/internal/fetch/egress"
	"github.com/seinehq/seine/internal/fetch/httpfetch"
	"github.com/seinehq/seine/internal/redact"
)

// ErrBrowser reports that no browser exists or that it does not start.
var ErrBrowser = chromefetch.ErrBrowser

// Browser configures a worker's browser. Its zero value works.
type Browser struct {
	// Path of the program. By default it is the first browser found, with the headless shell before
	// others.
	Path string

	// NoSandbox turns its sandbox off; as root it always is.
	NoSandbox bool

	// NoConfine turns its confinement off.
	NoConfine bool

	// MaxMemory is how many bytes all of its processes may hold before another
	// one takes its place. Default 2 GiB.
	MaxMemory int64
}

// Find returns the path of the browser.
func (b Browser) Find() (string, error) { return chromefetch.Find(b.Path) }

// Open starts the browser that jobs need; nil when none does. It fails with
// [ErrBrowser].
func (b Browser) Open(ctx context.Context, log *slog.Logger, jobs ...seine.Job) (*chromefetch.Chrome, error) {
	tabs := 0
	for _, j := range jobs {
		if derived.Renders(&j) {
			normal, err := j.Normal()
			if err != nil {
				return nil, err
			}
			tabs = max(tabs, normal.Concurrency)
		}
	}
	if tabs == 0 {
		return nil, nil //nolint:nilnil // none is needed
	}
	return chromefetch.Open(ctx, chromefetch.Config{Path: b.Path, NoSandbox: b.NoSandbox, NoConfine: b.NoConfine, MaxMemory: b.MaxMemory, Tabs: tabs, Log: log})
}

// Client returns a job's client, and what closes it. chrome renders its pages,
// and may be nil when the job needs none. log tells of proxies that fail; nil is none.
func Client(job *seine.Job, version string, chrome *chromefetch.Chrome, log *slog.Logger) (*fetch.Client, func(), error) {
	guard := fetch.Guard{Allow: job.Fetch.AllowPrivate}
	out, err := egress.New(egress.Config{Guard: guard, Proxies: job.Fetch.Proxies, Log: log})
	if err != nil {
		return nil, nil, err
	}
	cfg := httpfetch.Config{Guard: guard, Egress: out, MaxRedirects: job.Fetch.MaxRedirects, ConnsPerHost: job.Concurrency}
	rendered := chromefetch.Job{Guard: guard, Egress: out, MaxRedirects: job.Fetch.MaxRedirects, Chrome: job.Fetch.Chrome, Secret: redact.New(job.Secrets).Holds}
	h := httpfetch.New(cfg)
	fetchers := map[seine.Via]seine.Fetcher{seine.ViaHTTP: h}
	if wrap := job.Fetch.Wrap; wrap != nil {
		own := wrap(h)
		if own == nil {
			return nil, nil, errors.Join(fmt.Errorf("job %s: Fetch.Wrap returns no fetcher", job.Name), h.Close())
		}
		fetchers[seine.ViaHTTP] = own
	}
	done := func() error { return h.Close() }
	if chrome != nil && derived.Renders(job) {
		c, err := chrome.Guarded(rendered)
		if err != nil {
			return nil, nil, errors.Join(err, h.Close())
		}
		fetchers[seine.ViaChrome] = c
		done = func() error { return errors.Join(h.Close(), c.Close()) }
	}
	return fetch.New(*job, version, fetchers), func() { _ = done() }, nil
}
