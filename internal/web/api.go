package web

import (
	"context"
	"embed"
	"encoding/hex"
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
	case errors.Is(err, errNoJob), errors.Is(err, errAction), errors.Is(err, errNoTask), errors.Is(err, errNoWorker):
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

// apiGet sends what data returns.
func (s *Server) apiGet(data func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := data(r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		answer(w, http.StatusOK, v)
	}
}

// apiOf is apiGet for the data of a job.
func (s *Server) apiOf(data func(r *http.Request, job frontier.JobInfo) (any, error)) http.HandlerFunc {
	return s.apiGet(func(r *http.Request) (any, error) {
		job, err := s.find(r)
		if err != nil {
			return nil, err
		}
		return data(r, job)
	})
}

// apiJobs lists the reports of all jobs.
func (s *Server) apiJobs(r *http.Request) (any, error) {
	jobs, err := s.list(r.Context())
	if err != nil {
		return nil, err
	}
	out := struct {
		Jobs []any `json:"jobs"`
	}{Jobs: []any{}}
	for _, j := range jobs {
		st, err := s.status(r.Context(), j.ID)
		if err != nil {
			return nil, err
		}
		out.Jobs = append(out.Jobs, s.cfg.Report(r.Context(), j, st))
	}
	return out, nil
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

func apiTaskOf(t frontier.TaskInfo) apiTask {
	out := apiTask{
		Key: t.Key, State: t.State.String(), Final: t.Final, Attempt: t.Attempt, Priority: t.Priority, Reason: t.Reason, Page: t.Page, Worker: t.Worker, UpdatedAt: t.UpdatedAt.UTC(), Meta: t.Meta,
	}
	if !t.NextAt.IsZero() {
		at := t.NextAt.UTC()
		out.NextAt = &at
	}
	return out
}

// apiTasks lists tasks of a filter, at most taskPage. next is the key after which the list goes on.
func (s *Server) apiTasks(r *http.Request, job frontier.JobInfo) (any, error) {
	f := filterOf(r.URL.Query().Get)
	by, err := f.selects()
	if err != nil {
		return nil, err
	}
	page, err := s.taskList(r.Context(), job.ID, f, by)
	if err != nil {
		return nil, err
	}
	out := struct {
		Tasks []apiTask `json:"tasks"`
		Next  string    `json:"next,omitempty"`
		Left  int64     `json:"left_out,omitempty"`
	}{Tasks: []apiTask{}, Next: page.next, Left: page.left}
	for _, t := range page.list {
		out.Tasks = append(out.Tasks, apiTaskOf(t))
	}
	return out, nil
}

// permitted reports whether a program sends the token. It answers a request that does not.
func (s *Server) permitted(w http.ResponseWriter, r *http.Request) bool {
	if s.bearer(r) {
		return true
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="seine"`)
	answer(w, http.StatusUnauthorized, apiError{"send the token of the console: Authorization: Bearer TOKEN"})
	return false
}

// apiAct carries out an action of a program.
func (s *Server) apiAct(w http.ResponseWriter, r *http.Request) {
	job, err := s.find(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	action := r.PathValue("action")
	n, err := s.carryOut(r, job, s.who(r), action, r.Form)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	out := map[string]any{"job": job.Name, "action": action}
	status := http.StatusOK
	switch action {
	case "count":
		out["tasks"] = n
	case "retry", "drop", "prioritize":
		status = http.StatusAccepted
	}
	answer(w, status, out)
}

// apiStop stops a worker.
func (s *Server) apiStop(w http.ResponseWriter, r *http.Request) {
	if err := s.stopWorker(r.Context(), s.who(r), r.FormValue("worker")); err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"worker": r.FormValue("worker"), "action": "stop"})
}

// selectionData is the state of the last change of a selection.
type selectionData struct {
	Selection *progress `json:"selection"`
}

func (s *Server) selectionData(_ context.Context, job frontier.JobInfo) (any, error) {
	return selectionData{s.work(job.ID)}, nil
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }
