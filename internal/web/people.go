package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// Change is a change as the API and `seine changes -o json` tell it.
type Change struct {
	ID   int64     `json:"id"`
	At   time.Time `json:"at"`
	Job  string    `json:"job"`
	Who  string    `json:"who"`
	What string    `json:"what"`
}

// ChangesOf returns changes with the names of their jobs.
func ChangesOf(list []frontier.Change, jobs []frontier.JobInfo) []Change {
	names := map[frontier.JobID]string{}
	for _, j := range jobs {
		names[j.ID] = j.Name
	}
	out := make([]Change, 0, len(list))
	for _, c := range list {
		out = append(out, Change{c.ID, c.At, names[c.Job], c.Who, c.What})
	}
	return out
}

type changesData struct {
	Changes []Change `json:"changes"`
	Next    int64    `json:"next,omitempty"`
}

func (s *Server) changesData(r *http.Request, job frontier.JobInfo) (any, error) {
	return s.changes(r.Context(), job.ID, r.URL.Query().Get("before"))
}

// changes lists changes of a job, or of all.
func (s *Server) changes(ctx context.Context, job frontier.JobID, before string) (any, error) {
	from := int64(0)
	if before != "" {
		var err error
		if from, err = strconv.ParseInt(before, 10, 64); err != nil {
			return nil, errors.New("before is the number of a change")
		}
	}
	list, err := s.cfg.Frontier.Changes(ctx, job, from, changePage)
	if err != nil {
		return nil, err
	}
	jobs, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	out := changesData{Changes: ChangesOf(list, jobs)}
	if len(list) == changePage {
		out.Next = list[changePage-1].ID
	}
	return out, nil
}

// Worker is a worker as the API and `seine workers -o json` tell it.
type Worker struct {
	Worker    string    `json:"worker"`
	RatePerS  float64   `json:"rate_per_s"`
	Tasks     int64     `json:"tasks"`
	ExpiresAt time.Time `json:"expires_at"`
	Stopping  bool      `json:"stopping"`
}

// WorkersOf returns sessions with the sums of their rates.
func WorkersOf(list []frontier.WorkerStatus) []Worker {
	out := make([]Worker, 0, len(list))
	for _, w := range list {
		j := Worker{w.Worker, 0, w.Tasks, w.ExpiresAt, w.Stopping}
		for _, rate := range w.Rates {
			j.RatePerS += rate
		}
		out = append(out, j)
	}
	return out
}

type workersData struct {
	Workers []Worker `json:"workers"`
}

func (s *Server) workersData(ctx context.Context) (workersData, error) {
	list, err := s.cfg.Frontier.Workers(ctx)
	return workersData{WorkersOf(list)}, err
}
