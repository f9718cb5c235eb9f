package worker

import (
	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/runner"
)

// The errors of a worker on which callers branch. Errors of a job's values have no name.
var (
	// ErrFrontier reports that the frontier is unreachable.
	ErrFrontier = runner.ErrFrontier

	// ErrSchema reports that the frontier's schema is too old or too new.
	ErrSchema = runner.ErrSchema

	// ErrClock reports that this machine's clock differs from the frontier's by minutes.
	ErrClock = runner.ErrClock

	// ErrRights reports that the frontier's user lacks a right that a worker needs.
	ErrRights = runner.ErrRights

	// ErrStore reports that a job's store is unreachable.
	ErrStore = runner.ErrStore

	// ErrBrowser reports that a job needs a browser and that none exists or starts.
	ErrBrowser = runner.ErrBrowser

	// ErrChanged reports that the job's seeds.url or store.key changed.
	ErrChanged = runner.ErrChanged

	// ErrDiskFull reports that a disk is full.
	ErrDiskFull = seine.ErrDiskFull

	// ErrSeeds reports that a job's seeds cannot be read or hold an invalid key.
	ErrSeeds = runner.ErrSeeds

	// ErrAddress reports that Config.HTTP is not an address.
	ErrAddress = runner.ErrAddress

	// ErrLimit reports that a run ended at a limit.
	ErrLimit = runner.ErrLimit

	// ErrDark reports that a run ended because exploring had been stopped, after many requests
	// without a hit.
	ErrDark = discovery.ErrDark

	// ErrNoJob reports a job that the frontier or the worker does not have.
	ErrNoJob = frontier.ErrNoJob
)
