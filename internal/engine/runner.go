package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/redact"
)

// runner works one job off, within the sessions of its engine.
type runner struct {
	e     *Engine
	job   *Job
	log   *slog.Logger
	tally *tally
	gate  hosts.Gate
	lanes *hosts.Lanes
	store *outage

	// explorer chooses the ids of a job that explores its space; nil: it does not.
	explorer *explorer

	// redact leaves the job's secrets out of URLs that are stored.
	redact *redact.Replacer

	// running bounds the tasks that run; held bounds those claimed and not yet
	// committed: a few more where no pace makes a claim ahead unfair to others.
	running, held chan struct{}

	// claims and commits tell what the loops are at.
	claims, commits *pulse

	tracer trace.Tracer // nil: nobody looks

	// wake ends an idle wait: something was committed or promoted.
	wake chan struct{}

	mu       sync.Mutex
	lease    frontier.Lease  // of this session
	claiming context.Context //nolint:containedctx // ends when this session stops claiming
	err      error           // what ends the engine
	cancel   context.CancelFunc

	counted counted
	lead    time.Duration // how long claims take of late; the claim loop's own

	closed atomic.Bool // it was said that we are outside the job's hours
}

// claimAhead is how far before its next start a lane is claimed: about one poll.
const claimAhead = 100 * time.Millisecond

// claimTimeout bounds one claim.
const claimTimeout = 30 * time.Second

func newRunner(e *Engine, j *Job) *runner {
	r := &runner{
		e: e, job: j, log: e.cfg.Log.With("job", j.Name), tally: newTally(),
		claims: &pulse{loop: "claim loop"}, commits: &pulse{loop: "commit loop"},
		store: storeAway(e.cfg.Log.With("job", j.Name)), redact: redact.New(j.Secrets), wake: make(chan struct{}, 1), running: make(chan struct{}, j.Concurrency),
	}
	held := j.Concurrency
	if j.Pace.Unpaced() {
		held *= 4
	}
	r.held = make(chan struct{}, held)
	if e.cfg.Traces != nil {
		r.tracer = e.cfg.Traces.Tracer(tracerName)
	}
	r.explorer = newExplorer(j, e.cfg.Seed)
	r.lanes = hosts.NewLanes(e.cfg.Frontier, &j.Job, j.ID)
	r.gate = hosts.New(hosts.Config{Frontier: e.cfg.Frontier, Job: &j.Job, ID: j.ID, Log: r.log, Lanes: r.lanes})
	return r
}

// run claims until claiming ends, and returns when every task's outcome is
// committed or given up. ctx is the lease's; work lives on when the lease may be
// lost, until the engine stops.
func (r *runner) run(claiming, work, ctx context.Context, lease frontier.Lease, lose context.CancelCauseFunc) error {
	claiming, cancel := context.WithCancel(claiming)
	defer cancel()
	r.mu.Lock()
	r.cancel, r.claiming, r.lease = cancel, claiming, lease
	r.mu.Unlock()

	results := make(chan outcome, cap(r.held))
	var tasks, commits sync.WaitGroup
	commits.Go(func() { r.commitLoop(work, ctx, lease, lose, results) })
	tasks.Go(func() { r.gate.Watch(claiming) })
	err := r.claimLoop(claiming, func(c frontier.Claimed, asked, answered time.Time) {
		tasks.Go(func() {
			in, span := r.beginTask(ctx, c, asked, answered)
			out := r.attempt(in, c, asked)
			out.span = span
			results <- out
		})
	}, lease, lose)
	r.claims.rest()
	cancel()
	tasks.Wait()
	close(results)
	commits.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	return err
}

// owned reports, as an error, that this session's lease is lost.
func (r *runner) owned(ctx context.Context) error {
	r.mu.Lock()
	lease := r.lease
	r.mu.Unlock()
	return r.e.cfg.Frontier.Heartbeat(ctx, lease, r.e.rates())
}

