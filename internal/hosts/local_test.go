package hosts

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
)

// A worker with an address of its own keeps the whole pace: pages, redirects on the same host and
// on another one.
func TestLocalKeepsThePace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		g := open(t, f, worker)
		enter := func(v Visit, want time.Duration) *Pass {
			t.Helper()
			var pass *Pass
			var err error
			if d := took(func() { pass, err = g.Enter(t.Context(), v) }); err != nil || d != want {
				t.Fatalf("Enter(%v %s) took %v, %v; want %v", v.Kind, v.Host, d, err, want)
			}
			return pass
		}
		first := enter(page(0), 0)
		own := page(0).Own
		enter(Visit{Kind: Redirect, Host: host, Own: own}, time.Second) // in the slot of its page
		second := enter(page(0), time.Second)
		enter(Visit{Kind: Redirect, Host: other, Own: own}, 0)
		enter(Visit{Kind: Redirect, Host: other, Own: own}, time.Second)
		enter(Visit{Kind: Redirect, Host: other, Own: own}, time.Second) // it holds no slot there
		// Two pages are in flight, and the concurrency is two.
		time.AfterFunc(5*time.Second-fullWait/2, func() { first.Leave(polite.OK) }) // between two looks
		third := enter(page(0), 5*time.Second)
		second.Leave(polite.OK)
		third.Leave(polite.OK)
		if calls := f.take(); len(calls) != 0 {
			t.Errorf("calls: %v", calls)
		}
	})
}

// A Crawl-delay counts if it is longer than the job's delay, for pages, redirects and robots.txt.
func TestLocalKeepsTheCrawlDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := open(t, &fake{least: map[string]time.Duration{host: 7 * time.Second, other: time.Millisecond}}, worker)
		for _, c := range []struct {
			visit Visit
			want  time.Duration
		}{
			{Visit{Kind: Robots, Host: host}, 0},
			{page(0), 7 * time.Second},
			{Visit{Kind: Redirect, Host: host, Own: page(0).Own}, 7 * time.Second},
			{Visit{Kind: Redirect, Host: other, Own: page(0).Own}, 0},
			{Visit{Kind: Redirect, Host: other, Own: page(0).Own}, time.Second},
		} {
			var err error
			if d := took(func() { _, err = g.Enter(t.Context(), c.visit) }); err != nil || d != c.want {
				t.Errorf("Enter(%v %s) took %v, %v; want %v", c.visit.Kind, c.visit.Host, d, err, c.want)
			}
		}
	})
}

// A claim leaves the lanes alone that this worker could not start soon.
func TestLocalBoundsItsClaims(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := open(t, &fake{}, worker)
		if each, not := g.Claim(time.Now()); each != 1 || len(not) != 0 {
			t.Errorf("Claim = %d, %v; want 1 and no lane", each, not)
		}
		if _, err := g.Enter(t.Context(), page(0)); err != nil {
			t.Fatal(err)
		}
		if _, not := g.Claim(time.Now()); !slices.Equal(not, []frontier.LaneID{7}) {
			t.Errorf("Claim skips %v; want lane 7", not)
		}
		if _, not := g.Claim(time.Now().Add(time.Second)); len(not) != 0 {
			t.Errorf("after its delay Claim skips %v", not)
		}
	})
	if each, not := open(t, &fake{}, nil).Claim(time.Now()); each != 0 || not != nil {
		t.Errorf("the fleet's gate bounds a claim: %d, %v", each, not)
	}
}

// Retry-After binds the address of this worker, not the fleet. A page that would wait for long
// returns to the queue.
func TestLocalHeedsRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		g := open(t, f, worker)
		refusal := &seine.Page{URL: "http://" + host + "/", Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"30"}}}
		if got := g.Report(t.Context(), Report{Kind: Page, Own: page(0).Own, Page: refusal, Began: time.Now()}); got.After != 30*time.Second {
			t.Errorf("effect %+v; want a backoff of 30s", got)
		}
		if calls := f.take(); len(calls) != 0 {
			t.Errorf("calls: %v", calls)
		}
		if _, err := g.Enter(t.Context(), page(0)); err != ErrBlocked { //nolint:errorlint // exactly it
			t.Errorf("Enter = %v; want %v", err, ErrBlocked)
		}
		time.Sleep(30 * time.Second)
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := g.Enter(ctx, page(0)); err != nil {
			t.Errorf("after the backoff: %v", err)
		}
	})
}
