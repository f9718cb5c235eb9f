package wiring

import (
	"context"

	"gocloud.dev/blob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
)

// Replay configures a replay of the recorded pages of a job.
type Replay struct {
	Frontier interface {
		engine.ReplayFrontier
		Registry
	}

	// Job has the rules of now. ID is its registered number.
	Job *seine.Job
	ID  frontier.JobID

	// Bucket is the open store at the URL At.
	Bucket *blob.Bucket
	At     string

	// The others are as in [engine.Replay].
	Filter          frontier.Filter
	All, Dry, Fetch bool

	// AcceptChanges takes a changed seeds.url or store.key.
	AcceptChanges bool
}

// Replayed is the result for a task.
type Replayed = engine.Replayed

// The outcomes of a replay.
const (
	ReplayJudged     = engine.ReplayJudged
	ReplaySame       = engine.ReplaySame
	ReplayOpen       = engine.ReplayOpen
	ReplayUnrecorded = engine.ReplayUnrecorded
	ReplayDamaged    = engine.ReplayDamaged
	ReplayLacking    = engine.ReplayLacking
	ReplayRequeued   = engine.ReplayRequeued
	ReplayMeanwhile  = engine.ReplayMeanwhile
	ReplayRefused    = engine.ReplayRefused
)

// Reprocess judges the recorded pages of a job again and makes no request. Unless it is dry, it
// registers the job first, as a run does.
func Reprocess(ctx context.Context, r Replay, each func(Replayed) error) error {
	job := &engine.Job{ID: r.ID, Keeper: asset.New(r.Bucket, asset.Options{})}
	if r.Dry {
		normal, err := r.Job.Normal()
		if err != nil {
			return err
		}
		if len(normal.Digest) == 0 {
			normal.Digest = digest(&normal)
		}
		job.Job = normal
	} else {
		registered, err := Register(ctx, r.Frontier, *r.Job, Options{Store: r.At, AcceptChanges: r.AcceptChanges})
		if err != nil {
			return err
		}
		job.Job, job.ID = registered.Job, registered.ID
	}
	pages, err := Recordings(r.Bucket, r.At, job.Name)
	if err != nil {
		return err
	}
	replay := engine.Replay{
		Frontier: r.Frontier, Job: job, Pages: pages, Files: r.Bucket.ReadAll,
		Filter: r.Filter, All: r.All, Dry: r.Dry, Fetch: r.Fetch,
	}
	return replay.Run(ctx, each)
}
