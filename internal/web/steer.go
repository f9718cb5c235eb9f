package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/seinehq/seine/internal/frontier"
)

// requeue is the requeueing of a selection, which goes on after the request that began it.
type requeue struct {
	mu   sync.Mutex
	done bool
	n    int
	err  string
}

// progress is the state of a requeue on a page.
type progress struct {
	Done  bool
	N     int
	Error string
}

// work returns the last requeue of a job, or nil.
func (s *Server) work(job frontier.JobID) *progress {
	s.mu.Lock()
	q := s.requeues[job]
	s.mu.Unlock()
	if q == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return &progress{q.done, q.n, q.err}
}

// errBusy reports a second requeue of a job.
var errBusy = errors.New("tasks of this job are being requeued already")

// begin begins a requeue.
func (s *Server) begin(job frontier.JobInfo, by frontier.Filter) error {
	q := &requeue{}
	s.mu.Lock()
	if old := s.requeues[job.ID]; old != nil {
		old.mu.Lock()
		busy := !old.done
		old.mu.Unlock()
		if busy {
			s.mu.Unlock()
			return errBusy
		}
	}
	s.requeues[job.ID] = q
	s.mu.Unlock()
	s.active.Go(func() {
		err := s.cfg.Requeue(s.ctx, job, by, func(n int) {
			q.mu.Lock()
			q.n = n
			q.mu.Unlock()
		})
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.done = true; err != nil {
			q.err = "it stopped early: the log tells why"
			s.cfg.Log.ErrorContext(s.ctx, "requeue by the console failed", "job", job.Name, "tasks", q.n, "err", err)
		}
		s.forgetStatus(job.ID)
	})
	return nil
}

// countPage is the number of tasks per read of a count.
const countPage = 5000

// count counts the tasks of a filter.
func (s *Server) count(ctx context.Context, job frontier.JobID, by frontier.Filter) (n int, err error) {
	by.Limit = countPage
	for {
		page, err := s.cfg.Frontier.Tasks(ctx, job, by)
		if err != nil {
			return n, err
		}
		if n += len(page); len(page) < countPage {
			return n, nil
		}
		by.After = page[len(page)-1].Key
	}
}

// errAction reports an action that does not exist.
var errAction = errors.New("no such action: pause, resume, count and retry are")

// carryOut carries out an action. Each is logged with the person's address.
func (s *Server) carryOut(r *http.Request, job frontier.JobInfo, action string, form url.Values) (n int, err error) {
	f := filterOf(form.Get)
	by, err := f.selects()
	if err != nil {
		return 0, err
	}
	switch action {
	case "pause", "resume":
		err = s.cfg.Hold(r.Context(), job, form.Get("host"), action == "pause")
	case "count":
		return s.count(r.Context(), job.ID, by)
	case "retry":
		if f == (filter{}) && form.Get("all") == "" {
			return 0, errors.New("name the tasks by state, reason, host or key, or give all=1")
		}
		err = s.begin(job, by)
	default:
		return 0, errAction
	}
	if err == nil {
		s.cfg.Log.InfoContext(r.Context(), "console", "action", action, "job", job.Name, "host", form.Get("host"), "filter", f.query(), "by", r.RemoteAddr)
	}
	s.forgetStatus(job.ID)
	return n, err
}

// act carries out a form of the console.
func (s *Server) act(w http.ResponseWriter, r *http.Request) {
	if !s.mayAct(r) {
		s.render(w, r, http.StatusForbidden, "error", view{Title: "Not permitted", Error: "Sign in with the token of the console, and send the form again."})
		return
	}
	job, err := s.find(r)
	if err != nil {
		s.fails(w, r, err)
		return
	}
	action := r.PathValue("action")
	n, err := s.carryOut(r, job, action, r.PostForm)
	if err != nil {
		s.render(w, r, http.StatusBadRequest, "error", view{Title: "Not done", Error: fmt.Sprintf("%s: %v", action, err)})
		return
	}
	if action == "count" {
		s.render(w, r, http.StatusOK, "confirm", view{Title: "Requeue tasks of " + job.Name, Job: job, Filter: filterOf(r.PostForm.Get), Count: n})
		return
	}
	http.Redirect(w, r, "/jobs/"+url.PathEscape(job.Name), http.StatusSeeOther)
}
