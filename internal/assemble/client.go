package assemble

import (
	"context"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/fetch/httpfetch"
)

// Client returns a job's client, and what closes it. redirect, when not nil, is
// called before a redirect is followed.
func Client(job *seine.Job, version string, redirect func(ctx context.Context, to string) error) (*fetch.Client, func(), error) {
	cfg := httpfetch.Config{
		Guard: fetch.Guard{Allow: job.Fetch.AllowPrivate}, MaxRedirects: job.Fetch.MaxRedirects, ConnsPerHost: job.Concurrency,
	}
	if redirect != nil {
		cfg.OnRedirect = func(ctx context.Context, _, to string) error { return redirect(ctx, to) }
	}
	h := httpfetch.New(cfg)
	return fetch.New(*job, version, map[seine.Via]seine.Fetcher{seine.ViaHTTP: h}), func() { _ = h.Close() }, nil
}
