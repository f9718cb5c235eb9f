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
	"github.com/seinehq/seine/internal/hosts"
)

// TrialConfig describes a job to its trial.
type TrialConfig struct {
	Job *seine.Job

	// Version of the program, for the user agent.
	Version string

	// Chrome renders the page. It may be nil if the job needs no browser.
	Chrome *chromefetch.Chrome

	// Fleet assigns the starts of requests for the job with this ID. Without it, the trial paces
	// itself.
	Fleet engine.Fleet
	ID    frontier.JobID

	// Waits is called before a wait for the start of a page that takes more than a second.
	// Default: nothing.
	Waits func(host string, wait time.Duration)
}

// Trial runs attempts of tasks as a worker does. Tried is the result of an attempt, and TriedAsset
// the result of an asset. BusyError means that a page may not be requested soon.
type (
	Trial      = engine.Trial
	Tried      = engine.Tried
	TriedAsset = engine.TriedAsset
	BusyError  = hosts.BusyError
)

// NewTrial returns a trial, which stores nothing. The caller calls done at the end.
func NewTrial(cfg TrialConfig) (trial *Trial, done func(), err error) {
	normal, err := cfg.Job.Normal()
	if err != nil {
		return nil, nil, err
	}
	client, done, err := Client(&normal, cfg.Version, cfg.Chrome, nil)
	if err != nil {
		return nil, nil, err
	}
	job := &engine.Job{Job: normal, ID: cfg.ID, Fetch: client, Keeper: preview{asset.New(nil, asset.Options{})}}
	return engine.NewTrial(engine.TrialConfig{Job: job, Fleet: cfg.Fleet, Waits: cfg.Waits}), done, nil
}

// Try runs one attempt of a trial.
func Try(ctx context.Context, cfg TrialConfig, task frontier.New) (Tried, error) {
	trial, done, err := NewTrial(cfg)
	if err != nil {
		return Tried{}, err
	}
	defer done()
	return trial.Try(ctx, task)
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
