package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// spaceJSON is the shape of `status --space -o json`.
type spaceJSON struct {
	Job      string  `json:"job"`
	From     int64   `json:"from"`
	To       int64   `json:"to"`
	Size     int64   `json:"size"`
	Answered int64   `json:"answered"`
	Coverage float64 `json:"coverage"` // answered by size
	Hits     int64   `json:"hits"`
	Yield    float64 `json:"yield"`    // hits by answered, over the job's life
	HitRate  float64 `json:"hit_rate"` // of recent probes
	Best     float64 `json:"best"`     // hits by request that the best block promises; 0: the space is exhausted
	Goal     *goal   `json:"goal,omitempty"`

	Regions []regionJSON `json:"regions"`
}

// goal is what a number of hits still takes.
type goal struct {
	Hits     int64    `json:"hits"`
	Requests int64    `json:"requests"` // -1: it can't be met
	Seconds  *float64 `json:"seconds"`  // at the fleet's rate; null: nothing runs
}

type regionJSON struct {
	From      int64   `json:"from"`
	To        int64   `json:"to"`
	Answered  int64   `json:"answered"`
	Probes    int64   `json:"probes"`
	ProbeHits int64   `json:"probe_hits"`
	Walks     int64   `json:"walks"`
	WalkHits  int64   `json:"walk_hits"`
	Expected  float64 `json:"expected"`
}

// A map in the terminal has so many regions, in rows of so many.
const (
	mapWidth   = 64
	mapRegions = 16 * mapWidth
)

// space shows what is known of a job's ID space.
func (a *app) space(ctx context.Context, arg string, want int64) error {
	f, job, info, err := a.jobAt(ctx, arg)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	normal, err := job.Normal()
	if err != nil {
		return err
	}
	ids := normal.Seeds.IDs
	if s := normal.Explore.Strategy; ids == nil || s != seine.StrategyForager && s != seine.StrategyRandom {
		return usagef("job %s does not explore an ID space: --space is for `explore: {strategy: forager}` or `random`", normal.Name)
	}
	model, err := known(ctx, f, info.ID, &normal)
	if err != nil {
		return err
	}
	status, err := f.Status(ctx, info.ID)
	if err != nil {
		return err
	}
	regions, best := model.Map(mapRegions)
	sums := model.Total()
	out := spaceJSON{
		Job: info.Name, From: ids.From, To: ids.To, Size: ids.To - ids.From + 1, Answered: sums.Done, Hits: status.Final[seine.Done],
		HitRate: model.HitRate(), Best: best, Regions: []regionJSON{},
	}
	out.Coverage = float64(out.Answered) / float64(out.Size)
	out.Yield = float64(out.Hits) / float64(max(1, out.Answered))
	for _, r := range regions {
		out.Regions = append(out.Regions, regionJSON{
			ids.From + r.First, ids.From + r.First + r.Size - 1, r.Done, r.Probes, r.ProbeHits, r.Walks, r.WalkHits, r.Expected,
		})
	}
	if want > 0 {
		out.Goal = goalOf(want, out, status.Rate)
	}
	if a.json() {
		return a.printJSON(out)
	}
	a.printSpace(out, status)
	return nil
}

// known is the model that the frontier's sums make.
func known(ctx context.Context, f frontier.Frontier, id frontier.JobID, job *seine.Job) (*explore.Forager, error) {
	model := explore.New(job.Seeds.IDs.To-job.Seeds.IDs.From+1, explore.Options{Blocks: job.Explore.Blocks, Max: job.Explore.Max})
	blocks, err := f.Blocks(ctx, id, 0, time.Time{})
	if err != nil {
		return nil, err
	}
	for b, s := range blocks {
		model.SetBlock(b, s)
	}
	steps, err := f.Steps(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	for at, t := range steps {
		model.SetStep(at, t)
	}
	return model, nil
}

// goalOf is what a number of hits takes from here, at what the best block
// promises: at least so much.
func goalOf(want int64, s spaceJSON, rate float64) *goal {
	g := &goal{Hits: want, Requests: -1}
	left := want - s.Hits
	switch {
	case left <= 0:
		g.Requests = 0
	case s.Best <= 0 || left > s.Size-s.Answered:
		return g
	default:
		g.Requests = int64(float64(left)/s.Best + 0.5)
	}
	if rate > 0 {
		seconds := float64(g.Requests) / rate
		g.Seconds = &seconds
	}
	return g
}

func (a *app) printSpace(s spaceJSON, status frontier.Status) {
	a.print("%s  ids %d to %d", s.Job, s.From, s.To)
	a.print("  answered  %d of %d (%.2g %%)", s.Answered, s.Size, 100*s.Coverage)
	a.print("  wanted    %d, %.3f by request; recent probes hit %.1f %%", s.Hits, s.Yield, 100*s.HitRate)
	if s.Best > 0 {
		a.print("  best      a block promises %.3f by request", s.Best)
	} else {
		a.print("  best      nothing is left: the space is exhausted")
	}
	if g := s.Goal; g != nil {
		a.print("  goal      %s", g.text(status))
	}
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
	a.print("  %d ids a cell; hits by request from none (.) to all (@); blank: not asked yet", s.Regions[0].To-s.Regions[0].From+1)
}

func (g *goal) text(status frontier.Status) string {
	switch {
	case g.Requests == 0:
		return fmt.Sprintf("%d items: met", g.Hits)
	case g.Requests < 0:
		return fmt.Sprintf("%d items: can't be met, the space does not promise so many", g.Hits)
	case g.Seconds == nil:
		return fmt.Sprintf("%d items: about %d requests; no worker runs", g.Hits, g.Requests)
	}
	return fmt.Sprintf("%d items: about %d requests, %s with %d workers at this pace", g.Hits, g.Requests, brief(time.Duration(*g.Seconds*float64(time.Second))), status.Workers)
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
