package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/web"
)

func regionOf(s discovery.Space, r explore.Region) regionJSON {
	step, last := max(s.Step, 1), r.First+r.Size-1
	return regionJSON{
		s.From + r.First*step, s.From + last*step, s.At(r.First), s.At(last), r.Size, r.Done, r.Probes, r.ProbeHits, r.Walks, r.WalkHits, r.Expected,
	}
}

// partRegions is the number of regions of a part.
const partRegions = 64

// within replaces the regions by the regions of a part, if the space has it.
func (j *spaceJSON) within(s discovery.Space, part web.Part) {
	if part.Empty() {
		return
	}
	step := max(s.Step, 1)
	first, last := (part.From-s.From)/step, (part.To-s.From)/step
	whole := s.Model.Part(first, last, 1)
	if part.From < s.From || len(whole) == 0 {
		return
	}
	of := regionOf(s, whole[0])
	j.Part, j.Regions = &of, nil
	for _, r := range s.Model.Part(first, last, partRegions) {
		j.Regions = append(j.Regions, regionOf(s, r))
	}
}

// percent formats a share with three digits and without a power of ten.
func percent(share float64) string {
	switch p := 100 * share; {
	case p == 0:
		return "0 %"
	case p < 0.01:
		return "less than 0.01 %"
	case p < 10:
		return fmt.Sprintf("%.2f %%", p)
	default:
		return fmt.Sprintf("%.1f %%", p)
	}
}

// best regions that are named.
const namedRegions = 5

func (a *statusCommand) printSpace(s spaceJSON, status frontier.Status) {
	a.print("%s  ids %s to %s", s.Job, s.First, s.Last)
	a.print("  answered  %d of %d (%s)", s.Answered, s.Size, percent(s.Coverage))
	now := ""
	if s.YieldNow != nil {
		now = fmt.Sprintf(", of late %.3f", *s.YieldNow)
	}
	a.print("  wanted    %d, %.3f by answer%s; recent probes hit %.1f %%", s.Wanted, s.Yield, now, 100*s.HitRate)
	if s.hit || s.Hits > s.Wanted { // or it was, when the space was counted
		a.print("  hits      %d of local search, among the explored IDs", s.Hits)
	}
	if s.Errors > 0 {
		a.print("  errors    %s ended in error", counted(s.Errors, "id"))
	}
	if n := s.Newest; n != nil {
		a.print("  newest    %s; IDs end between %s and %s (90 %%)", n.Known, n.Low, n.High)
	}
	if s.State == spaceExhausted {
		a.print("  best      nothing is left: the space is exhausted")
	} else {
		a.print("  best      a block promises %.3f by answer", s.Best)
	}
	switch s.State {
	case spaceStopped:
		a.print("  stopped   %s: run `seine resume` to continue", s.Why)
	case spaceWorthless:
		a.print("  over      it is not worth it any more: %s", s.Why)
	}
	if s.State == spaceSpent {
		a.print("  over      the budget is used up: %s", s.Why)
	}
	if s.Note != "" {
		a.print("  note      %s", s.Note)
	}
	if g := s.Goal; g != nil {
		a.print("  goal      %s", g.text(status))
	}
	a.printRegions(s.Regions)
	a.print("")
	row := strings.Builder{}
	for i, r := range s.Regions {
		row.WriteString(shade(r))
		if (i+1)%mapWidth == 0 || i == len(s.Regions)-1 {
			a.print("  %s", row.String())
			row.Reset()
		}
	}
	a.print("")
	a.print("  %s a cell; hits by answer from none (.) to all (@); blank: not requested yet", counted((s.Size-1)/int64(len(s.Regions))+1, "id"))
}

// printRegions names those with most hits.
func (a *statusCommand) printRegions(regions []regionJSON) {
	top := slices.Clone(regions)
	slices.SortStableFunc(top, func(x, y regionJSON) int { return cmp.Compare(y.hits(), x.hits()) })
	for i, r := range top[:min(namedRegions, len(top))] {
		if r.hits() == 0 {
			return
		}
		head := "          "
		if i == 0 {
			head = "  regions "
		}
		promise := fmt.Sprintf("promises %.3f", r.Expected)
		if r.Expected < 0.0005 {
			promise = "nothing more to find"
		}
		a.print("%s  %s to %s: %s of %d; %s", head, r.First, r.Last, counted(r.hits(), "hit"), r.Probes+r.Walks, promise)
	}
}

func (r regionJSON) hits() int64 { return r.ProbeHits + r.WalkHits }

func (g *goal) text(status frontier.Status) string {
	switch {
	case g.Requests == 0:
		return fmt.Sprintf("%s: met", counted(g.Hits, "item"))
	case g.beyond:
		return fmt.Sprintf("%s: can't be met, explore.budget ends before", counted(g.Hits, "item"))
	case g.Requests < 0:
		return fmt.Sprintf("%s: can't be met, the space promises about %d", counted(g.Hits, "item"), g.Found)
	case g.Seconds == nil && status.Workers > 0:
		return fmt.Sprintf("%s: about %s; the rate of %s %s is unknown yet", counted(g.Hits, "item"), counted(g.Requests, "more answer"), counted(status.Workers, "worker"), number.Chosen(status.Workers, "is", "are"))
	case g.Seconds == nil:
		return fmt.Sprintf("%s: about %s; no worker runs", counted(g.Hits, "item"), counted(g.Requests, "more answer"))
	}
	return fmt.Sprintf("%s: about %s, %s with %s at this pace", counted(g.Hits, "item"), counted(g.Requests, "more answer"), brief(time.Duration(*g.Seconds*float64(time.Second))), counted(status.Workers, "worker"))
}

// shades are how a region's hits by request are drawn.
const shades = ".:-=+*#%@"

func shade(r regionJSON) string {
	asked := r.Probes + r.Walks
	if asked == 0 {
		return " "
	}
	rate := float64(r.ProbeHits+r.WalkHits) / float64(asked)
	return string(shades[min(int(rate*float64(len(shades))), len(shades)-1)])
}
