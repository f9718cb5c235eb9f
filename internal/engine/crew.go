package engine

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/login"
	"github.com/seinehq/seine/internal/manners"
	"github.com/seinehq/seine/internal/outage"
	"github.com/seinehq/seine/internal/redact"
)

// crew holds the parts of an engine that run one job. They outlive a session.
type crew struct {
	job       *Job
	slots     *slots
	tally     *tally
	gate      hosts.Gate
	store     *outage.Outage
	tuned     *tuned
	producer  *producer
	executor  *executor
	committer *committer
}

func newCrew(e *Engine, j *Job) *crew {
	cfg, log := &e.cfg, e.cfg.Log.With("job", j.Name)
	slots := newSlots(&j.Job)
	c := &crew{job: j, slots: slots, tally: newTally(), store: storeOutage(log), tuned: &tuned{}}
	lanes := hosts.NewLanes(cfg.Frontier, &j.Job, j.ID)
	var book *manners.Book
	c.gate = hosts.New(hosts.Config{
		Frontier: cfg.Frontier, Job: &j.Job, ID: j.ID, Log: log, Lanes: lanes, Delay: c.tuned.delay,
		Least: func(host string) time.Duration { return book.Delay(host) },
	})
	source := discovery.New(discovery.Config{
		Frontier: cfg.Frontier, Job: &j.Job, ID: j.ID, Log: log,
		Seed: cfg.Seed, Slots: cap(slots.held), Yield: cfg.Limit.Yield,
		Disallowed: func(url string) bool { return book.Disallowed(url) },
	})
	secrets := redact.New(j.Secrets)
	trace := newTracer(cfg.Traces, j.Name, secrets)
	hours := &hours{hours: j.Pace.Hours, clock: e.clock, log: log}
	c.producer = &producer{
		cfg: cfg, job: j, log: log,
		slots: slots, source: source, gate: c.gate, lanes: lanes, outage: e.outage, pressure: e.pressure, hours: hours,
		limits: &limits{job: j, tuned: c.tuned, run: cfg.Limit, tally: c.tally, counts: cfg.Frontier},
		idle:   newIdler(), state: &loopState{loop: "claim loop"},
	}
	fetcher := &meteredFetcher{next: j.Fetch, via: j.Job.Fetch.Via, meter: cfg.Meter, trace: trace}
	book = manners.NewBook(manners.Config{Store: cfg.Frontier, Job: &j.Job, ID: j.ID, Gate: c.gate, Fetcher: j.Fetch, Log: log})
	c.executor = &executor{
		job: j, log: log, reader: cfg.Frontier,
		gate: c.gate, lanes: lanes, slots: slots, hours: hours, redact: secrets, trace: trace, meter: cfg.Meter, store: c.store,
		fetcher: login.New(login.Config{
			Store: cfg.Frontier, Job: &j.Job, ID: j.ID, Worker: cfg.Worker, Gate: c.gate, Allowed: book.Allowed, Fetcher: fetcher, Log: log,
		}),
		book:   book,
		bounds: bounds{cfg.Deadline, cfg.Abort},
	}
	c.committer = &committer{
		job: j, log: log, queue: cfg.Frontier, pages: cfg.Frontier, source: source,
		slots: slots, tally: c.tally, meter: cfg.Meter, outage: e.outage, redact: secrets, trace: trace,
		state:  &loopState{loop: "commit loop"},
		drifts: &drifts{job: j, log: log, store: cfg.Frontier},
	}
	return c
}

// run claims until the shift's claims end, and returns when every result is committed or given up.
func (c *crew) run(s *shift) error {
	defer s.stop()
	results := make(chan outcome, cap(c.slots.held))
	var tasks, commits sync.WaitGroup
	commits.Go(func() { c.committer.run(s, results) })
	tasks.Go(func() { c.gate.Watch(s.claiming) })
	err := c.producer.run(s, func(w work) { tasks.Go(func() { results <- c.executor.run(s, w) }) })
	s.stop()
	tasks.Wait()
	close(results)
	commits.Wait()
	if fatal := s.failure(); fatal != nil {
		return fatal
	}
	return err
}

// storeOutage returns the state of a job's store.
func storeOutage(log *slog.Logger) *outage.Outage {
	return outage.New(asset.ErrAway, func(ctx context.Context, gone error, took time.Duration) {
		if gone != nil {
			log.WarnContext(ctx, "store does not answer; tasks whose files it does not take are retried", "err", gone)
			return
		}
		log.WarnContext(ctx, "store is back", "took", took.String())
	}, nil)
}
