package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/web"
)

// spaceJSON is the shape of `status --space -o json`, a line for each space.
type spaceJSON struct {
	Job      string  `json:"job"`
	First    string  `json:"first"` // the ids at its ends
	Last     string  `json:"last"`
	From     int64   `json:"from"` // their numbers
	To       int64   `json:"to"`
	Size     int64   `json:"size"`
	Answered int64   `json:"answered"`
	Coverage float64 `json:"coverage"` // answered by size
	Wanted   int64   `json:"wanted"`   // done
	Hits     int64   `json:"hits"`     // what walks look for, of the ids that were explored; Wanted counts those too that were given

	hit bool // the job says what walks look for

	// Yield is the share of wanted items among the answers: in all, and recently.
	Yield    float64  `json:"yield"`
	YieldNow *float64 `json:"yield_now"` // null: nothing was answered
	HitRate  float64  `json:"hit_rate"`  // of recent probes
	Newest   *newest  `json:"newest"`    // null: no ID is known to exist, or absent IDs are too usual to tell
	Best     float64  `json:"best"`      // hits by request that the best block promises; 0: nothing

	Errors int64 `json:"errors"` // ids that ended in error

	// State is exploring, stopped, exhausted, not worth it, or budget used up. Why gives the
	// reason, and Note a suspicion.
	State string `json:"state"`
	Why   string `json:"why,omitempty"`
	Note  string `json:"note,omitempty"`
	Goal  *goal  `json:"goal,omitempty"`

	Regions []regionJSON `json:"regions"`

	// Part is the part of the space that the regions divide. Nil means the whole space.
	Part *regionJSON `json:"part,omitempty"`
}

// newest is the end of the assigned IDs: the last ID that is known to exist, and the IDs between
// which the end lies with a probability of 90 %.
type newest struct {
	Known string `json:"known"`
	Low   string `json:"low"`
	High  string `json:"high"`
}

// States of a space.
const (
	spaceExploring = "exploring"
	spaceStopped   = "stopped"
	spaceExhausted = "exhausted"
	spaceWorthless = "not worth it"
	spaceSpent     = "budget used up"
)

// goal is the estimated cost of a number of wanted items.
type goal struct {
	Hits     int64    `json:"hits"`
	Requests int64    `json:"requests"` // about; -1: it can't be met
	Found    int64    `json:"found"`    // what there is to be by then: less than Hits where it can't be met
	Seconds  *float64 `json:"seconds"`  // at the fleet's rate; null: nothing runs

	beyond bool // the budget ends before
}

type regionJSON struct {
	From      int64   `json:"from"`
	To        int64   `json:"to"`
	First     string  `json:"first"`
	Last      string  `json:"last"`
	Size      int64   `json:"size"`
	Answered  int64   `json:"answered"`
	Probes    int64   `json:"probes"`
	ProbeHits int64   `json:"probe_hits"`
	Walks     int64   `json:"walks"`
	WalkHits  int64   `json:"walk_hits"`
	Expected  float64 `json:"expected"`
}

// The number of regions in a terminal map, and of regions per row.
const (
	mapWidth   = 64
	mapRegions = 16 * mapWidth
)

// space shows the statistics of a job's ID spaces.
func (a *statusCommand) space(ctx context.Context, arg string, want int64) error {
	f, job, info, err := a.jobAt(ctx, arg, needs{})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	status, err := f.Status(ctx, info.ID)
	if err != nil {
		return err
	}
	out, err := spacesOf(ctx, f, job, info, status, spaceWish{goal: want})
	if err != nil {
		return err
	}
	if len(out) == 0 {
		return usagef("job %s does not explore an ID space: --space is for `explore: {strategy: forager}` or `random`", info.Name)
	}
	for i, s := range out {
		if a.json() {
			if err := a.printJSON(s); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			a.print("")
		}
		a.printSpace(s, status)
	}
	return nil
}

// spaceWish says what the statistics of ID spaces tell beside the map.
type spaceWish struct {
	goal int64    // the cost of so many items; 0: none
	part web.Part // the part of the space that the map shows
}

// spacesFrontier is the part of a frontier that tells of ID spaces.
type spacesFrontier interface {
	frontier.Reader
	frontier.Spaces
}

