package frontier

import (
	"context"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
)

// The roles of a frontier. Every method is safe for concurrent use and may return ErrUnavailable
// in addition to the errors that its comment names.

// Queue hands out tasks under leases and stores their results.
type Queue interface {
	// OpenLease begins a worker's session.
	OpenLease(ctx context.Context, worker string, ttl time.Duration) (Lease, error)

	// Heartbeat extends the lease by its TTL and stores the worker's rates: tasks per second by
	// job.
	Heartbeat(ctx context.Context, lease Lease, rates map[JobID]float64) error

	// CloseLease ends a session. A rescuer may take the tasks it still holds at once.
	CloseLease(ctx context.Context, lease Lease) error

	// Claim leases up to args.N tasks of hosts that may be requested and assigns each a start time.
	// If no task is due, Claim returns an empty slice and no error.
	Claim(ctx context.Context, lease Lease, args ClaimArgs) ([]Claimed, error)

	// Complete, Fail and Release end a claim. A batch holds tasks of one job. Release costs no
	// attempt.
	Complete(ctx context.Context, lease Lease, job JobID, batch []Completion) (Outcome, error)
	Fail(ctx context.Context, lease Lease, job JobID, batch []Failure) (Outcome, error)
	Release(ctx context.Context, lease Lease, batch []Claimed) (Outcome, error)

	// Add admits the tasks whose key the job has not seen and whose budgets are not used up. It
	// returns their number.
	Add(ctx context.Context, job JobID, tasks []New) (int, error)

	// Due returns the time until a task of the jobs may be claimed, as far as the frontier knows
	// now. ok is false if no task waits.
	Due(ctx context.Context, jobs []JobID) (wait time.Duration, ok bool, err error)

	// NextRecrawl returns the time of the job's next visit of a finished page. ok is false if there
	// is none. Due does not know of these visits.
	NextRecrawl(ctx context.Context, job JobID) (at time.Time, ok bool, err error)
}

// Hosts keeps the schedule of the hosts.
type Hosts interface {
	// Reserve takes a start on a lane of the job and creates a missing lane. It takes none if the
	// lane is paused or the start is more than most away. draw is a number in [0, 1). A start on a
	// slowed lane of assets eases the lane, because no other event shows that its host recovered.
	Reserve(ctx context.Context, job JobID, lane string, draw float64, most time.Duration) (Turn, error)

	// Backoff stops claims of lanes for a time and slows the lanes down.
	Backoff(ctx context.Context, job JobID, lanes []string, b Backoff) error

	// Blocked returns the current state of lanes whose claimed tasks have not started yet.
	Blocked(ctx context.Context, lanes []LaneID) ([]LaneState, error)

	// Unhealthy lists the hosts of a job that are paused, in backoff, at fault or slowed, or that
	// ask for a delay: see [Robots.SetDelay], or whose pace a person changed: see [Steering.Tune].
	Unhealthy(ctx context.Context, job JobID) ([]string, error)

	// HostDown ends every open task of a host that is not leased, if the host has been at fault for
	// at least after. The tasks end in error with the reason. It returns whether the host has been
	// at fault for that time, and the number of tasks it ended.
	HostDown(ctx context.Context, job JobID, host string, after time.Duration, reason string) (down bool, ended int, err error)

	// HostUp records that a host answered.
	HostUp(ctx context.Context, job JobID, host string) error

	// PauseJob stops the claims of a job, or allows them again. It returns ErrNoJob.
	PauseJob(ctx context.Context, job JobID, paused bool) error

	// PauseHost stops the claims of a host, or allows them again. It returns false if the job has
	// no such host. A job without a pace accepts any host, because its hosts are unknown.
	PauseHost(ctx context.Context, job JobID, host string, paused bool) (bool, error)
}

