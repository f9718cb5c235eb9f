package wiring

import (
	"context"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/fetch/chromefetch"
	"github.com/seinehq/seine/internal/frontier"
)

// Trial is a task to try.
type Trial struct {
	Job *seine.Job
	New frontier.New

	// Version of the program, for the user agent.
	Version string

	// Chrome renders the page. It may be nil if the job needs no browser.
	Chrome *chromefetch.Chrome

	// Turns assigns the turns on hosts of the fleet. Without it, only pace.scope worker paces
	// requests.
	Turns Turns
	ID    frontier.JobID

	// Wait is the time until the start of the page's request.
	Wait time.Duration
}

// Turns is the part of a frontier that assigns the turns on hosts.
type Turns interface {
	Reserve(
		ctx context.Context, job frontier.JobID, lane string, draw float64, most time.Duration,
	) (frontier.Turn, error)
}

// Tried is the result of a trial, and TriedAsset the result of an asset.
type (
	Tried      = engine.Tried
	TriedAsset = engine.TriedAsset
)

// Try runs one attempt of a task as a worker does, and stores nothing.
func Try(ctx context.Context, t Trial) (Tried, error) {
	normal, err := t.Job.Normal()
	if err != nil {
		return Tried{}, err
	}
	client, done, err := Client(&normal, t.Version, t.Chrome, nil)
	if err != nil {
		return Tried{}, err
	}
	defer done()
	job := &engine.Job{Job: normal, ID: t.ID, Fetch: client, Keeper: preview{asset.New(nil, asset.Options{})}}
	return engine.Try(ctx, engine.Trial{
		Job: job, Hosts: readOnly{t.Turns},
		Task: frontier.Claimed{
			Job: t.ID, Key: t.New.Key, LaneKey: t.New.Lane, Page: t.New.Page, Priority: t.New.Priority, Meta: t.New.Meta,
			Attempt: 1, Wait: t.Wait, ReadAt: time.Now(),
		},
	}), nil
}

// WithScreenshot ends the reason of a task with a picture.
const WithScreenshot = engine.WithScreenshot

// preview is a keeper that prepares the files of an asset and stores none.
type preview struct{ keeper *asset.Keeper }

// Keep returns the properties that the stored files would have.
func (p preview) Keep(ctx context.Context, from seine.Fetcher, a seine.Asset, hold asset.Hold) ([]assetfile.Stored, error) {
	return p.keeper.Preview(ctx, from, hold.Page, a)
}

// KeepScreenshot stores nothing.
func (p preview) KeepScreenshot(context.Context, string, string, []byte) error { return nil }

// readOnly is a frontier that assigns turns and records nothing about hosts.
type readOnly struct{ turns Turns }

// Reserve takes a turn.
func (r readOnly) Reserve(
	ctx context.Context, job frontier.JobID, lane string, draw float64, most time.Duration,
) (frontier.Turn, error) {
	if r.turns == nil {
		return frontier.Turn{}, nil
	}
	return r.turns.Reserve(ctx, job, lane, draw, most)
}

// Backoff records nothing.
func (readOnly) Backoff(context.Context, frontier.JobID, []string, frontier.Backoff) error {
	return nil
}

// Blocked returns no lane.
func (readOnly) Blocked(context.Context, []frontier.LaneID) ([]frontier.LaneState, error) {
	return nil, nil
}

// HostDown ends no task.
func (readOnly) HostDown(context.Context, frontier.JobID, string, time.Duration, string) (bool, int, error) {
	return false, 0, nil
}

// HostUp records nothing.
func (readOnly) HostUp(context.Context, frontier.JobID, string) error { return nil }
