package chaos

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// Rule names a rule that a history can violate.
type Rule string

// The rules.
const (
	RuleFinal    Rule = "final"    // one final state, the true one
	RuleVisit    Rule = "visit"    // every id was asked for
	RuleRecord   Rule = "record"   // done if and only if there is its record
	RuleFence    Rule = "fence"    // the record is of the worker that ended the task
	RuleAck      Rule = "ack"      // what a worker said is stored is, once
	RuleAsset    Rule = "asset"    // every asset, with the right bytes
	RuleOwner    Rule = "owner"    // every file is an asset's
	RuleTwice    Rule = "twice"    // asked for again only for a reason
	RuleRobots   Rule = "robots"   // robots.txt is read once, before the pages, and obeyed
	RulePace     Rule = "pace"     // starts are a delay apart
	RuleQuiet    Rule = "quiet"    // no start after Retry-After
	RuleCounters Rule = "counters" // counters equal a full count
	RuleLeft     Rule = "left"     // nothing is left over in the database
	RuleExit     Rule = "exit"     // no worker ends by itself
	RuleAudit    Rule = "audit"    // audit --deep finds nothing
)

// Violation is one breach of a rule.
type Violation struct {
	Rule Rule
	Key  string // the id, host or worker
	Text string
}

func (v Violation) String() string { return fmt.Sprintf("%s: %s: %s", v.Rule, v.Key, v.Text) }

// Check returns the violations of a history, in the order of the rules.
func Check(h History) []Violation {
	c := newChecker(h)
	for _, rule := range []func(){c.final, c.recordsOf, c.acks, c.assets, c.owners, c.fetches, c.robots, c.pace, c.quiet, c.counters, c.exits, c.audit} {
		rule()
	}
	return c.found
}

type checker struct {
	History
	found []Violation

	truth   map[string]Truth
	tasks   map[string][]Task
	records map[string][]Record
	visits  map[int64]Visit
	pages   map[string][]Visit // by id, in order
	images  map[string][]Visit
}

func newChecker(h History) *checker {
	c := &checker{
		History: h, truth: map[string]Truth{}, tasks: map[string][]Task{}, records: map[string][]Record{},
		visits: map[int64]Visit{}, pages: map[string][]Visit{}, images: map[string][]Visit{},
	}
	// Answers are written into the journal as they end.
	c.Visits = append([]Visit(nil), h.Visits...)
	sort.Slice(c.Visits, func(i, j int) bool { return c.Visits[i].At.Before(c.Visits[j].At) })
	for _, t := range h.Truth {
		c.truth[t.Key] = t
	}
	for _, t := range h.Tasks {
		c.tasks[t.Key] = append(c.tasks[t.Key], t)
	}
	for _, r := range h.Records {
		c.records[r.Key] = append(c.records[r.Key], r)
	}
	for _, v := range c.Visits {
		c.visits[v.N] = v
		if v.Page {
			c.pages[v.Key] = append(c.pages[v.Key], v)
		} else {
			c.images[v.Key] = append(c.images[v.Key], v)
		}
	}
	return c
}

func (c *checker) violates(rule Rule, key, format string, args ...any) {
	c.found = append(c.found, Violation{rule, key, fmt.Sprintf(format, args...)})
}

// effect is from when to when a fault can be why something of a worker's did not
// come to its end.
func (c *checker) effect(f Fault) (from, until time.Time) {
	switch f.Kind {
	case Kill, Storm:
		return f.From, f.Until
	case Pause, Cut, Stall, Busy:
		// The lease may be lost, and its tasks claimed again.
		return f.From, f.Until.Add(c.Lease)
	case StopServer, CrashServer, StoreFull, BaseFull:
	}
	// Workers wait with growing pauses; rescuers wait a lease's length.
	return f.From, f.Until.Add(2 * c.Lease)
}

// explained reports whether a fault hit a worker between two times.
func (c *checker) explained(worker string, from, until time.Time, kinds ...Kind) bool {
	for _, f := range c.Faults {
		begin, end := c.effect(f)
		if (f.Worker == "" || f.Worker == worker) && !begin.After(until) && !end.Before(from) && (len(kinds) == 0 || has(kinds, f.Kind)) {
			return true
		}
	}
	return false
}

func has(kinds []Kind, k Kind) bool {
	for _, x := range kinds {
		if x == k {
			return true
		}
	}
	return false
}

// breaking are the faults that keep a result from its commit; a storm is the
// site's, and stands in the journal.
var breaking = []Kind{Kill, Pause, StopServer, CrashServer, Cut, Stall, StoreFull, BaseFull, Busy}

// exits judges workers that ended by themselves.
func (c *checker) exits() {
	for _, e := range c.Exits {
		switch {
		case e.ToldTo && e.Code == 0:
		case !e.ToldTo && e.Code == exitDiskFull && c.explained(e.Worker, e.Started, e.At, StoreFull, BaseFull):
		case !e.ToldTo && e.Code == exitFrontier && c.explained(e.Worker, e.Started, e.At, StopServer, CrashServer, Cut, Stall, BaseFull, Pause, Busy):
		case !e.ToldTo && e.Code == exitStore && c.explained(e.Worker, e.Started, e.At, StoreFull):
		default:
			c.violates(RuleExit, e.Worker, "ended with code %d, and no fault explains it: %s", e.Code, strings.TrimSpace(e.Said))
		}
	}
}

// Exit codes of a worker that a fault may explain.
const (
	exitFrontier = 4
	exitStore    = 5
	exitDiskFull = 12
)

func (c *checker) audit() {
	if c.Audit != "" {
		c.violates(RuleAudit, "store", "%s", c.Audit)
	}
}
