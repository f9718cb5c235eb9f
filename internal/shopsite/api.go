package shopsite

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// quota counts the requests of one window. The site's mutex guards it.
type quota struct {
	most  int
	now   func() time.Time
	until time.Time
	used  int
}

// window is how long a quota holds.
const window = time.Second

// take counts a request. It returns the rest, and the time to the reset in whole seconds,
// rounded up. Below zero means that the request is refused.
func (q *quota) take() (left, reset int) {
	now := q.now()
	if !now.Before(q.until) {
		q.until, q.used = now.Add(window), 0
	}
	q.used++
	return q.most - q.used, int((q.until.Sub(now) + time.Second - 1) / time.Second)
}

// permit writes the headers of the quota, and refuses a request above it.
func (s *Site) permit(w http.ResponseWriter) bool {
	s.mu.Lock()
	left, reset := s.quota.take()
	s.mu.Unlock()
	h := w.Header()
	h.Set("RateLimit-Limit", strconv.Itoa(s.cfg.Quota))
	h.Set("RateLimit-Remaining", strconv.Itoa(max(left, 0)))
	h.Set("RateLimit-Reset", strconv.Itoa(reset))
	if left >= 0 {
		return true
	}
	h.Set("Retry-After", strconv.Itoa(reset))
	writeJSON(w, http.StatusTooManyRequests, map[string]any{"error": "too many requests"})
	return false
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Pages of the APIs have that many items by default and at most.
const (
	itemsPerPage = 25
	maxPerPage   = 100
)

// slice is a page of an API.
type slice struct {
	items []Item
	end   string // the cursor of the next page
	more  bool
}

// page returns the items after a cursor. The images are URLs. It fails for a cursor that is not the
// shop's.
func (s *Site) page(after string, first int) (slice, error) {
	from := 0
	if after != "" {
		text, _ := base64.RawURLEncoding.DecodeString(after) // what is not base64 has no number
		number, ours := strings.CutPrefix(string(text), "item:")
		var err error
		if from, err = strconv.Atoi(number); err != nil || !ours || from < 0 {
			return slice{}, fmt.Errorf("cursor %q is not one of ours", after)
		}
	}
	if first == 0 {
		first = itemsPerPage
	}
	if first < 0 || first > maxPerPage {
		return slice{}, fmt.Errorf("give 1 to %d items a page", maxPerPage)
	}
	revision, _ := s.state()
	all := s.Items(revision)
	to := min(from+first, len(all))
	out := slice{more: to < len(all), end: base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "item:%d", to))}
	for _, x := range all[min(from, to):to] {
		x.Images = s.absolute(x.Images)
		out.items = append(out.items, x)
	}
	return out, nil
}

// api is GET /api/products?cursor=…&limit=….
func (s *Site) api(w http.ResponseWriter, r *http.Request) {
	if !s.permit(w) {
		return
	}
	limit := 0
	if text := r.URL.Query().Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit == 0 {
			limit = -1
		}
	}
	of, err := s.page(r.URL.Query().Get("cursor"), limit)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
		return
	}
	out := map[string]any{"items": of.items, "next_cursor": nil}
	if of.more {
		out["next_cursor"] = of.end
	}
	writeJSON(w, http.StatusOK, out)
}