// spacesOf returns the statistics of a job's ID spaces, or of the spaces with a part.
func spacesOf(ctx context.Context, f spacesFrontier, job *seine.Job, info frontier.JobInfo, status frontier.Status, wish spaceWish) ([]spaceJSON, error) {
	normal, err := job.Normal()
	if err != nil {
		return nil, err
	}
	spaces := discovery.Spaces(&normal)
	if len(spaces) == 0 {
		return nil, nil
	}
	answers, err := f.Answers(ctx, info.ID)
	if err != nil {
		return nil, err
	}
	var (
		out []spaceJSON
		all int64
	)
	for _, n := range answers {
		all += n
	}
	numbers := make([]int, len(spaces))
	for i := range spaces {
		numbers[i] = spaces[i].Number
	}
	former := discovery.FormerAnswers(answers, numbers)
	failed := make([]map[int64]int64, len(spaces))
	if status.Final[seine.Error] > 0 {
		if failed, err = discovery.Failed(ctx, f, info.ID, spaces); err != nil {
			return nil, err
		}
	}
	for i, s := range spaces {
		known, err := f.Known(ctx, info.ID, s.Number, time.Time{})
		if err != nil {
			return nil, err
		}
		steps, err := f.Steps(ctx, info.ID, s.Number)
		if err != nil {
			return nil, err
		}
		for at, t := range steps {
			s.Model.SetStep(at, t)
		}
		j := spaceOf(info.Name, s, known, normal.Limit.Yield, all-former)
		j.within(s, wish.part)
		j.hit = normal.Explore.Hit != nil
		for _, n := range failed[i] {
			j.Errors += n
		}
		if j.Errors > 0 && j.State != spaceStopped && j.State != spaceExhausted {
			over, err := discovery.Exhausted(ctx, f, info.ID, s, failed[i])
			if err != nil {
				return nil, err
			}
			if over {
				j.State, j.Best, j.Why = spaceExhausted, 0, counted(j.Errors, "id")+" ended in error"
			}
		}
		out = append(out, j)
	}
	budget := normal.Explore.Budget
	for i := range out {
		if budget > 0 && all >= budget && out[i].State != spaceStopped {
			out[i].State, out[i].Why = spaceSpent, fmt.Sprintf("%s of explore.budget, %d", counted(all, "answer"), budget)
		}
		if former > 0 && i == 0 {
			out[i].Note = join("; ", out[i].Note, fmt.Sprintf("%s %s to an earlier division of the ID spaces: `seine recount JOB` converts %s", counted(former, "answer"), number.Chosen(former, "belongs", "belong"), number.Chosen(former, "it", "them")))
		}
	}
	if wish.goal > 0 {
		left := int64(-1)
		if budget > 0 {
			left = max(0, budget-all)
		}
		setGoals(out, spaces, wish.goal, left, status.Rate)
	}
	return out, nil
}

// spaceOf returns the statistics of a space of a job with all answers in total.
func spaceOf(job string, s discovery.Space, known frontier.Knowledge, least float64, all int64) spaceJSON {
	for b, sums := range known.Blocks {
		s.Model.SetBlock(b, sums)
	}
	regions, best := s.Model.Map(mapRegions)
	sums := s.Model.Total()
	recent := s.Model.Recent()
	out := spaceJSON{
		Job: job, First: s.At(0), Last: s.At(s.Len() - 1), From: s.From, To: s.To, Size: s.Len(), Answered: sums.Done,
		Wanted: sums.Wanted, Hits: sums.ProbeHits + sums.WalkHits, HitRate: s.Model.HitRate(), Best: best, State: spaceExploring, Regions: []regionJSON{},
	}
	out.Coverage = float64(out.Answered) / float64(out.Size)
	out.Yield = float64(out.Wanted) / float64(max(1, out.Answered))
	if recent.Trials > 0 {
		now := recent.Hits / recent.Trials
		out.YieldNow = &now
	}
	if e, ok := s.Model.Ending(); ok {
		out.Newest = &newest{s.At(e.Newest), s.At(e.Low), s.At(e.High)}
	}
	switch {
	case known.Circuit.Open():
		out.State, out.Why = spaceStopped, known.Circuit.Reason
	case s.Model.Left() == 0:
		out.State = spaceExhausted
	default:
		if out.Why = discovery.NotWorthIt([]*explore.Forager{s.Model}, all, least); out.Why != "" {
			out.State = spaceWorthless
		}
	}
	if out.Answered >= discovery.Barren && out.Hits+out.Wanted == 0 {
		out.Note = fmt.Sprintf("nothing was wanted in %s: check the verdict and explore.hit", counted(out.Answered, "answer"))
	}
	for _, r := range regions {
		out.Regions = append(out.Regions, regionOf(s, r))
	}
	return out
}

// setGoals estimates the cost of want wanted items of the job. budget is the number of answers
// left, or -1 without a bound.
func setGoals(spaces []spaceJSON, known []discovery.Space, want, budget int64, rate float64) {
	var (
		left         = want
		wanted, hits int64
		models       []*explore.Forager
	)
	for i, s := range spaces {
		left, wanted, hits = left-s.Wanted, wanted+s.Wanted, hits+s.Hits
		if s.State != spaceStopped && s.State != spaceExhausted {
			models = append(models, known[i].Model)
		}
	}
	// Local search may look for more than wanted items.
	share := 1.0
	if hits > wanted && wanted > 0 {
		share = float64(wanted) / float64(hits)
	}
	g := &goal{Hits: want, Requests: -1, Found: want}
	if left <= 0 {
		g.Requests = 0
	} else {
		requests, found := explore.Plan(models, float64(left)/share)
		switch {
		case found*share < float64(left)-0.5:
			g.Found = wanted + int64(found*share)
		case budget >= 0 && requests > float64(budget):
			g.Found, g.beyond = wanted, true
		default:
			g.Requests = int64(requests + 0.5)
		}
	}
	if rate > 0 && g.Requests >= 0 {
		seconds := float64(g.Requests) / rate
		g.Seconds = &seconds
	}
	for i := range spaces {
		spaces[i].Goal = g
	}
}