// fatal ends the engine: what is in flight is released.
func (r *runner) fatal(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = fmt.Errorf("job %s: %w", r.job.Name, err)
	}
	if r.cancel != nil {
		r.cancel()
	}
}

// finished frees the slot that awaitStart took.
func (r *runner) finished() { <-r.running }

func (r *runner) abort(c frontier.Claimed) {
	r.e.cfg.Abort(fmt.Errorf("job %s: task %s does not stop %v after it was told to", r.job.Name, c.Key, stuckAfter))
}

// claimLoop claims and starts tasks until ctx ends, and with UntilDone until
// nothing is left.
func (r *runner) claimLoop(ctx context.Context, start func(c frontier.Claimed, asked, answered time.Time), lease frontier.Lease, lose context.CancelCauseFunc) error {
	idle := newIdler()
	for {
		r.claims.rest()
		n := r.acquire(ctx)
		if n == 0 {
			return nil
		}
		if !r.open() {
			r.giveBack(n)
			r.claims.at("counting what is left")
			if done, err := r.nothingLeft(ctx); err == nil && done {
				return nil
			}
			r.claims.rest()
			r.awaitHours(ctx)
			continue
		}
		if n = r.affordable(n); n == 0 {
			r.claims.rest()
			r.awaitCommit(ctx, lookEvery)
			continue
		}
		r.claims.at("counting what is done")
		room, met, err := r.room(ctx, n)
		if err == nil && room < n {
			r.giveBack(n - room)
			n = room
		}
		if err == nil && met && r.e.cfg.UntilDone {
			return ErrLimit
		}
		if err == nil && n == 0 { // a limit, by what is done or by what is in flight
			r.claims.rest()
			if !r.awaitCommit(ctx, lastIdle) {
				return nil
			}
			continue
		}
		var got []frontier.Claimed
		asked := time.Now()
		if err == nil {
			r.claims.at("claiming")
			// A stop in the middle must not lose the answer: what was claimed
			// would wait until the lease expires. It is given back instead.
			whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
			each, not := r.gate.Claim(time.Now())
			got, err = r.e.cfg.Frontier.Claim(whole, lease, frontier.ClaimArgs{Job: r.job.ID, N: n, Each: each, Ahead: claimAhead + 2*r.lead, Lead: r.lead, Not: not})
			if err == nil && len(got) > 0 {
				r.lead = leadAfter(r.lead, time.Since(asked))
				if got, err = r.misplaced(ctx, lease, got); err == nil && len(got) == 0 {
					cancel()
					r.giveBack(n)
					continue
				}
			}
			cancel()
		}
		r.giveBack(n - len(got))
		answered := time.Now()
		for _, c := range got {
			start(c, asked, answered)
		}
		if len(got) > 0 {
			r.e.cfg.Meter.Claimed(r.job.Name, len(got))
			r.e.outage.over(ctx)
			idle.reset()
			if r.explorer != nil && len(got) < n && r.unfilled() > 0 && time.Since(r.explorer.filled) > fillEvery {
				r.explorer.filled = time.Now()
				// Nothing more is ready: what is worth a request fills the slots.
				r.claims.at("exploring")
				if _, _, _, err := r.explore(ctx); err != nil && ctx.Err() == nil && r.e.outage.note(ctx, err) == 0 {
					r.log.WarnContext(ctx, "exploring failed", "err", err)
				}
			}
			continue
		}
		done := false
		if err == nil {
			r.claims.at("looking for work")
			done, err = r.empty(ctx, idle)
		}
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // stopping is no error
		case errors.Is(err, frontier.ErrLeaseLost):
			lose(err)
			return nil
		case err != nil:
			wait := r.e.outage.note(ctx, err)
			if wait == 0 {
				return fmt.Errorf("job %s: %w", r.job.Name, err)
			}
			r.claims.rest()
			sleep(ctx, wait)
		case done:
			return nil
		}
	}
}

