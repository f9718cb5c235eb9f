package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

const (
	// linger is how long a result waits for company in its commit.
	linger = 5 * time.Millisecond

	// commitTimeout bounds a commit's tries when we are stopping.
	commitTimeout = 20 * time.Second
)

// commitLoop makes outcomes true, in batches, and frees their slots.
func (r *runner) commitLoop(work, ctx context.Context, lease frontier.Lease, lose context.CancelCauseFunc, results <-chan outcome) {
	for o := range results {
		batch := r.collect(o, results)
		// What is done is committed even while we are stopping, and when the
		// lease may be lost; a lost lease ends it, since nothing would be stored.
		closing, cancel := context.WithCancel(context.WithoutCancel(ctx))
		lost := context.AfterFunc(ctx, func() {
			if errors.Is(context.Cause(ctx), frontier.ErrLeaseLost) {
				cancel()
			}
		})
		stopping := context.AfterFunc(work, func() { time.AfterFunc(commitTimeout, cancel) })
		began := time.Now()
		kept := r.commit(closing, lease, lose, batch)
		r.commits.rest()
		for _, o := range batch {
			r.endTask(o, began, len(batch), kept[o.claimed.Seq])
		}
		lost()
		stopping()
		cancel()
		r.giveBack(len(batch))
		r.wakeUp()
	}
}

