package frontier

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/drift"
)

// The largest numbers of entries in a status and in a depth.
const (
	StatusHosts   = 20
	StatusReasons = 50
	DepthReasons  = 20
)

// RecordPage is the number of records per read of a driver.
const RecordPage = 500

// JobInfo is a registered job.
type JobInfo struct {
	ID     JobID
	Name   string
	Paused bool
	Config json.RawMessage
	Digest []byte
}

// Counts are a job's counters.
type Counts struct {
	// Total counts every admitted task. Open counts the tasks that are not final.
	Total, Open int64

	// Final counts Done, Skipped, Error and Stale tasks that are final.
	Final map[seine.State]int64

	Records, Assets int64

	// Unseen counts the IDs of the space that are not admitted yet.
	Unseen int64
}

// Status is the report of `seine status` about a job.
type Status struct {
	Counts
	Paused  bool
	States  map[seine.State]int64
	Rate    float64 // tasks per second over the fleet, in the last minute
	Workers int     // sessions with a live lease whose heartbeats name the job
	Hosts   []HostStatus
	Reasons []ReasonCount

	// NullFields lists the fields without a value in all or nearly all records.
	NullFields []FieldCount

	// Unmatched lists the rules that found no link on any page of their kind.
	Unmatched []RuleCount

	// FailedAssets counts the assets that records lack, including assets that wait for a retry.
	FailedAssets int64

	// Quarantined counts the records that are not part of the data set: see [Quarantined].
	Quarantined int64

	// Drift lists the alarms of page kinds that changed.
	Drift []drift.Alarm

	// LastRetry is the latest time of a retry. Zero means that no task waits.
	LastRetry time.Time

	// Leases lists the sessions that hold tasks of the job.
	Leases []LeaseStatus

	// Pages splits the tasks by page kind, sorted by name. It is nil if no task has a page kind.
	Pages []PageStatus

	// Fresh tells how current the data is.
	Fresh FreshStatus

	// Session is the session of the job on its site, without its cookies.
	Session Session

	// Budgets lists the budgets that are used up, sorted by name, at most StatusReasons.
	Budgets []BudgetStatus

	// Via counts the pages of kinds with several fetchers, by kind and fetcher.
	Via []ViaCount

	// LeftOut counts the links that were not admitted, the most frequent reason first, at most
	// StatusReasons.
	LeftOut []LeftOut
}

// Phase is the state of a job in a word.
func (s Status) Phase() string {
	switch {
	case s.Paused:
		return "paused"
	case len(s.Drift) > 0:
		return "drift"
	case s.Open+s.Unseen == 0:
		return "finished"
	case s.Workers == 0:
		return "idle"
	}
	return "running"
}

// PageStatus counts the tasks of one page kind by state.
type PageStatus struct {
	Page   string
	States map[seine.State]int64
}

// LeaseStatus is a session that holds tasks.
type LeaseStatus struct {
	Worker    string
	ExpiresAt time.Time // each heartbeat extends it
	Tasks     int64
}

// HostStatus is a lane that has tasks or is unhealthy.
type HostStatus struct {
	// Host is the host of the lane. The prefix "assets/" marks the lane of its assets, which has a
	// pace of its own.
	Host    string
	NextAt  time.Time
	Blocked bool
	Reason  string

	// Slow multiplies the host's delay since it refused requests. 1 means no refusal.
	Slow float64

	// CrawlDelay is the shortest delay that the host accepts: see [Robots.SetDelay].
	CrawlDelay time.Duration
}

// ReasonCount counts tasks by state and reason.
type ReasonCount struct {
	State  seine.State
	Reason string
	Count  int64
}

// WithScreenshot ends the reason of a task whose page has a picture in the store.
const WithScreenshot = " (screenshot)"

// Plain returns counts of reasons without the note of a screenshot, in their order. A reason is one
// line whether or not its pages have pictures.
func Plain(counts []ReasonCount) (out []ReasonCount) {
	for _, c := range counts {
		c.Reason = strings.TrimSuffix(c.Reason, WithScreenshot)
		i := slices.IndexFunc(out, func(o ReasonCount) bool { return o.State == c.State && o.Reason == c.Reason })
		if i < 0 {
			out = append(out, c)
		} else {
			out[i].Count += c.Count
		}
	}
	return out
}

// Refusal counts what robots rules or an opt-out forbade, by its reason.
type Refusal struct {
	// By is "robots" or "consent".
	By string

	// Links means that links were not followed. Otherwise tasks ended.
	Links  bool
	Reason string
	Count  int64
}

// OptedOut begins the reason of a file whose site refuses its use.
const OptedOut = "opted out: "

