package dataset

import (
	"context"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// moving reports whether a task is in progress, or was during the audit. It then has no faults yet.
func (a *auditor) moving(t frontier.TaskInfo) bool {
	return t.State == seine.InProgress || t.Final && !t.UpdatedAt.Before(a.began)
}

// settle reports the faults of at most a few hundred tasks, after it requeued the tasks that a run
// repairs.
func (a *auditor) settle(ctx context.Context, found []Finding) error {
	if len(found) == 0 {
		return nil
	}
	found, err := a.withoutNoted(ctx, found)
	if err != nil || len(found) == 0 {
		return err
	}
	states, err := a.tasks(ctx, found)
	if err != nil {
		return err
	}
	sent := map[string]bool{}
	if a.opts.Fix {
		if sent, err = a.sendBack(ctx, found, states); err != nil {
			return err
		}
	}
	for _, f := range found {
		t, known := states[f.owner()]
		switch {
		case a.moving(t):
			continue
		case sent[f.owner()] && mendable(f.Kind):
			f.Fixed = SentBack
		case known && !t.Final && mendable(f.Kind):
			f.Detail += "; its task is to be done again"
		}
		if f.Kind == Incompleted {
			if err := a.spill.exec(ctx, `insert or ignore into told values (?)`, extract.Sanitize(f.Key)); err != nil {
				return err
			}
		}
		if err := a.found(f); err != nil {
			return err
		}
	}
	return nil
}

// withoutNoted leaves out the findings at paths that a render is changing. It comes before the look
// at the tasks: if a note is gone, the change of its task is stored.
func (a *auditor) withoutNoted(ctx context.Context, found []Finding) (rest []Finding, err error) {
	noted, err := a.noted(ctx)
	if err != nil || len(noted) == 0 {
		return found, err
	}
	for _, f := range found {
		if !noted[f.Path] {
			rest = append(rest, f)
		}
	}
	return rest, nil
}

// noted returns the paths that a render is changing, or was when it was killed.
func (s *Set) noted(ctx context.Context) (map[string]bool, error) {
	paths := map[string]bool{}
	if s.Frontier == nil {
		return paths, nil
	}
	return paths, s.Frontier.Intents(ctx, s.ID, func(i frontier.Intent) error {
		paths[i.Path] = true
		return nil
	})
}

// mendable reports whether doing a task again mends it.
func mendable(k Kind) bool { return k == Missing || k == Broken || k == Incompleted }

func (a *auditor) found(f Finding) error {
	a.report.Found[f.Kind]++
	if f.Fixed != "" {
		a.report.Fixed[f.Kind]++
	}
	return a.tell(f)
}

func (a *auditor) tasks(ctx context.Context, found []Finding) (map[string]frontier.TaskInfo, error) {
	var keys []string
	seen := map[string]bool{}
	for _, f := range found {
		if !seen[f.owner()] {
			seen[f.owner()], keys = true, append(keys, f.owner())
		}
	}
	list, err := a.Frontier.Tasks(ctx, a.ID, frontier.Filter{Keys: keys})
	states := map[string]frontier.TaskInfo{}
	for _, t := range list {
		states[t.Key] = t
	}
	return states, err
}

// sendBack sends the finished tasks of these faults back.
func (a *auditor) sendBack(ctx context.Context, found []Finding, states map[string]frontier.TaskInfo) (map[string]bool, error) {
	sent := map[string]bool{}
	var back []frontier.New
	for _, f := range found {
		t := states[f.owner()]
		if !t.Final || a.moving(t) || sent[f.owner()] || !mendable(f.Kind) {
			continue
		}
		// A key that the job's current rules cannot request stays.
		if at, err := frontier.PageURL(a.Job, t.Key); err == nil {
			sent[f.owner()] = true
			back = append(back, frontier.New{Key: t.Key, Lane: frontier.LaneKey(a.Job, t.Key, at), Priority: t.Priority})
		}
	}
	if len(back) == 0 {
		return sent, nil
	}
	n, err := a.Frontier.Retry(ctx, a.ID, back)
	a.report.Tasks += int64(n)
	return sent, err
}
