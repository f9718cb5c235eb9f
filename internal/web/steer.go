package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// selected is the change of a selection, which goes on after the request that began it.
type selected struct {
	what string

	mu   sync.Mutex
	done bool
	n    int
	err  string
}

// progress is the state of such a change.
type progress struct {
	What  string `json:"what"`
	Done  bool   `json:"done"`
	N     int    `json:"tasks"`
	Error string `json:"error,omitempty"`
}

// work returns the last change of a selection of a job, or nil.
func (s *Server) work(job frontier.JobID) *progress {
	s.mu.Lock()
	q := s.selections[job]
	s.mu.Unlock()
	if q == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return &progress{q.what, q.done, q.n, q.err}
}

// errBusy reports a second change of a selection of a job.
var errBusy = errors.New("a selection of this job is being changed already: wait for its end")

// begin begins the change of a selection. act calls each with the number so far.
func (s *Server) begin(job frontier.JobInfo, who, what string, act func(ctx context.Context, each func(n int)) error) error {
	q := &selected{what: what}
	s.mu.Lock()
	if old := s.selections[job.ID]; old != nil {
		old.mu.Lock()
		busy := !old.done
		old.mu.Unlock()
		if busy {
			s.mu.Unlock()
			return errBusy
		}
	}
	s.selections[job.ID] = q
	s.mu.Unlock()
	s.active.Go(func() {
		err := act(s.ctx, func(n int) {
			q.mu.Lock()
			q.n = n
			q.mu.Unlock()
		})
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.done = true; err != nil {
			q.err = "it stopped early: the log tells why"
			s.cfg.Log.ErrorContext(s.ctx, "a change by the console failed", "job", job.Name, "tasks", q.n, "err", err)
		}
		noting, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), 5*time.Second)
		defer cancel()
		s.note(noting, job.ID, who, fmt.Sprintf("%s: %d tasks", what, q.n))
		s.forgetStatus(job.ID)
	})
	return nil
}

// note adds a change to the frontier's log, and to the log of this process.
func (s *Server) note(ctx context.Context, job frontier.JobID, who, what string) {
	s.cfg.Log.InfoContext(ctx, "console", "what", what, "job", int(job), "by", who)
	if err := s.cfg.Frontier.Note(ctx, frontier.Change{Job: job, Who: who, What: what}); err != nil {
		s.cfg.Log.ErrorContext(ctx, "a change is not in the frontier's log", "what", what, "by", who, "err", err)
	}
}

// actions are the actions on a job.
var actions = []string{"pause", "resume", "drain", "pace", "count", "retry", "drop", "prioritize"}

// errAction reports an action that does not exist.
var errAction = errors.New("no such action: pause, resume, drain, pace, count, retry, drop and prioritize are")

// errAll refuses a selection of everything by mistake.
var errAll = errors.New("name the tasks by state, reason, host, page or key, or give all=1")

// carryOut carries out an action on a job. Each is in the log of changes.
func (s *Server) carryOut(r *http.Request, job frontier.JobInfo, who, action string, form url.Values) (n int64, err error) {
	defer s.forgetStatus(job.ID)
	host := form.Get("host")
	switch action {
	case "pause", "resume", "drain":
		if err := s.cfg.Hold(r.Context(), job, host, action != "resume"); err != nil {
			return 0, err
		}
		s.note(r.Context(), job.ID, who, action+flag("host", host))
		return 0, nil
	case "pace":
		return 0, s.pace(r.Context(), job, who, form)
	case "count", "retry", "drop", "prioritize":
		return s.selection(r, job, who, action, form)
	}
	return 0, errAction
}

// pace changes the pace of a job or a host, or returns to the pace of its job file.
func (s *Server) pace(ctx context.Context, job frontier.JobInfo, who string, form url.Values) error {
	what, err := s.cfg.Tune(ctx, job, form)
	if err == nil {
		s.note(ctx, job.ID, who, what)
	}
	if errors.Is(err, frontier.ErrTuning) {
		return errors.New(strings.TrimPrefix(err.Error(), "tune: "))
	}
	return err
}

// selection counts or changes the tasks of a filter.
func (s *Server) selection(r *http.Request, job frontier.JobInfo, who, action string, form url.Values) (int64, error) {
	f := filterOf(form.Get)
	by, err := f.selects()
	if err != nil {
		return 0, err
	}
	if action == "count" {
		if of := form.Get("action"); !slices.Contains([]string{"", "retry", "drop", "prioritize"}, of) {
			return 0, fmt.Errorf("count for %q: give retry, drop or prioritize, or nothing to count all that match", of)
		}
		return s.cfg.Frontier.Count(r.Context(), job.ID, affected(form.Get("action"), by))
	}
	if f.empty() && form.Get("all") == "" {
		return 0, errAll
	}
	what := action + by.Flags()
	switch action {
	case "retry":
		//nolint:contextcheck // a selection outlives its request
		return 0, s.begin(job, who, what, func(ctx context.Context, each func(int)) error { return s.cfg.Requeue(ctx, job, by, each) })
	case "drop":
		//nolint:contextcheck // as above
		return 0, s.begin(job, who, what, func(ctx context.Context, each func(int)) error {
			_, err := frontier.DropAll(ctx, s.cfg.Frontier, job.ID, by, each)
			return err
		})
	}
	priority, err := strconv.Atoi(form.Get("priority"))
	if err != nil || priority < 0 || priority > 3 {
		return 0, errors.New("give a priority from 0, which goes first, to 3")
	}
	//nolint:contextcheck // as above
	return 0, s.begin(job, who, fmt.Sprintf("prioritize %d%s", priority, by.Flags()), func(ctx context.Context, each func(int)) error {
		_, err := frontier.PrioritizeAll(ctx, s.cfg.Frontier, job.ID, by, priority, each)
		return err
	})
}