// Seeds registers jobs and admits their first tasks.
type Seeds interface {
	// Register stores a job or updates it. Rules, digest and pace apply at once. Unless accept is
	// set, a changed identity returns ErrChanged.
	Register(ctx context.Context, spec Spec, accept bool) (JobID, error)

	// Seeded reports whether seeds with this digest are marked as admitted.
	Seeded(ctx context.Context, job JobID, digest []byte) (bool, error)

	// MarkSeeded marks the seeds with this digest as admitted.
	MarkSeeded(ctx context.Context, job JobID, digest []byte) error

	// Waiting lists up to n open tasks without a lease, ordered by Seq, either of shards or of all
	// other lanes.
	Waiting(ctx context.Context, job JobID, shards bool, after int64, n int) ([]Claimed, error)

	// Move puts tasks into lanes: a job that gains or loses its pace has other lanes.
	Move(ctx context.Context, job JobID, tasks []Claimed, lanes []string) error

	// Adopt stores the results of tasks that another program finished, in one transaction, as
	// Complete does for claimed ones. It admits the tasks that the job has not seen. A task that is
	// finished or leased, or that brings a file pending deletion, is Lost. Visits, the paces of
	// lanes and the statistics of spaces stay as they are. Seqs number the batch.
	Adopt(ctx context.Context, job JobID, batch []Adoption) (Outcome, error)

	// SetSpace replaces the range of IDs to enumerate. Admitted IDs stay and are not enumerated
	// again.
	SetSpace(ctx context.Context, job JobID, from, to int64) error

	// Fill admits the next n IDs of the range if at least half of their lanes have no ready task.
	// It returns the number of IDs it took and whether any are left.
	Fill(ctx context.Context, job JobID, n int, admit func(id int64) (New, error)) (taken int, left bool, err error)
}

// Spaces keeps the statistics of ID spaces.
type Spaces interface {
	// Idle reports whether nothing of the job is ready, and the time until something is.
	Idle(ctx context.Context, job JobID) (IdleState, error)

	// Explore admits tasks in a space if the job is still idle and the space's circuit is closed.
	// One worker explores a space at a time. The others admit nothing and do not wait. Explore
	// returns the number of new tasks.
	Explore(ctx context.Context, job JobID, space int, tasks []New) (int, error)

	// Blocks returns the sums written since a time of the frontier's clock.
	Blocks(ctx context.Context, job JobID, space int, since time.Time) (map[int64]explore.Sums, error)

	// Steps returns the table of steps, summed over its writers.
	Steps(ctx context.Context, job JobID, space int) (map[explore.Step]explore.Trial, error)

	// Known returns the blocks, the circuit and the watch of a space from one read.
	Known(ctx context.Context, job JobID, space int, since time.Time) (Knowledge, error)

	// Watched stores a worker's view of the last time a space behaved as expected. It keeps the
	// least doubt and the last answer of all workers. closed is the end of the circuit that the
	// worker knew, zero if the space was never stopped. The frontier ignores a worker that knew of
	// another end.
	Watched(ctx context.Context, job JobID, space int, closed time.Time, w explore.Watch) error

	// Answers counts the answered IDs by space, including spaces that the job no longer has.
	Answers(ctx context.Context, job JobID) (map[int]int64, error)

	// OpenCircuit stops a space for every worker. It reports whether the space was running.
	OpenCircuit(ctx context.Context, job JobID, space int, reason string) (bool, error)

	// CloseCircuits restarts all spaces of a job and returns how many were stopped. If a space was
	// stopped for its answers (from explore.Suspect on) or misbehaved since, its watch continues
	// from the sums of that time and keeps the earlier expectation. Every other watch starts again.
	CloseCircuits(ctx context.Context, job JobID) (int, error)

	// Circuits lists the spaces that were ever stopped.
	Circuits(ctx context.Context, job JobID) ([]Circuit, error)

	// Recount recomputes the statistics of a job's spaces: each returns the contribution of a task,
	// or nil. Tasks that end meanwhile wait for the recount and count after it. Recount deletes the
	// spaces' watches, because the new sums are the known state.
	Recount(ctx context.Context, job JobID, each func(TaskInfo) *Explored) (tasks int64, err error)
}

