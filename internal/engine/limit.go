package engine

import (
	"context"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// amounts are what a limit counts.
type amounts struct{ assets, records, tasks int64 }

func (a amounts) plus(b amounts) amounts {
	return amounts{a.assets + b.assets, a.records + b.records, a.tasks + b.tasks}
}

func (a amounts) minus(b amounts) amounts {
	return amounts{a.assets - b.assets, a.records - b.records, a.tasks - b.tasks}
}

// counted is what the frontier counted at a time, and what this process had done
// by then.
type counted struct {
	at        time.Time
	all, mine amounts
}

// countEvery is how old the frontier's counters may be by which a limit is
// judged that is not near.
const countEvery = time.Second

// room is how many of n tasks, for which slots are held, may be claimed under the
// job's limit, which counts over all workers and runs, and this run's. None:
// what is in flight may meet a limit; met: what is done meets it.
//
// What is in flight counts for as much as the richest task so far, so that one
// worker goes over a limit by less than a task. What others have in flight is
// not known to it.
func (r *runner) room(ctx context.Context, n int) (room int, met bool, err error) {
	mine, most := r.tally.sum()
	if of, ok := r.job.Scraper.(interface{ MostAssets() int }); ok {
		most.assets = max(most.assets, int64(of.MostAssets()))
	}
	flying := int64(len(r.held) - n)
	left := func(l seine.Limit, done amounts) int64 { return tasksLeft(l, done, most) - flying }
	fits := int64(n)
	if run := r.e.cfg.Limit; run != (seine.Limit{}) {
		if over(run, mine) {
			return 0, true, nil
		}
		fits = min(fits, left(run, mine))
	}
	if l := r.job.Limit; l.Assets > 0 || l.Records > 0 || l.Tasks > 0 {
		done := r.counted.all.plus(mine.minus(r.counted.mine))
		if time.Since(r.counted.at) > countEvery || left(r.job.Limit, done) < int64(n) {
			counts, err := r.e.cfg.Frontier.Counts(ctx, r.job.ID)
			if err != nil {
				return 0, false, err
			}
			done = amountsOf(counts)
			r.counted = counted{at: time.Now(), all: done, mine: mine}
		}
		if over(r.job.Limit, done) {
			return 0, true, nil
		}
		fits = min(fits, left(r.job.Limit, done))
	}
	return int(max(fits, 0)), false, nil
}

func amountsOf(c frontier.Counts) amounts {
	a := amounts{assets: c.Assets, records: c.Records}
	for _, n := range c.Final {
		a.tasks += n
	}
	return a
}

func over(l seine.Limit, a amounts) bool {
	return l.Assets > 0 && a.assets >= l.Assets || l.Records > 0 && a.records >= l.Records || l.Tasks > 0 && a.tasks >= l.Tasks
}

// tasksLeft is how many tasks of the richest kind meet a limit.
func tasksLeft(l seine.Limit, done, most amounts) int64 {
	left := int64(maxBatch) * 1000 // more than any worker holds
	for _, x := range []struct{ limit, done, most int64 }{
		{l.Assets, done.assets, most.assets}, {l.Records, done.records, most.records}, {l.Tasks, done.tasks, 1},
	} {
		if x.limit > 0 {
			each := max(x.most, 1)
			left = min(left, (x.limit-x.done+each-1)/each)
		}
	}
	return left
}
