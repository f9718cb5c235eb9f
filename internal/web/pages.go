package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
)

// view is the data of a page.
type view struct {
	Title string
	Error string

	// CanSign means that the console has a token. Signed means that the person may act, and CSRF
	// is the token of the forms.
	CanSign, Signed bool
	CSRF            string

	Job    frontier.JobInfo
	Status frontier.Status
	Jobs   []jobRow

	Tasks  []frontier.TaskInfo
	Filter filter
	More   string // the query of the next page
	Count  int    // of a requeue that is to be confirmed; -1: none
	Work   *progress

	States []string
}

// jobRow is a line of the list of jobs.
type jobRow struct {
	Info   frontier.JobInfo
	Status frontier.Status
	Err    string
}

var functions = template.FuncMap{
	"count": func(n int64) string { return grouped(n) },
	"state": func(s seine.State, final bool) string {
		if final || s == seine.Pending || s == seine.InProgress {
			return s.String()
		}
		return s.String() + ", waits"
	},
	"of": func(m map[seine.State]int64, name string) int64 {
		for s, n := range m {
			if s.String() == name {
				return n
			}
		}
		return 0
	},
	"open":    func(c frontier.Status) int64 { return c.Open },
	"rate":    func(r float64) string { return fmt.Sprintf("%.1f", r) },
	"percent": func(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) },
	"at": func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format("2006-01-02 15:04:05Z")
	},
	"plural": func(n int64, noun string) string { return number.Counted(n, noun) },
}

// grouped writes a number with spaces between its thousands.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}

// render writes a page. A page that fails halfway is not sent.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	if session := s.session(r); session != "" {
		v.Signed, v.CSRF = true, s.formToken(session)
	}
	v.CanSign = s.cfg.Token != ""
	for _, state := range seine.States {
		v.States = append(v.States, state.String())
	}
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, v); err != nil {
		s.cfg.Log.ErrorContext(r.Context(), "the console's page failed", "page", name, "err", err)
		http.Error(w, "the page could not be made; the log tells why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// fails writes the page of an error. It reloads itself, because a frontier may come back.
func (s *Server) fails(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errNoJob) {
		s.render(w, r, http.StatusNotFound, "error", view{Title: "No such job", Error: "The frontier has no job of this name. It may have been deleted."})
		return
	}
	s.cfg.Log.WarnContext(r.Context(), "the console can't read the frontier", "err", err)
	w.Header().Set("Refresh", "5")
	s.render(w, r, http.StatusServiceUnavailable, "error", view{Title: "The frontier does not answer", Error: "The page is loaded again every 5 seconds until it does."})
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	jobs, err := s.list(r.Context())
	if err != nil {
		s.fails(w, r, err)
		return
	}
	v := view{Title: "Jobs"}
	for _, j := range jobs {
		row := jobRow{Info: j}
		if row.Status, err = s.status(r.Context(), j.ID); err != nil {
			row.Err = "no answer"
		}
		v.Jobs = append(v.Jobs, row)
	}
	s.render(w, r, http.StatusOK, "home", v)
}

func (s *Server) job(w http.ResponseWriter, r *http.Request) {
	job, err := s.find(r)
	if err != nil {
		s.fails(w, r, err)
		return
	}
	st, err := s.status(r.Context(), job.ID)
	if err != nil {
		s.fails(w, r, err)
		return
	}
	st.Reasons = st.Reasons[:min(len(st.Reasons), maxReasons)]
	s.render(w, r, http.StatusOK, "job", view{Title: job.Name, Job: job, Status: st, Work: s.work(job.ID)})
}

const (
	// maxReasons and taskPage bound a page.
	maxReasons = 100
	taskPage   = 100

	// maxShown bounds a key or reason on a page, in bytes.
	maxShown = 2000
)

// filter is the filter of a list of tasks, as its form has it.
type filter struct{ State, Reason, Host, Key, After string }

func filterOf(get func(string) string) filter {
	return filter{get("state"), get("reason"), get("host"), get("key"), get("after")}
}

// query returns the parameters of a filter.
func (f filter) query() string {
	q := url.Values{}
	for name, value := range map[string]string{"state": f.State, "reason": f.Reason, "host": f.Host, "key": f.Key, "after": f.After} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q.Encode()
}

// selects returns the frontier's filter.
func (f filter) selects() (frontier.Filter, error) {
	out := frontier.Filter{Reason: f.Reason, Host: f.Host, After: f.After}
	if f.Key != "" {
		out.Keys = []string{f.Key}
	}
	if f.State == "" {
		return out, nil
	}
	for _, s := range seine.States {
		if s.String() == f.State {
			out.States = []seine.State{s}
			return out, nil
		}
	}
	return out, fmt.Errorf("%q is no state", f.State)
}

func (s *Server) tasks(w http.ResponseWriter, r *http.Request) {
	job, err := s.find(r)
	if err != nil {
		s.fails(w, r, err)
		return
	}
	f := filterOf(r.URL.Query().Get)
	v := view{Title: "Tasks of " + job.Name, Job: job, Filter: f, Count: -1}
	by, err := f.selects()
	if err != nil {
		v.Error = "This is no state: " + f.State
		s.render(w, r, http.StatusBadRequest, "tasks", v)
		return
	}
	by.Limit = taskPage + 1
	if v.Tasks, err = s.cfg.Frontier.Tasks(r.Context(), job.ID, by); err != nil {
		s.fails(w, r, err)
		return
	}
	if len(v.Tasks) > taskPage {
		v.Tasks = v.Tasks[:taskPage]
		next := f
		next.After = v.Tasks[taskPage-1].Key
		v.More = next.query()
	}
	for i := range v.Tasks {
		v.Tasks[i].Reason = cut(v.Tasks[i].Reason)
	}
	s.render(w, r, http.StatusOK, "tasks", v)
}

func cut(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

const (
	// maxStreams bounds the open consoles with live numbers.
	maxStreams = 200

	// beat is the time between two events.
	beat = 2 * time.Second
)

// events sends the numbers of a job until the console is closed.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	job, err := s.find(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	s.mu.Lock()
	if s.streams >= maxStreams {
		s.mu.Unlock()
		http.Error(w, "too many open consoles", http.StatusServiceUnavailable)
		return
	}
	s.streams++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.streams--
		s.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	c := http.NewResponseController(w)
	for tick := time.NewTicker(beat); ; {
		text := []byte(`{"error": "the frontier does not answer"}`)
		if st, err := s.status(r.Context(), job.ID); err == nil {
			if text, err = json.Marshal(numbers(st)); err != nil {
				return
			}
		}
		_ = c.SetWriteDeadline(time.Now().Add(10 * time.Second)) // a client that does not read is dropped
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil || c.Flush() != nil {
			tick.Stop()
			return
		}
		select {
		case <-r.Context().Done():
			tick.Stop()
			return
		case <-s.ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

// numbers are the live numbers of a job, by the names of their places on the page.
func numbers(st frontier.Status) map[string]string {
	out := map[string]string{
		"records": grouped(st.Records), "assets": grouped(st.Assets), "rate": fmt.Sprintf("%.1f", st.Rate), "workers": fmt.Sprint(st.Workers), "paused": map[bool]string{true: "paused", false: "running"}[st.Paused],
	}
	for _, s := range slices.Clone(seine.States) {
		out["state-"+s.String()] = grouped(st.States[s])
	}
	return out
}
