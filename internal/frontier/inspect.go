package frontier

import (
	"context"
	"time"

	"github.com/seinehq/seine"
)

// Inspector shows the parts of a job to people. Each method reads a bounded number of rows by an
// index.
type Inspector interface {
	// Attempts lists the failed attempts of a task, or of a job if key is empty, the newest first.
	Attempts(ctx context.Context, job JobID, key string, n int) ([]Attempt, error)

	// Newest lists files in the order in which they were stored first, the newest first. before is
	// the last file of the list before, or the zero value. Files of an earlier schema are not
	// listed.
	Newest(ctx context.Context, job JobID, before StoredFile, n int) ([]StoredFile, error)

	// LaneList lists the lanes of a job after a key, ordered by key.
	LaneList(ctx context.Context, job JobID, after string, n int) ([]LaneInfo, error)
}

// KeptAttempts is the number of failed attempts that a frontier keeps, and AttemptsFor for how
// long.
const (
	KeptAttempts = 500_000
	AttemptsFor  = 30 * 24 * time.Hour
)

// Attempt is a failed attempt of a task: it ended in error or stale.
type Attempt struct {
	Key    string
	N      int // 1 is the first
	At     time.Time
	State  seine.State
	Reason string
	Worker string

	// Final means that no attempt followed by itself.
	Final bool
}

// StoredFile is an asset with the time at which it was stored first.
type StoredFile struct {
	Asset
	StoredAt time.Time
}

// LaneInfo is a lane with its pace.
type LaneInfo struct {
	HostStatus
	Pace     LanePace
	Inflight int
	Paused   bool
	Ready    bool // a task waits only for the lane
}
