package engine

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// ErrSeeds: a job's seeds can't be read or hold what is no key.
var ErrSeeds = errors.New("seeds")

// Seed admits the job's seeds, once for each content that they have: it may be
// called by every worker of a fleet. A run that was cut off in the middle goes
// on where a key is not known yet. Lines of seeds.file that give no task go to bad;
// nil: the first one is an error.
func Seed(ctx context.Context, f frontier.Frontier, job *Job, bad func(*frontier.BadLine) error) error {
	normal, err := job.Normal()
	if err != nil {
		return err
	}
	job.Job = normal
	r := newRunner(&Engine{cfg: Config{Frontier: f, Log: discard}}, job)
	digest, err := seedDigest(&job.Job)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSeeds, err)
	}
	done, err := f.Seeded(ctx, job.ID, digest)
	if err != nil {
		return err
	}
	if ids := enumerated(&job.Job); ids != nil {
		if err := ids.set(ctx, f, job.ID, done); err != nil {
			return err
		}
	}
	if done {
		return nil
	}
	in := NewAdder(f, job)
	for _, u := range job.Seeds.URLs {
		if err := in.Add(ctx, frontier.Seed{Key: u}); err != nil {
			return fmt.Errorf("%w: seeds.urls: %w", ErrSeeds, err)
		}
	}
	if job.Seeds.File != "" {
		if err := addFile(ctx, in, job.Seeds.File, bad); err != nil {
			return fmt.Errorf("%w: seeds.file: %w", ErrSeeds, err)
		}
	}
	if job.Explore.Strategy == seine.StrategyChain {
		for i := range job.Seeds.IDs {
			s := &job.Seeds.IDs[i]
			for _, id := range s.Start {
				if err := in.Add(ctx, frontier.Seed{Key: s.Key(id)}); err != nil {
					return fmt.Errorf("seeds.ids.start: %w", err)
				}
			}
		}
		// What a page's neighbors are, only the page knows.
		if job.Explore.Neighbor == nil {
			if err := r.walkFromHits(ctx, in); err != nil {
				return err
			}
		}
	}
	if err := in.Flush(ctx); err != nil {
		return err
	}
	return f.MarkSeeded(ctx, job.ID, digest)
}

func addFile(ctx context.Context, in *Adder, path string, bad func(*frontier.BadLine) error) error {
	file, err := os.Open(path) //nolint:gosec // the job file's author names it
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return frontier.ReadSeeds(file, path, func(s frontier.Seed) error { return in.Add(ctx, s) }, bad)
}

// walkFromHits begins a walk around every hit that is known from before.
func (r *runner) walkFromHits(ctx context.Context, in *Adder) error {
	after := ""
	for {
		page, err := r.e.cfg.Frontier.Tasks(ctx, r.job.ID, frontier.Filter{States: []seine.State{seine.Done}, After: after, Limit: addBatch})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, t := range page {
			steps, err := r.steps(ctx, t.Key, explore.Walk{}, true)
			if err != nil {
				return err
			}
			for _, n := range steps {
				if err := in.add(ctx, n); err != nil {
					return err
				}
			}
		}
		after = page[len(page)-1].Key
	}
}

// seedDigest identifies the seeds and what is made of them.
func seedDigest(job *seine.Job) ([]byte, error) {
	h := sha256.New()

	if err := json.NewEncoder(h).Encode(struct {
		Seeds   seine.Seeds
		Explore seine.Explore
	}{job.Seeds, job.Explore}); err != nil {
		return nil, err
	}
	if job.Seeds.File != "" {
		file, err := os.Open(job.Seeds.File)
		if err != nil {
			return nil, fmt.Errorf("seeds.file: %w", err)
		}
		defer func() { _ = file.Close() }()
		if _, err := io.Copy(h, file); err != nil {
			return nil, fmt.Errorf("seeds.file: %w", err)
		}
	}
	return h.Sum(nil), nil
}

// addBatch is how many tasks are added at a time.
const addBatch = 1000

// Adder admits keys in batches.
type Adder struct {
	f     frontier.Frontier
	job   *Job
	batch []frontier.New

	// Seen counts the keys that were given, Added those that were new, Known
	// those that the job had. The rest was not stored.
	Seen, Added, Known int64

	// Log is told when the frontier is away; nil: nobody.
	Log *slog.Logger
}

// NewAdder returns an adder for a registered job.
func NewAdder(f frontier.Frontier, job *Job) *Adder { return &Adder{f: f, job: job} }

// Add admits a key, now or with the next Flush.
func (a *Adder) Add(ctx context.Context, s frontier.Seed) error {
	n, err := frontier.Admit(&a.job.Job, s)
	if err != nil {
		return err
	}
	return a.add(ctx, n)
}

func (a *Adder) add(ctx context.Context, n frontier.New) error {
	a.Seen++
	a.batch = append(a.batch, n)
	if len(a.batch) < addBatch {
		return nil
	}
	return a.Flush(ctx)
}

// Flush admits what is left. It waits for as long as the frontier is away.
func (a *Adder) Flush(ctx context.Context) error {
	log := a.Log
	if log == nil {
		log = discard
	}
	o := frontierAway(log)
	for len(a.batch) > 0 {
		n, err := a.f.Add(ctx, a.job.ID, a.batch)
		if err == nil {
			a.Added += int64(n)
			a.Known += int64(len(a.batch) - n)
			a.batch = a.batch[:0]
			o.over(ctx)
			return nil
		}
		wait := o.note(ctx, err)
		if wait == 0 || !sleep(ctx, wait) {
			return errors.Join(err, ctx.Err())
		}
	}
	return nil
}