// affected returns the tasks of a filter that an action changes.
func affected(action string, by frontier.Filter) frontier.Filter {
	switch action {
	case "retry":
		return by.Requeued()
	case "drop", "prioritize":
		return by.Waiting()
	}
	return by
}

func flag(name, value string) string {
	if value == "" {
		return ""
	}
	return " --" + name + " " + value
}

// act carries out a form of the console.
func (s *Server) act(w http.ResponseWriter, r *http.Request) {
	if !s.mayAct(r) {
		s.notPermitted(w, r)
		return
	}
	job, err := s.find(r)
	if err != nil {
		s.fails(w, r, err)
		return
	}
	action := r.PathValue("action")
	n, err := s.carryOut(r, job, s.who(r), action, r.PostForm)
	switch {
	case errors.Is(err, frontier.ErrUnavailable):
		s.fails(w, r, err)
		return
	case err != nil:
		s.render(w, r, http.StatusBadRequest, "error", view{Title: "Not done", Job: job, Error: fmt.Sprintf("%s: %v", action, err)})
		return
	case action == "count":
		s.confirm(w, r, job, n)
		return
	}
	to := "/jobs/" + url.PathEscape(job.Name)
	if back := r.PostForm.Get("back"); back == "hosts" || back == "failures" {
		to += "/" + back
	}
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // a path of ours with the name of a known job
}

// confirm asks before a selection is changed.
func (s *Server) confirm(w http.ResponseWriter, r *http.Request, job frontier.JobInfo, n int64) {
	c := confirmation{Action: r.PostForm.Get("action"), N: n, Priority: r.PostForm.Get("priority")}
	switch c.Action {
	case "drop":
		c.Button, c.Note = "Drop", "They end as skipped without a request. Tasks in progress stay."
	case "prioritize":
		c.Button, c.Note = "Give the priority "+c.Priority+" to", "Tasks in progress stay."
	default:
		c.Action, c.Button, c.Note = "retry", "Send back", "Their attempts restart at zero. Tasks in progress stay."
	}
	s.render(w, r, http.StatusOK, "confirm", view{Title: "Change tasks of " + job.Name, Job: job, Filter: filterOf(r.PostForm.Get), Data: c})
}

// confirmation is the question before a selection is changed.
type confirmation struct {
	Action, Button, Note, Priority string
	N                              int64
}

// notPermitted answers a form without a session. The person signs in and comes back to the page of
// the form. Nothing was done, so they send it again.
func (s *Server) notPermitted(w http.ResponseWriter, r *http.Request) {
	v := view{Title: "Not permitted", Error: "Sign in with the token of the console, and send the form again.", Back: backOf(r)}
	session, _ := s.session(r)
	if c, err := r.Cookie(cookieName); err == nil && c.Value != "" && session == "" {
		v.Title, v.Error = "Your session has ended", "Nothing was changed. Sign in again, and send the form again."
		// Another site must not choose what a person is asked to send.
		if r.Header.Get("Sec-Fetch-Site") == "same-origin" && r.ParseForm() == nil {
			v.Error, v.Again = "Nothing was changed. Sign in again. Then the form is shown once more.", newAgain(r.URL.EscapedPath(), r.PostForm)
		}
	}
	s.render(w, r, http.StatusForbidden, "login", v)
}

// errNoWorker reports a worker that is not at work.
var errNoWorker = errors.New("no such worker is at work")

// stopWorker asks a worker to end.
func (s *Server) stopWorker(ctx context.Context, who, worker string) error {
	n, err := s.cfg.Frontier.StopWorker(ctx, worker)
	switch {
	case err != nil:
		return err
	case n == 0:
		return errNoWorker
	}
	s.note(ctx, 0, who, "stop "+worker)
	return nil
}

// actWorker carries out the form of a worker.
func (s *Server) actWorker(w http.ResponseWriter, r *http.Request) {
	if !s.mayAct(r) {
		s.notPermitted(w, r)
		return
	}
	err := s.stopWorker(r.Context(), s.who(r), r.PostForm.Get("worker"))
	switch {
	case errors.Is(err, errNoWorker):
		s.render(w, r, http.StatusBadRequest, "error", view{Title: "Not done", Error: "stop: " + err.Error()})
	case err != nil:
		s.fails(w, r, err)
	default:
		http.Redirect(w, r, "/workers", http.StatusSeeOther)
	}
}

// stateOf returns the state with a name.
func stateOf(name string) (seine.State, bool) {
	for _, s := range seine.States {
		if s.String() == name {
			return s, true
		}
	}
	return 0, false
}
