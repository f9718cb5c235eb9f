package discovery

import (
	"context"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// pastEnd is how many absent IDs above an ID that came to exist are asked again with it.
	pastEnd = 4

	// mostAgain limits the absent IDs below it that are asked again. In a wider gap few IDs were
	// ever asked, and the forager explores it as it does any part of the space.
	mostAgain = 8 * addBatch
)

// came requeues the absent IDs around an ID at pos that has come to exist: below it down to the
// newest ID, because they exist since then or never will, and a few above it. x is locked. It runs
// before the answer is stored, so a worker that dies in between leaves the answer to another one,
// which does the same.
func (x *forager) came(ctx context.Context, s *space, pos int64) {
	if pos < s.Model.Beyond() {
		return
	}
	from, to := max(s.Model.Beyond(), s.again, pos-mostAgain), min(pos+pastEnd, s.Len()-1)
	for at := from; at <= to; at += addBatch {
		var keys []string
		for k := at; k < min(at+addBatch, to+1); k++ {
			if k != pos {
				keys = append(keys, s.At(k))
			}
		}
		if err := patiently(ctx, x.cfg.Log, func() error { return x.askAgain(ctx, keys) }); err != nil {
			x.cfg.Log.WarnContext(ctx, "IDs that may exist now are not asked again", "from", s.At(at), "to", s.At(to), "err", err)
			return
		}
		s.again = max(s.again, min(at+addBatch, to+1))
	}
}

// askAgain requeues the absent IDs among keys.
func (x *forager) askAgain(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	known, err := x.cfg.Frontier.Tasks(ctx, x.cfg.ID, frontier.Filter{Keys: keys, Part: frontier.FinalTasks, Limit: len(keys)})
	if err != nil {
		return err
	}
	var again []frontier.New
	for _, t := range known {
		if t.Reason == frontier.WhyForgotten || !absentBy(x.cfg.Job, t.Key, t.State, t.Reason) {
			continue
		}
		task, err := frontier.Admit(x.cfg.Job, frontier.Seed{Key: t.Key, Priority: &t.Priority})
		if err != nil {
			continue // the ID is no task any more
		}
		again = append(again, task)
	}
	if len(again) == 0 {
		return nil
	}
	_, err = x.cfg.Frontier.Retry(ctx, x.cfg.ID, again)
	return err
}

// nearer returns a probe between the newest ID and an absent ID that was asked again in vain.
func (x *forager) nearer(s *space, pos int64) (task frontier.New, ok bool) {
	at, ok := s.Model.Nearer(pos, x.rand)
	if !ok {
		return task, false
	}
	task, err := frontier.Admit(x.cfg.Job, frontier.Seed{Key: s.At(at), Meta: JoinMeta(Meta{Probe: true, Near: true}, nil)})
	return task, err == nil
}

// direct requeues the absent ID directly above the newest ID, after the ID at pos was asked again
// in vain. It may have been asked when a lower ID was the newest known, and was not worth another
// visit then. Answered anew, it is visited like the others. x is locked.
func (x *forager) direct(ctx context.Context, s *space, pos int64) {
	at := max(s.end, s.Model.Beyond())
	if at == s.direct || at == pos || at >= s.Len() {
		return
	}
	s.direct = at
	if err := patiently(ctx, x.cfg.Log, func() error { return x.askAgain(ctx, []string{s.At(at)}) }); err != nil {
		x.cfg.Log.WarnContext(ctx, "an ID that may exist now is not asked again", "id", s.At(at), "err", err)
	}
}
