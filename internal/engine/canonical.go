package engine

import (
	"context"
	"strings"
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

	// Tasks lists tasks with their states.
	Tasks(ctx context.Context, job frontier.JobID, filter frontier.Filter) ([]frontier.TaskInfo, error)

	// Add admits the pages of a sitemap. The others keep its entries.
	Add(ctx context.Context, job frontier.JobID, tasks []frontier.New) (int, error)
	frontier.Listings
	Clock(ctx context.Context) (time.Time, error)
}

// elsewhere is the reason of a page that another URL stands for.
const elsewhere = "canonical is elsewhere"

// A page waits for the result of its canonical page if that page is being fetched: for lesserWait
// if its own key is the lesser one, else for greaterWait. So one of two pages that wait for each
// other gives up first. canonicalLook is the time between two looks.
const (
	lesserWait    = 30 * time.Second
	greaterWait   = 2 * time.Second
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
	if result.Canonical == "" || !strings.Contains(w.Key, "://") || result.Verdict.State != seine.Done && result.Verdict.State != seine.Pending {
		return result, false
	}
	follow := seine.Follow{URL: result.Canonical, Page: w.task.Page, Priority: &w.Priority, Meta: w.task.Meta}
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

// lost reports whether a canonical page ended without a result.
func (c canonizer) lost(ctx context.Context, own, canonical string) bool {
	if c.reader == nil {
		return false // a trial has no frontier
	}
	wait := greaterWait
	if own < canonical {
		wait = lesserWait
	}
	for end := time.Now().Add(wait); ; {
		found, err := c.reader.Tasks(ctx, c.job.ID, frontier.Filter{Keys: []string{canonical}, Limit: 1})
		if err != nil || len(found) == 0 {
			return false
		}
		switch state := found[0].State; {
		case state == seine.Done || !found[0].Final && state != seine.InProgress:
			return false
		case state != seine.InProgress:
			return true
		case time.Now().After(end) || !outage.Sleep(ctx, canonicalLook):
			return false
		}
	}
}
