package engine

import (
	"context"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/outage"
)

// reader is the part of a frontier that an attempt uses.
type reader interface {
	// Owner names the task that a file belongs to.
	Owner(ctx context.Context, job frontier.JobID, key, path string, sha256 []byte) (string, error)

	// Lookup returns the states of known keys.
	Lookup(ctx context.Context, job frontier.JobID, keys []string) (map[string]seine.State, error)

	// Add admits the pages of a sitemap.
	Add(ctx context.Context, job frontier.JobID, tasks []frontier.New) (int, error)
}

// elsewhere is the reason of a page that another URL stands for.
const elsewhere = "canonical is elsewhere"

// canonicalWait bounds the wait for the result of a canonical page that is being fetched, and
// canonicalLook is the time between two looks.
const (
	canonicalWait = 30 * time.Second
	canonicalLook = 100 * time.Millisecond
)

// canonizer follows the canonical URLs of a job's pages.
type canonizer struct {
	job *Job

	// reader is nil for a trial.
	reader reader
}

// canonical replaces the result of a page that another page in scope stands for: the task is
// skipped and the other page is followed. If the other page ended without a result, the page keeps
// its own. Otherwise two pages that name each other would both be lost.
func (c canonizer) canonical(ctx context.Context, w work, result seine.Result) (out seine.Result, moved bool) {
	if result.Canonical == "" || result.Verdict.State != seine.Done && result.Verdict.State != seine.Pending {
		return result, false
	}
	follow := seine.Follow{Key: result.Canonical, Page: w.task.Page, Priority: &w.Priority, Meta: w.task.Meta}
	links := discovery.Links(&c.job.Job, discovery.Finished{
		Claimed: w.Claimed, Meta: w.meta.Above(), Sites: w.sites, Follow: []seine.Follow{follow},
	})
	if len(links) != 1 || links[0].Why != "" || links[0].Key == w.Key || c.lost(ctx, w.Key, links[0].Key) {
		return result, false
	}
	return seine.Result{
		Verdict: seine.Verdict{State: seine.Skipped, Reason: elsewhere}, Follow: []seine.Follow{follow},
	}, true
}

// lost reports whether a canonical page ended without a result. Of two pages that are fetched at
// the same time, the one with the lesser key waits for the other.
func (c canonizer) lost(ctx context.Context, own, canonical string) bool {
	if c.reader == nil {
		return false // a trial has no frontier
	}
	for end := time.Now().Add(canonicalWait); ; {
		states, err := c.reader.Lookup(ctx, c.job.ID, []string{canonical})
		if err != nil {
			return false
		}
		state, known := states[canonical]
		switch {
		case !known || state == seine.Pending || state == seine.Done:
			return false
		case state != seine.InProgress:
			return true
		case own > canonical || time.Now().After(end) || !outage.Sleep(ctx, canonicalLook):
			return false
		}
	}
}
