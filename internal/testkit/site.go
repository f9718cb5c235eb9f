package testkit

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// Request is a request that a [Site] received.
type Request struct {
	Method string
	Host   string // of the Host header, with its port
	Path   string
	Query  string
	Header http.Header

	// Start is the time at which the handler began.
	Start time.Time
}

// Site is a web site on a loopback address that records its requests in the order of their starts.
// Its methods are safe for concurrent use.
type Site struct {
	*httptest.Server

	mu       sync.Mutex
	requests []Request
	counts   map[string]int // requests per path
	rules    http.HandlerFunc
	asked    int // for robots.txt
}

// Robots gives the site a robots.txt. Call it before the first request. Without it the answer is
// HTTP 404.
func (s *Site) Robots(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = h
}

// RobotsAsked counts the requests for robots.txt, which the other counts leave out.
func (s *Site) RobotsAsked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *Site) robots(w http.ResponseWriter, q *http.Request) {
	s.mu.Lock()
	s.asked++
	h := s.rules
	s.mu.Unlock()
	if h == nil {
		h = http.NotFound
	}
	h(w, q)
}

// Serve starts a site and closes it when the test ends. The site records a request before it calls
// the handler. If the test failed, closing does not wait for handlers, because a handler may wait
// for a step that the test did not reach.
func Serve(t testing.TB, h http.HandlerFunc) *Site {
	t.Helper()
	s := &Site{counts: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/robots.txt" {
			s.robots(w, q)
			return
		}
		s.record(q)
		h(w, q)
	}))
	t.Cleanup(func() {
		if t.Failed() {
			_ = s.Config.Close()
			return
		}
		s.Close()
	})
	return s
}

func (s *Site) record(q *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[q.URL.Path]++
	s.requests = append(s.requests, Request{
		Method: q.Method, Host: q.Host, Path: q.URL.Path, Query: q.URL.RawQuery, Header: q.Header.Clone(), Start: time.Now(),
	})
}

// Requests returns every request of the site.
func (s *Site) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Starts returns the start times of the requests for a path or a host. An empty text selects every
// request.
func (s *Site) Starts(pathOrHost string) []time.Time {
	var out []time.Time
	for _, q := range s.Requests() {
		if pathOrHost == "" || pathOrHost == q.Path || pathOrHost == q.Host {
			out = append(out, q.Start)
		}
	}
	return out
}

// Count returns the number of requests for a path.
func (s *Site) Count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[path]
}

// Counts returns the number of requests per path.
func (s *Site) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// Paths returns the path of each request.
func (s *Site) Paths() []string {
	var out []string
	for _, q := range s.Requests() {
		out = append(out, q.Path)
	}
	return out
}

// Header returns the header of the last request for a path, or nil.
func (s *Site) Header(path string) http.Header {
	var out http.Header
	for _, q := range s.Requests() {
		if q.Path == path {
			out = q.Header
		}
	}
	return out
}

// Forget removes the recorded requests.
func (s *Site) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
	clear(s.counts)
}