// Refusals returns the reasons of a status that come from robots rules or an opt-out, in their
// order, tasks first.
func (s Status) Refusals() (out []Refusal) {
	by := func(reason string) string {
		switch {
		case strings.Contains(reason, OptedOut):
			return "consent"
		case strings.Contains(reason, "robots.txt"), reason == "nofollow":
			return "robots"
		}
		return ""
	}
	for _, r := range Plain(s.Reasons) {
		if by := by(r.Reason); by != "" {
			out = append(out, Refusal{by, false, r.Reason, r.Count})
		}
	}
	for _, l := range s.LeftOut {
		if by := by(l.Reason); by != "" {
			out = append(out, Refusal{by, true, l.Reason, l.N})
		}
	}
	return out
}

// Filter selects tasks.
type Filter struct {
	States []seine.State
	Reason string // substring
	Host   string // lane key
	Page   string // page kind

	// Part selects open or finished tasks.
	Part Part

	// Before selects tasks whose last write is older.
	Before time.Time

	// Unlisted selects the pages that no sitemap lists any more: see [Listings].
	Unlisted bool
	Keys     []string
	After    string

	// Until is the last key of a list. Empty means no end.
	Until string
	Limit int
}

// Counted reports whether counters by state, reason and page kind tell how many finished tasks the
// filter selects.
func (f Filter) Counted() bool {
	return f.Host == "" && f.Before.IsZero() && !f.Unlisted && len(f.Keys) == 0 && f.Until == ""
}

// Flags writes a selection as the flags and arguments of a command.
func (f Filter) Flags() string {
	out := ""
	for _, s := range f.States {
		out += " --state " + s.String()
	}
	if f.Reason != "" {
		out += fmt.Sprintf(" --reason %q", f.Reason)
	}
	if f.Host != "" {
		out += " --host " + f.Host
	}
	if f.Page != "" {
		out += " --page " + f.Page
	}
	if !f.Before.IsZero() {
		out += " --older than " + f.Before.UTC().Format(time.RFC3339)
	}
	if f.Unlisted {
		out += " --unlisted"
	}
	switch n := len(f.Keys); {
	case n == 1:
		out += " " + f.Keys[0]
	case n > 1:
		out += fmt.Sprintf(" %d keys", n)
	case out == "":
		out = " --all"
	}
	return out
}

// Part is a part of the tasks.
type Part int

const (
	AllTasks Part = iota
	OpenTasks
	FinalTasks
)

// Waiting returns the filter of the open tasks that are not in progress. Drop and Prioritize
// change these.
func (f Filter) Waiting() Filter {
	f.Part = OpenTasks
	if len(f.States) == 0 {
		f.States = []seine.State{seine.Pending, seine.Stale, seine.Error}
		return f
	}
	f.States = slices.DeleteFunc(slices.Clone(f.States), func(s seine.State) bool { return s == seine.InProgress })
	if len(f.States) == 0 {
		f.States = []seine.State{seine.Done} // no open task is done
	}
	return f
}

// Requeued returns the filter of the tasks that Retry changes: finished tasks, and tasks that
// wait for their next attempt.
func (f Filter) Requeued() Filter {
	ended := []seine.State{seine.Done, seine.Skipped, seine.Stale, seine.Error}
	if len(f.States) == 0 {
		f.States = ended
		return f
	}
	f.States = slices.DeleteFunc(slices.Clone(f.States), func(s seine.State) bool { return !slices.Contains(ended, s) })
	if len(f.States) == 0 {
		f.Part, f.States = FinalTasks, []seine.State{seine.Pending} // no finished task is pending
	}
	return f
}

// TaskInfo is a task in a list.
type TaskInfo struct {
	Key       string
	State     seine.State
	Final     bool
	Attempt   int
	Priority  int
	Reason    string
	Worker    string
	Page      string
	Meta      json.RawMessage
	NextAt    time.Time // zero means that it does not wait
	UpdatedAt time.Time
	Mark      Mark // of an open task

	// UnlistedAt is the time at which a sitemap was found to list the page no more. Zero means that
	// a sitemap lists it, or none ever did: see [Listings].
	UnlistedAt time.Time
}

// Stored is a record in an export.
type Stored struct {
	Record
	Assets []Asset

	// Task is the key of the task that owns the record, empty if it is the record's key.
	Task string

	// Version counts the changes of the fields, from 1. Superseded means that a later version is
	// stored.
	Version    int
	Superseded bool

	// GoneAt is the time from which on the page of the record is gone. Zero means that it is not.
	GoneAt time.Time

	// Recording is the SHA-256 of the recorded content that the record was made of, or nil.
	Recording []byte

	// Failed lists the assets that the record lacks.
	Failed []FailedAsset
}

// Owner returns the key of the task that owns the record.
func (s Stored) Owner() string {
	if s.Task != "" {
		return s.Task
	}
	return s.Key
}
