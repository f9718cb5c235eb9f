package engine

import (
	"context"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// enumeration numbers the ids of a job that enumerates them: those of one space
// of plain numbers by themselves, others one space after the other, from 0.
type enumeration struct {
	spaces []seine.IDSpace
	plain  bool
}

// enumerated is nil for a job that does not enumerate ids.
func enumerated(job *seine.Job) *enumeration {
	s := job.Seeds.IDs
	if len(s) == 0 || job.Explore.Strategy != seine.StrategyOff {
		return nil
	}
	return &enumeration{spaces: s, plain: len(s) == 1 && s[0].Step <= 1 && s[0].Date == ""}
}

// key is the id of a number.
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
	return "" // no number that was admitted
}

// set says which numbers there are. Where they count ids, other seeds make
// others of them: then they are gone through from the first one on again, and
// what is known is not admitted twice.
func (e *enumeration) set(ctx context.Context, f frontier.Frontier, job frontier.JobID, same bool) error {
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
