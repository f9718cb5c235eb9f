package discovery

import (
	"context"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// failedPage is the number of tasks that are listed at a time.
const failedPage = 20_000

// Lister is the part of a frontier that lists tasks.
type Lister interface {
	Tasks(ctx context.Context, job frontier.JobID, filter frontier.Filter) ([]frontier.TaskInfo, error)
}

// Failed counts the IDs of a job's spaces whose tasks ended in error, by space and block. It lists
// the tasks, because the sums of a space also count the errors of requeued IDs, and miss the tasks
// that a rescuer ended.
func Failed(ctx context.Context, f Lister, id frontier.JobID, spaces []Space) ([]map[int64]int64, error) {
	ids := make([]seine.IDSpace, len(spaces))
	out := make([]map[int64]int64, len(spaces))
	for i, s := range spaces {
		ids[i], out[i] = seine.IDSpace(*s.Space), map[int64]int64{}
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

const (
	// lookupPage is the number of IDs that are looked up at a time.
	lookupPage = 5000

	// maxUnanswered is the largest number of unanswered IDs that Exhausted looks up.
	maxUnanswered = 1_000_000
)

// Exhausted reports whether every ID of a space was answered or ended in error. The space's model
// holds the answers, failed the errors by block. An ID may count as both, so unanswered IDs are
// looked up. If more than maxUnanswered IDs are unanswered, the sums decide.
func Exhausted(ctx context.Context, f states, id frontier.JobID, s Space, failed map[int64]int64) (bool, error) {
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
			found, err := f.Lookup(ctx, id, keys)
			if err != nil || len(found) < len(keys) {
				return false, err
			}
		}
	}
	return true, nil
}
