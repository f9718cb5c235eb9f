package web

import (
	"embed"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

//go:embed openapi.json
var document embed.FS

// openAPI sends the description of the API.
func (s *Server) openAPI(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, document, "openapi.json")
}

// answer sends a value as JSON.
func answer(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"the answer can't be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

type apiError struct {
	Error string `json:"error"`
}

// refuse sends the error of a request.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, errNoJob), errors.Is(err, errAction):
		answer(w, http.StatusNotFound, apiError{err.Error()})
	case errors.Is(err, errBusy):
		answer(w, http.StatusConflict, apiError{err.Error()})
	case errors.Is(err, frontier.ErrUnavailable):
		s.cfg.Log.WarnContext(r.Context(), "the console can't read the frontier", "err", err)
		answer(w, http.StatusServiceUnavailable, apiError{"the frontier does not answer"})
	default:
		answer(w, http.StatusBadRequest, apiError{err.Error()})
	}
}

// apiJobs lists the reports of all jobs.
func (s *Server) apiJobs(w http.ResponseWriter, r *http.Request) {
	jobs, err := s.list(r.Context())
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	out := struct {
		Jobs []any `json:"jobs"`
	}{Jobs: []any{}}
	for _, j := range jobs {
		st, err := s.status(r.Context(), j.ID)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		out.Jobs = append(out.Jobs, s.cfg.Report(r.Context(), j, st))
	}
	answer(w, http.StatusOK, out)
}

// apiJob sends the report of a job.
func (s *Server) apiJob(w http.ResponseWriter, r *http.Request) {
	job, err := s.find(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	st, err := s.status(r.Context(), job.ID)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, s.cfg.Report(r.Context(), job, st))
}

// apiTask is a task in the API, as `seine tasks -o json` prints it.
type apiTask struct {
	Key       string          `json:"key"`
	State     string          `json:"state"`
	Final     bool            `json:"final"`
	Attempt   int             `json:"attempt"`
	Priority  int             `json:"priority"`
	Reason    string          `json:"reason"`
	Page      string          `json:"page,omitempty"`
	Worker    string          `json:"worker"`
	NextAt    *time.Time      `json:"next_at"`
	UpdatedAt time.Time       `json:"updated_at"`
	Meta      json.RawMessage `json:"meta,omitempty"`
}

// apiTasks lists tasks of a filter, at most taskPage. next is the key after which the next page
// begins.
func (s *Server) apiTasks(w http.ResponseWriter, r *http.Request) {
	job, err := s.find(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	by, err := filterOf(r.URL.Query().Get).selects()
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	by.Limit = taskPage
	list, err := s.cfg.Frontier.Tasks(r.Context(), job.ID, by)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	out := struct {
		Tasks []apiTask `json:"tasks"`
		Next  string    `json:"next,omitempty"`
	}{Tasks: []apiTask{}}
	for _, t := range list {
		one := apiTask{
			Key: t.Key, State: t.State.String(), Final: t.Final, Attempt: t.Attempt, Priority: t.Priority, Reason: t.Reason, Page: t.Page, Worker: t.Worker, UpdatedAt: t.UpdatedAt.UTC(), Meta: t.Meta,
		}
		if !t.NextAt.IsZero() {
			at := t.NextAt.UTC()
			one.NextAt = &at
		}
		out.Tasks = append(out.Tasks, one)
	}
	if len(list) == taskPage {
		out.Next = list[len(list)-1].Key
	}
	answer(w, http.StatusOK, out)
}

// apiAct carries out an action of a program with the token.
func (s *Server) apiAct(w http.ResponseWriter, r *http.Request) {
	if !s.bearer(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="seine"`)
		answer(w, http.StatusUnauthorized, apiError{"send the token of the console: Authorization: Bearer TOKEN"})
		return
	}
	job, err := s.find(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if err := r.ParseForm(); err != nil {
		s.refuse(w, r, err)
		return
	}
	action := r.PathValue("action")
	n, err := s.carryOut(r, job, action, r.Form)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	out := map[string]any{"job": job.Name, "action": action}
	status := http.StatusOK
	switch action {
	case "count":
		out["tasks"] = n
	case "retry":
		status = http.StatusAccepted
	}
	answer(w, status, out)
}
