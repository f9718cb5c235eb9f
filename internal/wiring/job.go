package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/fetch/chromefetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/idspace"
	"github.com/seinehq/seine/internal/redact"
)

// Options configure how jobs are prepared.
type Options struct {
	// Version of the program, for the user agent.
	Version string

	// AcceptChanges takes a changed seeds.url or store.key.
	AcceptChanges bool

	// Store is where the job's files go. By default it is the job's own.
	Store string

	// Config is the job file as JSON, to be kept with the job.
	Config json.RawMessage
}

// Registry is the part of a frontier that registers jobs.
type Registry interface {
	frontier.Seeds
	hosts.Mover
}

// Register stores a job in a frontier, with its config and pace.
func Register(ctx context.Context, f Registry, job seine.Job, opts Options) (*engine.Job, error) {
	normal, err := job.Normal()
	if err = errors.Join(err, errors.Join(idspace.Check(job.Seeds.IDs)...)); err != nil {
		return nil, err
	}
	if len(normal.Digest) == 0 {
		normal.Digest = digest(&normal)
	}
	config := opts.Config
	if config == nil {
		if config, err = configOf(&normal, opts.Store); err != nil {
			return nil, err
		}
	}
	out := &engine.Job{Job: normal}
	spec := frontier.SpecOf(&normal, config)
	// A secret does not belong to the identity of the job, because it may change and is never
	// stored.
	spec.SeedURL = redact.New(normal.Secrets).Replace(spec.SeedURL)
	if out.ID, err = f.Register(ctx, spec, opts.AcceptChanges); err != nil {
		return nil, err
	}
	if err := hosts.Relane(ctx, f, &out.Job, out.ID, opts.AcceptChanges); err != nil {
		return nil, fmt.Errorf("move tasks to the lanes of the pace: %w", err)
	}
	return out, nil
}

// Equip gives a registered job its client and its keeper. chrome may be nil when
// the job needs no browser.
func Equip(job *engine.Job, keeper *asset.Keeper, chrome *chromefetch.Chrome, version string, log *slog.Logger) (closeClient func(), err error) {
	client, done, err := Client(&job.Job, version, chrome, log)
	if err != nil {
		return nil, err
	}
	job.Fetch, job.Keeper = client, keeper
	return done, nil
}
