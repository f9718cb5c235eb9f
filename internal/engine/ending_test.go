package engine

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/consent"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/login"
	"github.com/seinehq/seine/internal/manners"
)

var updateEndings = flag.Bool("update", false, "write the table of endings into docs/operations.md")

const (
	endingsPage  = "../../docs/operations.md"
	endingsBegin = "<!-- endings: internal/engine/ending_test.go -->\n"
	endingsEnd   = "<!-- end of endings -->\n"
)

// The defaults of a job, and the waits that they give for a draw of 0.5.
var endingJob = &seine.Job{Retry: seine.Retries{Error: 8, Stale: 3, Backoff: 20 * time.Second, HostDown: 20 * time.Minute, Refused: 24 * time.Hour}}

func hostFault(host, reason string) error {
	return fetch.Fault{Reason: reason, Host: host, Err: seine.ErrHost}
}

// The endings of assets that a task owes.
var (
	owedRetry = &ending{kind: retry, state: seine.Error, reason: "asset front: HTTP 500", delay: 15 * time.Second}
	owedWait  = &ending{kind: postpone, reason: "waits for b.example", delay: time.Minute}
)

// endings is the table of attempts and endings.
var endings = []struct {
	what  string // as docs/operations.md writes it
	task  frontier.Claimed
	facts attempt
	want  ending
}{
	{"The worker stops, or its lease is lost", frontier.Claimed{Attempt: 1}, attempt{stage: stageFetch, err: errors.New("x"), stopped: true}, ending{kind: release}},
	{"The task does not start: the worker stops, the hours end, or its host rests or has another lane", frontier.Claimed{Attempt: 1}, attempt{stage: stageWait}, ending{kind: release}},
	{"The task exceeds its own time", frontier.Claimed{Attempt: 1}, attempt{stage: stageKeep, err: errors.New("x"), stopped: true, late: true}, ending{kind: retry, state: seine.Error, reason: "timeout", delay: 15 * time.Second}},
	{"A redirect or an asset leads to a host that is paused or busy", frontier.Claimed{Attempt: 1}, attempt{stage: stageFetch, err: &hosts.BusyError{Host: "b.example", After: time.Minute}}, ending{kind: postpone, reason: "waits for b.example", delay: time.Minute}},
	{"A redirect leads out of the scope, or robots.txt forbids the page", frontier.Claimed{Attempt: 1}, attempt{stage: stageFetch, err: fmt.Errorf("redirect: %w", &hosts.DeclinedError{Reason: "left the scope"})}, ending{kind: finish, state: seine.Skipped, reason: "left the scope"}},
	{"robots.txt can't be fetched", frontier.Claimed{Attempt: 1}, attempt{stage: stageFetch, err: &hosts.DeclinedError{Reason: "robots.txt: HTTP 503", After: time.Minute}}, ending{kind: postpone, state: seine.Error, reason: "robots.txt: HTTP 503", delay: time.Minute, refused: true}},
	{"robots.txt can't be fetched for `retry.refused`", frontier.Claimed{Attempt: 1, Refused: 24 * time.Hour}, attempt{stage: stageFetch, err: &hosts.DeclinedError{Reason: "robots.txt: HTTP 503", After: time.Minute}}, ending{kind: finish, state: seine.Error, reason: "robots.txt: HTTP 503"}},
	{"The frontier does not answer when asked for robots.txt", frontier.Claimed{Attempt: 8}, attempt{stage: stageFetch, err: fmt.Errorf("redirect: %w: %w", manners.ErrStore, errors.New("x"))}, ending{kind: release}},
	{"The frontier does not answer when asked for the session", frontier.Claimed{Attempt: 8}, attempt{stage: stageKeep, err: fmt.Errorf("%w: %w", login.ErrStore, errors.New("x"))}, ending{kind: release}},
	{"The log-in failed", frontier.Claimed{Attempt: 1}, attempt{stage: stageFetch, err: &hosts.DeclinedError{Reason: "log-in failed: x", After: time.Minute}}, ending{kind: postpone, state: seine.Error, reason: "log-in failed: x", delay: time.Minute, refused: true}},
	{"The log-in failed five times in a row", frontier.Claimed{Attempt: 1}, attempt{stage: stageFetch, err: fetch.Fault{Reason: "log-in failed: x", Err: seine.ErrFinal}}, ending{kind: finish, state: seine.Error, reason: "log-in failed: x"}},
	{"The page shows no session right after a log-in", frontier.Claimed{Attempt: 1}, attempt{stage: stageFetch, err: fetch.Fault{Reason: login.SignedOut}}, ending{kind: retry, state: seine.Error, reason: "not signed in", delay: 15 * time.Second}},
	{"There is no browser", frontier.Claimed{Attempt: 1}, attempt{stage: stageFetch, err: fetch.Fault{Reason: fetch.BrowserAbsent}}, ending{kind: release, fatal: fetch.Fault{Reason: fetch.BrowserAbsent}}},
	{"The disk of the store is full", frontier.Claimed{Attempt: 1}, attempt{stage: stageKeep, err: asset.ErrDiskFull}, ending{kind: release, fatal: asset.ErrDiskFull}},
	{"The task's host is unreachable", frontier.Claimed{Attempt: 8}, attempt{stage: stageFetch, err: hostFault("a.example", "connection refused")}, ending{kind: release}},
	{"The task's host has been unreachable for `retry.host_down`", frontier.Claimed{Attempt: 1}, attempt{stage: stageFetch, err: hostFault("a.example", "connection refused"), down: true}, ending{kind: finish, state: seine.Error, reason: "connection refused"}},
	{"The host of a redirect or an asset is unreachable", frontier.Claimed{Attempt: 8}, attempt{stage: stageKeep, err: hostFault("b.example", "no such host"), foreign: "b.example", rest: 20 * time.Second}, ending{kind: postpone, reason: "waits for b.example", delay: 20 * time.Second}},
	{"That host has been unreachable for `retry.host_down`", frontier.Claimed{Attempt: 1}, attempt{stage: stageKeep, err: hostFault("b.example", "no such host"), foreign: "b.example", down: true}, ending{kind: finish, state: seine.Error, reason: "no such host"}},
	{"The page's address is private", frontier.Claimed{Attempt: 1}, attempt{stage: stageFetch, err: fmt.Errorf("%w: 10.0.0.1", seine.ErrRefused)}, ending{kind: finish, state: seine.Error, reason: "address refused"}},
	{"The page's body is too large", frontier.Claimed{Attempt: 1}, attempt{stage: stageFetch, err: fmt.Errorf("%w: 9 bytes", seine.ErrTooLarge)}, ending{kind: finish, state: seine.Error, reason: "body too large"}},
	{"The page can't be fetched for another reason", frontier.Claimed{Attempt: 2}, attempt{stage: stageFetch, err: fetch.Fault{Reason: fetch.Truncated}}, ending{kind: retry, state: seine.Error, reason: "truncated body", delay: 30 * time.Second}},
	{"The same on the last of `retry.error` attempts", frontier.Claimed{Attempt: 8}, attempt{stage: stageFetch, err: fetch.Fault{Reason: fetch.Truncated}}, ending{kind: finish, state: seine.Error, reason: "truncated body"}},
	{"The rules fail in a way that does not change", frontier.Claimed{Attempt: 1}, attempt{stage: stageScrape, err: fmt.Errorf("%w: field a: too deep", seine.ErrFinal)}, ending{kind: finish, state: seine.Error, reason: "scrape: field a: too deep"}},
	{"The rules fail in another way", frontier.Claimed{Attempt: 1}, attempt{stage: stageScrape, err: errors.New("panic: nil")}, ending{kind: retry, state: seine.Error, reason: "scrape: panic: nil", delay: 15 * time.Second}},
	{"HTTP 429 or 503, and no rule decides", frontier.Claimed{Attempt: 8}, attempt{verdict: seine.Verdict{State: seine.Error, Reason: "HTTP 429"}, refusal: true, after: time.Minute}, ending{kind: postpone, state: seine.Error, reason: "HTTP 429", delay: time.Minute, refused: true}},
	{"The same without Retry-After", frontier.Claimed{Attempt: 8, Refused: 4 * time.Minute}, attempt{verdict: seine.Verdict{State: seine.Error, Reason: "HTTP 503"}, refusal: true}, ending{kind: postpone, state: seine.Error, reason: "HTTP 503", delay: 3 * time.Minute, refused: true}},
	{"HTTP 429 or 503 for `retry.refused`", frontier.Claimed{Attempt: 1, Refused: 24 * time.Hour}, attempt{verdict: seine.Verdict{State: seine.Error, Reason: "HTTP 503"}, refusal: true}, ending{kind: finish, state: seine.Error, reason: "HTTP 503"}},
	{"The verdict is `fail`, or an error that does not change", frontier.Claimed{Attempt: 1}, attempt{verdict: seine.Verdict{State: seine.Error, Reason: "no price", Final: true}}, ending{kind: finish, state: seine.Error, reason: "no price"}},
	{"The verdict is `error`", frontier.Claimed{Attempt: 1}, attempt{verdict: seine.Verdict{State: seine.Error, Reason: "no images"}}, ending{kind: retry, state: seine.Error, reason: "no images", delay: 15 * time.Second}},
	{"The verdict is `stale`", frontier.Claimed{Attempt: 1}, attempt{verdict: seine.Verdict{State: seine.Stale, Reason: "another id"}}, ending{kind: retry, state: seine.Stale, reason: "another id", delay: 15 * time.Second}},
	{"The same on the last of `retry.stale` attempts", frontier.Claimed{Attempt: 3}, attempt{verdict: seine.Verdict{State: seine.Stale, Reason: "another id"}}, ending{kind: finish, state: seine.Stale, reason: "another id"}},
	{"The verdict is `skip`", frontier.Claimed{Attempt: 1}, attempt{verdict: seine.Verdict{State: seine.Skipped, Reason: "no such id"}}, ending{kind: finish, state: seine.Skipped, reason: "no such id"}},
	{"The verdict is `done`, and every asset is stored", frontier.Claimed{Attempt: 1}, attempt{verdict: seine.Verdict{State: seine.Done}}, ending{kind: finish, state: seine.Done}},
	{"No rule decides about the page", frontier.Claimed{Attempt: 1}, attempt{}, ending{kind: finish, state: seine.Done}},
	{"The verdict is `done`, and assets with `on_failure: keep` failed", frontier.Claimed{Attempt: 1}, attempt{verdict: seine.Verdict{State: seine.Done}, later: owedRetry}, ending{kind: finish, state: seine.Done, later: owedRetry}},
	{"The same, and the assets wait for their hosts", frontier.Claimed{Attempt: 1}, attempt{verdict: seine.Verdict{State: seine.Done}, later: owedWait}, ending{kind: finish, state: seine.Done, later: owedWait}},
	{"A record fails the schema", frontier.Claimed{Attempt: 1}, attempt{stage: stageCheck, err: checkError{seine.Violation{Field: "list/3/a", Rule: "type"}}}, ending{kind: finish, state: seine.Error, reason: "record fails the schema: list/*/a: type"}},
	{"robots.txt forbids an asset", frontier.Claimed{Attempt: 1}, attempt{stage: stageKeep, asset: "front", err: &hosts.DeclinedError{Reason: "disallowed by robots.txt"}}, ending{kind: finish, state: seine.Error, reason: "asset front: disallowed by robots.txt"}},
	{"robots.txt of an asset's host can't be fetched", frontier.Claimed{Attempt: 1}, attempt{stage: stageKeep, asset: "front", err: &hosts.DeclinedError{Reason: "robots.txt: HTTP 503", After: time.Minute}}, ending{kind: postpone, state: seine.Error, reason: "robots.txt: HTTP 503", delay: time.Minute, refused: true}},
	{"robots.txt of an asset's host can't be fetched for `retry.refused`", frontier.Claimed{Attempt: 1, Refused: 24 * time.Hour}, attempt{stage: stageKeep, asset: "front", err: &hosts.DeclinedError{Reason: "robots.txt: HTTP 503", After: time.Minute}}, ending{kind: finish, state: seine.Error, reason: "asset front: robots.txt: HTTP 503"}},
	{"An opt-out signal forbids an asset", frontier.Claimed{Attempt: 1}, attempt{stage: stageKeep, asset: "front", err: &optOutError{consent.Signal{Name: "noai", Source: "meta"}}}, ending{kind: finish, state: seine.Error, reason: "asset front: opted out: noai (meta)"}},
	{"An asset is not what the job wants, or its path is another task's", frontier.Claimed{Attempt: 1}, attempt{stage: stageKeep, asset: "front", err: &asset.CollisionError{Path: "a.png", Other: "7"}}, ending{kind: finish, state: seine.Error, reason: "asset front: path a.png is the file of task 7: put a name into store.key that tells them apart"}},
	{"An asset can't be fetched or stored for another reason", frontier.Claimed{Attempt: 1}, attempt{stage: stageKeep, asset: "front", err: asset.ErrAway}, ending{kind: retry, state: seine.Error, reason: "asset front: store does not answer", delay: 15 * time.Second}},
	{"The page can't be recorded", frontier.Claimed{Attempt: 1}, attempt{stage: stageRecord, err: asset.ErrAway}, ending{kind: retry, state: seine.Error, reason: "recording: store does not answer", delay: 15 * time.Second}},
	{"The key, a record or the result can't be stored", frontier.Claimed{Attempt: 1}, attempt{stage: stageStore, err: errUnstorable}, ending{kind: finish, state: seine.Error, reason: "the database refuses the result"}},
}

