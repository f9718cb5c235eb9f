package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// The frontier is unreachable for longer than a lease. The worker logs that once, fetches nothing
// more, and commits its results when the frontier returns with the lease's row.
func TestOutage(t *testing.T) {
	t.Parallel()
	const lease = 2 * time.Second
	proxy := pgtest.Through(t, pgtest.Migrated(t))
	var away atomic.Bool
	asked, answer := make(chan struct{}, 64), make(chan struct{})
	r := newRigOn(t, testkit.Open(t, proxy.DSN, drivers.Options{}), func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/first" {
			asked <- struct{}{}
			<-answer
		} else if away.Load() {
			t.Errorf("%s was requested while the frontier was unreachable", q.URL.Path)
		}
		_, _ = fmt.Fprint(w, "hello")
	})
	job := r.register(seine.Job{
		Name: "j", Seeds: seine.Seeds{URL: r.site.URL + "/{id}"},
		Fetch: seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
		Pace:  seine.Pace{Delay: seine.Span{Min: seine.None, Max: seine.None}},
		Scraper: seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) {
			return seine.Result{Records: []seine.Record{{Fields: map[string]any{"a": 1}}}}, nil
		}),
	})
	r.add(job, "first", "second", "third")
	e := r.engine(job, func(c *engine.Config) { c.Near, c.Times.Lease = false, lease })
	done := make(chan error)
	go func() { done <- e.Run(t.Context()) }()
	<-asked
	before := len(r.log.String()) // a busy machine may have been late once
	proxy.Cut()
	away.Store(true)
	close(answer) // the page comes while the frontier does not answer
	<-time.After(2 * lease)
	away.Store(false)
	during := r.log.String()[before:]
	proxy.Mend()
	select {
	case err := <-done:
		if err != nil {
			t.Fatalf("%v\n%s", err, r.log)
		}
	case <-time.After(time.Minute):
		t.Fatalf("the run did not go on\n%s", r.log)
	}
	tasks, err := r.f.Tasks(t.Context(), job.ID, frontier.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range tasks {
		if x.State != seine.Done || x.Attempt != 1 {
			t.Errorf("task %s: %v at attempt %d; want done at the first", x.Key, x.State, x.Attempt)
		}
	}
	if n := len(r.site.Requests()); n != 3 || len(tasks) != 3 {
		t.Errorf("%d requests of %d tasks; want 3 of 3\n%s", n, len(tasks), r.log)
	}
	// After that a busy machine may be late again.
	back := strings.Contains(r.log.String()[before:], "frontier is back")
	if n := strings.Count(during, "frontier does not answer"); n != 1 || strings.Contains(during, "frontier is back") || !back {
		t.Errorf("it said %d times that the frontier does not answer, and that it is back: %v; want once, and later\n%s", n, back, r.log)
	}
}
