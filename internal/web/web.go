// Package web is the console: pages for people, and a JSON API, about the jobs of a frontier.
//
// The pages are templates and need no script. A script of a few lines keeps the numbers current by
// server-sent events. Without a token the console only reads. With a token a person signs in, and a
// program sends it as a bearer token, to pause, resume and requeue.
//
// Keys, reasons and URLs come from pages that anyone may write. They are only put into templates
// that escape them, and no page loads anything from another host.
package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// Frontier is the part of a frontier that the console needs.
type Frontier interface {
	frontier.Reader
	frontier.Steering
	frontier.Histories
	frontier.Inspector

	Recorded(ctx context.Context, job frontier.JobID, keys []string) (map[string]frontier.Recording, error)
	RecordsOf(ctx context.Context, job frontier.JobID, tasks []string) ([]frontier.Stored, error)
}

// Config configures a console.
type Config struct {
	Frontier Frontier

	// Report returns the report of a job as `seine status -o json` prints it.
	Report func(ctx context.Context, job frontier.JobInfo, s frontier.Status) any

	// Hold pauses or resumes a job, or a host of it.
	Hold func(ctx context.Context, job frontier.JobInfo, host string, paused bool) error

	// Requeue requeues the tasks of a job that a filter selects, and calls each with the number of
	// requeued tasks now and then.
	Requeue func(ctx context.Context, job frontier.JobInfo, filter frontier.Filter, each func(n int)) error

	// Tune changes the pace of a job by the values of a form. It returns the change as a command.
	Tune func(ctx context.Context, job frontier.JobInfo, form url.Values) (what string, err error)

	// Spaces returns the statistics of a job's ID spaces. The space with a part has the regions of
	// that part. Nil: none are shown.
	Spaces func(ctx context.Context, job frontier.JobInfo, s frontier.Status, part Part) ([]any, error)

	// Files opens the store of a job. Nil: no picture and no recorded page is shown.
	Files func(ctx context.Context, job frontier.JobInfo) (Files, error)

	// Token permits actions. Empty means that the console only reads.
	Token string

	// Hosts are names of the console in requests, in addition to addresses and localhost. Another
	// name in a request is refused, because a page of another site may resolve its own name to
	// this machine.
	Hosts []string

	// Every is the minimum age of a report before the frontier is asked again. Default 2s.
	Every time.Duration

	Log *slog.Logger
}

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// Server is an opened console. It is an [http.Handler].
type Server struct {
	cfg   Config
	mux   *http.ServeMux
	pages *template.Template
	token [sha256.Size]byte
	key   []byte // signs form tokens

	contract contract

	mu         sync.Mutex
	sessions   map[string]signedIn // by the digest of the cookie
	cache      map[frontier.JobID]*cached
	numbers    map[frontier.JobID]*cached // the numbers alone, for open pages
	selections map[frontier.JobID]*selected
	streams    int

	// jobs are the jobs of the last answer.
	jobs   []frontier.JobInfo
	jobsAt time.Time

	ctx    context.Context //nolint:containedctx // of the actions that outlive a request
	stop   context.CancelFunc
	active sync.WaitGroup
}

// cached is the last status of a job.
type cached struct {
	mu     sync.Mutex
	at     time.Time
	status frontier.Status
	err    error
}

