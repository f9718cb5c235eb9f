package discovery

import (
	"context"
	"net/http"
	"slices"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// Follow returns the scraper's follows, the statistics that the answers add to their spaces, and
// the next steps of local searches.
func (x *forager) Follow(ctx context.Context, batch []Finished) []Next {
	if _, _, err := x.afford(ctx, 0, nearSteps); err != nil {
		x.cfg.Log.WarnContext(ctx, "the budget's rest is not known", "err", err)
	}
	if err := x.keepUp(ctx, batch); err != nil {
		x.cfg.Log.WarnContext(ctx, "the statistics of the space are not known", "err", err)
	}
	around := x.neighbors(ctx, batch)
	out := x.links.Follow(ctx, batch)
	for i, f := range batch {
		if !f.Skip {
			next := x.explored(ctx, f, around)
			out[i].Follow = append(out[i].Follow, next.Follow...)
			out[i].Explored, out[i].Mark = next.Explored, next.Mark
			out[i].Absent, out[i].Return = next.Absent, next.Return
		}
	}
	return out
}

// Stored continues the local searches whose next step another search had taken meanwhile.
func (x *forager) Stored(
	ctx context.Context, batch []Finished, next []Next, result func(i int) (stored bool, refused []string),
) {
	defer x.settleSteps()
	for i, f := range batch {
		if stored, refused := result(i); stored && !f.Skip {
			x.retryStep(ctx, f, next[i].Follow, refused)
		}
	}
}

// answerOf returns the evidence of a result about its ID.
func (x *forager) answerOf(f Finished) explore.Answer {
	switch {
	case isHit(x.cfg.Job, f.Key, f.State, f.Reason):
		return explore.Hit
	case f.State == seine.Stale:
		return explore.Stale
	case f.State == seine.Skipped, f.State == seine.Done:
		if isAbsent(x.cfg.Job, f) {
			return explore.Absent
		}
		return explore.Missed
	}
	return explore.NoAnswer
}

// isAbsent reports whether a result without a hit shows that its ID does not exist.
func isAbsent(job *seine.Job, f Finished) bool {
	if job.Explore.Absent != nil {
		return absentBy(job, f.Key, f.State, f.Reason)
	}
	gone := f.Page != nil && (f.Page.Status == http.StatusNotFound || f.Page.Status == http.StatusGone)
	return gone || absentBy(job, f.Key, f.State, f.Reason)
}

// absentBy judges by the stored values of a task. An absent function that panics judges that the ID
// exists, because the function is a user's.
func absentBy(job *seine.Job, key string, state seine.State, reason string) (absent bool) {
	if job.Explore.Absent == nil {
		return state == seine.Skipped && (reason == "HTTP 404" || reason == "HTTP 410")
	}
	defer func() {
		if v := recover(); v != nil {
			absent = false
		}
	}()
	return job.Explore.Absent(key, seine.Verdict{State: state, Reason: reason})
}

// explored returns the contribution of a result to the statistics of its space, and the next step
// of its local search.
func (x *forager) explored(ctx context.Context, f Finished, around neighborhood) (out Next) {
	if f.Claimed.Mark == frontier.Known {
		return out
	}
	s, pos := x.find(f.Key)
	if s == nil {
		return out
	}
	a, search := x.answerOf(f), f.Meta.Search
	x.mu.Lock()
	defer x.mu.Unlock()
	judged := judgedBefore(f.Claimed)
	if exists(a) && !x.random {
		if judged || f.Meta.Near {
			x.came(ctx, s, pos)
		}
		s.end = max(s.end, pos+1)
	}
	out.Absent = a == explore.Absent && !x.random
	// An ID that came requeued, or found in the queue, lies at the newest end.
	requeued := judged && (f.Claimed.Visit == nil || pos < s.again)
	out.Return = out.Absent && (requeued && pos >= max(s.end, s.Model.Beyond()) || s.Model.MayCome(pos, s.end))
	out.Explored = &frontier.Explored{
		Space: s.Number,
		Observation: s.Model.Observe(pos, f.Meta.Kind(), search, f.Claimed.Mark >= frontier.Passed,
			judged, a),
	}
	if f.State == seine.Done {
		out.Explored.Sums.Wanted = 1
	}
	if f.Final && f.State == seine.Error {
		out.Explored.Sums.Errors = 1
	}
	s.unsaid.note(out.Explored)
	x.unseen++
	if search != nil {
		out.Mark = frontier.Passed
	}
	paid := x.cfg.Job.Explore.Budget == 0 || x.budget.spare > 0
	if x.random || !paid {
		return out
	}
	task, ok, err := x.step(ctx, s, pos, f, a, around[s])
	if err != nil {
		// The local search ends here. Its hits are stored.
		x.cfg.Log.WarnContext(ctx, "local search ends", "task", f.Key, "err", err)
	}
	if out.Return && f.Claimed.Visit != nil {
		x.direct(ctx, s, pos)
		if !ok {
			task, ok = x.nearer(s, pos)
		}
	}
	if ok {
		out.Follow = []frontier.New{task}
		x.budget.spare--
		x.budget.chosen++
		x.budget.stepping++
	}
	return out
}

// step returns the task of the next step of a local search. x is locked. known holds the states of
// IDs nearby, and step adds to it. With nil, step trusts neither the search's own memory nor the
// model's sparse blocks.
func (x *forager) step(
	ctx context.Context, s *space, pos int64, f Finished, a explore.Answer, known map[int64]explore.Known,
) (task frontier.New, ok bool, err error) {
	trusted, search := known != nil, f.Meta.Search
	if !trusted {
		known = map[int64]explore.Known{}
	}
	clear := func(at int64) bool { return trusted && search != nil && search.IsClear(at) }
	next, ok := s.Model.Follow(pos, search, f.Claimed.Mark >= frontier.Passed, a, x.rand, func(at int64) explore.Known {
		if k, there := known[at]; there {
			return k
		}
		if clear(at) || trusted && s.Model.Sparse(at) {
			return explore.Unknown
		}
		dir := 1
		if at < pos {
			dir = -1
		}
		if err == nil {
			err = lookup(ctx, x.cfg.Frontier, x.cfg.ID, s.Space.Space, at, dir, lookAhead, known)
		}
		if err != nil {
			return explore.Taken
		}
		return known[at]
	})
	if !ok || err != nil {
		return task, false, err
	}
	at := next.Position()
	next.Clear = 0
	for p := at + int64(next.Dir); ; p += int64(next.Dir) {
		k, there := known[p]
		if there && k != explore.Unknown || !there && !(clear(p) && next.Dir == search.Dir) {
			break
		}
		next.Clear = p + 1
	}
	known[at] = explore.Taken // for the rest of the batch
	task, err = frontier.Admit(x.cfg.Job, frontier.Seed{Key: s.At(at), Meta: JoinMeta(Meta{Search: &next}, nil)})
	return task, err == nil, err
}

// retryStep looks the neighbors up again if the step of a local search was refused, and admits
// another step.
func (x *forager) retryStep(ctx context.Context, f Finished, follow []frontier.New, refused []string) {
	for _, n := range follow {
		if !slices.Contains(refused, n.Key) {
			continue
		}
		if step, _ := SplitMeta(n.Meta); step.Search == nil {
			continue
		}
		x.mu.Lock()
		s, pos := x.find(f.Key)
		task, ok, err := x.step(ctx, s, pos, f, x.answerOf(f), nil)
		x.mu.Unlock()
		if err == nil && ok {
			_, err = x.cfg.Frontier.Add(ctx, x.cfg.ID, []frontier.New{task})
		}
		if err != nil {
			x.cfg.Log.WarnContext(ctx, "local search ends", "task", f.Key, "err", err)
		}
	}
}

// neighborhood holds the states of the IDs around the IDs of a batch.
type neighborhood map[*space]map[int64]explore.Known

// stepAhead is the usual length of a step at most. A local search that knows fewer IDs ahead to be
// clear looks further ahead.
const stepAhead = 4

// neighbors looks up, in one call, the IDs that the local searches of a batch may reach next. An ID
// of a sparse block is not looked up. If the call fails, each search looks up its own.
func (x *forager) neighbors(ctx context.Context, batch []Finished) neighborhood {
	if x.random {
		return nil
	}
	type place struct {
		s   *space
		pos int64
	}
	var (
		around = neighborhood{}
		keys   []string
		at     = map[string]place{}
	)
	note := func(s *space, pos int64, dir int64) {
		for range lookAhead {
			if pos += dir; pos < 0 || pos >= s.Model.Size() || s.Model.Sparse(pos) {
				return
			}
			if _, there := around[s][pos]; !there {
				around[s][pos] = explore.Unknown
				key := s.At(pos)
				keys, at[key] = append(keys, key), place{s, pos}
			}
		}
	}
	x.mu.Lock()
	for _, f := range batch {
		hit := isHit(x.cfg.Job, f.Key, f.State, f.Reason)
		if f.Skip || f.Claimed.Mark == frontier.Known || f.Meta.Search == nil && !hit {
			continue
		}
		s, pos := x.find(f.Key)
		if s == nil {
			continue
		}
		if around[s] == nil {
			around[s] = map[int64]explore.Known{}
		}
		if f.Meta.Search == nil {
			note(s, pos, +1)
			continue
		}
		dir := int64(f.Meta.Search.Dir)
		if !f.Meta.Search.IsClear(pos + dir*stepAhead) {
			note(s, pos, dir)
		}
	}
	for s := range around {
		for _, f := range batch {
			if in, pos := x.find(f.Key); in == s {
				around[s][pos] = explore.Taken
			}
		}
	}
	x.mu.Unlock()
	if len(keys) == 0 {
		return around
	}
	found, err := x.cfg.Frontier.Lookup(ctx, x.cfg.ID, keys)
	if err != nil {
		return nil
	}
	for key, state := range found {
		around[at[key].s][at[key].pos] = knownBy(state)
	}
	return around
}

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

// judgedBefore reports whether an earlier attempt of a task counted as a miss. A visit that failed
// since left no other mark than its missing content.
func judgedBefore(c frontier.Claimed) bool {
	return c.Mark == frontier.Counted || c.Mark == frontier.Passed && c.Visit != nil && len(c.Visit.Hash) == 0
}

// exists reports whether an answer shows that an ID exists.
func exists(a explore.Answer) bool { return a == explore.Hit || a == explore.Missed }
