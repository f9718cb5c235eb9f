package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"path"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assemble"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
)

// space has runs of thirty wanted ids, two hundred apart, in two of its thirds.
const space = 53_000_000

func wanted(id int64) bool { return id < 2*space/3 && id%200 < 30 }

// site answers without a network, after a while.
type site struct {
	took   time.Duration
	wanted func(id int64) bool
}

// asOften is as many of the ids as the forager finds in the space: a wanted page
// costs a record.
func asOften(id int64) bool { return id%4 != 0 }

func (s site) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(s.took/2 + rand.N(s.took)):
	}
	id, err := strconv.ParseInt(path.Base(req.URL), 10, 64)
	page := &seine.Page{URL: req.URL, Status: 200, Type: "text/plain", FetchedAt: time.Now()}
	if err != nil || !s.wanted(id) {
		page.Status = 404
	}
	return page, nil
}

func jobOf(s shape, way string, tasks int) seine.Job {
	j := seine.Job{
		Name:  "bench",
		Seeds: seine.Seeds{URL: "http://127.0.0.1/{id}", IDs: []seine.IDSpace{{From: 0, To: int64(tasks - 1)}}},
		Fetch: seine.Fetch{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Pace:  seine.Pace{Delay: seine.Span{Min: seine.None, Max: seine.None}, Concurrency: 4 * s.workers},
		Scraper: seine.ScraperFunc(func(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
			if v, bad := seine.StatusVerdict(page.Status); bad {
				return seine.Result{Verdict: v}, nil
			}
			return seine.Result{Records: []seine.Record{{Fields: map[string]any{"id": task.ID}}}}, nil
		}),
		Explore:     seine.Explore{Strategy: seine.StrategyOff},
		Concurrency: s.held,
	}
	if s.unpaced {
		j.Pace.Concurrency = seine.Unlimited
	}
	switch way {
	case follows:
		// As many walks as there are slots, of equal length.
		j.Seeds.IDs = nil
		slots := s.workers * s.held
		j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
			var out seine.Result
			id, _ := strconv.Atoi(task.ID)
			if next := id + slots; next < tasks {
				out.Follow = []seine.Follow{{Key: strconv.Itoa(next)}}
			}
			if v, bad := seine.StatusVerdict(page.Status); bad {
				out.Verdict = v
			} else {
				out.Records = []seine.Record{{Fields: map[string]any{"id": task.ID}}}
			}
			return out, nil
		})
	case explores:
		j.Seeds.IDs[0].To = space - 1
		j.Explore = seine.Explore{Strategy: seine.StrategyForager, Budget: int64(tasks)}
	}
	return j
}

// run has a fleet work so many ids off in a database of its own.
func (s *server) run(ctx context.Context, of shape, way string, tasks int) (f figures, err error) {
	dsn, drop, err := s.database(ctx)
	if err != nil {
		return f, err
	}
	defer drop()
	first, err := pgfrontier.Open(ctx, dsn, pgfrontier.Options{})
	if err != nil {
		return f, err
	}
	defer func() { _ = first.Close() }()
	if _, err := first.Migrate(ctx); err != nil {
		return f, err
	}
	job, err := assemble.Register(ctx, first, jobOf(of, way, tasks), assemble.Options{})
	if err != nil {
		return f, err
	}
	job.Fetch = site{of.took, asOften}
	if way == explores {
		job.Fetch = site{of.took, wanted}
	}
	if err := engine.Seed(ctx, first, job); err != nil {
		return f, err
	}
	if way == follows {
		in := engine.NewAdder(first, job)
		for id := range of.workers * of.held {
			if err := in.Add(ctx, frontier.Seed{Key: strconv.Itoa(id)}); err != nil {
				return f, err
			}
		}
		if err := in.Flush(ctx); err != nil {
			return f, err
		}
	}
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		errs     []error
		engines  []*engine.Engine
		stop     []func()
		sampling = make(chan sampled, 1)
	)
	defer func() {
		for _, s := range stop {
			s()
		}
	}()
	for w := range of.workers {
		front, err := pgfrontier.Open(ctx, dsn, pgfrontier.Options{})
		if err != nil {
			return f, err
		}
		stop = append(stop, func() { _ = front.Close() })
		e, err := engine.New(engine.Config{
			Frontier: front, Jobs: []*engine.Job{job}, Worker: fmt.Sprint(w), UntilDone: true, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			return f, err
		}
		engines = append(engines, e)
	}
	cpu, wal, err := s.spent(ctx)
	if err != nil {
		return f, err
	}
	calls, err := s.calls(ctx, dsn)
	if err != nil {
		return f, err
	}
	looking, over := context.WithCancel(ctx)
	defer over()
	go func() {
		seen, _ := s.sample(looking, dsn)
		sampling <- seen
	}()
	began := time.Now()
	for _, e := range engines {
		wg.Go(func() {
			if err := e.Run(ctx); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	over()
	seen := <-sampling
	if len(errs) > 0 {
		return f, errors.Join(errs...)
	}
	cpu2, wal2, err := s.spent(ctx)
	if err != nil {
		return f, err
	}
	calls2, err := s.calls(ctx, dsn)
	if err != nil {
		return f, err
	}
	counts, err := first.Counts(ctx, job.ID)
	if err != nil {
		return f, err
	}
	n := float64(counts.Total)
	if counts.Open != 0 || n < float64(tasks) {
		return f, fmt.Errorf("%d of %d tasks are open", counts.Open, counts.Total)
	}
	f = figures{
		cpu: float64((cpu2 - cpu).Microseconds()) / n, wal: float64(wal2-wal) / n, calls: float64(calls2-calls) / n, rate: n / took.Seconds(),
		found: float64(counts.Final[seine.Done]) / n, longest: float64(seen.longest.Milliseconds()),
	}
	if seen.busy > 0 {
		f.waits = float64(seen.waits) / float64(seen.busy)
	}
	return f, nil
}

// calls counts the transactions of a database.
func (s *server) calls(ctx context.Context, dsn string) (n int64, err error) {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close(ctx) }()
	err = c.QueryRow(ctx, `select xact_commit + xact_rollback from pg_stat_database where datname = current_database()`).Scan(&n)
	return n, err
}
