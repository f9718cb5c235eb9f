package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/manners"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/redact"
)

// ReplayFrontier is the part of a frontier that a replay uses.
type ReplayFrontier interface {
	frontier.Recordings
	Tasks(ctx context.Context, job frontier.JobID, filter frontier.Filter) ([]frontier.TaskInfo, error)
	Retry(ctx context.Context, job frontier.JobID, tasks []frontier.New) (int, error)
	Owner(ctx context.Context, job frontier.JobID, key, path string, sha256 []byte) (string, error)
}

// Replay judges the recorded pages of finished tasks again, with the rules of Job. It makes no
// request: it has no fetcher.
//
// Results are stored by [frontier.Recordings.Replay] in batches. A task whose recording was judged
// by the same rules is left out, so that a replay that was stopped goes on where it was.
type Replay struct {
	Frontier ReplayFrontier

	// Job has a keeper, which stores the files that a page itself holds, and no fetcher.
	Job *Job

	// Pages are the recordings, and Files the stored files of assets, by their paths.
	Pages interface {
		Page(ctx context.Context, r frontier.Recording) (*seine.Page, error)
	}
	Files func(ctx context.Context, path string) ([]byte, error)

	// Filter selects the tasks. All includes the ones judged by the same rules.
	Filter frontier.Filter
	All    bool

	// Dry stores nothing.
	Dry bool

	// Fetch requeues the tasks that need a file that is not stored.
	Fetch bool
}

// Replayed is what the rules make of a recorded page.
type Replayed struct {
	Key, Page string

	// Outcome is one of the constants below.
	Outcome string

	// Was and Now are the states, and Reasons the reasons of both.
	Was, Now             seine.State
	WasReason, NowReason string

	// Old and New are the records of the task.
	Old []frontier.Stored
	New []frontier.Record

	// Links is the number of tasks that the page leads to. Only those that the job does not know
	// are admitted.
	Links int

	// Lacks lists the files that are not stored. Err is the reason of Damaged.
	Lacks []string
	Err   error
}

// The outcomes of a replay.
const (
	ReplayJudged     = "judged"     // the result is stored, unless the replay is dry
	ReplaySame       = "same rules" // the same rules judged it
	ReplayOpen       = "open"       // the task is not finished
	ReplayUnrecorded = "unrecorded" // the task has no recording
	ReplayDamaged    = "damaged"    // its recording can't be read
	ReplayLacking    = "lacking"    // a file that the rules ask for is not stored
	ReplayRequeued   = "requeued"   // the same, and a run fetches it
	ReplayMeanwhile  = "meanwhile"  // another process wrote the task
	ReplayRefused    = "refused"    // the frontier refuses the result
)

const (
	// replayPage is the number of tasks that are judged and stored at once.
	replayPage = 500

	// replayReads is the number of recordings that are read and judged at once. A bucket answers
	// after tens of milliseconds, so there are many more than processors.
	replayReads = 32

	// replayBytes bounds the contents of these recordings together, before they are parsed.
	replayBytes = 64 << 20
)

