package pgfrontier

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// selection is a filter as conditions on a finished task t and on an open task q. The last of the
// first arguments is the job.
type selection struct {
	args        []any
	ended, open []string
}

// add adds a condition with an argument, which is written as a question mark.
func (s *selection) add(v any, ofEnded, ofOpen string) {
	s.args = append(s.args, v)
	at := fmt.Sprintf("$%d", len(s.args))
	s.ended, s.open = append(s.ended, strings.ReplaceAll(ofEnded, "?", at)), append(s.open, strings.ReplaceAll(ofOpen, "?", at))
}

// selectionOf returns the conditions of a filter. It leaves After and Limit to lists.
func selectionOf(filter frontier.Filter, first ...any) *selection {
	job := fmt.Sprintf("$%d", len(first))
	s := &selection{args: first, ended: []string{`t.job_id = ` + job, `t.state <> 0`}, open: []string{`q.job_id = ` + job}}
	switch filter.Part {
	case frontier.OpenTasks:
		s.ended = append(s.ended, `false`)
	case frontier.FinalTasks:
		s.open = append(s.open, `false`)
	case frontier.AllTasks:
	}
	if len(filter.States) > 0 {
		states := make([]int16, len(filter.States))
		for i, s := range filter.States {
			states[i] = int16(s)
		}
		s.add(states, `t.state = any(?::smallint[])`, sqlOpenState+` = any(?::smallint[])`)
	}
	if index := indexOf(filter.States); index != "" {
		s.open = append(s.open, index)
	}
	if filter.Until != "" {
		s.add(filter.Until, `t.key <= ?`, `q.key <= ?`)
	}
	if filter.Reason != "" {
		s.add(filter.Reason, `position(? in coalesce(t.reason, '')) > 0`, `position(? in coalesce(q.reason, '')) > 0`)
	}
	if filter.Host != "" {
		host := `lane_id in (select lane_id from seine.lane where job_id = ` + job + ` and lane_key = ?)`
		s.add(filter.Host, `t.`+host, `q.`+host)
	}
	if filter.Page != "" {
		s.add(filter.Page, `t.page = ?`, `(select t.page from seine.task t where t.job_id = q.job_id and t.key = q.key) = ?`)
	}
	if !filter.Before.IsZero() {
		s.add(filter.Before, `coalesce(t.finished_at, t.created_at) < ?`, `(select t.created_at from seine.task t where t.job_id = q.job_id and t.key = q.key) < ?`)
	}
	if filter.Unlisted {
		in := ` in ` + fmt.Sprintf(unlisted, job)
		s.ended, s.open = append(s.ended, `t.key`+in), append(s.open, `q.key`+in)
	}
	if len(filter.Keys) > 0 {
		s.add(filter.Keys, `t.key = any(?::text[])`, `q.key = any(?::text[])`)
	}
	return s
}

// indexOf returns the condition of the index of the queue that holds the open tasks of these
// states, or nothing.
func indexOf(states []seine.State) string {
	all := func(of ...seine.State) bool {
		return len(states) > 0 && !slices.ContainsFunc(states, func(s seine.State) bool { return !slices.Contains(of, s) })
	}
	switch {
	case all(seine.Error, seine.Stale):
		return `q.lease_id is null and q.run_at is not null`
	case all(seine.InProgress):
		return `q.lease_id is not null`
	}
	return ""
}
