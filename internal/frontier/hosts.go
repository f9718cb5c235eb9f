package frontier

import "time"

// Backoff keeps lanes from being claimed and slows them down.
type Backoff struct {
	// For is the length of the backoff. Zero blocks nothing.
	For time.Duration
	Why string

	// Faults is the number of host faults in a row. Zero keeps the lane's number.
	Faults int

	// Slow halves the pace: see [polite.Slower]. Ago is the age of the refused request: of several
	// requests in flight together, only the first refusal counts.
	Slow bool
	Ago  time.Duration
}

// Turn is a start on a lane.
type Turn struct {
	// Wait is the time until the start.
	Wait time.Duration

	// Paused means that the lane or its job is paused.
	Paused bool

	// Paced means that every start on the lane needs a turn of its own.
	Paced bool
}

// LaneState is the part of a lane that may have changed since a claim.
type LaneState struct {
	Lane LaneID

	// Paused means that the lane or its job is paused.
	Paused bool

	// Backoff is the remaining backoff. A rest does not count, because it follows the starts that
	// were claimed before it.
	Backoff time.Duration
}
