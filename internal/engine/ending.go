package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/login"
	"github.com/seinehq/seine/internal/manners"
)

// endingKind is one of the four ways in which an attempt ends for its task.
type endingKind int

const (
	// finish stores the state. The task is final.
	finish endingKind = iota

	// retry tries the task again after the delay. The attempt counts.
	retry

	// postpone tries the task again after the delay. The attempt does not count.
	postpone

	// release gives the task back at once, as if it had not been claimed. The attempt does not
	// count.
	release
)

// String returns the word of docs/operations.md.
func (k endingKind) String() string { return [...]string{"finish", "retry", "postpone", "release"}[k] }

// An ending states what happens to a task after an attempt.
type ending struct {
	kind   endingKind
	state  seine.State // with finish and retry
	reason string
	delay  time.Duration // with retry and postpone

	// refused marks a task that its host refuses. The time counts towards retry.refused.
	refused bool

	// later, with finish, is how the task waits for the assets that a further attempt fetches. Nil:
	// it owes none.
	later *ending

	// fatal stops the engine: no task of this worker could succeed. Nil: it goes on.
	fatal error
}

// final reports whether the task is not tried again.
func (e ending) final() bool { return e.kind == finish }

// stage is the part of an attempt in which it ended.
type stage int

const (
	stageJudged stage = iota // the page has a verdict
	stageWait                // no request was sent
	stageFetch               // there is no page
	stageScrape              // the rules failed
	stageKeep                // an asset is not in the store
	stageStore               // a record or the key can't be stored
	stageRecord              // the page can't be recorded
	stageCheck               // a record fails the job's check
)

// attempt holds the facts of an attempt. The executor reports a host's fault before it sets
// foreign, rest and down.
type attempt struct {
	stage stage
	err   error // of any stage but stageJudged and stageWait

	// stopped: the lease is lost or the grace is over. late: the task exceeded its own time.
	stopped, late bool

	// verdict and refusal belong to stageJudged. refusal is a page with HTTP 429 or 503 that no
	// rule decided about.
	verdict seine.Verdict
	refusal bool
	after   time.Duration // Retry-After

	asset string // the name, with stageKeep

	// later is the ending of the assets that a further attempt fetches, with stageJudged.
	later *ending

	// foreign is the host at fault if it is another one than the task's own: of a redirect or an
	// asset. rest is how long it is left alone.
	foreign string
	rest    time.Duration

	// down: the host at fault has been at fault for retry.host_down.
	down bool
}

// leastRest is the shortest wait for another host.
const leastRest = time.Second

// endingOf decides how an attempt ends. docs/operations.md prints this table from its test. draw is
// a number in [0, 1).
func endingOf(job *seine.Job, c frontier.Claimed, a attempt, draw float64) ending {
	again := func(state seine.State, reason string) ending {
		delay, final := frontier.NextTry(job.Retry, state, c.Attempt, a.after, draw)
		if final {
			return ending{kind: finish, state: state, reason: reason}
		}
		return ending{kind: retry, state: state, reason: reason, delay: delay}
	}
	failed := func(reason string) ending { return ending{kind: finish, state: seine.Error, reason: reason} }
	var (
		busy     *hosts.BusyError
		declined *hosts.DeclinedError
	)
	switch {
	case a.stage == stageWait, a.stopped && !a.late:
		return ending{kind: release}
	case a.late:
		return again(seine.Error, "timeout")
	case a.stateUnknown():
		return ending{kind: release} // ours, not the task's
	case errors.As(a.err, &busy):
		return ending{kind: postpone, reason: "waits for " + busy.Host, delay: busy.After}
	case a.stage == stageFetch && errors.As(a.err, &declined):
		if declined.After > 0 && c.Refused < job.Retry.Refused {
			return ending{kind: postpone, state: seine.Error, reason: declined.Reason, delay: declined.After, refused: true}
		}
		if declined.After > 0 {
			return failed(declined.Reason)
		}
		return ending{kind: finish, state: seine.Skipped, reason: declined.Reason}
	case a.stage == stageKeep && errors.As(a.err, &declined):
		if declined.After > 0 && c.Refused < job.Retry.Refused {
			return ending{kind: postpone, state: seine.Error, reason: declined.Reason, delay: declined.After, refused: true}
		}
		return failed("asset " + a.asset + ": " + declined.Reason)
	case a.stage == stageFetch && fetch.Reason(a.err) == fetch.BrowserAbsent, errors.Is(a.err, asset.ErrDiskFull):
		return ending{kind: release, fatal: a.err} // ours, not the task's
	}
	switch reason := a.reason(); {
	case a.stage == stageStore || a.stage == stageCheck:
		return failed(reason)
	case a.stage == stageRecord:
		return again(seine.Error, reason)
	case a.stage == stageScrape:
		if errors.Is(a.err, seine.ErrFinal) {
			return failed(reason)
		}
		return again(seine.Error, reason)
	case a.stage == stageFetch || a.stage == stageKeep:
		var no *optOutError
		switch {
		case errors.As(a.err, &no):
			return failed("asset " + a.asset + ": " + no.Error())
		case errors.Is(a.err, seine.ErrHost) && a.down:
			return failed(fetch.Reason(a.err))
		case errors.Is(a.err, seine.ErrHost) && a.foreign != "":
			return ending{kind: postpone, reason: "waits for " + a.foreign, delay: max(a.rest, leastRest)}
		case errors.Is(a.err, seine.ErrHost) && a.stage == stageFetch:
			return ending{kind: release} // the host's lane rests
		case errors.Is(a.err, seine.ErrRefused), a.stage == stageFetch && errors.Is(a.err, seine.ErrFinal), a.stage == stageFetch && errors.Is(a.err,
			seine.ErrTooLarge), a.stage == stageKeep && asset.Final(a.err):
			return failed(reason)
		}
		return again(seine.Error, reason)
	}
	v := a.verdict
	switch {
	case a.refusal && c.Refused < job.Retry.Refused:
		wait := refusedWait(job.Retry, c.Refused, draw)
		return ending{kind: postpone, state: seine.Error, reason: v.Reason, delay: max(wait, a.after), refused: true}
	case v.State == seine.Pending || v.State == seine.Done:
		return ending{kind: finish, state: seine.Done, reason: v.Reason, later: a.later}
	case v.State != seine.Error && v.State != seine.Stale, a.refusal, v.Final:
		return ending{kind: finish, state: v.State, reason: v.Reason}
	}
	return again(v.State, v.Reason)
}

