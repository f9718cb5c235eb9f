package cardsite

import (
	"fmt"
	"net/http"
	"strconv"
)

const robotsPath = "/robots.txt"

// Linked serves the linked host, whose pages meet no planned trouble.
func (s *Site) Linked() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+robotsPath, s.note("linked", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprint(w, "User-agent: *\nDisallow: /cert/*7/psa\n")
	}))
	mux.Handle("GET /cert/{id}/psa", s.note("linked", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		t, ok := s.Truth(id)
		if err != nil || !ok || !s.Links(t) {
			http.NotFound(w, r)
			return
		}
		data := pageData{ID: id, Shown: id, Truth: t}
		if rec, own := w.(*answer); own && s.cfg.Visits {
			data.Visit = rec.Visit
		}
		s.page(w, http.StatusOK, certPage, data)
	}))
	mux.Handle("/", s.note("linked", http.NotFound))
	return mux
}

// Links reports whether a page of an ID that is not stale links to the ID's page on the linked
// host.
func (s *Site) Links(t Truth) bool {
	return s.cfg.Linked && t.Kind != Absent && t.Trouble != AlwaysStale
}

// Forbids reports whether the robots.txt of the linked host forbids an ID.
func (s *Site) Forbids(id int64) bool { return id%10 == 7 }
