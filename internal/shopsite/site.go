// Package shopsite is a shop for the demo, the examples and the tests. A seed decides its content.
// [Site.Items], [Site.Reviews] and [Site.Orders] return the expected records of a scraper, and
// [Site.Journal] lists all requests.
//
// The shop has nested categories with pages, products with JSON-LD, microdata and OpenGraph,
// variants with prices of their own, several images on a host of their own, and reviews on pages of
// their own. It also has what misleads crawlers:
//
//   - tracking parameters and session IDs in links, with canonical links
//   - filters, and an order of lists that robots.txt disallows
//   - a calendar without end
//   - links and pages with nofollow, and images with an opt-out
//   - products that are sold out, have no price, or are gone after a revision
//
// The same products come from a sitemap, an API with a cursor and a quota, and a GraphQL endpoint.
// The orders of an account need a login. [Site.SetRevision] changes prices and removes products.
// [Site.Redesign] changes the markup and keeps the content.
package shopsite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/sitekit"
)

// Site is the shop. It has a handler for pages and a handler for images, to be served at two
// addresses. Its methods are safe for concurrent use.
type Site struct {
	cfg      Config
	products []product
	leaves   []leaf
	bySlug   map[string]int
	images   map[string]picture
	cache    sitekit.Cache

	// ImagesURL and PagesURL are where the site is served, as in http://127.0.0.1:8711. They are
	// set before the first request.
	ImagesURL, PagesURL string

	mu       sync.Mutex
	revision int
	design   int
	login    int // grows when the sessions expire
	expires  int // pages of the account until then; zero: never
	redesign int // product pages until then; zero: never
	quota    quota
	journal  []Entry
}

// Entry is one request, in the order in which it was answered.
type Entry struct {
	// Host is "pages" or "images".
	Host   string
	Method string

	// URI is the path with the query.
	URI    string
	Status int

	// Conditional means that the request had If-None-Match or If-Modified-Since.
	Conditional bool
	UserAgent   string
}

// maxJournal bounds the journal; a site that is served for days forgets.
const maxJournal = 2_000_000

// New plans a shop.
func New(cfg Config) (*Site, error) {
	if cfg.Seed == 0 {
		cfg.Seed = 1
	}
	if cfg.Products == 0 {
		cfg.Products = 120
	}
	if cfg.Quota == 0 {
		cfg.Quota = 20
	}
	if cfg.Products < 1 || cfg.Products > maxProducts {
		return nil, fmt.Errorf("shopsite: %d products: give 1 to %d", cfg.Products, maxProducts)
	}
	s := &Site{cfg: cfg, bySlug: map[string]int{}, images: map[string]picture{}, quota: quota{most: cfg.Quota, now: time.Now}}
	s.products, s.leaves = plan(cfg)
	for i := range s.products {
		s.bySlug[s.products[i].slug] = i
		for _, v := range s.products[i].skus {
			for k, path := range v.images {
				s.images[path] = picture{sku: v.id, color: v.color, product: i, n: k}
			}
		}
	}
	return s, nil
}

// Journal returns the requests so far, without those for robots.txt.
func (s *Site) Journal() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Entry(nil), s.journal...)
}

// Forget empties the journal.
func (s *Site) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = nil
}

// SetRevision changes the shop to a revision. The first one is 0.
func (s *Site) SetRevision(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision = n
}

// Redesign changes the names of the classes and the form of the JSON-LD, and keeps the content.
func (s *Site) Redesign() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.design = 1
}

// RedesignAfter makes the redesign happen after n further pages of products.
func (s *Site) RedesignAfter(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redesign = n
}

// ExpireSessions signs out every account.
func (s *Site) ExpireSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login++
}

// ExpireAfter signs out every account after n further pages of an account.
func (s *Site) ExpireAfter(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expires = n
}

// state returns the revision and the design of now.
func (s *Site) state() (revision, design int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision, s.design
}

// served counts a page of a product.
func (s *Site) served() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.redesign > 0 {
		if s.redesign--; s.redesign == 0 {
			s.design = 1
		}
	}
}

// Served is a site at its two addresses.
type Served struct {
	*Site
	sitekit.Servers
}

// Serve serves a site at two addresses; port 0 is a free one.
func Serve(ctx context.Context, s *Site, pages, images string) (*Served, error) {
	out := &Served{Site: s}
	err := out.Listen(ctx, images, s.Images(), func(url string) { s.ImagesURL = url })
	if err == nil {
		err = out.Listen(ctx, pages, s.Pages(), func(url string) { s.PagesURL = url })
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("shopsite: %w", err), out.Close())
	}
	return out, nil
}

// answer is a response with its entry of the journal.
type answer struct {
	http.ResponseWriter
	Entry
}

func (w *answer) WriteHeader(status int) {
	w.Status = status
	w.ResponseWriter.WriteHeader(status)
}

// note writes the journal around a handler.
func (s *Site) note(host string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &answer{w, Entry{
			Host: host, Method: r.Method, URI: r.URL.RequestURI(), Status: http.StatusOK, UserAgent: r.UserAgent(),
			Conditional: r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != "",
		}}
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if r.URL.Path != "/robots.txt" && len(s.journal) < maxJournal {
				s.journal = append(s.journal, rec.Entry)
			}
		}()
		h.ServeHTTP(rec, r)
	})
}

const robotsTxt = `User-agent: *
Disallow: /cart
Disallow: /checkout
Disallow: /search
Disallow: /*sort=
Sitemap: %s/sitemap.xml
`

func (s *Site) robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, robotsTxt, s.PagesURL)
}

// Pages serves everything but the images.
func (s *Site) Pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /robots.txt", s.robots)
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /c/{top}", s.top)
	mux.HandleFunc("GET /c/{top}/{leaf}", s.list)
	mux.HandleFunc("GET /p/{slug}", s.product)
	mux.HandleFunc("GET /p/{slug}/reviews", s.reviews)
	mux.HandleFunc("GET /calendar/{year}/{month}", s.calendar)
	mux.HandleFunc("GET /partners", s.partners)
	for _, path := range []string{"/cart", "/checkout", "/search", "/team/{name}", "/report"} {
		mux.HandleFunc("GET "+path, s.forbidden)
	}
	mux.HandleFunc("GET /login", s.loginForm)
	mux.HandleFunc("POST /login", s.signIn)
	mux.HandleFunc("GET /account/orders", s.orders)
	mux.HandleFunc("GET /account/orders/{number}", s.order)
	mux.HandleFunc("GET /sitemap.xml", s.sitemapIndex)
	mux.HandleFunc("GET /sitemaps/categories.xml", s.sitemapCategories)
	mux.HandleFunc("GET /sitemaps/{file}", s.sitemapProducts)
	mux.HandleFunc("GET /api/products", s.api)
	mux.HandleFunc("POST /graphql", s.graphql)
	return s.note("pages", mux)
}

// Images serves the pictures at /i/{sku}/{n}.{jpg|png}.
func (s *Site) Images() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, "User-agent: *\nDisallow:\n")
	})
	mux.HandleFunc("GET /i/{sku}/{file}", s.image)
	return s.note("images", mux)
}