// Run judges the tasks, ordered by key, and calls each for each of them.
func (r *Replay) Run(ctx context.Context, each func(Replayed) error) error {
	normal, err := r.Job.Normal()
	if err != nil {
		return err
	}
	job := *r.Job
	job.Job = normal
	x := newReplayer(r, &job)
	judged := make(chan []replayedTask)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { // judges a batch while the one before is stored
		defer close(judged)
		filter := r.Filter
		filter.Limit = replayPage
		for {
			tasks, err := r.Frontier.Tasks(ctx, job.ID, filter)
			if err != nil || len(tasks) == 0 {
				return err
			}
			batch, err := x.batch(ctx, tasks)
			if err != nil {
				return err
			}
			select {
			case judged <- batch:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			filter.After = tasks[len(tasks)-1].Key
		}
	})
	g.Go(func() error {
		for batch := range judged {
			if !x.Dry {
				if err := x.store(ctx, batch); err != nil {
					return err
				}
			}
			for _, t := range batch {
				if err := each(t.Replayed); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return g.Wait()
}

// replayer is a running replay.
type replayer struct {
	*Replay
	job       *Job
	secrets   *redact.Replacer
	committer *committer

	// owed, if not nil, receives the assets of a page in place of the store.
	owed func([]seine.Asset)
}

func newReplayer(r *Replay, job *Job) *replayer {
	x := &replayer{Replay: r, job: job, secrets: redact.New(job.Secrets)}
	x.committer = &committer{job: job, log: slog.New(slog.DiscardHandler), redact: x.secrets}
	return x
}

// Judged is what the rules make of a page, before any file is stored.
type Judged struct {
	State   seine.State
	Reason  string
	Records []frontier.Record
	Assets  []seine.Asset
	Follow  []frontier.New
}

// Judge applies the rules of a job to a page as a replay does. It stores and requests nothing.
func Judge(ctx context.Context, job *Job, c frontier.Claimed, page *seine.Page) (out Judged, err error) {
	x := newReplayer(&Replay{}, job)
	x.owed = func(list []seine.Asset) { out.Assets = list }
	o, _, err := x.outcome(ctx, resolve(&job.Job, c, time.Now()), page, frontier.TaskInfo{}, nil)
	if err != nil {
		return out, err
	}
	done, _ := x.committer.draft(&o)
	out.State, out.Reason, out.Records = done.State, done.Reason, done.Records
	out.Follow = discovery.Followed(&job.Job, finishedOf(o)).Follow
	return out, nil
}

// replayedTask is a task of a batch. One goroutine judges it.
type replayedTask struct {
	Replayed
	done frontier.Completion
	back frontier.New // with ReplayLacking
}

// batch judges tasks.
func (x *replayer) batch(ctx context.Context, tasks []frontier.TaskInfo) ([]replayedTask, error) {
	keys := make([]string, len(tasks))
	for i, t := range tasks {
		keys[i] = t.Key
	}
	rows, err := x.Frontier.Recorded(ctx, x.job.ID, keys)
	if err != nil {
		return nil, err
	}
	stored, err := x.Frontier.RecordsOf(ctx, x.job.ID, keys)
	if err != nil {
		return nil, err
	}
	of := map[string][]frontier.Stored{}
	for _, s := range stored {
		of[s.Owner()] = append(of[s.Owner()], s)
	}
	out := make([]replayedTask, len(tasks))
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(replayReads)
	content := semaphore.NewWeighted(replayBytes)
	for i, t := range tasks {
		g.Go(func() (err error) {
			row, ok := rows[t.Key]
			weight := min(row.Size, replayBytes)
			if err := content.Acquire(within, weight); err != nil {
				return context.Cause(within)
			}
			defer content.Release(weight)
			out[i], err = x.judge(within, t, row, ok, of[t.Key])
			out[i].done.Seq = int64(i)
			return err
		})
	}
	return out, g.Wait()
}

// judge applies the rules to the recording of a task.
func (x *replayer) judge(ctx context.Context, t frontier.TaskInfo, row frontier.Recording, recorded bool, old []frontier.Stored) (out replayedTask, err error) {
	out.Replayed = Replayed{Key: t.Key, Page: t.Page, Was: t.State, Now: t.State, WasReason: t.Reason, NowReason: t.Reason, Old: old}
	switch {
	case !t.Final:
		out.Outcome = ReplayOpen
	case !recorded:
		out.Outcome = ReplayUnrecorded
	case !x.All && string(row.Digest) == string(x.job.Digest):
		out.Outcome = ReplaySame
	}
	if out.Outcome != "" {
		return out, nil
	}
	page, err := x.Pages.Page(ctx, row)
	switch {
	case errors.Is(err, recording.ErrDamaged):
		out.Outcome, out.Err = ReplayDamaged, err
		return out, nil
	case err != nil:
		return out, err
	}
	claimed := frontier.Claimed{Job: x.job.ID, Key: t.Key, Page: t.Page, Priority: t.Priority, Attempt: t.Attempt, Meta: t.Meta}
	w := resolve(&x.job.Job, claimed, time.Now())
	o, lacks, err := x.outcome(ctx, w, page, t, old)
	if err != nil {
		return out, err
	}
	done, _ := x.committer.draft(&o)
	next := discovery.Followed(&x.job.Job, finishedOf(o))
	row.Digest = x.job.Digest
	done.Reason = stillPictured(t, done.State, done.Reason)
	out.Outcome, out.Now, out.NowReason, out.Lacks = ReplayJudged, done.State, done.Reason, lacks
	out.New, out.Links = done.Records, len(next.Follow)
	if len(lacks) > 0 {
		out.Outcome = ReplayLacking
		out.back = frontier.New{Key: t.Key, Lane: frontier.LaneKey(&x.job.Job, t.Key, w.task.URL), Priority: t.Priority}
	}
	out.done = done
	out.done.Follow, out.done.Recording, out.done.Replayed = next.Follow, &row, t.UpdatedAt
	out.done.Owed = []byte(`{}`)              // the failed assets are replaced
	out.done.Visit, out.done.Again = nil, nil // the next visit stays as it is
	out.done.Gone, out.done.Unchanged = false, false
	return out, nil
}

// outcome is the attempt of a replay: what process does after the fetch. lacks names the files that
// are not stored.
func (x *replayer) outcome(ctx context.Context, w work, page *seine.Page, t frontier.TaskInfo, old []frontier.Stored) (out outcome, lacks []string, err error) {
	out = outcome{work: w, page: page}
	end := func(facts attempt) outcome {
		last := w.Claimed
		last.Attempt, last.Refused = max(x.job.Retry.Error, x.job.Retry.Stale), x.job.Retry.Refused
		out.facts, out.ending = facts, endingOf(&x.job.Job, last, facts, 0)
		out.reason = x.secrets.Replace(out.reason)
		return out
	}
	if w.err != nil {
		return end(attempt{stage: stageStore, err: w.err}), nil, nil //nolint:nilerr // the outcome holds it
	}
	if name, err := manners.Challenge(page, w.challenge); err != nil {
		return end(attempt{stage: stageScrape, err: err}), nil, nil //nolint:nilerr // the outcome holds it
	} else if name != "" {
		was := seine.Verdict{State: t.State, Reason: t.Reason, Final: true} // of its host, not of its rules
		return end(attempt{verdict: was}), nil, nil
	}
	result, err := Scraped(ctx, &x.job.Job, w.task, page)
	if err != nil {
		return end(attempt{stage: stageScrape, err: err}), nil, context.Cause(ctx)
	}
	result = withoutSecrets(result, x.secrets)
	if t.State != seine.Done { // a done page was kept although it names another one
		result, out.found.moved = canonizer{job: x.job}.canonical(ctx, w, result)
	}
	out.follow, out.leftOut, out.found.unmatched = result.Follow, result.LeftOut, result.Unmatched
	out.records = carried(stated(&x.job.Job, page, nil, result.Records), old, w.Key)
	if out = end(judged(page, result.Verdict, 0)); out.state != seine.Done {
		return out.withoutRecords(), nil, nil
	}
	out.records, out.found.rejected = sift(&x.job.Job, w.task.Page, out.records, false)
	owed := withoutFilesOf(out.found.rejected, w.Key, result.Assets, func(a seine.Asset) string { return a.Record })
	if x.owed != nil {
		x.owed(owed)
		return out, nil, nil
	}
	lacks, err = x.keep(ctx, &out, owed, old)
	return out, lacks, err
}

// store stores the results of a batch, and requeues the tasks that lack a file.
func (x *replayer) store(ctx context.Context, batch []replayedTask) error {
	var (
		done []frontier.Completion
		back []frontier.New
	)
	for i := range batch {
		switch t := &batch[i]; t.Outcome {
		case ReplayJudged:
			done = append(done, t.done)
		case ReplayLacking:
			if x.Fetch {
				back, t.Outcome = append(back, t.back), ReplayRequeued
			}
		}
	}
	if len(back) > 0 {
		if _, err := x.Frontier.Retry(ctx, x.job.ID, back); err != nil {
			return err
		}
	}
	if len(done) == 0 {
		return nil
	}
	stored, err := x.Frontier.Replay(ctx, x.job.ID, done)
	if err != nil {
		return err
	}
	for _, seq := range stored.Lost {
		batch[seq].Outcome = ReplayMeanwhile
	}
	for seq, err := range stored.Bad {
		batch[seq].Outcome, batch[seq].Err = ReplayRefused, err
	}
	for seq, taken := range stored.Taken {
		batch[seq].Outcome, batch[seq].Err = ReplayRefused, takenBy(taken, batch[seq].Key)
	}
	return nil
}
