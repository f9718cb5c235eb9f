package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
)

// The pages of a job, by the last part of their path. The API gives the same data under the same
// name.
func (s *Server) jobPages() map[string]jobPage {
	return map[string]jobPage{
		"task": {"Task", s.taskData}, "pictures": {"Pictures", s.picturesData}, "hosts": {"Hosts", s.hostsData}, "failures": {"Failures", s.failuresData},
		"kinds": {"Page kinds", s.kindsData}, "space": {"ID space", s.spaceData}, "changes": {"Changes", s.changesData}, "history": {"History", s.historyData},
	}
}

// jobPage is a page with its data.
type jobPage struct {
	title string
	data  func(r *http.Request, job frontier.JobInfo) (any, error)
}

// Bounds of the pages.
const (
	hostPage     = 100
	picturePage  = 60
	changePage   = 100
	tries        = 100
	recentTries  = 1000
	maxExamples  = 3
	maxRecords   = 50
	maxFieldText = 20_000
)

// errNoTask reports a task that the job does not have.
var errNoTask = errors.New("no such task")

type attemptJSON struct {
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	State   string    `json:"state"`
	Reason  string    `json:"reason"`
	Worker  string    `json:"worker"`
	Final   bool      `json:"final"`
}

type fieldJSON struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"`
	Cut   bool            `json:"cut"` // the value is longer than a page shows
}

type fileJSON struct {
	Key           string    `json:"key"`
	Name          string    `json:"name"`
	Path          string    `json:"path"`
	URL           string    `json:"url"`
	Bytes         int64     `json:"bytes"`
	Width         int       `json:"width"`
	Height        int       `json:"height"`
	DuplicateOf   string    `json:"duplicate_of,omitempty"`
	OriginalBytes int64     `json:"original_bytes,omitempty"`
	Task          string    `json:"task"`
	StoredAt      time.Time `json:"stored_at,omitzero"`
}

// Original reports whether the file is the original of a picture.
func (f fileJSON) Original() bool { return strings.HasSuffix(f.Name, assetfile.OriginalSuffix) }

// Link returns the address of the file in the console, below the job's.
func (f fileJSON) Link() string {
	return "file?" + url.Values{"task": {f.Task}, "key": {f.Key}, "name": {f.Name}}.Encode()
}

type recordJSON struct {
	Key       string      `json:"key"`
	Kind      string      `json:"kind"`
	Version   int         `json:"version"`
	URL       string      `json:"url"`
	Digest    string      `json:"rules"` // the digest of the rules that made it
	FetchedAt time.Time   `json:"fetched_at"`
	Fields    []fieldJSON `json:"fields"`
	Files     []fileJSON  `json:"files"`
	Missing   []string    `json:"missing_files"`
}

type taskData struct {
	Task       apiTask       `json:"task"`
	Waits      string        `json:"waits"` // why it waits
	Attempts   []attemptJSON `json:"attempts"`
	Records    []recordJSON  `json:"records"`
	RecordedAt *time.Time    `json:"recorded_at"`
	Bytes      int64         `json:"recorded_bytes"`
	Screenshot bool          `json:"screenshot"`
}

// taskData returns all that is known of a task.
func (s *Server) taskData(r *http.Request, job frontier.JobInfo) (any, error) {
	ctx, key := r.Context(), r.URL.Query().Get("key")
	var (
		list []frontier.TaskInfo
		err  error
	)
	for _, part := range []frontier.Part{frontier.FinalTasks, frontier.OpenTasks} { // the queue has no index by key
		if err == nil && len(list) == 0 {
			list, err = s.cfg.Frontier.Tasks(ctx, job.ID, frontier.Filter{Keys: []string{key}, Part: part, Limit: 1})
		}
	}
	if err == nil && len(list) == 0 {
		err = errNoTask
	}
	if err != nil {
		return nil, err
	}
	t := list[0]
	out := taskData{Task: apiTaskOf(t), Waits: s.waits(job, t), Attempts: []attemptJSON{}, Records: []recordJSON{}, Screenshot: strings.HasSuffix(t.Reason, frontier.WithScreenshot)}
	attempts, err := s.cfg.Frontier.Attempts(ctx, job.ID, key, tries)
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		out.Attempts = append(out.Attempts, attemptJSON{a.N, a.At, a.State.String(), cut(a.Reason), a.Worker, a.Final})
	}
	records, err := s.cfg.Frontier.RecordsOf(ctx, job.ID, []string{key})
	if err != nil {
		return nil, err
	}
	for _, rec := range records[:min(len(records), maxRecords)] {
		out.Records = append(out.Records, recordOf(key, rec))
	}
	recorded, err := s.cfg.Frontier.Recorded(ctx, job.ID, []string{key})
	if err != nil {
		return nil, err
	}
	if rec, ok := recorded[key]; ok {
		at := rec.At.UTC()
		out.RecordedAt, out.Bytes = &at, rec.Size
	}
	return out, nil
}

// waits explains why a task is not in progress.
func (s *Server) waits(job frontier.JobInfo, t frontier.TaskInfo) string {
	switch {
	case t.Final:
		return ""
	case t.State == seine.InProgress:
		return "a worker is at work on it"
	case job.Paused:
		return "the job is paused"
	case t.State != seine.Pending:
		return "its last attempt failed, so it waits for its next attempt"
	case t.Reason != "":
		return "its host may not be asked yet: " + cut(t.Reason)
	}
	return "it waits for its turn: for the pace of its host, for tasks of a better priority, or for a worker"
}

