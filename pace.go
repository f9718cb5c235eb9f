package seine

import "time"

// PaceScope is the scope of a pace.
type PaceScope string

// A pace holds over the fleet (host) or over each worker's own address (worker).
const (
	ScopeHost   PaceScope = "host"
	ScopeWorker PaceScope = "worker"
)

// Pace is the limit of a host.
type Pace struct {
	// Delay is the time between the starts of two fetches from one host.
	// Default 1s; Span{None, None} is none.
	Delay Span

	// Scope is the scope of the pace. Default ScopeHost.
	Scope PaceScope

	// Concurrency is the most fetches of pages of one host at once. Default 1;
	// Unlimited together with no delay is no pace at all.
	Concurrency int

	// Rest is a pause after a number of starts. Default: none.
	Rest Rest

	// Cooldown is a pause after a number of errors. Default: none.
	Cooldown Cooldown

	// Hours limits the time of day in which fetches start. Default: all.
	Hours Hours

	// Assets is the pace of the hosts of assets. The zero value has the defaults of [AssetPace].
	Assets AssetPace
}

// NoDelay is a [Pace.Delay] without a wait: the bound is [Pace.Concurrency] alone.
var NoDelay = Span{None, None}

// Every is a [Pace.Delay] of d between two starts. Zero is [NoDelay], and a job with a negative
// time is rejected.
func Every(d time.Duration) Span { return Between(d, d) }

// Between is a [Pace.Delay] that is drawn between two times for each start.
func Between(least, most time.Duration) Span {
	// Zero is the default of a span's fields, so no time is None here.
	if least == 0 {
		least = None
	}
	if most == 0 {
		most = None
	}
	return Span{least, most}
}

// Rest is a pause of For after every Every starts on a host. Default none.
type Rest struct {
	// Every is the number of starts before a pause. 0: no pauses.
	Every int

	// For is the length of a pause.
	For time.Duration
}

// Cooldown is a pause of For after After errors in a row on a host. Default none.
type Cooldown struct {
	// After is the number of errors in a row before a pause. 0: no pauses.
	After int

	// For is the length of a pause.
	For time.Duration
}

// Hours is a part of the day by wall-clock time, for example from 22:00 until before 06:00. The
// zero value is the whole day.
type Hours struct {
	// From and To are times since midnight, less than 24h. From after To goes
	// over midnight; equal ones are the whole day.
	From, To time.Duration

	// Zone is where the clock hangs. Default UTC.
	Zone *time.Location
}

// AssetPace is the pace of assets, which do not wait for Pace.Delay.
type AssetPace struct {
	// Delay is the time between two starts on one asset host. Default none.
	Delay Span

	// Concurrency is the most assets of one host at once in one worker. Default 2.
	Concurrency int
}
