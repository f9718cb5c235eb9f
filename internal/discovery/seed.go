package discovery

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
	"github.com/seinehq/seine/internal/idspace"
	"github.com/seinehq/seine/internal/seedlist"
)

// ErrSeeds means that a job's seeds cannot be read or hold an invalid key.
var ErrSeeds = errors.New("seeds")

// Seeds is the part of a frontier that admits seeds.
type Seeds interface {
	frontier.Seeds
	Add(ctx context.Context, job frontier.JobID, tasks []frontier.New) (int, error)
	Lookup(ctx context.Context, job frontier.JobID, keys []string) (map[string]seine.State, error)
	Tasks(ctx context.Context, job frontier.JobID, filter frontier.Filter) ([]frontier.TaskInfo, error)
}

// Seed admits the seeds of a registered job with defaults, once for each content of the seeds.
// Every worker of a fleet may call it. If a call was interrupted, the next call continues with the
// unknown keys. bad receives the lines of seeds.file that give no task. If bad is nil, the first
// such line is an error, also in a list that was read before.
func Seed(ctx context.Context, f Seeds, job *seine.Job, id frontier.JobID, bad func(*frontier.BadLine) error) error {
	digest, err := seedDigest(job)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSeeds, err)
	}
	done, err := f.Seeded(ctx, id, digest)
	if err != nil {
		return err
	}
	if ids := enumerated(job); ids != nil {
		if err := ids.set(ctx, f, id, done); err != nil {
			return err
		}
	}
	if done {
		if bad == nil && job.Seeds.File != "" {
			return checkList(job)
		}
		return nil
	}
	in := NewAdder(f, job, id)
	for _, u := range job.Seeds.URLs {
		if err := in.Add(ctx, frontier.Seed{Key: u}); err != nil {
			return fmt.Errorf("%w: seeds.urls: %w", ErrSeeds, err)
		}
	}
	for _, p := range job.Seeds.Pages {
		if err := in.Add(ctx, frontier.Seed{Key: p.URL, Page: p.Page}); err != nil {
			return fmt.Errorf("%w: seeds.urls: %w", ErrSeeds, err)
		}
	}
	if err := addSitemaps(ctx, in); err != nil {
		return fmt.Errorf("%w: seeds.sitemap: %w", ErrSeeds, err)
	}
	if job.Seeds.File != "" {
		if err := seedlist.Read(&job.Seeds, func(s frontier.Seed) error { return in.Add(ctx, s) }, bad); err != nil {
			return fmt.Errorf("%w: seeds.file: %w", ErrSeeds, err)
		}
	}
	if job.Explore.Strategy == seine.StrategyChain {
		if err := seedChain(ctx, f, in); err != nil {
			return err
		}
	}
	if err := in.Flush(ctx); err != nil {
		return err
	}
	return f.MarkSeeded(ctx, id, digest)
}

// checkList returns the first line of seeds.file that gives no task. The list was read by a call
// that left such lines out.
func checkList(job *seine.Job) error {
	err := seedlist.Read(&job.Seeds, func(s frontier.Seed) error {
		_, err := frontier.Admit(job, s)
		return err
	}, nil)
	if err != nil {
		return fmt.Errorf("%w: seeds.file: %w", ErrSeeds, err)
	}
	return nil
}

// seedChain begins walks at the start IDs and around every known hit. Only a page knows its
// neighbors, so a job with a neighbor function begins no walk around hits.
func seedChain(ctx context.Context, f Seeds, in *Adder) error {
	for i := range in.job.Seeds.IDs {
		s := idspace.Of(&in.job.Seeds.IDs[i])
		for _, id := range s.Start {
			if err := in.Add(ctx, frontier.Seed{Key: s.Key(id)}); err != nil {
				return fmt.Errorf("seeds.ids.start: %w", err)
			}
		}
	}
	if in.job.Explore.Neighbor != nil {
		return nil
	}
	filter := frontier.Filter{States: []seine.State{seine.Done}, Limit: addBatch}
	for {
		page, err := f.Tasks(ctx, in.id, filter)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, t := range page {
			steps, err := stepsAt(ctx, f, in.job, in.id, t.Key, explore.Walk{}, true)
			if err != nil {
				return err
			}
			for _, n := range steps {
				if err := in.add(ctx, n); err != nil {
					return err
				}
			}
		}
		filter.After = page[len(page)-1].Key
	}
}

// seedDigest identifies the seeds and the tasks that they give.
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

// addBatch is the number of tasks that are added at a time.
const addBatch = 1000

// Queue is the part of a frontier that admits tasks.
type Queue interface {
	Add(ctx context.Context, job frontier.JobID, tasks []frontier.New) (int, error)
}

// Adder admits keys in batches.
type Adder struct {
	f     Queue
	job   *seine.Job
	id    frontier.JobID
	batch []frontier.New

	// Seen counts the given keys, Added the new keys, Known the keys that the job had seen. The
	// other keys were not stored.
	Seen, Added, Known int64

	// Log receives outages of the frontier. Nil discards them.
	Log *slog.Logger
}

// Columns returns the names of the columns of the job's list.
func (a *Adder) Columns() frontier.Columns { return a.job.Seeds.Columns }

// NewAdder returns an adder for a registered job.
func NewAdder(f Queue, job *seine.Job, id frontier.JobID) *Adder {
	return &Adder{f: f, job: job, id: id}
}

// Add admits a key, now or with the next Flush.
func (a *Adder) Add(ctx context.Context, s frontier.Seed) error {
	n, err := frontier.Admit(a.job, s)
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

// Flush admits the rest. If the frontier is unreachable, Flush waits for it until ctx ends.
func (a *Adder) Flush(ctx context.Context) error {
	if len(a.batch) == 0 {
		return nil
	}
	return patiently(ctx, a.Log, func() error {
		n, err := a.f.Add(ctx, a.id, a.batch)
		if err != nil {
			return err
		}
		a.Added += int64(n)
		a.Known += int64(len(a.batch) - n)
		a.batch = a.batch[:0]
		return nil
	})
}
