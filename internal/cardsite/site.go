package cardsite

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/sitekit"
)

// Site is the registry. It has a handler for pages and a handler for images, to be served at two
// addresses.
type Site struct {
	cfg    Config
	plan   []Truth
	photos []string

	// ImagesURL is where images are served, as in http://127.0.0.1:8701.
	ImagesURL string

	// LinkedURL is where the linked host is served, if the site has one.
	LinkedURL string

	mu      sync.Mutex
	asked   map[string]int // requests by page, for troubles that pass
	journal []Entry
	visits  int64
	storms  []Storm
	cache   sitekit.Cache
}

// Entry is one request, in the order in which it was answered.
type Entry struct {
	// At is when it came.
	At time.Time

	// Host is "pages", "images" or "linked".
	Host string
	Path string

	// Status is zero when the connection was reset instead.
	Status    int
	UserAgent string

	// Visit numbers the requests in the order in which they came, from 1.
	Visit int64

	// Trouble is the trouble of this request, by plan or by a storm.
	Trouble Trouble

	// RetryAfter is the wait that the answer requested, or zero.
	RetryAfter time.Duration
}

// maxJournal bounds the journal; a site that is served for days forgets.
const maxJournal = 2_000_000

// New plans a site.
func New(cfg Config) (*Site, error) {
	if cfg.Seed == 0 {
		cfg.Seed = 1
	}
	if cfg.From == 0 && cfg.To == 0 {
		cfg.From, cfg.To = 70000000, 70000199
	}
	if cfg.From > cfg.To || cfg.To-cfg.From >= 10_000_000 {
		return nil, fmt.Errorf("cardsite: IDs %d to %d: give at most ten million, in ascending order", cfg.From, cfg.To)
	}
	s := &Site{cfg: cfg, plan: plan(cfg), asked: map[string]int{}}
	var err error
	if cfg.Photos != "" {
		s.photos, err = findPhotos(cfg.Photos)
	}
	return s, err
}

// Journal returns the requests so far.
func (s *Site) Journal() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Entry(nil), s.journal...)
}

// ask counts a request and returns how many there were before it.
func (s *Site) ask(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.asked[what]
	s.asked[what]++
	return n
}

// note writes the journal around a handler and applies storms.
func (s *Site) note(host string, h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &answer{ResponseWriter: w, Entry: Entry{At: time.Now(), Host: host, Path: r.URL.Path, Status: http.StatusOK, UserAgent: r.UserAgent()}}
		storm := s.arrive(&rec.Entry)
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.journal) < maxJournal {
				s.journal = append(s.journal, rec.Entry)
			}
		}()
		if storm.Trouble == None || !s.trouble(rec, storm.Trouble, storm.RetryAfter, pageData{}) {
			h(rec, r)
		}
	})
}

// robots serves robots.txt. The journal leaves its requests out, because they are about no page and
// meet no trouble.
func (s *Site) robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprint(w, "User-agent: *\nDisallow: /account/\n")
}

// Pages serves the registry: /cert/{id}/psa rendered by the server, and
// /app/cert/{id}/psa by a script.
func (s *Site) Pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /robots.txt", s.robots)
	mux.Handle("GET /{$}", s.note("pages", s.index))
	mux.Handle("GET /cert/{id}/psa", s.note("pages", func(w http.ResponseWriter, r *http.Request) { s.cert(w, r, false) }))
	mux.Handle("GET /app/cert/{id}/psa", s.note("pages", func(w http.ResponseWriter, r *http.Request) { s.cert(w, r, true) }))
	mux.Handle("/", s.note("pages", http.NotFound))
	return mux
}

// Images serves the pictures: /cert/{id}/{small|large}/{front|back}.jpg.
func (s *Site) Images() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /robots.txt", s.robots)
	mux.Handle("GET /cert/{id}/{size}/{file}", s.note("images", s.image))
	mux.Handle("/", s.note("images", http.NotFound))
	return mux
}

func (s *Site) cert(w http.ResponseWriter, r *http.Request, script bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	t, ok := s.Truth(id)
	if err != nil || !ok || t.Kind == Absent {
		s.page(w, http.StatusNotFound, missingPage, pageData{ID: id})
		return
	}
	first := s.ask(r.URL.Path) == 0
	data := pageData{ID: id, Shown: id, Truth: t, Images: s.images(t), Linked: s.LinkedURL}
	rec, own := w.(*answer)
	if own && s.cfg.Visits {
		data.Visit = rec.Visit
	}
	var wait time.Duration
	if t.Trouble == Limited {
		wait = time.Second
	}
	if t.Trouble == AlwaysStale {
		data.Shown = id + 1
		if own {
			rec.Trouble = t.Trouble
		}
	} else if first && own && s.trouble(rec, t.Trouble, wait, data) {
		return
	} else if first && t.Trouble == OtherID {
		data.Shown = id - 1
	}
	if script {
		s.page(w, http.StatusOK, scriptPage, data)
		return
	}
	s.page(w, http.StatusOK, certPage, data)
}

func (s *Site) images(t Truth) []string {
	if s.cfg.Plain {
		return nil
	}
	out := []string{fmt.Sprintf("%s/cert/%d/small/front.jpg", s.ImagesURL, t.ID)}
	if t.Back {
		out = append(out, fmt.Sprintf("%s/cert/%d/small/back.jpg", s.ImagesURL, t.ID))
	}
	return out
}

func (s *Site) image(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	side, found := strings.CutSuffix(r.PathValue("file"), ".jpg")
	if err != nil || !found {
		http.NotFound(w, r)
		return
	}
	body, ok := s.Image(id, side, r.PathValue("size"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}
