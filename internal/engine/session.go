package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/outage"
)

// session is one lease. Its contexts nest: claiming ends before leased, leased before running.
//
//	running   until the grace is over       results are committed
//	leased    until the lease may be lost   tasks run
//	claiming  until shutdown begins         tasks are claimed
type session struct {
	lease frontier.Lease
	beats func(ctx context.Context, lease frontier.Lease) error

	running, leased, claiming context.Context //nolint:containedctx // the session's own lifetimes

	// lose ends leased with the reason.
	lose context.CancelCauseFunc
}

// shift is the part of a session that runs one job. A fatal error ends the shift's claims and then
// the session.
type shift struct {
	session
	job  string
	stop context.CancelFunc // ends claiming of this shift

	mu  sync.Mutex
	err error // the first fatal error
}

// shift returns the part of a session for a job.
func (s session) shift(job string) *shift {
	out := &shift{session: s, job: job}
	out.claiming, out.stop = context.WithCancel(s.claiming)
	return out
}

// held returns an error if the lease is lost.
func (s *shift) held(ctx context.Context) error { return s.beats(ctx, s.lease) }

// fail ends the engine. Tasks in flight are released.
func (s *shift) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = fmt.Errorf("job %s: %w", s.job, err)
	}
	s.stop()
}

func (s *shift) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// session works under one lease until ctx ends, the lease is lost, or no task is left. It returns
// ErrLeaseLost or errSilent if another lease should follow.
func (e *Engine) session(ctx, running context.Context, stop context.CancelCauseFunc) error {
	lease, err := e.openLease(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	e.clock.compare(ctx, e.cfg.Frontier)
	s := session{lease: lease, beats: e.heartbeat, running: running}
	s.leased, s.lose = context.WithCancelCause(running)
	defer s.lose(nil)
	claiming, stopClaiming := context.WithCancel(ctx)
	defer stopClaiming()
	context.AfterFunc(s.leased, stopClaiming)
	s.claiming = claiming
	var beats sync.WaitGroup
	beats.Go(func() { e.beat(s) })
	beats.Go(func() { obey(e, s, stop) })

	errs := e.shifts(s, stopClaiming)
	why := context.Cause(s.leased)
	s.lose(nil)
	beats.Wait()
	if errors.Is(why, frontier.ErrLeaseLost) {
		return frontier.ErrLeaseLost
	}
	if errors.Is(why, errSilent) && len(errs) == 0 {
		errs = append(errs, errSilent)
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := e.cfg.Frontier.CloseLease(closing, lease); err != nil && len(errs) == 0 {
		e.cfg.Log.WarnContext(ctx, "lease stays until it expires", "err", err)
	}
	return errors.Join(errs...)
}

// shifts runs all jobs of a session and returns their errors. A job that ends by a limit or an open
// circuit does not end the others.
func (e *Engine) shifts(s session, stopClaiming func()) (errs []error) {
	var (
		wg sync.WaitGroup
		mu sync.Mutex
	)
	for _, c := range e.crews {
		wg.Go(func() {
			err := c.run(s.shift(c.job.Name))
			if err == nil {
				return
			}
			mu.Lock()
			errs = append(errs, err)
			mu.Unlock()
			if !errors.Is(err, ErrLimit) && !errors.Is(err, discovery.ErrDark) && !errors.Is(err, ErrDrift) {
				stopClaiming()
			}
		})
	}
	wg.Wait()
	return errs
}

// openLease waits for the frontier if it is unreachable.
func (e *Engine) openLease(ctx context.Context) (frontier.Lease, error) {
	for {
		lease, err := e.cfg.Frontier.OpenLease(ctx, e.cfg.Worker, e.cfg.Lease)
		if err == nil {
			e.outage.Over(ctx)
			return lease, nil
		}
		if ctx.Err() != nil {
			return lease, nil //nolint:nilerr // stopping is no error
		}
		if wait := e.outage.Note(ctx, err); wait == 0 {
			return lease, fmt.Errorf("open a lease: %w", err)
		} else if !outage.Sleep(ctx, wait) {
			return lease, nil
		}
	}
}

// beat extends the lease, and loses it when its row is gone or when no heartbeat succeeded for
// three quarters of its length by this process's clock. A heartbeat that is never answered counts
// as none.
func (e *Engine) beat(s session) {
	ctx, lease := s.leased, s.lease
	silent := time.AfterFunc(lease.TTL*3/4, func() { s.lose(errSilent) })
	defer silent.Stop()
	for wait := time.Duration(0); outage.Sleep(ctx, wait); wait = lease.TTL / 4 {
		began := time.Now()
		try, cancel := context.WithTimeout(ctx, lease.TTL/4)
		err := e.heartbeat(try, lease)
		cancel()
		switch {
		case err == nil:
			silent.Reset(lease.TTL*3/4 - time.Since(began))
			e.outage.Over(ctx)
			continue
		case errors.Is(err, frontier.ErrLeaseLost):
			s.lose(frontier.ErrLeaseLost)
			return
		case ctx.Err() != nil:
			return
		}
		if e.outage.Note(ctx, err) == 0 && !errors.Is(err, context.DeadlineExceeded) {
			e.cfg.Log.WarnContext(ctx, "heartbeat missed", "err", err)
		}
	}
}

// heartbeat extends a lease and stores the rates of this worker.
func (e *Engine) heartbeat(ctx context.Context, lease frontier.Lease) error {
	rates := map[frontier.JobID]float64{}
	for _, c := range e.crews {
		rates[c.job.ID] = c.tally.rate(time.Now())
	}
	return e.cfg.Frontier.Heartbeat(ctx, lease, rates)
}