// reason returns the reason of an error of a stage, in words that can be counted.
func (a attempt) reason() string {
	switch a.stage {
	case stageFetch:
		return fetch.Reason(a.err)
	case stageScrape:
		return "scrape: " + strings.TrimPrefix(a.err.Error(), seine.ErrFinal.Error()+": ")
	case stageKeep:
		return "asset " + a.asset + ": " + asset.Reason(a.err)
	case stageStore, stageCheck:
		return a.err.Error()
	case stageRecord:
		return reasonOfRecording(a.err)
	case stageJudged, stageWait:
	}
	return ""
}

// refusedWait returns how long a task waits that its host has refused for some time. The time
// doubles, to at most an hour, and is drawn from its upper half.
func refusedWait(retry seine.Retries, refused time.Duration, draw float64) time.Duration {
	wait := min(max(retry.Backoff, refused), time.Hour)
	return wait/2 + time.Duration(draw*float64(wait/2))
}

// judged returns the facts of a page with a verdict. A page with HTTP 429 or 503 is a refusal,
// unless a rule of the job decided about it.
func judged(page *seine.Page, v seine.Verdict, after time.Duration) attempt {
	after = max(after, min(v.After, maxAfter))
	return attempt{verdict: v, after: after, refusal: hosts.Refusal(page) && v.State == seine.Error && v.Rule == ""}
}

// hostFault reports whether an attempt failed because of a host.
func (a attempt) hostFault() bool {
	return (a.stage == stageFetch || a.stage == stageKeep) && errors.Is(a.err,
		seine.ErrHost) && !errors.Is(a.err, asset.ErrDiskFull)
}

// stateUnknown reports whether the frontier did not tell the session or robots.txt of a host.
func (a attempt) stateUnknown() bool {
	return errors.Is(a.err, login.ErrStore) || errors.Is(a.err, manners.ErrStore)
}

// fatal names the stage of a fatal error.
func (a attempt) fatal(err error) error {
	if a.stage == stageKeep || a.stage == stageRecord {
		return fmt.Errorf("store: %w", err)
	}
	return err
}

// returned reports whether the task returns to the queue without a result.
func (e ending) returned() bool { return e.kind == postpone || e.kind == release }

// withoutRecords returns the outcome of a page that is not done. It has no records. A page that the
// host refused has no follows either.
func (o outcome) withoutRecords() outcome {
	o.records = nil
	if o.returned() {
		o.follow = nil
	}
	return o
}

// assetEffect is the effect of a failed asset on its task.
type assetEffect int

const (
	endTask    assetEffect = iota // the task ends as the asset did
	keepRecord                    // the record is stored without the asset
	leaveOut                      // the task is done without the asset
)

// effectOf decides the effect of a failed asset on its task. A worker that stops or whose store is
// full ends the task in any case.
func effectOf(a seine.Asset, failure ending, err error) assetEffect {
	var no *optOutError
	switch {
	case errors.As(err, &no):
		return keepRecord // the record names the signal
	case failure.kind == release:
		return endTask
	case a.OnFailure == seine.KeepRecord:
		return keepRecord
	case a.Optional && failure.final() && !errors.Is(err, asset.ErrStore):
		return leaveOut
	}
	return endTask
}

// laterOf returns the ending that decides how a task waits for its failed assets: the first ending
// that costs an attempt, else the last one.
func laterOf(later *ending, failure ending) *ending {
	if later == nil || later.kind == postpone {
		return &failure
	}
	return later
}

// failureOf returns the frontier's form of an ending that is not final and not a release.
func failureOf(c frontier.Claimed, e ending) frontier.Failure {
	f := frontier.Failure{Claimed: c, State: e.state, Reason: e.reason, Delay: e.delay}
	if e.kind == postpone {
		f.State, f.Free, f.Refused = seine.Pending, true, e.refused
	}
	return f
}

// againOf returns the frontier's form of the wait of a task for its failed assets.
func againOf(later ending, reason string, owed json.RawMessage) *frontier.Again {
	out := &frontier.Again{State: seine.Error, Reason: reason, Owed: owed, Delay: later.delay}
	if later.kind == postpone {
		out.State, out.Free = seine.Pending, true
	}
	return out
}
