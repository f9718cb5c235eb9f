package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/polite"
	"github.com/seinehq/seine/internal/weburl"
)

// ownOf resolves the host and the lane of a claimed task.
func (r *runner) ownOf(c frontier.Claimed) hosts.Own {
	page, err := frontier.PageURL(&r.job.Job, c.Key)
	if err != nil {
		page = ""
	}
	return hosts.OwnOf(c, page)
}

// awaitStart waits for the task's start and takes one of the slots in which tasks run. It returns nil
// if the task is to be given back.
func (r *runner) awaitStart(ctx context.Context, c frontier.Claimed, asked time.Time) *hosts.Pass {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	r.mu.Lock()
	claiming := r.claiming
	r.mu.Unlock()
	defer context.AfterFunc(claiming, cancel)()
	own := r.ownOf(c)
	pass, err := r.gate.Enter(waiting, hosts.Visit{Kind: hosts.Page, Host: own.Host, Own: own, Start: hosts.StartOf(c, asked, r.owned)})
	if err != nil {
		return nil
	}
	if !r.open() {
		pass.Leave(polite.Silent)
		return nil
	}
	select {
	case r.running <- struct{}{}:
		if r.lanes.Belongs(own) {
			pass.Begin()
			return pass
		}
		r.finished() // its host became unhealthy since the claim
	case <-waiting.Done():
	case <-pass.Blocked():
	}
	pass.Leave(polite.Silent)
	return nil
}

// enter returns the hook of a request that waits for the host of each redirect.
func (r *runner) enter(kind hosts.Kind, own hosts.Own) func(ctx context.Context, from, to string) error {
	return func(ctx context.Context, _, to string) error {
		at, err := weburl.Canonical(to)
		if err != nil {
			return err
		}
		_, err = r.gate.Enter(ctx, hosts.Visit{Kind: kind, Host: weburl.Host(at), Own: own})
		return err
	}
}

// assetFetcher fetches assets through the job's client, at the pace of their hosts.
type assetFetcher struct{ r *runner }

// Fetch waits for a start on the asset's host and fetches the asset.
func (f assetFetcher) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	at, err := weburl.Canonical(req.URL)
	if err != nil {
		return nil, err
	}
	host := weburl.Host(at)
	pass, err := f.r.gate.Enter(ctx, hosts.Visit{Kind: hosts.Asset, Host: host})
	if err != nil {
		return nil, err
	}
	defer pass.Leave(polite.Silent)
	began := time.Now()
	req.OnRedirect = f.r.enter(hosts.AssetRedirect, hosts.Own{})
	page, err := f.r.job.Fetch.Fetch(ctx, req)
	if err == nil {
		f.r.gate.Report(ctx, hosts.Report{Kind: hosts.Asset, Host: host, Page: page, Began: began})
	}
	return page, err
}

// endingOfFetch ends a task whose page did not come. It tells the fleet about the host first.
func (r *runner) endingOfFetch(ctx context.Context, c frontier.Claimed, err error) ending {
	facts := interruption(ctx, attempt{stage: stageFetch, err: err})
	var busy *hosts.BusyError
	if facts.stopped || errors.As(err, &busy) {
		return r.ends(c, facts)
	}
	r.log.WarnContext(ctx, "fetch failed", "task", c.Key, "attempt", c.Attempt, "err", err)
	if errors.Is(err, seine.ErrHost) {
		effect := r.gate.Report(ctx, hosts.Report{Kind: hosts.Page, Own: r.ownOf(c), Err: err})
		facts.foreign, facts.rest, facts.down = effect.Foreign, effect.Rest, effect.Down
	}
	end := r.ends(c, facts)
	if end.fatal != nil {
		r.fatal(end.fatal)
	}
	return end
}

// misplaced moves the claimed tasks that belong to other lanes, and returns the
// others.
func (r *runner) misplaced(ctx context.Context, lease frontier.Lease, got []frontier.Claimed) ([]frontier.Claimed, error) {
	if err := r.lanes.Read(ctx); err != nil {
		return got, nil //nolint:nilerr // the next claim says so; these are ours
	}
	var (
		wrong []frontier.Claimed
		owns  []hosts.Own
	)
	right := slices.DeleteFunc(slices.Clone(got), func(c frontier.Claimed) bool {
		own := r.ownOf(c)
		if r.lanes.Belongs(own) {
			return false
		}
		wrong, owns = append(wrong, c), append(owns, own)
		return true
	})
	if len(wrong) == 0 {
		return got, nil
	}
	if err := r.release(ctx, lease, wrong); err != nil {
		return right, err
	}
	if err := r.lanes.Move(ctx, wrong, owns); err != nil || len(right) > 0 {
		return right, err
	}
	return right, r.lanes.MoveMore(ctx)
}

// release gives tasks back that nobody works on, however long it takes: kept by a
// lease that lives they would be nobody's. When ctx ends the lease soon does.
func (r *runner) release(ctx context.Context, lease frontier.Lease, tasks []frontier.Claimed) error {
	for {
		whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
		_, err := r.e.cfg.Frontier.Release(whole, lease, tasks)
		cancel()
		if err == nil || errors.Is(err, frontier.ErrLeaseLost) {
			return err
		}
		if wait := r.e.outage.note(ctx, err); wait == 0 || !sleep(ctx, wait) {
			return err
		}
	}
}

// A claim's answer is on its way for so long that the time of a start may have
// passed when it comes: starts are asked for that are so far ahead. Where the
// database is near it is nothing.
const (
	leastLead = 10 * time.Millisecond
	mostLead  = 2 * time.Second
)

// leadAfter is how long claims take, by one more that took so long.
func leadAfter(lead, took time.Duration) time.Duration {
	if took = min(took, mostLead); lead == 0 {
		if took < leastLead {
			return 0
		}
		return took
	}
	if lead += (took - lead) / 4; lead < leastLead {
		return 0
	}
	return lead
}
