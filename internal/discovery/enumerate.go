package discovery

import (
	"context"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/idspace"
)

// enumeration numbers the IDs of a job. The IDs of one space of plain numbers are their own
// numbers. Other IDs are numbered one space after the other, from 0.
type enumeration struct {
	spaces []idspace.Space
	plain  bool
}

// enumerated returns nil for a job that does not enumerate IDs.
func enumerated(job *seine.Job) *enumeration {
	s := job.Seeds.IDs
	if len(s) == 0 || job.Explore.Strategy != seine.StrategyOff {
		return nil
	}
	return &enumeration{spaces: idspace.All(s), plain: len(s) == 1 && s[0].Step <= 1 && s[0].Date == ""}
}

// key returns the ID of a number.
func (e *enumeration) key(n int64) string {
	if e.plain {
		return e.spaces[0].Key(n)
	}
	for i := range e.spaces {
		s := &e.spaces[i]
		if n < s.Len() {
			return s.At(n)
		}
		n -= s.Len()
	}
	return "" // no admitted number
}

// set stores the range of numbers. If the numbers count IDs, other seeds give them other IDs. Then
// the enumeration restarts at the first number, and known IDs are not admitted twice.
func (e *enumeration) set(ctx context.Context, f frontier.Seeds, job frontier.JobID, same bool) error {
	if e.plain {
		return f.SetSpace(ctx, job, e.spaces[0].From, e.spaces[0].To)
	}
	if !same {
		if err := f.SetSpace(ctx, job, 0, -1); err != nil {
			return err
		}
	}
	var all int64
	for i := range e.spaces {
		all += e.spaces[i].Len()
	}
	return f.SetSpace(ctx, job, 0, all-1)
}

// enumerator is the source of a job that enumerates IDs.
type enumerator struct {
	links
	ids *enumeration
}

// enumBlock is the number of IDs that are admitted at a time.
const enumBlock = 1000

// More admits the next IDs.
func (e *enumerator) More(ctx context.Context, _ int) (Supply, error) {
	taken, left, err := e.cfg.Frontier.Fill(ctx, e.cfg.ID, enumBlock, func(n int64) (frontier.New, error) {
		return frontier.Admit(e.cfg.Job, frontier.Seed{Key: e.ids.key(n)})
	})
	return Supply{Added: taken, Left: left}, err
}
