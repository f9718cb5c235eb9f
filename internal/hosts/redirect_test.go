package hosts

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
)

// The claim of a page moves its host's next start on by the delay. A redirect on that host waits
// for a delay above a minute, because the next attempt of the task would meet the same wait.
func TestARedirectOnTheOwnHostWaitsForALongDelay(t *testing.T) {
	t.Parallel()
	const delay = 90 * time.Second
	long := func(j *seine.Job) { j.Pace.Delay = seine.Span{Min: delay, Max: delay} }
	for name, change := range map[string]func(*seine.Job){
		"fleet":  long,
		"worker": func(j *seine.Job) { long(j); worker(j) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{turn: frontier.Turn{Wait: delay}}
				g := open(t, f, change)
				first, err := g.Enter(t.Context(), page(0))
				if err != nil {
					t.Fatal(err)
				}
				defer first.Leave(polite.OK)
				own := page(0).Own
				var failed error
				if d := took(func() { _, failed = g.Enter(t.Context(), Visit{Kind: Redirect, Host: host, Own: own}) }); failed != nil || d != delay {
					t.Errorf("the redirect took %v, %v; want %v", d, failed, delay)
				}
				if name == "worker" {
					return
				}
				var busy *BusyError
				if _, err := g.Enter(t.Context(), Visit{Kind: Redirect, Host: other, Own: own}); !errors.As(err, &busy) || busy.After != delay {
					t.Errorf("a redirect to another host: %v; want a busy host for %v", err, delay)
				}
			})
		})
	}
}

// A redirect that has to give up keeps the slot of its page, which the page frees once.
func TestAFailedRedirectFreesNoSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := open(t, &fake{}, func(j *seine.Job) {
			worker(j)
			j.Pace.Delay = seine.Span{Min: seine.None, Max: seine.None}
		})
		first, err := g.Enter(t.Context(), page(0))
		if err != nil {
			t.Fatal(err)
		}
		second, err := g.Enter(t.Context(), page(0))
		if err != nil {
			t.Fatal(err)
		}
		defer second.Leave(polite.OK)
		l, ok := g.(*local)
		if !ok {
			t.Fatalf("the gate is a %T", g)
		}
		l.mu.Lock()
		l.pages.Backoff(host, time.Now().Add(time.Hour), "Retry-After")
		l.mu.Unlock()
		var busy *BusyError
		if _, err := g.Enter(t.Context(), Visit{Kind: Redirect, Host: host, Own: page(0).Own}); !errors.As(err, &busy) {
			t.Fatalf("the redirect: %v; want a busy host", err)
		}
		time.Sleep(time.Hour)
		// Two pages hold the two slots until the first leaves.
		time.AfterFunc(fullWait/2, func() { first.Leave(polite.Silent) })
		var third *Pass
		if d := took(func() { third, err = g.Enter(t.Context(), page(0)) }); err != nil || d != fullWait {
			t.Fatalf("a third page took %v, %v; want %v", d, err, fullWait)
		}
		third.Leave(polite.OK)
	})
}
