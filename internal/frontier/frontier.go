// Package frontier keeps what is to be fetched next: the tasks of every job,
// the set of keys each job has seen, and the time each host may be asked again.
//
// The frontier's own clock decides when a lease expires. A worker whose lease
// row is gone gets [ErrLeaseLost] from every call, and nothing it brings is
// stored, so a task is completed at most once though it may be fetched twice.
//
//	add ─→ pending ─claim→ in_progress ─complete→ done, skipped, final error or stale
//	          ↑                │
//	          └── release, rescue (lease expired), fail (after its backoff)
//
// What a task yields (state, records, asset rows, follow-ups) becomes true in
// one transaction, [Frontier.Complete]. A [lane] is what a pace applies to: a
// claim locks lanes and takes their tasks, so a host's pace holds over all
// workers by construction.
//
// What both drivers must agree on is a function here ([Admit], [NextTry],
// [Clean]) or a test in package frontiertest.
package frontier

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/seinehq/seine"
)

// Errors that callers act on.
var (
	// ErrLeaseLost: the lease's row is gone; whatever it held is another's.
	ErrLeaseLost = errors.New("lease lost")

	// ErrUnavailable: the database can't be reached; try again later.
	ErrUnavailable = errors.New("frontier unreachable")

	// ErrSchema: the database's schema is older or newer than this program's.
	ErrSchema = errors.New("schema does not fit")

	// ErrRights: the database's user may not do it. Waiting does not help.
	ErrRights = errors.New("frontier refuses this user")

	// ErrClock: this machine's clock is too far from the frontier's.
	ErrClock = errors.New("the clocks differ")

	// ErrNoJob: no job of that name is registered.
	ErrNoJob = errors.New("no such job")

	// ErrChanged: the job's seeds.url or store.key differs from what its tasks
	// and files were made with.
	ErrChanged = errors.New("the job's identity changed")

	// ErrDiskFull: the database's disk is full.
	ErrDiskFull = seine.ErrDiskFull
)

// JobID numbers a job in one frontier.
type JobID int32

// LaneID numbers a lane in one frontier.
type LaneID int32

// Spec is what a frontier knows of a job.
type Spec struct {
	Name string

	// Config is the job as JSON, secrets unresolved.
	Config json.RawMessage
	Digest []byte

	// SeedURL and StoreKey are the job's identity: a change of one is refused
	// with ErrChanged, because stored keys and paths depend on it.
	SeedURL, StoreKey string

	// MaxAttempts is for the rescuer, which has no job file at hand.
	MaxAttempts int

	// Page and Asset are the paces of its lanes.
	Page, Asset LanePace
}

// LanePace is the pace of a lane as the frontier keeps it.
type LanePace struct {
	// Delay is drawn anew for each start.
	Delay seine.Span

	// Inflight is the most tasks leased at once.
	Inflight int

	Rest     seine.Rest
	Cooldown seine.Cooldown

	// Slow is what the delay is multiplied by since the host refused; less
	// than 1 is 1.
	Slow float64 `json:"-"`
}

// New is a task to be added.
type New struct {
	Key string

	// Lane is the key of its lane: see [Admit].
	Lane     string
	Priority int

	// Meta is JSON or nil.
	Meta json.RawMessage
}

// Lease is a worker session's hold on its tasks.
type Lease struct {
	// Token is the lease's never reused number; it fences late writes.
	Token  int64
	Worker string
	TTL    time.Duration
}

// ClaimArgs says what a claim may take.
type ClaimArgs struct {
	Job JobID

	// N is the most tasks.
	N int

	// Ahead is how far before its next start a lane may be taken.
	Ahead time.Duration

	// Lead is how long the answer is on its way: where starts are apart, none is
	// given that is sooner, as its time would have passed.
	Lead time.Duration

	// Each is the most tasks of one lane; zero: as many as its pace allows. A
	// worker whose own pace decides takes no more of a host than it may start
	// soon: the others could start them now.
	Each int

	// Not lists lanes to leave alone: those whose host this worker's own pace
	// holds back.
	Not []LaneID
}

