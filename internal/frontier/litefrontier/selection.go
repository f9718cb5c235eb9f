package litefrontier

import (
	"fmt"
	"strings"

	"github.com/seinehq/seine/internal/frontier"
)

// selection is a filter as conditions on a finished task t and on an open task q. The first
// argument is the job.
type selection struct {
	args        []any
	ended, open []string
}

// add adds a condition with arguments, which are written as one question mark.
func (s *selection) add(ofEnded, ofOpen string, v ...any) {
	marks := make([]string, len(v))
	for i := range v {
		marks[i] = fmt.Sprintf("?%d", len(s.args)+i+1)
	}
	s.args = append(s.args, v...)
	at := strings.Join(marks, ",")
	s.ended, s.open = append(s.ended, strings.ReplaceAll(ofEnded, "?", at)), append(s.open, strings.ReplaceAll(ofOpen, "?", at))
}

// selectionOf returns the conditions of a filter. It leaves After and Limit to lists.
func selectionOf(job frontier.JobID, filter frontier.Filter) *selection {
	s := &selection{args: []any{job}, ended: []string{`t.job_id = ?1`, `t.state <> 0`}, open: []string{`q.job_id = ?1`}}
	switch filter.Part {
	case frontier.OpenTasks:
		s.ended = append(s.ended, `false`)
	case frontier.FinalTasks:
		s.open = append(s.open, `false`)
	case frontier.AllTasks:
	}
	if len(filter.States) > 0 {
		states := make([]any, len(filter.States))
		for i, s := range filter.States {
			states[i] = int(s)
		}
		s.add(`t.state in (?)`, sqlOpenState+` in (?)`, states...)
	}
	if filter.Until != "" {
		s.add(`t.key <= ?`, `q.key <= ?`, filter.Until)
	}
	if filter.Reason != "" {
		s.add(`instr(coalesce(t.reason, ''), ?) > 0`, `instr(coalesce(q.reason, ''), ?) > 0`, filter.Reason)
	}
	if filter.Host != "" {
		const host = `lane_id in (select lane_id from lane where job_id = ?1 and lane_key = `
		s.args = append(s.args, filter.Host)
		at := fmt.Sprintf("?%d)", len(s.args))
		s.ended, s.open = append(s.ended, `t.`+host+at), append(s.open, `q.`+host+at)
	}
	if filter.Page != "" {
		s.add(`t.page = ?`, `(select t.page from task t where t.job_id = q.job_id and t.key = q.key) = ?`, filter.Page)
	}
	if !filter.Before.IsZero() {
		s.add(`coalesce(t.finished_at, t.created_at) < ?`, `(select t.created_at from task t where t.job_id = q.job_id and t.key = q.key) < ?`, filter.Before.UnixMicro())
	}
	if filter.Unlisted {
		s.ended, s.open = append(s.ended, `t.key in `+unlisted), append(s.open, `q.key in `+unlisted)
	}
	if len(filter.Keys) > 0 {
		_, v := list(filter.Keys)
		s.add(`t.key in (?)`, `q.key in (?)`, v...)
	}
	return s
}
