package worker

import (
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Progress is the work of one process for one job since it started.
type Progress struct {
	// Job is the name of the job.
	Job string

	// Ends counts attempts by the state that they ended in. Final counts the final tasks among
	// them.
	Ends, Final map[seine.State]int64

	// Records and Assets count the stored ones.
	Records, Assets int64

	// Rate is the number of tasks per second over the last minute.
	Rate float64

	// Why states why this process claims no task of the job at the moment. It is empty while it
	// claims.
	Why string
}

// Counts are the counters of a job.
type Counts struct {
	// Total counts every admitted task. Open counts the tasks that are not final.
	Total, Open int64

	// Final counts the Done, Skipped, Error and Stale tasks that are final.
	Final map[seine.State]int64

	// Records and Assets count the stored ones.
	Records, Assets int64

	// Unseen counts the IDs of the space that are not admitted yet.
	Unseen int64
}

// Status is the state of a job.
type Status struct {
	Counts

	// Paused reports that no worker claims tasks of the job.
	Paused bool

	// States counts the tasks by state.
	States map[seine.State]int64

	// Rate is the number of tasks per second over the fleet, in the last minute.
	Rate float64

	// Workers counts the processes with a live lease that run the job.
	Workers int

	// Hosts lists hosts that have tasks or are unhealthy, at most 20.
	Hosts []HostStatus

	// Reasons counts tasks by state and reason, the most frequent first, at most 50.
	Reasons []ReasonCount

	// NullFields lists the fields without a value in all or nearly all records.
	NullFields []FieldCount

	// Unmatched lists the rules that found no link on any page of their kind.
	Unmatched []RuleCount

	// FailedAssets counts the assets that records lack, including assets that wait for a retry.
	FailedAssets int64

	// Quarantined counts the records that fail [seine.Job.Check]. They are not in Records.
	Quarantined int64

	// LastRetry is the latest time of a retry. Zero means that no task waits.
	LastRetry time.Time

	// LeftOut counts the links that were not admitted, by reason, at most 50.
	LeftOut []ReasonCount
}

// HostStatus is the state of one host of a job.
type HostStatus struct {
	// Host is HOST:PORT. The prefix "assets/" marks the pace of its assets.
	Host string

	// NextAt is the earliest next start. It may be in the past.
	NextAt time.Time

	// Blocked reports that the host rests or is paused.
	Blocked bool

	// Reason is why the host is blocked. Empty if it is not.
	Reason string

	// Slow multiplies the host's delay since it refused requests. 1 means no refusal.
	Slow float64
}

// ReasonCount counts tasks or links by reason. State is Pending for links.
type ReasonCount struct {
	// State is the state of the tasks.
	State seine.State

	// Reason is the text that `seine tasks` shows.
	Reason string

	// Count is the number of tasks or links.
	Count int64
}

// FieldCount is a field of the records of a page kind. Missing counts the records without a value.
type FieldCount struct {
	// Field is the name of the field.
	Field string

	// Missing of Records have no value.
	Missing, Records int64

	// Page is the name of the page kind. Empty for a job without page kinds.
	Page string
}

// RuleCount is a rule that found no link on any of the done pages of a kind.
type RuleCount struct {
	// Page is the name of the page kind. Empty for a job without page kinds.
	Page string

	// Rule names the rule, as [seine.Result] does in Unmatched.
	Rule string

	// Pages counts the done pages.
	Pages int64
}

func statusOf(s frontier.Status) Status {
	out := Status{
		Counts: Counts(s.Counts), Paused: s.Paused, States: s.States, Rate: s.Rate, Workers: s.Workers,
		FailedAssets: s.FailedAssets, Quarantined: s.Quarantined, LastRetry: s.LastRetry,
	}
	for _, h := range s.Hosts {
		out.Hosts = append(out.Hosts, HostStatus{h.Host, h.NextAt, h.Blocked, h.Reason, h.Slow})
	}
	for _, r := range s.Reasons {
		out.Reasons = append(out.Reasons, ReasonCount(r))
	}
	for _, f := range s.NullFields {
		out.NullFields = append(out.NullFields, FieldCount(f))
	}
	for _, r := range s.Unmatched {
		out.Unmatched = append(out.Unmatched, RuleCount(r))
	}
	for _, l := range s.LeftOut {
		out.LeftOut = append(out.LeftOut, ReasonCount{Reason: l.Reason, Count: l.N})
	}
	return out
}
