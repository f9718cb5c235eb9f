package engine

import (
	"context"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// amounts are the quantities that a limit counts.
type amounts struct{ assets, records, tasks int64 }

func (a amounts) plus(b amounts) amounts {
	return amounts{a.assets + b.assets, a.records + b.records, a.tasks + b.tasks}
}

func (a amounts) minus(b amounts) amounts {
	return amounts{a.assets - b.assets, a.records - b.records, a.tasks - b.tasks}
}

// counted are the frontier's counts at a time, and this process's own at the same time.
type counted struct {
	at        time.Time
	all, mine amounts
}

// countEvery is the largest age of the frontier's counts if no limit is near.
const countEvery = time.Second

// counter is the part of a frontier that counts finished tasks.
type counter interface {
	Counts(ctx context.Context, job frontier.JobID) (frontier.Counts, error)
}

// limits applies the job's limit, which counts over all workers and runs, and the limit of this
// run. Only the producer uses it.
type limits struct {
	job     *Job
	tuned   *tuned
	run     seine.Limit
	tally   *tally
	counts  counter
	counted counted
}

// room returns how many of n tasks may be claimed while held tasks are in flight. met means that
// finished tasks meet a limit.
//
// A task in flight counts as much as the richest task so far, so that one worker exceeds a limit by
// less than one task. The tasks in flight of other workers are unknown.
func (l *limits) room(ctx context.Context, n, held int) (room int, met bool, err error) {
	mine, most := l.tally.sum()
	if of, ok := l.job.Scraper.(interface{ MostAssets() int }); ok {
		most.assets = max(most.assets, int64(of.MostAssets()))
	}
	left := func(l seine.Limit, done amounts) int64 { return tasksLeft(l, done, most) - int64(held) }
	fits := int64(n)
	if l.run != (seine.Limit{}) {
		if over(l.run, mine) {
			return 0, true, nil
		}
		fits = min(fits, left(l.run, mine))
	}
	if of := l.tuned.get().Limit(l.job.Limit); of.Assets > 0 || of.Records > 0 || of.Tasks > 0 {
		done := l.counted.all.plus(mine.minus(l.counted.mine))
		if time.Since(l.counted.at) > countEvery || left(of, done) < int64(n) {
			counts, err := l.counts.Counts(ctx, l.job.ID)
			if err != nil {
				return 0, false, err
			}
			done = amountsOf(counts)
			l.counted = counted{at: time.Now(), all: done, mine: mine}
		}
		if over(of, done) {
			return 0, true, nil
		}
		fits = min(fits, left(of, done))
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
	return l.Assets > 0 && a.assets >= l.Assets || l.Records > 0 && a.records >= l.Records ||
		l.Tasks > 0 && a.tasks >= l.Tasks
}

// tasksLeft returns the number of tasks of the richest kind that meet a limit.
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
