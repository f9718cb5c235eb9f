package engine

import (
	"context"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// failedPage is how many tasks are listed at a time.
const failedPage = 20_000

// Failed counts the ids of a job's spaces whose tasks ended in error, by space and
// block. It goes through those tasks: sums of a space count each ending, also of an id
// that was sent back since, and none that a rescuer ended.
func Failed(ctx context.Context, f frontier.Frontier, id frontier.JobID, spaces []Space) ([]map[int64]int64, error) {
	ids := make([]seine.IDSpace, len(spaces))
	out := make([]map[int64]int64, len(spaces))
	for i, s := range spaces {
		ids[i], out[i] = *s.IDSpace, map[int64]int64{}
	}
	filter := frontier.Filter{States: []seine.State{seine.Error}, Limit: failedPage}
	for {
		page, err := f.Tasks(ctx, id, filter)
		if err != nil {
			return nil, err
		}
		for _, t := range page {
			if i, pos := frontier.Locate(ids, t.Key); i >= 0 && t.Final {
				out[i][spaces[i].Model.Block(pos)]++
			}
		}
		if len(page) < failedPage {
			return out, nil
		}
		filter.After = page[len(page)-1].Key
	}
}

// Exhausted reports whether each id of a space was answered or ended in error, so many
// of them by block; the space's model holds what was answered. An id may be both: so
// what is not answered is looked up, of at most maxUnanswered ids.
func Exhausted(ctx context.Context, f frontier.Frontier, id frontier.JobID, s Space, failed map[int64]int64) (bool, error) {
	type stretch struct{ first, n int64 }
	var open []stretch
	var ids int64
	for block := range s.Model.Block(s.Model.Size()-1) + 1 {
		first := block << s.Model.Shift()
		n := min(1<<s.Model.Shift(), s.Model.Size()-first)
		switch left := n - s.Model.AnsweredOf(block); {
		case left <= 0:
		case left > failed[block]:
			return false, nil
		default:
			open = append(open, stretch{first, n})
			ids += n
		}
	}
	if ids > maxUnanswered {
		return true, nil
	}
	for _, b := range open {
		for at := b.first; at < b.first+b.n; at += lookupPage {
			var keys []string
			for pos := at; pos < min(at+lookupPage, b.first+b.n); pos++ {
				keys = append(keys, s.At(pos))
			}
			states, err := f.Lookup(ctx, id, keys)
			if err != nil || len(states) < len(keys) {
				return false, err
			}
		}
	}
	return true, nil
}

const (
	lookupPage    = 5000
	maxUnanswered = 1_000_000
)
