package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/wiring"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// The frontier is unreachable for longer than a lease. The worker logs that once, fetches nothing
// more, and commits its results when the frontier returns with the lease's row.
func TestOutage(t *testing.T) {
	t.Parallel()
	const lease = 2 * time.Second
	direct := pgtest.Migrated(t)
	proxy := pgtest.Through(t, direct)
	var requests, away atomic.Int64
	asked, answer := make(chan struct{}, 64), make(chan struct{})
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.URL.Path == "/first" {
			asked <- struct{}{}
			<-answer
		} else if away.Load() != 0 {
			t.Errorf("%s was asked for while the frontier was away", r.URL.Path)
		}
		_, _ = fmt.Fprint(w, "hello")
	}))
	defer site.Close()

	f, err := pgfrontier.Open(t.Context(), proxy.DSN, pgfrontier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	registered, err := wiring.Register(t.Context(), f, seine.Job{
		Name: "j", Seeds: seine.Seeds{URL: site.URL + "/{id}"},
		Fetch: seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
		Pace:  seine.Pace{Delay: seine.Span{Min: seine.None, Max: seine.None}},
		Scraper: seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) {
			return seine.Result{Records: []seine.Record{{Fields: map[string]any{"a": 1}}}}, nil
		}),
	}, wiring.Options{})
	if err != nil {
		t.Fatal(err)
	}
	job, err := wiring.Equip(registered, asset.New(memblob.OpenBucket(nil), asset.Options{}), nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer job()
	in := discovery.NewAdder(f, &registered.Job, registered.ID)
	for _, key := range []string{"first", "second", "third"} {
		if err := in.Add(t.Context(), frontier.Seed{Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := &syncBuffer{}
	e, err := engine.New(engine.Config{Frontier: f, Jobs: []*engine.Job{registered}, Worker: "w", Times: engine.Times{Lease: lease}, UntilDone: true, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- e.Run(t.Context()) }()
	<-asked
	proxy.Cut()
	away.Store(1)
	close(answer) // the page comes while the frontier is away
	<-time.After(2 * lease)
	away.Store(0)
	proxy.Mend()
	select {
	case err := <-done:
		if err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
	case <-time.After(time.Minute):
		t.Fatalf("the run did not go on\n%s", log)
	}
	tasks, err := f.Tasks(t.Context(), registered.ID, frontier.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range tasks {
		if x.State != seine.Done || x.Attempt != 1 {
			t.Errorf("task %s: %v at attempt %d; want done at the first", x.Key, x.State, x.Attempt)
		}
	}
	if n := requests.Load(); n != 3 || len(tasks) != 3 {
		t.Errorf("%d requests of %d tasks; want 3 of 3\n%s", n, len(tasks), log)
	}
	text := log.String()
	if away, back := strings.Count(text, "frontier is away"), strings.Count(text, "frontier is back"); away != 1 || back != 1 {
		t.Errorf("it said %d times that the frontier is away, %d times that it is back; want once each\n%s", away, back, text)
	}
}