func recordOf(task string, rec frontier.Stored) recordJSON {
	out := recordJSON{
		Key: rec.Key, Kind: rec.Kind, Version: rec.Version, URL: rec.URL, Digest: hexOf(rec.Digest), FetchedAt: rec.FetchedAt.UTC(), Fields: fieldsOf(rec.Fields), Files: []fileJSON{}, Missing: []string{},
	}
	for _, a := range rec.Assets {
		out.Files = append(out.Files, fileOf(task, a))
	}
	for _, f := range rec.Failed {
		out.Missing = append(out.Missing, f.Name+": "+cut(f.Reason))
	}
	return out
}

func fileOf(task string, a frontier.Asset) fileJSON {
	if task == "" {
		task = a.Key
		if a.Task != "" {
			task = a.Task
		}
	}
	return fileJSON{
		Key: a.Key, Name: a.Name, Path: a.Path, URL: a.URL, Bytes: a.Bytes, Width: a.Width, Height: a.Height, DuplicateOf: a.DuplicateOf, OriginalBytes: a.OriginalBytes, Task: task,
	}
}

// fieldsOf lists fields by name. A long value is cut to a text.
func fieldsOf(raw json.RawMessage) []fieldJSON {
	out := []fieldJSON{}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return out
	}
	for name, v := range fields {
		f := fieldJSON{Name: name, Value: v}
		if len(v) > maxFieldText {
			f.Cut = true
			f.Value, _ = json.Marshal(strings.ToValidUTF8(string(v[:maxFieldText]), "")) // a text
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b fieldJSON) int { return strings.Compare(a.Name, b.Name) })
	return out
}

type hostJSON struct {
	Host        string     `json:"host"`
	Assets      bool       `json:"assets"` // the files of the host
	DelayMinS   float64    `json:"delay_min_s"`
	DelayMaxS   float64    `json:"delay_max_s"`
	Concurrency int        `json:"concurrency"`
	InProgress  int        `json:"in_progress"`
	Waiting     bool       `json:"waiting"`
	Paused      bool       `json:"paused"`
	Blocked     bool       `json:"blocked"`
	Slow        float64    `json:"slow"`
	CrawlDelayS float64    `json:"crawl_delay_s"`
	Reason      string     `json:"reason"`
	NextAt      *time.Time `json:"next_at"`
	Changed     bool       `json:"changed"` // a person changed its pace
}

type hostsData struct {
	Hosts []hostJSON `json:"hosts"`
	Next  string     `json:"next,omitempty"`
}

// hostsData lists the hosts with their paces.
func (s *Server) hostsData(r *http.Request, job frontier.JobInfo) (any, error) {
	list, err := s.cfg.Frontier.LaneList(r.Context(), job.ID, r.URL.Query().Get("after"), hostPage+1)
	if err != nil {
		return nil, err
	}
	tuned, err := s.cfg.Frontier.Tunings(r.Context(), job.ID)
	if err != nil {
		return nil, err
	}
	out := hostsData{Hosts: []hostJSON{}}
	for i, l := range list {
		if i == hostPage {
			out.Next = list[i-1].Host
			break
		}
		h := hostJSON{
			Host: l.Host, Assets: frontier.IsAssetLane(l.Host), DelayMinS: l.Pace.Delay.Min.Seconds(), DelayMaxS: l.Pace.Delay.Max.Seconds(), Concurrency: l.Pace.Inflight, InProgress: l.Inflight,
			Waiting: l.Ready, Paused: l.Paused, Blocked: l.Blocked, Slow: l.Slow, CrawlDelayS: l.CrawlDelay.Seconds(), Reason: cut(l.Reason), Changed: !tuned.Of(l.Host).Empty(),
		}
		if at := l.NextAt.UTC(); l.Ready || l.Blocked {
			h.NextAt = &at
		}
		out.Hosts = append(out.Hosts, h)
	}
	return out, nil
}

type reasonJSON struct {
	State    string   `json:"state"`
	Reason   string   `json:"reason"`
	Tasks    int64    `json:"tasks"`
	Examples []string `json:"examples"` // keys of recent attempts
}

type failuresData struct {
	Reasons []reasonJSON `json:"reasons"`
}

// failuresData groups the failures by their reasons, with keys of recent attempts.
func (s *Server) failuresData(r *http.Request, job frontier.JobInfo) (any, error) {
	st, err := s.status(r.Context(), job.ID)
	if err != nil {
		return nil, err
	}
	recent, err := s.cfg.Frontier.Attempts(r.Context(), job.ID, "", recentTries)
	if err != nil {
		return nil, err
	}
	type group struct {
		state  seine.State
		reason string
	}
	examples := map[group][]string{}
	for _, a := range recent {
		g := group{a.State, strings.TrimSuffix(a.Reason, frontier.WithScreenshot)}
		if keys := examples[g]; len(keys) < maxExamples && !slices.Contains(keys, a.Key) {
			examples[g] = append(keys, a.Key)
		}
	}
	out := failuresData{Reasons: []reasonJSON{}}
	for _, c := range frontier.Plain(st.Reasons[:min(len(st.Reasons), maxReasons)]) {
		if c.State == seine.Error || c.State == seine.Stale {
			out.Reasons = append(out.Reasons, reasonJSON{c.State.String(), c.Reason, c.Count, append([]string{}, examples[group{c.State, c.Reason}]...)})
		}
	}
	return out, nil
}

// kindsData returns the status, which holds the page kinds, links and alarms.
func (s *Server) kindsData(r *http.Request, job frontier.JobInfo) (any, error) {
	st, err := s.status(r.Context(), job.ID)
	if err != nil {
		return nil, err
	}
	return s.cfg.Report(r.Context(), job, st), nil
}