// Room returns how many tasks this claim may take of a lane: see [LaneRoom].
func (a ClaimArgs) Room(p LanePace, inflight, faults int) int {
	room := LaneRoom(p, inflight, faults)
	if a.Each > 0 {
		room = min(room, a.Each)
	}
	return room
}

// Claimed is a task under a lease.
type Claimed struct {
	Job      JobID
	Seq      int64
	Key      string
	Lane     LaneID
	LaneKey  string
	Priority int
	Attempt  int
	Meta     json.RawMessage

	// StartAt is when it may start, by the frontier's clock; Wait is how long
	// that was from the claim on.
	StartAt time.Time
	Wait    time.Duration

	// ReadAt is about when Wait was counted, by this process's clock, and not
	// later. Zero: unknown.
	ReadAt time.Time

	// Faults counts the faults in a row of its host.
	Faults int

	// Mark is what earlier attempts did: see [Failure.Mark].
	Mark Mark

	// Refused is for how long its host has refused the task without a break. Zero: it has not.
	Refused time.Duration

	// Owed is [Again.Owed] of the attempt before. It is an empty object if the task was sent back and
	// has failed assets. Nil: neither.
	Owed json.RawMessage
}

// Alone reports that the attempt fetches assets without their page: it tells nothing of the page's
// host.
func (c Claimed) Alone() bool { return len(c.Owed) > len("{}") }

// Sweep is leave to delete files from a store.
type Sweep struct {
	ID int64

	// Free lists the paths that may be deleted.
	Free []string
}

// Quiet is what a host said, or what became of it.
type Quiet struct {
	// For is how long it is to be left alone; zero: it is not.
	For time.Duration
	Why string

	// Faults, when not zero, is the number of host faults in a row.
	Faults int

	// Slow halves the pace: see [polite.Slower]. Ago is how long ago the
	// request was started that was refused: of several that were under way
	// together one counts.
	Slow bool
	Ago  time.Duration
}

// Turn is a start on a lane.
type Turn struct {
	// Wait is how long to wait for it.
	Wait time.Duration

	// Held: the lane or its job is paused.
	Held bool

	// Apart: starts are apart; each needs a turn of its own.
	Apart bool
}

// LaneState is what may have changed since a claim.
type LaneState struct {
	Lane LaneID

	// Held: the lane or its job is paused.
	Held bool

	// Quiet is for how long the lane is still quiet; zero: it is not. A rest is
	// not counted: it follows the starts that were claimed before it.
	Quiet time.Duration
}

