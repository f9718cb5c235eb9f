package hosts

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
)

// local is the gate of pace.scope worker. The worker has an address of its own, so it decides the
// whole pace. The frontier only hands tasks out.
type local struct {
	*gate
	each int

	mu     sync.Mutex
	pages  *polite.Pacer
	assets *polite.Pacer
	lanes  map[string]frontier.LaneID // by key, of lanes seen
}

// claimSlots replaces an unlimited concurrency in the bound of a claim.
const claimSlots = 50

func newLocal(g *gate) *local {
	p := g.cfg.Job.Pace
	most := p.Concurrency
	if most <= 0 {
		most = claimSlots
	}
	pages := polite.New(p)
	pages.Least = g.cfg.Least
	return &local{
		gate: g, each: frontier.LaneRoom(frontier.LanePace{Delay: p.Delay, Inflight: most}, 0, 0),
		pages:  pages,
		assets: polite.New(seine.Pace{Delay: p.Assets.Delay, Concurrency: seine.Unlimited}),
		lanes:  map[string]frontier.LaneID{},
	}
}

// Claim leaves tasks to other workers that this worker could not start soon.
func (g *local) Claim(now time.Time) (each int, not []frontier.LaneID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, host := range g.pages.Blocked(now) {
		if id, ok := g.lanes[host]; ok {
			not = append(not, id)
		}
	}
	return g.each, not
}

// Enter waits for a start of this worker's own schedule.
func (g *local) Enter(ctx context.Context, v Visit) (*Pass, error) {
	switch v.Kind {
	case Page:
		pass, err := g.page(ctx, v, 0, func(now time.Time) time.Duration { return g.start(v.Own.Key, v.Own.Lane, now) })
		if err == nil {
			pass.leave = func(o polite.Outcome) { g.end(v.Own.Key, o) }
		}
		return pass, err
	case Asset:
		return g.asset(ctx, v.Host, g.startAsset)
	case AssetRedirect:
		return &Pass{}, g.startAsset(ctx, v.Host)
	case Redirect, Robots, Sitemap, LogIn:
	}
	// On its own host the page keeps its slot. On another host only the start counts.
	start, most := g.startOnce, patience
	if v.Host == v.Own.Key {
		start, most = g.restart, ownPatience
	}
	for {
		wait := start(v.Host, time.Now())
		if wait == 0 {
			return &Pass{}, nil
		}
		if err := await(ctx, v.Host, frontier.Turn{Wait: wait}, most, nil); err != nil {
			return nil, err
		}
	}
}

// startOnce is start for a request that takes no slot of its host.
func (g *local) startOnce(host string, now time.Time) time.Duration {
	wait := g.start(host, 0, now)
	if wait == 0 {
		g.end(host, polite.Silent)
	}
	return wait
}

// restart is start for a further request of a running page.
func (g *local) restart(host string, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pages.Restart(host, now, rand.Float64) {
		return 0
	}
	at, _ := g.pages.Next(host, now)
	return max(at.Sub(now), time.Millisecond)
}

// fullWait is the wait for the end of one of this worker's own requests to a host that takes no
// more at once.
const fullWait = 50 * time.Millisecond

// start returns the time that a start on a lane still has to wait, and records the start if it is
// zero.
func (g *local) start(lane string, id frontier.LaneID, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.lanes) > maxHosts {
		clear(g.lanes)
	}
	if id != 0 {
		g.lanes[lane] = id
	}
	if g.pages.Start(lane, now, rand.Float64) {
		return 0
	}
	at, ok := g.pages.Next(lane, now)
	if !ok {
		return fullWait
	}
	return max(at.Sub(now), time.Millisecond)
}

func (g *local) end(lane string, o polite.Outcome) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pages.End(lane, time.Now(), o)
}

// startAsset waits for a start on a host of assets.
func (g *local) startAsset(ctx context.Context, host string) error {
	lane := frontier.AssetLane(host)
	for {
		g.mu.Lock()
		now := time.Now()
		started := g.assets.Start(lane, now, rand.Float64)
		at, _ := g.assets.Next(lane, now)
		if started {
			g.assets.End(lane, now, polite.Silent) // slots limits the concurrency
		}
		g.mu.Unlock()
		if started {
			return nil
		}
		if err := await(ctx, host, frontier.Turn{Wait: max(at.Sub(now), time.Millisecond)}, patience, nil); err != nil {
			return err
		}
	}
}
