package cardsite

import (
	"fmt"
	"net/http"
	"time"
)

// Storm is trouble for a limited time, on all requests and in addition to the plan.
type Storm struct {
	// Host is "pages", "images" or "linked", or "robots" for the robots.txt of the linked host.
	Host string

	// Trouble is Fails, Unavailable, Limited, Reset or Truncated.
	Trouble Trouble

	// RetryAfter is the wait that Limited and Unavailable request, in whole seconds, or zero for
	// none.
	RetryAfter time.Duration

	// Every selects each n-th request. Default 1: all of them.
	Every int64

	// Until is when it is over.
	Until time.Time
}

// Storm lets a storm begin.
func (s *Site) Storm(storm Storm) {
	s.mu.Lock()
	defer s.mu.Unlock()
	storm.Every = max(storm.Every, 1)
	s.storms = append(s.storms, storm)
}

// arrive numbers a request and returns the storm that it meets; the zero Storm
// is none.
func (s *Site) arrive(e *Entry) (met Storm) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.visits++
	e.Visit = s.visits
	on := s.storms[:0]
	for _, storm := range s.storms {
		if e.At.After(storm.Until) {
			continue
		}
		on = append(on, storm)
		if storm.Host == hostOf(e) && e.Visit%storm.Every == 0 {
			met = storm
		}
	}
	s.storms = on
	return met
}

// hostOf returns the host of a request as storms name it.
func hostOf(e *Entry) string {
	if e.Host == "linked" && e.Path == robotsPath {
		return "robots"
	}
	return e.Host
}

// answer is a response with its entry of the journal.
type answer struct {
	http.ResponseWriter
	Entry

	// cut ends the connection in the middle of the body.
	cut bool
}

func (w *answer) WriteHeader(status int) {
	w.Status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *answer) Write(body []byte) (int, error) {
	if !w.cut {
		return w.ResponseWriter.Write(body)
	}
	_, _ = w.ResponseWriter.Write(body[:len(body)/2])
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func (w *answer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// ask adds a Retry-After header to the answer, unless wait is zero.
func (w *answer) ask(wait time.Duration) {
	if w.RetryAfter = wait; wait > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int(wait/time.Second)))
	}
}

// trouble applies a trouble to a request, and reports whether that was the answer.
func (s *Site) trouble(w *answer, t Trouble, retryAfter time.Duration, data pageData) (answered bool) {
	if t != None {
		w.Trouble = t
	}
	switch t {
	case NothingYet:
		s.page(w, http.StatusOK, emptyPage, data)
	case Fails:
		s.page(w, http.StatusInternalServerError, brokenPage, data)
	case Unavailable:
		w.ask(retryAfter)
		s.page(w, http.StatusServiceUnavailable, brokenPage, data)
	case Limited:
		w.ask(retryAfter)
		s.page(w, http.StatusTooManyRequests, brokenPage, data)
	case Reset:
		w.Status = 0
		panic(http.ErrAbortHandler)
	case Truncated:
		w.cut = true
		return false
	case None, OtherID, AlwaysStale:
		return false
	}
	return true
}