// Frontier is the seam. All methods are safe for concurrent use. Besides the
// errors named, each may return ErrUnavailable.
type Frontier interface {
	// Register makes the job known or brings it up to date: rules, digest and
	// pace apply at once. It returns ErrChanged unless accept is set.
	Register(ctx context.Context, spec Spec, accept bool) (JobID, error)

	// Seeded reports whether these seeds were admitted before; MarkSeeded says
	// that they are now.
	Seeded(ctx context.Context, job JobID, digest []byte) (bool, error)
	MarkSeeded(ctx context.Context, job JobID, digest []byte) error

	// Waiting lists up to n open tasks, not leased, of shards or of all other
	// lanes, in the order of their Seq; Move puts tasks into lanes. A pace that
	// changes between none and some changes a task's lane.
	Waiting(ctx context.Context, job JobID, shards bool, after int64, n int) ([]Claimed, error)
	Move(ctx context.Context, job JobID, tasks []Claimed, lanes []string) error

	// Add admits tasks whose key the job has not seen and returns how many.
	Add(ctx context.Context, job JobID, tasks []New) (int, error)

	// SetSpace says which ids are enumerated, in place of what was said before:
	// what was admitted already stays, and is not gone through again. Fill admits its next n ids when
	// at least half of the lanes that they go to have nothing ready. It returns how many
	// ids it took and whether any are left.
	SetSpace(ctx context.Context, job JobID, from, to int64) error
	Fill(ctx context.Context, job JobID, n int, admit func(id int64) (New, error)) (taken int, left bool, err error)

	// OpenLease begins a worker's session; Heartbeat moves its end and leaves
	// the worker's rates, tasks a second by job; CloseLease ends a session: what
	// it still holds is a rescuer's at once.
	OpenLease(ctx context.Context, worker string, ttl time.Duration) (Lease, error)
	Heartbeat(ctx context.Context, lease Lease, rates map[JobID]float64) error
	CloseLease(ctx context.Context, lease Lease) error

	// Claim takes up to args.N tasks of hosts that may be asked, each with the
	// time at which it may start. It returns none, and no error, when nothing
	// is due.
	Claim(ctx context.Context, lease Lease, args ClaimArgs) ([]Claimed, error)

	// Complete, Fail and Release end a claim. A batch holds tasks of one job.
	// Release costs no attempt.
	Complete(ctx context.Context, lease Lease, job JobID, batch []Completion) (Outcome, error)
	Fail(ctx context.Context, lease Lease, job JobID, batch []Failure) (Outcome, error)
	Release(ctx context.Context, lease Lease, batch []Claimed) (Outcome, error)

	// Lookup returns the states of the keys that the job has seen.
	Lookup(ctx context.Context, job JobID, keys []string) (map[string]seine.State, error)

	// Held tells of lanes whose claimed tasks have not started yet.
	Held(ctx context.Context, lanes []LaneID) ([]LaneState, error)

	// Troubled lists the hosts of a job that are paused, quiet, at fault or slow.
	Troubled(ctx context.Context, job JobID) ([]string, error)

	// Reserve takes a start on another lane of the job, made when missing. None
	// is taken when the lane is held, or when it is more than most away. draw is a
	// number in [0, 1). A lane of assets that was slowed comes back to its pace by
	// the starts that are taken: nothing else tells that it is well.
	Reserve(ctx context.Context, job JobID, lane string, draw float64, most time.Duration) (Turn, error)

	// Quiet keeps lanes from being claimed for a while, and slows them down.
	Quiet(ctx context.Context, job JobID, lanes []string, q Quiet) error

	// HostDown ends every open task of a host that is not leased, if the host has been at fault for
	// at least after. The tasks end in error with the reason. It reports whether the host has been
	// at fault for so long, and how many tasks it ended. HostUp states that a host answered.
	HostDown(ctx context.Context, job JobID, host string, after time.Duration, reason string) (down bool, ended int, err error)
	HostUp(ctx context.Context, job JobID, host string) error

	// PauseJob and PauseHost stop claims until they are called with false. They
	// return ErrNoJob, or false when the job has no such host. Of a job without a
	// pace any host can be paused: its hosts are not known.
	PauseJob(ctx context.Context, job JobID, paused bool) error
	PauseHost(ctx context.Context, job JobID, host string, paused bool) (bool, error)

	// Due tells how long it is until something may be claimed, by what is known
	// now; ok is false when nothing waits.
	Due(ctx context.Context, jobs []JobID) (wait time.Duration, ok bool, err error)

	// Housekeeping, by any worker. Rescue takes the tasks of one expired lease
	// back; Promote makes up to n due retries ready; Fold sums the counters;
	// Tend drops what is of no more use and takes out of the hot tables what was
	// deleted, when there is enough of it. It never waits for a claim, and no
	// claim for it.
	Rescue(ctx context.Context) (found bool, back, died int, err error)
	Promote(ctx context.Context, n int) (int, error)
	Fold(ctx context.Context) error
	Tend(ctx context.Context) error

	Explorer
	Reader

	// Retry sends finished or waiting tasks back with their attempts forgotten
	// and returns how many. Their records and assets stay until they are done
	// again.
	Retry(ctx context.Context, job JobID, tasks []New) (int, error)

	// BeginSweep is asked before files are deleted from a store. Those of paths
	// that no record of any job owns are the sweep's to delete for at most ttl.
	// Nobody comes to own them meanwhile: a task that was claimed before the
	// sweep's end may have found one of them in place, so a Complete that
	// brings one gives it back, at no cost of an attempt. EndSweep says that
	// nothing more is deleted; a sweep that is not ended holds for its ttl.
	BeginSweep(ctx context.Context, paths []string, ttl time.Duration) (Sweep, error)
	EndSweep(ctx context.Context, sweep Sweep) error

	Close() error
}
