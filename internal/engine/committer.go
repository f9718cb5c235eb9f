package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/outage"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/redact"
)

// committer stores the outcomes of a job in batches and frees their slots. One goroutine runs it.
type committer struct {
	job *Job
	log *slog.Logger

	queue  frontier.Queue
	pages  recording.Index
	source discovery.Source
	slots  *slots
	tally  *tally
	meter  Meter
	outage *outage.Outage
	redact *redact.Replacer
	trace  *tracer
	state  *loopState
	seen   seen
	drifts *drifts
}

const (
	// linger is the time for which a result waits for others before its commit.
	linger = 5 * time.Millisecond

	// commitTimeout bounds the retries of a commit during shutdown.
	commitTimeout = 20 * time.Second
)

// run stores outcomes until results is closed. Finished outcomes are stored even during shutdown,
// and if the lease may be lost. A lost lease ends the commit, because nothing would be stored.
func (m *committer) run(s *shift, results <-chan outcome) {
	for o := range results {
		batch := m.collect(o, results)
		ctx, cancel := context.WithCancel(context.WithoutCancel(s.leased))
		lost := context.AfterFunc(s.leased, func() {
			if errors.Is(context.Cause(s.leased), frontier.ErrLeaseLost) {
				cancel()
			}
		})
		stopping := context.AfterFunc(s.running, func() { time.AfterFunc(commitTimeout, cancel) })
		began := time.Now()
		stored := m.commit(ctx, s, batch)
		m.drifts.note(ctx, batch, stored)
		m.state.rest()
		for i, o := range batch {
			m.trace.endTask(o, began, len(batch), stored[i])
		}
		lost()
		stopping()
		cancel()
		m.slots.give(len(batch))
		m.slots.wakeUp()
	}
}

// collect waits for further outcomes, unless no other task is held.
func (m *committer) collect(first outcome, results <-chan outcome) []outcome {
	batch := []outcome{first}
	t := time.NewTimer(linger)
	defer t.Stop()
	for len(batch) < maxBatch {
		if len(m.slots.held) == len(batch) {
			return batch
		}
		select {
		case o, ok := <-results:
			if !ok {
				return batch
			}
			batch = append(batch, o)
		case <-t.C:
			return batch
		}
	}
	return batch
}

// persist retries a call while the frontier is unreachable. ok is false if the call got no answer.
func (m *committer) persist(ctx context.Context, s *shift, try func() (frontier.Outcome,
	error)) (out frontier.Outcome, ok bool) {
	for {
		m.state.at("committing")
		out, err := try()
		if err == nil {
			if len(out.Lost) > 0 {
				m.log.WarnContext(ctx, "results of lost tasks are dropped", "tasks", len(out.Lost))
			}
			return out, true
		}
		switch {
		case errors.Is(err, frontier.ErrLeaseLost):
			s.lose(err)
			return out, false
		case ctx.Err() != nil:
			return out, false
		}
		wait := m.outage.Note(ctx, err)
		if wait == 0 {
			s.fail(err)
			return out, false
		}
		if !outage.Sleep(ctx, wait) {
			return out, false
		}
	}
}
