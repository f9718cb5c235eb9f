package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

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
		text, err := json.Marshal(s.live(r.Context(), job.ID))
		if err != nil {
			return
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

// live returns the texts of a job's page, or why they are not known.
func (s *Server) live(ctx context.Context, job frontier.JobID) map[string]string {
	st, err := s.shared(ctx, s.numbers, job, s.cfg.Frontier.Numbers)
	switch {
	case errors.Is(err, frontier.ErrNoJob):
		return map[string]string{"trouble": "The job was deleted."}
	case err != nil:
		return map[string]string{"trouble": "The frontier does not answer. It is asked again every two seconds."}
	}
	return numbers(st)
}

// numbers are the live numbers of a job, by the names of their places on the page.
func numbers(st frontier.Status) map[string]string {
	out := map[string]string{
		"records": grouped(st.Records), "assets": grouped(st.Assets), "rate": fmt.Sprintf("%.1f", st.Rate), "workers": fmt.Sprint(st.Workers), "phase": st.Phase(), "left": left(st), "trouble": "",
	}
	for _, s := range slices.Clone(seine.States) {
		out["state-"+s.String()] = grouped(st.States[s])
	}
	return out
}