func (r *runner) collect(first outcome, results <-chan outcome) []outcome {
	batch := []outcome{first}
	t := time.NewTimer(linger)
	defer t.Stop()
	for len(batch) < maxBatch {
		// Nothing else is held: nobody to wait for.
		if len(r.held) == len(batch) {
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

// commit makes outcomes true and returns, by Seq, which it did.
func (r *runner) commit(ctx context.Context, lease frontier.Lease, lose context.CancelCauseFunc, batch []outcome) map[int64]bool {
	var (
		kept     = map[int64]bool{}
		done     []frontier.Completion
		again    []frontier.Failure
		released []frontier.Claimed
		outcomes = map[int64]outcome{}
	)
	if r.explorer != nil {
		if _, _, err := r.afford(ctx, 0, nearSteps); err != nil {
			r.log.WarnContext(ctx, "the budget's rest is not known", "err", err)
		}
	}
	defer r.explorer.stepped()
	around := r.neighbors(ctx, batch)
	for _, o := range batch {
		o.reason = r.redact.Replace(o.reason)
		outcomes[o.claimed.Seq] = o
		switch o.kind {
		case postpone:
			again = append(again, frontier.Failure{Claimed: o.claimed, State: seine.Pending, Reason: o.reason, Delay: o.delay, Free: true, Refused: o.refused})
			continue
		case release:
			released = append(released, o.claimed)
			continue
		case finish, retry:
		}
		c, f := r.commitOf(ctx, o, around)
		if c != nil {
			done = append(done, *c)
			o.state, o.reason = c.State, c.Reason // a record that can't be encoded makes it an error
			outcomes[c.Seq] = o
		} else {
			again = append(again, *f)
		}
	}
	f, job := r.e.cfg.Frontier, r.job.ID
	if len(done) > 0 {
		out, ok := r.persist(ctx, lose, func() (frontier.Outcome, error) { return f.Complete(ctx, lease, job, done) })
		var refused []frontier.Completion
		for _, c := range done {
			if err := out.Bad[c.Seq]; err != nil {
				r.log.ErrorContext(ctx, "database refuses the result", "task", c.Key, "err", err)
				o := outcome{claimed: c.Claimed, ending: r.ends(c.Claimed, attempt{stage: stageStore, err: errUnstorable})}
				outcomes[c.Seq] = o
				refused = append(refused, frontier.Completion{Claimed: c.Claimed, State: o.state, Reason: o.reason})
			}
		}
		if len(refused) > 0 {
			again, answered := r.persist(ctx, lose, func() (frontier.Outcome, error) { return f.Complete(ctx, lease, job, refused) })
			out.Lost = append(out.Lost, again.Lost...)
			for _, c := range refused {
				if !answered {
					out.Lost = append(out.Lost, c.Seq)
				}
			}
		}
		if ok {
			for _, c := range done {
				if !lost(out, c.Seq) {
					r.note(ctx, outcomes[c.Seq], c.Again == nil || bad(out, c.Seq))
					r.turnBack(ctx, outcomes[c.Seq], c.Follow, out.Refused)
					kept[c.Seq] = true
				}
			}
		}
	}
	if len(again) > 0 {
		out, ok := r.persist(ctx, lose, func() (frontier.Outcome, error) { return f.Fail(ctx, lease, job, again) })
		if ok {
			for _, c := range again {
				if !lost(out, c.Seq) {
					r.note(ctx, outcomes[c.Seq], false)
					r.turnBack(ctx, outcomes[c.Seq], c.Follow, out.Refused)
					kept[c.Seq] = true
				}
			}
		}
	}
	if len(released) > 0 {
		_, _ = r.persist(ctx, lose, func() (frontier.Outcome, error) { return f.Release(ctx, lease, released) })
	}
	return kept
}

var errUnstorable = errors.New("the database refuses the result")

func bad(out frontier.Outcome, seq int64) bool { return out.Bad[seq] != nil }

func lost(out frontier.Outcome, seq int64) bool {
	for _, s := range out.Lost {
		if s == seq {
			return true
		}
	}
	return false
}

// persist tries a commit again for as long as the frontier is away. ok is
// false when it did not come to an answer.
func (r *runner) persist(ctx context.Context, lose context.CancelCauseFunc, try func() (frontier.Outcome, error)) (out frontier.Outcome, ok bool) {
	for {
		r.commits.at("committing")
		out, err := try()
		if err == nil {
			if len(out.Lost) > 0 {
				r.log.WarnContext(ctx, "results of lost tasks are dropped", "tasks", len(out.Lost))
			}
			return out, true
		}
		switch {
		case errors.Is(err, frontier.ErrLeaseLost):
			lose(err)
			return out, false
		case ctx.Err() != nil:
			return out, false
		}
		wait := r.e.outage.note(ctx, err)
		if wait == 0 {
			r.fatal(err)
			return out, false
		}
		if !sleep(ctx, wait) {
			return out, false
		}
	}
}

// note counts and logs one committed outcome.
func (r *runner) note(ctx context.Context, o outcome, final bool) {
	if o.kind == finish || o.kind == retry {
		r.tally.end(time.Now(), o, final)
		if final {
			r.e.cfg.Meter.Finished(r.job.Name, o.state)
		}
	}
	log := r.log.With("task", o.claimed.Key, "attempt", o.claimed.Attempt)
	if o.page != nil && len(o.page.Notes) > 0 {
		log = log.With("page", strings.Join(o.page.Notes, "; "))
	}
	switch {
	case o.state == seine.Done && !final:
		log.InfoContext(ctx, "record stored; assets wait for their next try", "records", len(o.records), "assets", len(o.assets), "failed", len(o.failures), "reason", o.whyUnkept())
	case o.state == seine.Done && len(o.failures) > 0:
		log.WarnContext(ctx, "task done without some assets", "records", len(o.records), "assets", len(o.assets), "failed", len(o.failures), "reason", o.whyUnkept())
	case o.state == seine.Done:
		log.InfoContext(ctx, "task done", "records", len(o.records), "assets", len(o.assets))
	case o.refused:
		log.InfoContext(ctx, "host refuses the task; it waits", "reason", o.reason, "for", o.delay.Round(time.Second).String())
	case o.kind == postpone:
		log.InfoContext(ctx, "task waits for another host", "reason", o.reason, "for", o.delay.Round(time.Second).String())
	case !final:
		log.InfoContext(ctx, "task waits for its next try", "state", o.state.String(), "reason", o.reason)
	default:
		log.InfoContext(ctx, "task ended", "state", o.state.String(), "reason", o.reason)
	}
}
