// Package health reports over HTTP whether a process works:
//
//	/livez     it is running; else restart it
//	/readyz    it can do its work now
//	/startupz  it has started
//	/metrics   its counters
//
// The first three answer 200 if all checks pass and 503 otherwise, with JSON that names the failed
// checks:
//
//	{"ok":false,"checks":[{"name":"frontier","ok":false,"error":"no answer in time"},{"name":"store","ok":true}]}
package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrAddress reports an invalid address to listen on.
var ErrAddress = errors.New("not an address")

// Check is one thing that has to be well.
type Check struct {
	// Name is one word, such as frontier, store or browser.
	Name string

	// Look returns the fault, or nil. It is given up after 3 s.
	Look func(ctx context.Context) error

	// Every is the maximum age of a result, so that frequent requests cost the frontier and the
	// store nothing. Zero means a new check per request.
	Every time.Duration
}

// lookWithin bounds one look.
const lookWithin = 3 * time.Second

// Server answers.
type Server struct {
	// Clean removes secrets from reports. Set it before Serve.
	Clean func(string) string

	at   net.Listener
	http *http.Server
	mux  *http.ServeMux

	mu      sync.Mutex
	live    []*kept
	ready   []*kept
	why     func() []string
	starts  string // what the start is at; empty: it is over
	serving sync.WaitGroup
}

// Listen opens an address, HOST:PORT or :PORT, and serves. From then on /startupz names the current
// step of the start, and the process is not ready. It fails with [ErrAddress] when it is none.
func Listen(ctx context.Context, addr string) (*Server, error) {
	if err := Address(addr); err != nil {
		return nil, err
	}
	at, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, remedy(err))
	}
	s := &Server{Clean: func(s string) string { return s }, at: at, mux: http.NewServeMux(), starts: "opening"}
	s.http = &http.Server{
		Handler: s.mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	s.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, r *http.Request) { s.answer(r.Context(), w, &s.live) })
	s.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { s.answer(r.Context(), w, &s.ready, s.start) })
	s.mux.HandleFunc("GET /startupz", func(w http.ResponseWriter, r *http.Request) { s.answer(r.Context(), w, nil, s.start) })
	s.serving.Go(func() { _ = s.http.Serve(at) })
	return s, nil
}

// Address returns the mistake in an address to listen on.
func Address(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%w: %q: give HOST:PORT, or :PORT for every address of this machine", ErrAddress, addr)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%w: %q: the port is a number from 0 (any that is free) to 65535", ErrAddress, addr)
	} else if n > 65535 {
		return fmt.Errorf("%w: %q: the port is too large", ErrAddress, addr)
	}
	return nil
}

// remedy adds the remedy, without repeating the error.
func remedy(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w: another process uses it: choose another port", err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w: a port below 1024 needs rights that this user lacks: choose a higher one", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%w: this machine does not have this address: leave the host out for all addresses", err)
	}
	return err
}

// Addr is the address that is listened on.
func (s *Server) Addr() string { return s.at.Addr().String() }

// Explain sets the source of [Answer.Why].
func (s *Server) Explain(why func() []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.why = why
}

// Handle adds another path.
func (s *Server) Handle(path string, h http.Handler) { s.mux.Handle("GET "+path, h) }

// Starting reports the current step of the start.
func (s *Server) Starting(step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starts = step
}

// Started ends the start and sets the checks.
func (s *Server) Started(live, ready []Check) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starts = ""
	for _, c := range live {
		s.live = append(s.live, &kept{Check: c})
	}
	for _, c := range ready {
		s.ready = append(s.ready, &kept{Check: c})
	}
}

// Close stops answering.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	s.serving.Wait()
	return err
}

// Result is how one check came out.
type Result struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// Answer is the body of a response.
type Answer struct {
	OK     bool     `json:"ok"`
	Checks []Result `json:"checks"`

	// Why lists the reasons why a healthy process does no work, on /livez.
	Why []string `json:"why,omitempty"`
}

// start is the check of the start.
func (s *Server) start() Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.starts != "" {
		return Result{Name: "start", Error: s.starts}
	}
	return Result{Name: "start", OK: true}
}

func (s *Server) answer(ctx context.Context, w http.ResponseWriter, of *[]*kept, first ...func() Result) {
	out := Answer{OK: true, Checks: []Result{}}
	for _, f := range first {
		out.Checks = append(out.Checks, f())
	}
	if of != nil {
		s.mu.Lock()
		checks, why := *of, s.why
		s.mu.Unlock()
		if of == &s.live && why != nil {
			for _, w := range why() {
				out.Why = append(out.Why, s.Clean(w))
			}
		}
		results := make([]Result, len(checks))
		var looks sync.WaitGroup
		for i, c := range checks {
			looks.Go(func() { results[i] = c.result(ctx) })
		}
		looks.Wait()
		out.Checks = append(out.Checks, results...)
	}
	for i, c := range out.Checks {
		out.OK = out.OK && c.OK
		out.Checks[i].Error = s.Clean(strings.Join(strings.Fields(c.Error), " "))
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !out.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(out)
}

// kept is a check with its last answer.
type kept struct {
	Check
	mu   sync.Mutex
	last Result
	at   time.Time
}

func (k *kept) result(ctx context.Context) Result {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.at.IsZero() && time.Since(k.at) < k.Every {
		return k.last
	}
	// The client may disconnect, but the answer also serves the next one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookWithin)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- k.Look(ctx) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = fmt.Errorf("no answer within %v", lookWithin)
	}
	k.last, k.at = Result{Name: k.Name, OK: err == nil}, time.Now()
	if err != nil {
		k.last.Error = err.Error()
	}
	return k.last
}
