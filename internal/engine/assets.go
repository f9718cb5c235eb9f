package engine

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
	"github.com/seinehq/seine/internal/weburl"
)

// assetFetcher asks for assets: through the same client as pages, so that the
// asset host is treated gently too, by pace.assets and not by pace.delay.
type assetFetcher struct {
	r *runner

	mu    sync.Mutex
	hosts map[string]*assetHost

	// own is the schedule with pace.scope worker; nil: the frontier's.
	own *polite.Pacer
}

// assetHost is what this process knows of one.
type assetHost struct {
	slots   chan struct{}
	checked time.Time // when the frontier last said that the host is not quiet
}

func (f *assetFetcher) host(name string) *assetHost {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.hosts[name]
	if h == nil {
		if len(f.hosts) > maxLast {
			clear(f.hosts)
		}
		h = &assetHost{slots: make(chan struct{}, max(1, f.r.job.Pace.Assets.Concurrency))}
		f.hosts[name] = h
	}
	return h
}

// Fetch waits for a start on the asset's host, then fetches.
func (f *assetFetcher) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	at, err := weburl.Canonical(req.URL)
	if err != nil {
		return nil, err
	}
	lane := frontier.AssetLane(weburl.Host(at))
	f.r.hasAssets.Store(true)
	h := f.host(lane)
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-h.slots }()
	if err := f.await(ctx, h, lane); err != nil {
		return nil, err
	}
	began := time.Now()
	req.OnRedirect = onRedirect(func(ctx context.Context, host string) error {
		lane := frontier.AssetLane(host)
		return f.await(ctx, f.host(lane), lane)
	})
	page, err := f.r.job.Fetch.Fetch(ctx, req)
	if err != nil {
		return nil, err
	}
	if at, err := weburl.Canonical(page.URL); err == nil {
		lane = frontier.AssetLane(weburl.Host(at)) // a redirect may have led to another
	}
	f.r.others.reached(lane)
	if refusal(page) {
		after := f.r.heedHost(ctx, lane, page, began)
		f.recheck(lane)
		f.mu.Lock()
		if f.own != nil {
			f.own.Refused(lane, time.Now(), began, after)
		}
		f.mu.Unlock()
	}
	return page, nil
}

// quietCheck is how long a host without a delay is taken not to be quiet: its
// starts need no schedule, so not each of them asks the frontier.
const quietCheck = time.Second

// await takes a start of the lane's schedule and waits for it.
func (f *assetFetcher) await(ctx context.Context, h *assetHost, lane string) error {
	free := f.r.job.Pace.Assets.Delay == seine.Span{}
	if f.own != nil {
		return f.awaitOwn(ctx, lane)
	}
	f.mu.Lock()
	fresh := free && time.Since(h.checked) < quietCheck
	f.mu.Unlock()
	if fresh {
		return nil
	}
	for tries := 0; ; {
		asked := time.Now()
		turn, err := f.r.e.cfg.Frontier.Reserve(ctx, f.r.job.ID, lane, rand.Float64(), hostPatience)
		if err == nil && turn == (frontier.Turn{}) {
			f.mu.Lock()
			h.checked = time.Now()
			f.mu.Unlock()
		}
		at, due := startOf(asked, turn)
		turn.Wait = max(0, time.Until(at))
		if err := f.r.await(ctx, lane, turn, err); err != nil {
			return err
		}
		if tries++; tries <= lateTries && late(f.r.job.Pace.Assets.Delay.Min, due, time.Now()) {
			continue
		}
		return nil
	}
}

// recheck has the next fetch ask the frontier whether its host is quiet.
func (f *assetFetcher) recheck(lane string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h := f.hosts[lane]; h != nil {
		h.checked = time.Time{}
	}
}

// awaitOwn waits for a start of this worker's own schedule.
func (f *assetFetcher) awaitOwn(ctx context.Context, lane string) error {
	for {
		f.mu.Lock()
		now := time.Now()
		started := f.own.Start(lane, now, rand.Float64)
		at, _ := f.own.Next(lane, now)
		if started {
			f.own.End(lane, now, polite.Silent) // the slots are counted by assetHost
		}
		f.mu.Unlock()
		if started {
			return nil
		}
		if err := f.r.await(ctx, lane, frontier.Turn{Wait: max(at.Sub(now), time.Millisecond)}, nil); err != nil {
			return err
		}
	}
}
