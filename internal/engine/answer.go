package engine

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// isHit says whether what a task was judged as is what walks look for. A hit
// function that panics says no: its job is a user's.
func isHit(job *seine.Job, key string, state seine.State, reason string) (hit bool) {
	if job.Explore.Hit == nil || state != seine.Done && state != seine.Skipped {
		return state == seine.Done
	}
	defer func() {
		if v := recover(); v != nil {
			hit = false
		}
	}()
	return job.Explore.Hit(key, seine.Verdict{State: state, Reason: reason})
}

// answerOf is what an outcome says of its id.
func (r *runner) answerOf(o outcome) explore.Answer {
	switch {
	case isHit(&r.job.Job, o.claimed.Key, o.state, o.reason):
		return explore.Hit
	case o.state == seine.Stale:
		return explore.Missed
	case o.state == seine.Skipped, o.state == seine.Done:
		if o.page != nil && (o.page.Status == http.StatusNotFound || o.page.Status == http.StatusGone) {
			return explore.Absent
		}
		return explore.Missed
	}
	return explore.NoAnswer
}

// explored is what an outcome adds to what is known of its space, and where its
// excursion goes on. mark is what a further attempt has to know; final says that
// there is none.
func (r *runner) explored(ctx context.Context, c frontier.Claimed, o outcome, around neighborhood, final bool) (seen *frontier.Explored, next []frontier.New, mark frontier.Mark) {
	x := r.explorer
	if x == nil || c.Mark == frontier.Known {
		return nil, nil, 0
	}
	t, pos := x.find(c.Key)
	if t == nil {
		return nil, nil, 0
	}
	a := r.answerOf(o)
	own, _ := splitMeta(c.Meta)
	x.mu.Lock()
	defer x.mu.Unlock()
	seen = &frontier.Explored{
		Space:       t.number,
		Observation: t.model.Observe(pos, own.Kind(), own.Trip, c.Mark >= frontier.Passed, c.Mark == frontier.Counted, a),
	}
	if o.state == seine.Done {
		seen.Sums.Wanted = 1
	}
	if final && o.state == seine.Error {
		seen.Sums.Errors = 1
	}
	t.note(seen)
	x.unseen++
	switch {
	case o.state == seine.Stale:
		mark = frontier.Counted
	case own.Trip != nil:
		mark = frontier.Passed
	}
	paid := r.job.Explore.Budget == 0 || x.spare > 0
	if x.random || !paid {
		return seen, nil, mark
	}
	task, ok, err := r.onward(ctx, t, pos, own.Trip, c.Mark >= frontier.Passed, a, around[t])
	if err != nil {
		// The excursion ends here: what it found stays found.
		r.log.WarnContext(ctx, "excursion ends", "task", c.Key, "err", err)
	}
	if ok {
		next = []frontier.New{task}
		x.spare--
		x.chosen++
		x.stepping++
	}
	return seen, next, mark
}