// empty is what to do when a claim came back empty: take more ids of the space,
// end, or wait.
func (r *runner) empty(ctx context.Context, idle *idler) (done bool, err error) {
	left := false
	if ids := enumerated(&r.job.Job); ids != nil {
		var taken int
		taken, left, err = r.e.cfg.Frontier.Fill(ctx, r.job.ID, fillBlock, func(n int64) (frontier.New, error) {
			return frontier.Admit(&r.job.Job, frontier.Seed{Key: ids.key(n)})
		})
		if err != nil || taken > 0 {
			return false, err
		}
	}
	var lull frontier.IdleState
	if r.explorer != nil {
		var n int
		if n, left, lull, err = r.explore(ctx); err != nil || n > 0 || r.explorer.goesOn() {
			return false, err
		}
	}
	if r.e.cfg.UntilDone && !left {
		counts, err := r.e.cfg.Frontier.Counts(ctx, r.job.ID)
		if err != nil {
			return false, err
		}
		if counts.Open == 0 {
			return true, r.explorer.why()
		}
	}
	wait := idle.next()
	if r.explorer == nil {
		lull.Wait, lull.Due, err = r.e.cfg.Frontier.Due(ctx, []frontier.JobID{r.job.ID})
		if err != nil {
			return false, err
		}
	}
	r.e.outage.over(ctx)
	if lull.Due && lull.Wait < wait {
		wait = max(lull.Wait-2*r.lead, 2*time.Millisecond)
		if wait < firstIdle {
			// Due now, and yet nothing was claimed: another worker has it, or
			// this worker's own pace holds it back.
			wait = max(wait, idle.short())
		}
	}
	r.claims.rest()
	r.awaitCommit(ctx, wait)
	return false, nil
}

// awaitCommit waits until something was committed or promoted, at most so long,
// and reports whether ctx is still live.
func (r *runner) awaitCommit(ctx context.Context, most time.Duration) bool {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-r.wake:
	}
	return ctx.Err() == nil
}

// nothingLeft reports whether a run has come to its end.
func (r *runner) nothingLeft(ctx context.Context) (bool, error) {
	if !r.e.cfg.UntilDone {
		return false, nil
	}
	counts, err := r.e.cfg.Frontier.Counts(ctx, r.job.ID)
	return err == nil && counts.Open == 0 && counts.Unseen == 0, err
}

// fillBlock is how many ids of a space are admitted at a time.
const fillBlock = 1000

// Waits between claims that come back empty.
const (
	firstIdle = 50 * time.Millisecond
	lastIdle  = 2 * time.Second
)

type idler struct{ wait, brief time.Duration }

func newIdler() *idler {
	i := &idler{}
	i.reset()
	return i
}

func (i *idler) reset() { i.wait, i.brief = firstIdle, 2*time.Millisecond }

// next doubles from firstIdle to lastIdle, with jitter, so that workers that
// went idle together come apart.
func (i *idler) next() time.Duration {
	d := i.wait/2 + time.Duration(rand.Int64N(int64(i.wait)))
	i.wait = min(2*i.wait, lastIdle)
	return d
}

func (i *idler) short() time.Duration {
	i.brief = min(2*i.brief, firstIdle)
	return i.brief
}

// acquire waits for a free slot and takes all that are free, at most maxBatch.
func (r *runner) acquire(ctx context.Context) int {
	select {
	case <-ctx.Done():
		return 0
	case r.held <- struct{}{}:
	}
	if ctx.Err() != nil {
		<-r.held
		return 0
	}
	for n := 1; n < maxBatch; n++ {
		select {
		case r.held <- struct{}{}:
		default:
			return n
		}
	}
	return maxBatch
}

func (r *runner) giveBack(n int) {
	for range n {
		<-r.held
	}
}

func (r *runner) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

var discard = slog.New(slog.DiscardHandler)
