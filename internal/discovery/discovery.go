// Package discovery decides what a job fetches beyond its queue.
//
// A job has one [Source]. It proposes tasks at two times: when nothing is ready (More), and when
// tasks are finished (Follow). The committer stores what Follow returns in the transaction that
// ends the tasks, so a lost transaction loses no step and stores none twice.
//
//	links        follows of the scraper; every other source includes them
//	enumeration  all IDs of the job's spaces, in their order
//	chain        the neighbors of a page, both ways, until a number of misses in a row
//	forager      the IDs that are most likely hits; random is its baseline
//
// The position of a walk travels in the meta of its next task. Statistics of ID spaces are in the
// frontier. A worker that dies loses neither.
package discovery

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/scope"
	"github.com/seinehq/seine/internal/weburl"
)

var (
	// ErrLimit means that a run ended because a limit was met.
	ErrLimit = errors.New("limit met")

	// ErrDark means that a run ended while the circuit of a space was open.
	ErrDark = errors.New("exploring was stopped")
)

// Source proposes tasks beyond the queue of a job.
type Source interface {
	// More admits tasks after a claim that returned none. free is the number of tasks it may admit.
	More(ctx context.Context, free int) (Supply, error)

	// Fill admits tasks for slots that a short claim left free.
	Fill(ctx context.Context, free int) error

	// Follow returns what each finished task of a batch leads to.
	Follow(ctx context.Context, batch []Finished) []Next

	// Stored ends a batch of Follow. result reports for each task whether it was stored, and which
	// keys of its follow-ups the job had seen.
	Stored(ctx context.Context, batch []Finished, next []Next, result func(i int) (stored bool, refused []string))

	// End returns why discovery ended before its spaces did: ErrDark, ErrLimit or nil.
	End() error
}

// Supply is the result of More.
type Supply struct {
	// Added is the number of new tasks.
	Added int

	// Left means that more may follow later, Again that the next call may find some at once.
	Left, Again bool

	// Idle is the queue's state. Nil means that the source did not read it.
	Idle *frontier.IdleState
}

// Finished is a task with the result of an attempt.
type Finished struct {
	frontier.Claimed
	Task seine.Task
	Meta Meta

	// Sites may receive the job's credentials for this task.
	Sites []string

	// Page is the response, nil if there is none.
	Page *seine.Page

	// State and Reason are the result. Final means that no attempt follows.
	State  seine.State
	Reason string
	Final  bool

	// Follow are the follows of the scraper, LeftOut the links that it did not follow.
	Follow  []seine.Follow
	LeftOut []seine.LeftOut

	// Moved means that the follow is another URL of the page itself, at the same depth.
	Moved bool

	// Disallowed reports that robots.txt forbids a URL, as far as this worker has read the file. It
	// may be nil.
	Disallowed func(url string) bool

	// Skip means that the task leads to nothing: it returns to the queue without a result, or an
	// earlier attempt stored what it leads to.
	Skip bool
}

// Next holds the effects of a finished task.
type Next struct {
	// Follow are tasks to admit, LeftOut the counts of links that are not.
	Follow  []frontier.New
	LeftOut []frontier.LeftOut

	// Explored is the task's contribution to the statistics of its space. Mark is what a further
	// attempt must know.
	Explored *frontier.Explored
	Mark     frontier.Mark

	// Absent means that the ID does not exist, and Return that it is asked again because it may
	// come to exist.
	Absent, Return bool

	// Err is a fault of the job's code. The task ends in error.
	Err error
}

// Frontier is the part of a frontier that a source uses.
type Frontier interface {
	frontier.Spaces
	Tasks
}

// Tasks admits, finds and requeues the tasks of a source.
type Tasks interface {
	Retry(ctx context.Context, job frontier.JobID, tasks []frontier.New) (int, error)
	Tasks(ctx context.Context, job frontier.JobID, filter frontier.Filter) ([]frontier.TaskInfo, error)
	Add(ctx context.Context, job frontier.JobID, tasks []frontier.New) (int, error)
	Counts(ctx context.Context, job frontier.JobID) (frontier.Counts, error)
	Fill(
		ctx context.Context, job frontier.JobID, n int, admit func(id int64) (frontier.New, error),
	) (taken int, left bool, err error)
	Lookup(ctx context.Context, job frontier.JobID, keys []string) (map[string]seine.State, error)
}

// Config describes a job to its source.
type Config struct {
	Frontier Frontier
	Job      *seine.Job // with defaults
	ID       frontier.JobID
	Log      *slog.Logger

	// Seed makes the draws of a forager repeatable. Zero: drawn.
	Seed uint64

	// Slots is the number of tasks that this worker holds at most.
	Slots int

	// Yield is the run's own limit.yield.
	Yield float64

	// Disallowed is [Finished.Disallowed].
	Disallowed func(url string) bool
}

// New returns the source of a job.
func New(cfg Config) Source {
	base := links{cfg}
	if e := enumerated(cfg.Job); e != nil {
		return &enumerator{base, e}
	}
	if cfg.Job.Explore.Strategy == seine.StrategyChain {
		return &chain{base, cfg.Frontier}
	}
	if f := newForager(base); f != nil {
		return f
	}
	return base
}

