package engine

import (
	"context"
	"time"
)

// What is left of a budget is looked up when that is less than so many times what
// this worker holds: before it chooses, before excursions go on. Between two looks
// other workers may admit as much as they hold.
const (
	nearBudget = 50
	nearSteps  = 8

	// measureEvery is how old the look may be that is judged by else.
	measureEvery = time.Second
)

// elsewhereEvery is how often it is counted what was answered in spaces that the
// job does not have any more.
const elsewhereEvery = time.Minute

// afford is how many of want ids the job's budget still pays for: what is open
// counts as if it were answered. spent says that nothing is open, or else that all
// was answered. The model is up to date then, or nearly so where more is left than
// near times what this worker holds. Without a budget it pays for all. What it
// pays for is set aside until it is settled: steps are admitted at the same time.
func (r *runner) afford(ctx context.Context, want int, near int64) (n int, spent bool, err error) {
	x, budget := r.explorer, r.job.Explore.Budget
	if budget <= 0 {
		if want == 0 {
			return 0, false, nil
		}
		x.mu.Lock()
		x.chosen += int64(want)
		x.mu.Unlock()
		return want, false, r.refresh(ctx, false)
	}
	x.mu.Lock()
	settled := x.settled
	look := x.left < near*int64(cap(r.held)) || time.Since(x.measured) > measureEvery
	x.mu.Unlock()
	if !look {
		if want > 0 {
			err = r.refresh(ctx, false)
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		return x.setAside(want), false, err
	}
	// What ends between the two looks counts twice, not never; so does what is
	// admitted meanwhile.
	counts, err := r.e.cfg.Frontier.Counts(ctx, r.job.ID)
	if err == nil {
		err = r.refresh(ctx, true)
	}
	if err != nil {
		return 0, false, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	answers := x.answers + x.elsewhere
	x.left, x.measured = budget-answers-counts.Open-(x.chosen-settled), time.Now()
	x.spare = (x.left + 1) / 2 // others look at the same moment
	return x.setAside(want), answers >= budget, nil
}

// setAside takes up to so many ids from what may be spent; x is locked.
func (x *explorer) setAside(want int) int {
	n := max(0, min(int64(want), x.spare))
	x.spare, x.chosen = x.spare-n, x.chosen+n
	return int(n)
}

// settle says that of ids that were set aside so many were admitted, and the others
// given up.
func (x *explorer) settle(aside, admitted int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.spare, x.settled = x.spare+int64(aside-admitted), x.settled+int64(aside)
}

// stepped says that the steps of a batch are admitted, or given up.
func (x *explorer) stepped() {
	if x != nil {
		x.mu.Lock()
		x.settled, x.stepping = x.settled+x.stepping, 0
		x.mu.Unlock()
	}
}

// lookElsewhere counts what was answered in spaces that the job does not have any
// more, by their numbers: its budget goes on. That is said once.
func (r *runner) lookElsewhere(ctx context.Context) error {
	x := r.explorer
	if time.Since(x.lookedAt) < elsewhereEvery {
		return nil
	}
	answers, err := r.e.cfg.Frontier.Answers(ctx, r.job.ID)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	first := x.lookedAt.IsZero()
	x.lookedAt, x.elsewhere = time.Now(), Elsewhere(answers, x.numbers())
	if first && x.elsewhere > 0 {
		r.log.WarnContext(ctx, "answers are known of ID spaces as they were divided before: `seine recount` takes them over", "answers", x.elsewhere)
	}
	return nil
}

// Elsewhere is how many of the answers by space are of none of these spaces.
func Elsewhere(answers map[int]int64, spaces []int) (n int64) {
	for _, a := range answers {
		n += a
	}
	for _, s := range spaces {
		n -= answers[s]
	}
	return n
}

func (x *explorer) numbers() (out []int) {
	for _, t := range x.spaces {
		out = append(out, t.number)
	}
	return out
}
