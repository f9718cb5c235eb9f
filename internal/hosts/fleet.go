package hosts

import (
	"context"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/frontier"
)

// fleet is the gate of pace.scope host. The frontier assigns the starts. This process only keeps
// its own late starts apart, because a late start must not crowd the next one.
type fleet struct {
	*gate
	delay time.Duration

	mu   sync.Mutex
	last map[string]time.Time // by lane: the last start of this process
}

func newFleet(g *gate) *fleet {
	return &fleet{gate: g, delay: g.cfg.Job.Pace.Delay.Min, last: map[string]time.Time{}}
}

// Claim sets no bounds, because the frontier's pace decides.
func (g *fleet) Claim(time.Time) (each int, not []frontier.LaneID) { return 0, nil }

// Enter waits for a start of the fleet's schedule.
func (g *fleet) Enter(ctx context.Context, v Visit) (*Pass, error) {
	switch v.Kind {
	case Page:
		// A Crawl-delay that was read after the claim holds for the claimed page too.
		lane, delay := v.Own.Key, g.delayOf(v.Own.Key)
		if g.cfg.Least != nil {
			if least := g.cfg.Least(v.Host); least > delay {
				lane, delay = v.Host, least // the lane of the claim may be a shard
			}
		}
		return g.page(ctx, v, delay, func(now time.Time) time.Duration { return g.start(lane, delay, now) })
	case Asset:
		return g.asset(ctx, v.Host, g.reserveAsset)
	case AssetRedirect:
		return &Pass{}, g.reserveAsset(ctx, v.Host)
	case Redirect, Robots, Sitemap, LogIn:
	}
	if derived.Unpaced(g.cfg.Job.Pace) && !g.cfg.Lanes.unhealthy(v.Host) {
		return &Pass{}, nil
	}
	most := patience
	if v.Host == v.Own.Key {
		most = ownPatience
	}
	turn, err := g.cfg.Frontier.Reserve(ctx, g.cfg.ID, v.Host, draw(), most)
	return &Pass{}, await(ctx, v.Host, turn, most, err)
}

// delayOf returns the shortest time between two starts on a lane.
func (g *fleet) delayOf(lane string) time.Duration {
	if g.cfg.Delay == nil {
		return g.delay
	}
	return g.cfg.Delay(lane, g.delay)
}

// start returns the wait that keeps a start apart from this process's last start on the lane.
func (g *fleet) start(lane string, delay time.Duration, now time.Time) time.Duration {
	if delay == 0 {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if wait := g.last[lane].Add(delay).Sub(now); wait > 0 {
		return wait
	}
	if len(g.last) > maxHosts {
		clear(g.last)
	}
	g.last[lane] = now
	return 0
}

// reserveAsset takes a start of the lane of a host's assets and waits for it.
func (g *fleet) reserveAsset(ctx context.Context, host string) error {
	lane, delay := frontier.AssetLane(host), g.cfg.Job.Pace.Assets.Delay
	if delay == (seine.Span{}) && g.slots.fresh(lane) {
		return nil
	}
	for tries := 0; ; {
		asked := time.Now()
		turn, err := g.cfg.Frontier.Reserve(ctx, g.cfg.ID, lane, draw(), patience)
		if err == nil && turn == (frontier.Turn{}) {
			g.slots.check(lane)
		}
		at, due := startOf(asked, turn)
		turn.Wait = max(0, time.Until(at))
		if err := await(ctx, host, turn, patience, err); err != nil {
			return err
		}
		if tries++; tries > lateTries || !late(delay.Min, due, time.Now()) {
			return nil
		}
	}
}
