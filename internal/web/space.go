package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/seinehq/seine/internal/frontier"
)

// Part is a stretch of the IDs of a space, by their numbers. The zero value means no part.
type Part struct{ From, To int64 }

// Empty reports whether it is no part.
func (p Part) Empty() bool { return p == Part{} }

// partOf reads the part that a request names.
func partOf(r *http.Request) (p Part, err error) {
	from, to := r.URL.Query().Get("from"), r.URL.Query().Get("to")
	if from == "" && to == "" {
		return p, nil
	}
	if p.From, err = strconv.ParseInt(from, 10, 64); err == nil {
		p.To, err = strconv.ParseInt(to, 10, 64)
	}
	if err != nil || p.To < p.From {
		return p, errors.New("from and to are the numbers of two IDs, the lower one first")
	}
	return p, nil
}

// spaceData returns the statistics of ID spaces.
func (s *Server) spaceData(r *http.Request, job frontier.JobInfo) (any, error) {
	part, err := partOf(r)
	if err != nil {
		return nil, err
	}
	st, err := s.status(r.Context(), job.ID)
	if err != nil {
		return nil, err
	}
	if s.cfg.Spaces == nil {
		return spaces{Spaces: []any{}}, nil
	}
	list, err := s.cfg.Spaces(r.Context(), job, st, part)
	return spaces{Spaces: list}, err
}

// spaces are ID spaces as `seine status --space -o json` prints them.
type spaces struct {
	Spaces []any `json:"spaces"`
}

// space is the part of a space that its page shows.
type space struct {
	First, Last, State, Why, Note string
	Answered, Size, Wanted        int64
	Best                          float64
	Regions                       []region
	Part                          *region
}

// region is a part of a space.
type region struct {
	From, To       int64
	First, Last    string
	Answered, Size int64
	Expected       float64
	ProbeHits      int64 `json:"probe_hits"`
	WalkHits       int64 `json:"walk_hits"`
}

// Found is the number of hits.
func (r region) Found() int64 { return r.ProbeHits + r.WalkHits }

// List returns the spaces for the page.
func (s spaces) List() ([]space, error) {
	var out []space
	raw, err := json.Marshal(s.Spaces)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

// most returns the largest expected yield of regions.
func most(regions []region) (best float64) {
	for _, r := range regions {
		best = max(best, r.Expected)
	}
	return best
}