// New opens a console. Close ends its actions.
func New(cfg Config) (*Server, error) {
	if cfg.Every == 0 {
		cfg.Every = 2 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		cfg: cfg, mux: http.NewServeMux(), key: make([]byte, 32), token: sha256.Sum256([]byte(cfg.Token)),
		sessions: map[string]signedIn{}, cache: map[frontier.JobID]*cached{}, numbers: map[frontier.JobID]*cached{}, selections: map[frontier.JobID]*selected{},
	}
	if _, err := rand.Read(s.key); err != nil {
		return nil, err
	}
	var err error
	if s.contract, err = readContract(); err != nil {
		return nil, err
	}
	if s.pages, err = template.New("").Funcs(functions).ParseFS(templateFiles, "templates/*.html"); err != nil {
		return nil, err
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.routes()
	return s, nil
}

// Close ends the actions under way.
func (s *Server) Close() {
	s.stop()
	s.active.Wait()
}

func (s *Server) routes() {
	s.mux.Handle("GET /assets/", http.FileServerFS(assetFiles))
	s.mux.HandleFunc("GET /{$}", s.home)
	s.mux.HandleFunc("GET /workers", s.workers)
	s.mux.HandleFunc("GET /changes", s.allChanges)
	s.mux.HandleFunc("GET /jobs/{job}", s.job)
	s.mux.HandleFunc("GET /jobs/{job}/tasks", s.tasks)
	s.mux.HandleFunc("GET /jobs/{job}/events", s.events)
	s.mux.HandleFunc("GET /jobs/{job}/file", s.file)
	s.mux.HandleFunc("GET /jobs/{job}/recorded", s.recorded)
	s.mux.HandleFunc("GET /login", s.showLogin)
	s.mux.HandleFunc("POST /login", s.login)
	s.mux.HandleFunc("POST /logout", s.logout)
	s.mux.HandleFunc("POST /workers/stop", s.actWorker)
	s.mux.HandleFunc("POST /jobs/{job}/{action}", s.act)
	s.mux.HandleFunc("GET /jobs/{job}/{action}", s.noPage)
	s.mux.HandleFunc("GET /", s.noPage)
	s.mux.HandleFunc("GET /api/openapi.json", s.openAPI)
	s.mux.HandleFunc("GET /api/jobs", s.apiGet(s.apiJobs))
	s.mux.HandleFunc("GET /api/workers", s.apiGet(func(r *http.Request) (any, error) { return s.workersData(r.Context()) }))
	s.mux.HandleFunc("GET /api/changes", s.apiGet(func(r *http.Request) (any, error) { return s.changes(r.Context(), 0, r.URL.Query().Get("before")) }))
	s.mux.HandleFunc("GET /api/jobs/{job}", s.apiOf(s.kindsData))
	s.mux.HandleFunc("GET /api/jobs/{job}/tasks", s.apiOf(s.apiTasks))
	s.mux.HandleFunc("GET /api/jobs/{job}/selection", s.apiOf(func(r *http.Request, job frontier.JobInfo) (any, error) { return s.selectionData(r.Context(), job) }))
	s.mux.HandleFunc("POST /api/jobs/{job}/{action}", s.apiAct)
	s.mux.HandleFunc("POST /api/workers/stop", s.apiStop)
	for name, page := range s.jobPages() {
		s.mux.HandleFunc("GET /jobs/{job}/"+name, s.page(name, page))
		s.mux.HandleFunc("GET /api/jobs/{job}/"+name, s.apiOf(page.data))
	}
}

// policy permits only what the console itself serves.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; frame-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// ServeHTTP answers a request. Each answer forbids frames, foreign scripts and guessed types.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if !strings.HasPrefix(r.URL.Path, "/assets/") {
		h.Set("Cache-Control", "no-store")
	}
	api := strings.HasPrefix(r.URL.Path, "/api/")
	if !s.known(r.Host) {
		const why = "this console does not answer for this host name: ask it by its address, or start it with --host NAME"
		if api {
			answer(w, http.StatusMisdirectedRequest, apiError{why})
		} else {
			http.Error(w, why, http.StatusMisdirectedRequest)
		}
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if api && !s.admits(w, r) {
		return
	}
	s.mux.ServeHTTP(w, r)
}

// known reports whether the console answers for a Host header.
func (s *Server) known(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	if _, err := netip.ParseAddr(name); err == nil || name == "localhost" {
		return true
	}
	for _, h := range s.cfg.Hosts {
		if strings.EqualFold(h, name) {
			return true
		}
	}
	return false
}

// errNoJob reports a job that the frontier does not hold.
var errNoJob = errors.New("no such job")

// find returns the job that a request names. The list of jobs is read again after Every.
func (s *Server) find(r *http.Request) (frontier.JobInfo, error) {
	jobs, err := s.list(r.Context())
	if err != nil {
		return frontier.JobInfo{}, err
	}
	for _, j := range jobs {
		if j.Name == r.PathValue("job") {
			return j, nil
		}
	}
	return frontier.JobInfo{}, errNoJob
}

func (s *Server) list(ctx context.Context) ([]frontier.JobInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.jobsAt) < s.cfg.Every {
		return s.jobs, nil
	}
	jobs, err := s.cfg.Frontier.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	s.jobs, s.jobsAt = jobs, time.Now()
	return jobs, nil
}

// status returns the status of a job, at most Every old. All consoles share it.
func (s *Server) status(ctx context.Context, job frontier.JobID) (frontier.Status, error) {
	return s.shared(ctx, s.cache, job, s.cfg.Frontier.Status)
}

// shared reads a status, unless it was read less than Every ago.
func (s *Server) shared(ctx context.Context, cache map[frontier.JobID]*cached, job frontier.JobID, read func(context.Context, frontier.JobID) (frontier.Status, error)) (frontier.Status, error) {
	s.mu.Lock()
	c := cache[job]
	if c == nil {
		c = &cached{}
		cache[job] = c
	}
	s.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() || time.Since(c.at) >= s.cfg.Every {
		st, err := read(ctx, job)
		if err != nil && ctx.Err() != nil {
			return st, err // of this request alone
		}
		c.status, c.err, c.at = st, err, time.Now()
	}
	return c.status, c.err
}

// forgetStatus makes the next page show the result of an action.
func (s *Server) forgetStatus(job frontier.JobID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.cache, job)
	delete(s.numbers, job)
	s.jobsAt = time.Time{}
}

// same compares texts in constant time.
func same(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