// effects is the table of failed assets and their effect on a done task.
var effects = []struct {
	what    string // as docs/operations.md writes it
	asset   seine.Asset
	failure ending
	err     error
	want    assetEffect
}{
	{"An opt-out signal forbids it", seine.Asset{}, ending{kind: finish, state: seine.Error}, &optOutError{}, keepRecord},
	{"The worker stops, the disk is full, or the frontier does not answer", seine.Asset{Optional: true, OnFailure: seine.KeepRecord}, ending{kind: release}, asset.ErrDiskFull, endTask},
	{"It has `on_failure: keep`", seine.Asset{OnFailure: seine.KeepRecord}, ending{kind: retry, state: seine.Error}, errors.New("x"), keepRecord},
	{"It is optional, and a retry would not help", seine.Asset{Optional: true}, ending{kind: finish, state: seine.Error}, errors.New("x"), leaveOut},
	{"It is optional, and the store does not take it", seine.Asset{Optional: true}, ending{kind: finish, state: seine.Error}, asset.ErrAway, endTask},
	{"It is optional, and a retry may help", seine.Asset{Optional: true}, ending{kind: retry, state: seine.Error}, errors.New("x"), endTask},
	{"It is any other asset", seine.Asset{}, ending{kind: finish, state: seine.Error}, errors.New("x"), endTask},
}

