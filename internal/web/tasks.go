package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// filter is the filter of a list of tasks, as its form has it.
type filter struct{ State, Reason, Host, Page, Key, After string }

func filterOf(get func(string) string) filter {
	return filter{get("state"), get("reason"), get("host"), get("page"), get("key"), get("after")}
}

func (f filter) empty() bool {
	f.After = ""
	return f == filter{}
}

// query returns the parameters of a filter, encoded.
func (f filter) query() template.URL {
	q := url.Values{}
	for name, value := range map[string]string{"state": f.State, "reason": f.Reason, "host": f.Host, "page": f.Page, "key": f.Key, "after": f.After} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return template.URL(q.Encode()) //nolint:gosec // encoded
}

// selects returns the frontier's filter.
func (f filter) selects() (frontier.Filter, error) {
	out := frontier.Filter{Reason: f.Reason, Host: f.Host, Page: f.Page, After: f.After}
	if f.Key != "" {
		out.Keys = []string{f.Key}
	}
	if f.State == "" {
		return out, nil
	}
	state, ok := stateOf(f.State)
	if !ok {
		return out, fmt.Errorf("%q is no state", f.State)
	}
	out.States = []seine.State{state}
	switch state {
	case seine.Pending, seine.InProgress:
		out.Part = frontier.OpenTasks // the finished ones are many
	case seine.Done, seine.Skipped:
		out.Part = frontier.FinalTasks
	case seine.Error, seine.Stale:
	}
	return out, nil
}

// searches reports whether a list looks at finished tasks in the order of keys until it has found
// enough.
func (f filter) searches() bool {
	switch {
	case f.Key != "", f.State == "pending", f.State == "in_progress":
		return false
	}
	return f.Reason+f.Host+f.Page != "" || f.State == "error" || f.State == "stale" || f.State == "skipped"
}

// waits reports whether a filter selects all pending tasks.
func (f filter) waits() bool {
	f.After = ""
	return f == filter{State: "pending"}
}

// found is a page of tasks.
type found struct {
	list []frontier.TaskInfo
	next string // the key after which the list goes on, empty at the end
	left int64  // open tasks that the list leaves out
}

// taskList returns a page of the tasks of a filter.
func (s *Server) taskList(ctx context.Context, job frontier.JobID, f filter, by frontier.Filter) (out found, err error) {
	by.Limit = taskPage
	search := f.searches()
	if f.State == "" && f.Key == "" || search || f.waits() {
		st, err := s.status(ctx, job)
		if err != nil {
			return out, err
		}
		if f.State == "" && st.Open > maxSorted {
			by.Part, out.left = frontier.FinalTasks, st.Open
		}
		// No index of the queue has the order of keys. Within a part of it, fewer tasks are sorted.
		search = search || f.waits() && st.Open > maxSorted
		if done, err := s.failed(ctx, job, by, st, &out); done || err != nil {
			return out, err
		}
	}
	if search {
		out.list, out.next, err = frontier.Search(ctx, s.cfg.Frontier, s.cfg.Frontier, job, by)
		return out, err
	}
	if out.list, err = s.cfg.Frontier.Tasks(ctx, job, by); len(out.list) == taskPage {
		out.next = out.list[taskPage-1].Key
	}
	return out, err
}

// failed lists failed tasks by their attempts, if they are few. done is false if they are not.
func (s *Server) failed(ctx context.Context, job frontier.JobID, by frontier.Filter, st frontier.Status, out *found) (done bool, err error) {
	if len(by.States) != 1 || by.States[0] != seine.Error && by.States[0] != seine.Stale {
		return false, nil
	}
	final, ok, err := frontier.Failed(ctx, s.cfg.Frontier, s.cfg.Frontier, job, by, st.Final[by.States[0]])
	if err != nil || !ok {
		return false, err
	}
	by.Part = frontier.OpenTasks
	waiting, err := s.cfg.Frontier.Tasks(ctx, job, by)
	if err != nil {
		return false, err
	}
	out.list = append(final, waiting...)
	slices.SortFunc(out.list, func(a, b frontier.TaskInfo) int { return strings.Compare(a.Key, b.Key) })
	if len(out.list) >= taskPage {
		out.list = out.list[:taskPage]
		out.next = out.list[taskPage-1].Key
	}
	return true, nil
}

func (s *Server) tasks(w http.ResponseWriter, r *http.Request) {
	job, err := s.find(r)
	if err != nil {
		s.fails(w, r, err)
		return
	}
	f := filterOf(r.URL.Query().Get)
	v := view{Title: "Tasks of " + job.Name, Job: job, Filter: f, Page: "tasks"}
	by, err := f.selects()
	if err != nil {
		v.Error = "This is no state: " + f.State
		s.render(w, r, http.StatusBadRequest, "tasks", v)
		return
	}
	page, err := s.taskList(r.Context(), job.ID, f, by)
	if err != nil {
		s.fails(w, r, err)
		return
	}
	v.Tasks, v.Left = page.list, page.left
	if page.next != "" {
		next := f
		next.After = page.next
		v.More = next.query()
		if len(v.Tasks) < taskPage {
			v.Until = cut(page.next)
		}
	}
	for i := range v.Tasks {
		v.Tasks[i].Reason = cut(v.Tasks[i].Reason)
	}
	s.render(w, r, http.StatusOK, "tasks", v)
}
