package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

type fetcher func(context.Context, seine.Request) (*seine.Page, error)

func (f fetcher) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	return f(ctx, req)
}

// A worker whose browser does not start ends, and its tasks have lost nothing.
func TestAnAbsentBrowserEndsTheWorker(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(nil))
	r.add(j, "1", "2")
	absent := errors.New("no browser")
	j.Fetch = fetch.New(j.Job, "test", map[seine.Via]seine.Fetcher{
		seine.ViaHTTP: fetcher(func(context.Context, seine.Request) (*seine.Page, error) {
			return nil, fetch.Fault{Reason: fetch.BrowserAbsent, Err: absent}
		}),
	})
	if err := r.engine(j, nil).Run(t.Context()); !errors.Is(err, absent) {
		t.Errorf("the run ended with %v; want %v", err, absent)
	}
	if got := r.states(j); got != "1:pending 2:pending" {
		t.Errorf("tasks %s; want both pending, no attempt lost", strings.TrimSpace(got))
	}
}