func TestEndingsOfAssets(t *testing.T) {
	t.Parallel()
	for _, tt := range effects {
		if got := effectOf(tt.asset, tt.failure, tt.err); got != tt.want {
			t.Errorf("%s: effect %d, want %d", tt.what, got, tt.want)
		}
	}
}

func TestEndings(t *testing.T) {
	t.Parallel()
	for _, tt := range endings {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			got := endingOf(endingJob, tt.task, tt.facts, 0.5)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(ending{}), cmpopts.EquateErrors()); diff != "" {
				t.Errorf("ending (-want +got):\n%s", diff)
			}
		})
	}
}

// The page of operations prints the table.
func TestEndingsAreDocumented(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	table.WriteString("| What happened | Ending | State | Attempt counts |\n|---|---|---|---|\n")
	for _, e := range endings {
		state, counts := "", "no"
		if e.want.kind == finish || e.want.kind == retry {
			state, counts = e.want.state.String(), "yes"
		}
		word := e.want.kind.String()
		if e.want.fatal != nil {
			word += ", and the worker ends"
		}
		if later := e.want.later; later != nil {
			word += "; " + later.kind.String() + " for the assets"
			counts = map[endingKind]string{retry: "yes", postpone: "no"}[later.kind]
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", e.what, word, state, counts)
	}
	table.WriteString("\nA done page may have an asset that fails:\n\n| The asset | The task |\n|---|---|\n")
	words := [...]string{endTask: "ends as the table above tells", keepRecord: "is done, its record names the asset as missing", leaveOut: "is done without the asset"}
	for _, e := range effects {
		fmt.Fprintf(&table, "| %s | %s |\n", e.what, words[e.want])
	}
	page, err := os.ReadFile(endingsPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(page), endingsBegin)
	_, after, ends := strings.Cut(rest, endingsEnd)
	if !begins || !ends {
		t.Fatalf("%s has no table of endings", endingsPage)
	}
	want := before + endingsBegin + "\n" + table.String() + "\n" + endingsEnd + after
	if *updateEndings {
		if err := os.WriteFile(endingsPage, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Errorf("the table of %s is out of date: run go test ./internal/engine -run Endings -update", endingsPage)
	}
}