// Maintainer keeps the database in order. Any worker may call it.
type Maintainer interface {
	// Rescue takes back the tasks of one expired lease. It returns the number of tasks that became
	// pending again, and of tasks that ended because it was their last attempt.
	Rescue(ctx context.Context) (found bool, back, died int, err error)

	// Promote makes up to n due retries ready, and requeues up to n finished tasks whose next visit
	// is due, as Retry does, with their lanes and priorities. It returns their number. A visit of
	// an open task is put off by its interval.
	Promote(ctx context.Context, n int) (int, error)

	// Fold sums the counters.
	Fold(ctx context.Context) error

	// Tend deletes expired rows and vacuums hot tables with enough dead rows. It never waits for a
	// claim, and no claim waits for it.
	Tend(ctx context.Context) error
}

// Reader answers the questions of people and tools about jobs and tasks.
type Reader interface {
	Jobs(ctx context.Context) ([]JobInfo, error)
	Counts(ctx context.Context, job JobID) (Counts, error)
	Status(ctx context.Context, job JobID) (Status, error)

	// Depth measures the queue at a cost that does not grow with the queue.
	Depth(ctx context.Context, job JobID) (Depth, error)

	// InProgress counts the leased tasks of a job, or of one host if host is not empty. If it
	// returns zero, no claim of such a task is in flight either.
	InProgress(ctx context.Context, job JobID, host string) (int64, error)

	// Lookup returns the states of the keys that the job has seen.
	Lookup(ctx context.Context, job JobID, keys []string) (map[string]seine.State, error)

	// Tasks lists the tasks after filter.After, ordered by key.
	Tasks(ctx context.Context, job JobID, filter Filter) ([]TaskInfo, error)

	// Clock returns the frontier's time.
	Clock(ctx context.Context) (time.Time, error)

	// Version returns the schema's version, and the server's name and version.
	Version(ctx context.Context) (schema int64, server string, err error)
}

// Results reads the extracted data of a job.
type Results interface {
	// Records calls each for every record with its assets, ordered by key and kind.
	Records(ctx context.Context, job JobID, each func(Stored) error) error

	// Snapshot is Records at one moment. Its transaction stays open until each has seen the last
	// record.
	Snapshot(ctx context.Context, job JobID, each func(Stored) error) error

	// Versions calls each for every version of every record, ordered by key, kind and version. Only
	// the latest version has assets.
	Versions(ctx context.Context, job JobID, each func(Stored) error) error

	// Assets calls each for every asset, ordered by key and name.
	Assets(ctx context.Context, job JobID, each func(Asset) error) error

	// Quarantined calls each for every quarantined record, ordered by task, key and kind.
	Quarantined(ctx context.Context, job JobID, each func(Quarantined) error) error

	// Owner returns the key of another task of the job whose record names the file at path. It
	// returns an empty key if no other record does, or if the record of key itself names the file
	// with this SHA-256.
	Owner(ctx context.Context, job JobID, key, path string, sha256 []byte) (string, error)
}

// Drifts keeps the windows in which page kinds are compared with themselves.
type Drifts interface {
	// Drift returns the stored state of a job's windows.
	Drift(ctx context.Context, job JobID) (DriftState, error)

	// SetDrift stores a state if its version is the next one. It reports whether it did.
	SetDrift(ctx context.Context, job JobID, s DriftState) (bool, error)

	// FieldCounts returns the rows of table stat about records and fields: see [DriftCounts].
	FieldCounts(ctx context.Context, job JobID) ([]ReasonCount, error)

	// HoldBack moves records to the quarantine and returns their number. The latest earlier version
	// of such a record is current again, if there is one.
	HoldBack(ctx context.Context, job JobID, h HoldBack) (int, error)
}

// Sweeper protects files from deletion while a record may come to own them, and requeues tasks.
type Sweeper interface {
	// BeginSweep reserves, for at most ttl, the paths that no record of any job owns. The sweep may
	// delete these files. A task that was claimed before the sweep's end may have found one of the
	// files in place, so a Complete that brings the file returns the task to the queue at no cost
	// of an attempt.
	BeginSweep(ctx context.Context, paths []string, ttl time.Duration) (Sweep, error)

	// EndSweep ends a sweep. Without it the sweep ends after its ttl.
	EndSweep(ctx context.Context, sweep Sweep) error

	// Retry requeues finished or waiting tasks, resets their attempts and returns their number.
	// Their records and assets stay until the tasks are done again.
	Retry(ctx context.Context, job JobID, tasks []New) (int, error)
}