// Alone returns a source of which only Follow is called, and which reads no frontier: it knows no
// task beside the finished ones.
func Alone(cfg Config) Source {
	base := links{cfg}
	if enumerated(cfg.Job) == nil && cfg.Job.Explore.Strategy == seine.StrategyChain {
		return &chain{base, unseen{}}
	}
	return base
}

// links is the source of a job that fetches its seeds and their links.
type links struct{ cfg Config }

// More admits nothing.
func (l links) More(context.Context, int) (Supply, error) { return Supply{}, nil }

// Fill admits nothing.
func (l links) Fill(context.Context, int) error { return nil }

// End returns nil.
func (l links) End() error { return nil }

// Stored has nothing to do.
func (l links) Stored(context.Context, []Finished, []Next, func(int) (bool, []string)) {}

// Follow returns the follows of the scraper.
func (l links) Follow(_ context.Context, batch []Finished) []Next {
	out := make([]Next, len(batch))
	for i, f := range batch {
		f.Disallowed = l.cfg.Disallowed
		out[i] = Followed(l.cfg.Job, f)
	}
	return out
}

// Followed returns the follows of one task's scraper.
func Followed(job *seine.Job, f Finished) (out Next) {
	if f.Skip || !f.Final {
		return out
	}
	if f.Moved {
		f.Meta = f.Meta.Above()
	}
	left := map[string]int64{}
	for _, of := range f.LeftOut {
		left[of.Reason]++
	}
	for _, link := range Links(job, f) {
		if link.Why == "" {
			out.Follow = append(out.Follow, link.New)
		} else {
			left[scope.Kind(link.Why)]++
		}
	}
	for _, why := range slices.Sorted(maps.Keys(left)) {
		out.LeftOut = append(out.LeftOut, frontier.LeftOut{Reason: why, N: left[why]})
	}
	return out
}

// Link is a follow of a scraper as a task, or why it is left out.
type Link struct {
	frontier.New
	Why string
}

// Links returns the tasks that the follows of a finished task lead to. A page that a link leads to
// on another site does not receive the job's credentials.
func Links(job *seine.Job, f Finished) []Link {
	out := make([]Link, 0, len(f.Follow))
	sites := append(fetch.Sites(job), f.Sites...)
	for _, link := range f.Follow {
		own := Meta{Depth: f.Meta.Depth + 1, Send: frontier.HideSend(job, link.Send)}
		key := frontier.AsWritten(job, KeyOf(link))
		url, err := frontier.PageURL(job, key)
		if err != nil {
			out = append(out, Link{New: frontier.New{Key: key}, Why: "no task key"})
			continue
		}
		if frontier.IsSitemap(key) {
			key = url // a page cannot make a task of this kind
		}
		own.Foreign = !fetch.MayCarry(url, sites)
		if leave := job.Scope.Leave; leave != nil {
			if why := leave(url, own.Depth); why != "" {
				out = append(out, Link{New: frontier.New{Key: key}, Why: why})
				continue
			}
		}
		priority := link.Priority
		if kind := job.PageKind(link.Page, url); priority == nil && (kind == nil || kind.Priority == nil) {
			priority = &f.Priority
		}
		seed := frontier.Seed{Key: key, Page: link.Page, Priority: priority, Meta: JoinMeta(own, link.Meta), Send: link.Send}
		n, err := frontier.Admit(job, seed)
		back := false
		if err == nil && link.Next && n.Page == f.Claimed.Page {
			own.Trail, back = trailTo(n.Key, f.Key, f.Meta.Trail)
			seed.Meta = JoinMeta(own, link.Meta)
			n, err = frontier.Admit(job, seed)
		}
		if err != nil || back {
			why := "no task key"
			if back {
				why = scope.WhyStands
			}
			out = append(out, Link{New: frontier.New{Key: key}, Why: why})
			continue
		}
		// A page that robots.txt forbids costs no request, and so no part of a budget.
		if f.Disallowed == nil || !f.Disallowed(url) {
			n.Budgets = budgets(job, url)
		}
		out = append(out, Link{New: n})
	}
	return out
}

// budgets returns the bounds of the pages that links admit: of the host, and of the URL's family.
func budgets(job *seine.Job, url string) (out []frontier.Budget) {
	if n := job.Scope.Pages; n > 0 {
		out = append(out, frontier.Budget{Name: "pages of " + weburl.Host(url), Max: n})
	}
	if n := job.Scope.Pattern; n > 0 && job.Scope.Family != nil {
		out = append(out, frontier.Budget{Name: job.Scope.Family(url), Max: n})
	}
	return out
}

// foreign reports whether a key that a task's page names is on a site that may not receive
// credentials.
func (l links) foreign(f Finished, key string) bool {
	page, err := frontier.PageURL(l.cfg.Job, frontier.AsWritten(l.cfg.Job, key))
	return err == nil && !fetch.MayCarry(page, append(fetch.Sites(l.cfg.Job), f.Sites...))
}

// fillEvery is the shortest interval of Fill.
const fillEvery = 100 * time.Millisecond
