package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
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
	Back            string // the page after a sign-in
	Again           *again // the form that was sent without a session

	Job    frontier.JobInfo
	Status frontier.Status
	Jobs   []jobRow

	Tasks  []frontier.TaskInfo
	Filter filter
	More   template.URL // the query of the next page
	Until  string       // the key up to which a search looked, if it found less than a page
	Left   int64        // open tasks that the list leaves out
	Work   *progress

	// Page is the last part of the path, and Data is the answer of the API.
	Page string
	Data any

	Tunings frontier.Tunings
	History historyData

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
	"seconds": func(s float64) string { return strconv.FormatFloat(s, 'f', -1, 64) + " s" },
	"short":   cut,
	"left":    left,
	"phase":   frontier.Status.Phase,
	"pair":    func(a, b any) pair { return pair{a, b} },
	"most":    most,
	"rate100": func(x float64) string { return fmt.Sprintf("%.1f", 100*x) },
	"span":    func(s seine.Span) string { return spanText(s) },
	"heat":    heat,
	"asset":   func(host string) string { return strings.TrimPrefix(host, frontier.AssetLane("")) },
	"text":    fieldText,
	"plain":   fieldScalar,
	"plural":  func(n int64, noun string) string { return number.Counted(n, noun) },
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
	if session, _ := s.session(r); session != "" {
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

// noPage answers a path that has no page. After a form the address of an action may be loaded: its
// page is the job's.
func (s *Server) noPage(w http.ResponseWriter, r *http.Request) {
	if job := r.PathValue("job"); job != "" && slices.Contains(actions, r.PathValue("action")) {
		http.Redirect(w, r, backOf(r), http.StatusSeeOther) //nolint:gosec // a path of the console
		return
	}
	s.render(w, r, http.StatusNotFound, "error", view{Title: "No such page", Error: "The console has no page at this address. The list of jobs leads to all pages."})
}

// fails writes the page of an error. It reloads itself, because a frontier may come back. A form is
// not sent again: the page that it belongs to is loaded.
func (s *Server) fails(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errNoJob) {
		s.render(w, r, http.StatusNotFound, "error", view{Title: "No such job", Error: "The frontier has no job of this name. It may have been deleted."})
		return
	}
	s.cfg.Log.WarnContext(r.Context(), "the console can't read the frontier", "err", err)
	refresh, text := "5", "The page is loaded again every 5 seconds until it does."
	if r.Method == http.MethodPost {
		refresh, text = "5; url="+backOf(r), "The change may not have been made: the log of changes tells. The page of the form is loaded every 5 seconds until the frontier answers."
	}
	w.Header().Set("Refresh", refresh)
	s.render(w, r, http.StatusServiceUnavailable, "error", view{Title: "The frontier does not answer", Error: text})
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
	v := view{Title: job.Name, Job: job, Status: st, Work: s.work(job.ID), Page: "job", Data: s.cfg.Report(r.Context(), job, st)}
	if v.Tunings, err = s.cfg.Frontier.Tunings(r.Context(), job.ID); err == nil {
		v.History, err = s.history(r, job, time.Minute, 3*time.Hour)
	}
	if err != nil {
		s.fails(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, "job", v)
}

// page answers with the page of a job's data.
func (s *Server) page(name string, p jobPage) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		job, err := s.find(r)
		if err != nil {
			s.fails(w, r, err)
			return
		}
		v := view{Title: p.title + " of " + job.Name, Job: job, Page: name}
		v.Data, err = p.data(r, job)
		switch {
		case errors.Is(err, frontier.ErrUnavailable):
			s.fails(w, r, err)
			return
		case errors.Is(err, errNoTask):
			v.Title, v.Error = "No such task", "The job has no task with this key. It may have been deleted."
			s.render(w, r, http.StatusNotFound, "error", v)
			return
		case err != nil:
			v.Error = err.Error()
			s.render(w, r, http.StatusBadRequest, "error", v)
			return
		}
		if name == "kinds" {
			if v.Status, err = s.status(r.Context(), job.ID); err != nil {
				s.fails(w, r, err)
				return
			}
		}
		s.render(w, r, http.StatusOK, name, v)
	}
}

func (s *Server) workers(w http.ResponseWriter, r *http.Request) {
	data, err := s.workersData(r.Context())
	if err != nil {
		s.fails(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, "workers", view{Title: "Workers", Page: "workers", Data: data})
}

func (s *Server) allChanges(w http.ResponseWriter, r *http.Request) {
	data, err := s.changes(r.Context(), 0, r.URL.Query().Get("before"))
	if err != nil {
		s.fails(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, "changes", view{Title: "Changes", Page: "changes", Data: data})
}

const (
	// maxReasons and taskPage bound a page.
	maxReasons = 100
	taskPage   = 100

	// maxSorted is the number of open tasks from which on a list of all tasks leaves them out: the
	// queue has no order by key, so a page would sort them all.
	maxSorted = 20_000

	// maxShown bounds a key or reason on a page, in bytes.
	maxShown = 2000
)

func cut(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

// fieldPlain writes the value of a field: a text as it is, and anything else as JSON.
func fieldPlain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// fieldScalar is fieldPlain of a text, a number, true or false, and else empty.
func fieldScalar(raw json.RawMessage) string {
	if len(raw) == 0 || strings.IndexByte("[{n", raw[0]) >= 0 {
		return ""
	}
	return fieldPlain(raw)
}

// fieldText is fieldPlain, cut for a page.
func fieldText(raw json.RawMessage) string { return cut(fieldPlain(raw)) }

func spanText(s seine.Span) string {
	low, high := max(0, s.Min), max(0, s.Max)
	if low == high {
		return low.String()
	}
	return low.String() + "-" + high.String()
}

// heat returns the step of a color from 0 to 9 for a share of the most.
func heat(share, most float64) int {
	if most <= 0 || share <= 0 {
		return 0
	}
	return min(9, 1+int(8*share/most))
}

// pair are two values for a template.
type pair struct{ A, B any }
