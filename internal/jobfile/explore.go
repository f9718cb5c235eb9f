package jobfile

import (
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
)

func (a *assembly) explore(e explore) seine.Explore {
	out := seine.Explore{Strategy: seine.Strategy(e.Strategy), Patience: or(e.Patience, 0), Max: e.Max, Blocks: e.Blocks, Budget: e.Budget}
	out.Recrawl = time.Duration(or(e.Recrawl, 0))
	if e.Hit != nil {
		hit, problems := extract.CompileHit(*e.Hit)
		for _, p := range problems {
			a.check("explore.hit", true, "explore.hit: %s%s", p.Message, didYouMean(p.Near))
		}
		out.Hit = hit
	}
	if e.Absent != nil {
		absent, problems := extract.CompileHit(*e.Absent)
		for _, p := range problems {
			a.check("explore.absent", true, "explore.absent: %s%s", p.Message, didYouMean(p.Near))
		}
		out.Absent = absent
	}
	if l := e.Links; l != nil {
		if out.Strategy == "" {
			out.Strategy = seine.StrategyChain
		}
		a.check("explore.links", out.Strategy != seine.StrategyChain, "explore.links are for strategy: chain")
		a.check("explore.links", l.Next == "" && l.Prev == "", "explore.links: give next, prev or both")
		of, problems := extract.Links(l.Next, l.Prev)
		for _, p := range problems {
			a.check("explore.links."+p.Path, true, "explore.links.%s: %s", p.Path, p.Message)
		}
		out.Neighbor = of
	}
	a.check("explore.budget", out.Budget > 0 && (out.Strategy == seine.StrategyChain || out.Strategy == seine.StrategyOff),
		"explore.budget is not used with strategy: %s, where limit.tasks is the bound", out.Strategy)
	strategy := out.Strategy
	if strategy == "" {
		strategy = seine.StrategyForager
	}
	a.warnings.file = a.file
	for path, of := range map[string]seine.Strategy{"explore.patience": seine.StrategyChain, "explore.max": seine.StrategyForager, "explore.absent": seine.StrategyForager, "explore.recrawl": seine.StrategyForager} {
		if a.has(path) && strategy != of {
			a.warnings.say(a.at(path), path, "%s is not used with strategy: %s, but with %s", path, strategy, of)
		}
	}
	a.check("explore", a.doc.Seeds.IDs == nil && e.Links == nil, "explore needs an ID space: give seeds.ids")
	return out
}
