// Package frontier stores the tasks of every job, the set of keys each job has seen, and the time
// at which each host may be requested again.
//
// The frontier's clock decides when a lease expires. A worker whose lease row is gone gets
// [ErrLeaseLost] from every call, and the frontier stores nothing of it. A task can therefore be
// fetched twice but is completed at most once.
//
//	add ─→ pending ─claim→ in_progress ─complete→ done, skipped, final error or stale
//	          ↑                │
//	          └── release, rescue (lease expired), fail (after its backoff)
//
// [Queue.Complete] stores state, records, asset rows and follow-ups in one transaction. A pace
// applies to a [Lane]: a claim locks lanes and takes their tasks, so a host's pace holds over all
// workers.
//
// Both drivers share the rules: pure functions ([Admit], [NextTry], [Clean]) and the value [Lane].
// SQLite loads a lane and calls its methods. PostgreSQL runs SQL that pgfrontier/sql_lane.go builds
// from the same constants. frontiertest.Compare runs both drivers and a model side by side on
// random operations.
package frontier

import (
	"errors"

	"github.com/seinehq/seine"
)

// Errors on which callers branch.
var (
	// ErrLeaseLost: the lease's row is gone. Another worker may hold its tasks.
	ErrLeaseLost = errors.New("lease lost")

	// ErrUnavailable: the database is unreachable. A later call may succeed.
	ErrUnavailable = errors.New("frontier unreachable")

	// ErrSchema: the database's schema is older or newer than this program's.
	ErrSchema = errors.New("schema does not fit")

	// ErrRights: the database's user lacks a privilege. Waiting does not help.
	ErrRights = errors.New("frontier refuses this user")

	// ErrClock: this machine's clock is too far from the frontier's.
	ErrClock = errors.New("the clocks differ")

	// ErrNoJob: no job of that name is registered.
	ErrNoJob = errors.New("no such job")

	// ErrChanged: the job's seeds.url or store.key differs from the registered value.
	ErrChanged = errors.New("the job's identity changed")

	// ErrNoTable: the database has no table that can be the queue of another program.
	ErrNoTable = errors.New("no such queue")

	// ErrDiskFull: the database's disk is full.
	ErrDiskFull = seine.ErrDiskFull
)

// JobID numbers a job in one frontier.
type JobID int32

// LaneID numbers a lane in one frontier.
type LaneID int32

// Frontier composes the roles. Drivers implement it, and package drivers opens it. Every other
// package takes the roles it needs: an opened frontier is the result of a function, and no
// parameter.
type Frontier interface {
	Queue
	Hosts
	Seeds
	Spaces
	Maintainer
	Reader
	Results
	Recordings
	Sweeper
	Robots
	Sessions
	Drifts
	Forgetter
	Images
	Steering
	Listings
	Histories
	Inspector

	Close() error
}