// onward is the task of an excursion's next step. known is what is known of ids
// nearby, and is added to; with nil neither the excursion's own knowledge is trusted
// nor that little is known where little was asked for.
func (r *runner) onward(ctx context.Context, t *territory, pos int64, trip *explore.Excursion, again bool, a explore.Answer, known map[int64]explore.Known) (task frontier.New, ok bool, err error) {
	trusted := known != nil
	if !trusted {
		known = map[int64]explore.Known{}
	}
	clear := func(at int64) bool { return trusted && trip != nil && trip.IsClear(at) }
	next, ok := t.model.Follow(pos, trip, again, a, r.explorer.rand, func(at int64) explore.Known {
		if k, there := known[at]; there {
			return k
		}
		if clear(at) || trusted && t.model.Sparse(at) {
			return explore.Unknown
		}
		dir := 1
		if at < pos {
			dir = -1
		}
		if err == nil {
			err = r.lookup(ctx, t.IDSpace, at, dir, lookAhead, known)
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
		if there && k != explore.Unknown || !there && !(clear(p) && next.Dir == trip.Dir) {
			break
		}
		next.Clear = p + 1
	}
	known[at] = explore.Taken // for the rest of the batch
	task, err = frontier.Admit(&r.job.Job, frontier.Seed{Key: t.At(at), Meta: joinMeta(ownMeta{Trip: &next}, nil)})
	return task, err == nil, err
}

// turnBack goes on with the excursions whose next step another one had taken
// meanwhile: what is known is looked up again.
func (r *runner) turnBack(ctx context.Context, o outcome, follow []frontier.New, refused []string) {
	x := r.explorer
	if x == nil {
		return
	}
	for _, n := range follow {
		if !slices.Contains(refused, n.Key) {
			continue
		}
		if step, _ := splitMeta(n.Meta); step.Trip == nil {
			continue
		}
		own, _ := splitMeta(o.claimed.Meta)
		x.mu.Lock()
		t, pos := x.find(o.claimed.Key)
		task, ok, err := r.onward(ctx, t, pos, own.Trip, o.claimed.Mark >= frontier.Passed, r.answerOf(o), nil)
		x.mu.Unlock()
		if err == nil && ok {
			_, err = r.e.cfg.Frontier.Add(ctx, r.job.ID, []frontier.New{task})
		}
		if err != nil {
			r.log.WarnContext(ctx, "excursion ends", "task", o.claimed.Key, "err", err)
		}
	}
}

// What a worker has found of late is written with every so many answers of its
// own, or after a while.
const (
	sayAnswers = 16
	sayAfter   = 10 * time.Second
)

// note counts an answer for what was found of late.
func (t *territory) note(seen *frontier.Explored) {
	if seen.Sums.Done > 0 {
		t.unsaid++
	}
	t.found += int(seen.Sums.Wanted)
	if t.unsaid >= sayAnswers || t.unsaid > 0 && time.Since(t.said) > sayAfter {
		seen.Answers, seen.Found = t.unsaid, t.found
		t.unsaid, t.found, t.said = 0, 0, time.Now()
	}
}

// neighborhood is what is known of the ids around those of a batch.
type neighborhood map[*territory]map[int64]explore.Known

// stepAhead is how far a step goes at most, mostly: so many ids must be known to be
// clear, else a batch looks further ahead.
const stepAhead = 4

// neighbors looks the ids up that the excursions of a batch may come to next, all
// at once. What fails is looked up again, one by one; where little was asked for,
// nothing is.
func (r *runner) neighbors(ctx context.Context, batch []outcome) neighborhood {
	x := r.explorer
	if x == nil || x.random {
		return nil
	}
	type place struct {
		t   *territory
		pos int64
	}
	var (
		around = neighborhood{}
		keys   []string
		at     = map[string]place{}
	)
	note := func(t *territory, pos int64, dir int64) {
		for range lookAhead {
			if pos += dir; pos < 0 || pos >= t.model.Size() || t.model.Sparse(pos) {
				return
			}
			if _, there := around[t][pos]; !there {
				around[t][pos] = explore.Unknown
				key := t.At(pos)
				keys, at[key] = append(keys, key), place{t, pos}
			}
		}
	}
	x.mu.Lock()
	for _, o := range batch {
		own, _ := splitMeta(o.claimed.Meta)
		hit := isHit(&r.job.Job, o.claimed.Key, o.state, o.reason)
		if o.kind == postpone || o.kind == release || o.claimed.Mark == frontier.Known || own.Trip == nil && !hit {
			continue
		}
		t, pos := x.find(o.claimed.Key)
		if t == nil {
			continue
		}
		if around[t] == nil {
			around[t] = map[int64]explore.Known{}
		}
		if own.Trip == nil {
			note(t, pos, +1)
			continue
		}
		dir := int64(own.Trip.Dir)
		if !own.Trip.IsClear(pos + dir*stepAhead) {
			note(t, pos, dir)
		}
	}
	for t := range around {
		for _, o := range batch { // what is in the batch is asked for
			if in, pos := x.find(o.claimed.Key); in == t {
				around[t][pos] = explore.Taken
			}
		}
	}
	x.mu.Unlock()
	if len(keys) == 0 {
		return around
	}
	states, err := r.e.cfg.Frontier.Lookup(ctx, r.job.ID, keys)
	if err != nil {
		return nil
	}
	for key, state := range states {
		around[at[key].t][at[key].pos] = knownBy(state)
	}
	return around
}

// Recount counts what is known of a job's spaces anew, by its hit rule of now and
// what every task was judged as. It asks for nothing. It returns how many answers
// there are.
func Recount(ctx context.Context, f frontier.Frontier, id frontier.JobID, job seine.Job) (int64, error) {
	normal, err := job.Normal()
	if err != nil {
		return 0, err
	}
	x := newExplorer(&Job{Job: normal, ID: id}, 0)
	if x == nil {
		return 0, fmt.Errorf("job %s does not explore an ID space", job.Name)
	}
	return f.Recount(ctx, id, func(t frontier.TaskInfo) *frontier.Explored {
		space, pos := x.find(t.Key)
		if space == nil {
			return nil
		}
		state, a := t.State, explore.Missed
		switch t.Mark { // of one that is tried again: what it was counted as
		case frontier.Known:
			state = seine.Done
		case frontier.Counted:
			state = seine.Stale
		case frontier.Unmarked, frontier.Passed:
		}
		switch {
		case isHit(&normal, t.Key, state, t.Reason):
			a = explore.Hit
		case state == seine.Error && !t.Final:
			return nil
		case state == seine.Error:
			return &frontier.Explored{Space: space.number, Observation: explore.Observation{
				Block: space.model.Block(pos), Sums: explore.Sums{Errors: 1},
			}}
		}
		own, _ := splitMeta(t.Meta)
		o := explore.Observe(space.model.Block(pos), own.Kind(), own.Trip, t.Attempt > 1, false, a)
		if state == seine.Done {
			o.Sums.Wanted = 1
		}
		return &frontier.Explored{Space: space.number, Observation: o}
	})
}
