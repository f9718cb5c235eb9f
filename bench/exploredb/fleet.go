package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/wiring"
)

// space has runs of thirty wanted ids, two hundred apart, in two of its thirds.
const space = 53_000_000

func wanted(id int64) bool { return id < 2*space/3 && id%200 < 30 }

// site answers without a network, after a while.
type site struct {
	took   time.Duration
	wanted func(id int64) bool
}

// asOften matches the forager's share of hits in the space, because a wanted page costs a record.
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

func jobOf(s shape, way string) seine.Job {
	j := seine.Job{
		Name:  "bench",
		Seeds: seine.Seeds{URL: "http://127.0.0.1/{id}", IDs: []seine.IDSpace{{From: 0, To: space - 1}}},
		Fetch: seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
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
			out.Follow = []seine.Follow{{ID: strconv.Itoa(id + slots)}}
			if v, bad := seine.StatusVerdict(page.Status); bad {
				out.Verdict = v
			} else {
				out.Records = []seine.Record{{Fields: map[string]any{"id": task.ID}}}
			}
			return out, nil
		})
	case explores:
		j.Explore = seine.Explore{Strategy: seine.StrategyForager}
	}
	return j
}

// run makes a fleet process IDs in a database of its own, and measures the given number of tasks.
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
	job, err := wiring.Register(ctx, first, jobOf(of, way), wiring.Options{})
	if err != nil {
		return f, err
	}
	job.Fetch = site{of.took, asOften}
	if way == explores {
		job.Fetch = site{of.took, wanted}
	}
	if err := discovery.Seed(ctx, first, &job.Job, job.ID, nil); err != nil {
		return f, err
	}
	if way == follows {
		in := discovery.NewAdder(first, &job.Job, job.ID)
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
			Frontier: front, Jobs: []*engine.Job{job}, Worker: fmt.Sprint(w), Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			return f, err
		}
		engines = append(engines, e)
	}
	looking, over := context.WithCancel(ctx)
	defer over()
	go func() {
		seen, _ := s.sample(looking, dsn)
		sampling <- seen
	}()
	for _, e := range engines {
		wg.Go(func() {
			if err := e.Run(looking); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	from, err := s.after(looking, dsn, first, job.ID, warming)
	var to mark
	if err == nil {
		to, err = s.after(looking, dsn, first, job.ID, warming+tasks)
	}
	over()
	wg.Wait()
	seen := <-sampling
	if err := errors.Join(append(errs, err)...); err != nil {
		return f, err
	}
	n := float64(to.ended() - from.ended())
	f = figures{
		cpu: float64((to.cpu - from.cpu).Microseconds()) / n, wal: float64(to.wal-from.wal) / n, calls: float64(to.calls-from.calls) / n,
		rate:  n / to.at.Sub(from.at).Seconds(),
		found: float64(to.counts.Final[seine.Done]) / float64(to.ended()), longest: float64(seen.longest.Milliseconds()),
	}
	if seen.busy > 0 {
		f.waits = float64(seen.waits) / float64(seen.busy)
	}
	return f, nil
}

// mark is the work of a server up to a time.
type mark struct {
	at     time.Time
	cpu    time.Duration
	wal    int64
	calls  int64
	counts frontier.Counts
}

func (m mark) ended() int64 { return m.counts.Total - m.counts.Open }

func (s *server) mark(ctx context.Context, dsn string, f frontier.Frontier, job frontier.JobID) (m mark, err error) {
	if m.counts, err = f.Counts(ctx, job); err != nil {
		return m, err
	}
	m.at = time.Now()
	if m.cpu, m.wal, err = s.Spent(ctx); err != nil {
		return m, err
	}
	m.calls, err = s.calls(ctx, dsn)
	return m, err
}

// after returns the mark when the given number of tasks has ended.
func (s *server) after(ctx context.Context, dsn string, f frontier.Frontier, job frontier.JobID, tasks int) (m mark, err error) {
	for {
		select {
		case <-ctx.Done():
			return m, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		counts, err := f.Counts(ctx, job)
		switch {
		case err != nil:
			return m, err
		case counts.Total-counts.Open >= int64(tasks):
			return s.mark(ctx, dsn, f, job)
		}
	}
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
