package shopsite

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/sitekit"
)

// began is the time of revision 0. Each revision is a day later.
var began = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// view returns the frame of a page at a path. canonical is its path and query; empty means none.
func (s *Site) view(at, title, canonical string, content any) view {
	_, design := s.state()
	v := view{C: designs[design], Title: title, At: at, Tops: tops, Page: content}
	if canonical != "" {
		v.Canonical = s.PagesURL + canonical
	}
	return v
}

// show answers with a page, or with HTTP 304 if the client has it. A zero time is unknown.
func (s *Site) show(w http.ResponseWriter, r *http.Request, t *template.Template, v view, changed time.Time) {
	body, err := sitekit.Execute(t, v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(body))[:18]+`"`)
	http.ServeContent(w, r, "", changed, bytes.NewReader(body))
}

// fail answers with a page about a status.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, status int, text string) {
	body, err := sitekit.Execute(plainPage, s.view(r.URL.Path, http.StatusText(status), "", text))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// cardView is a product in a list.
type cardView struct {
	C                 names
	Href, Name, Price string
}

// cards lists products. Of three links one is plain, one is tracked, and one has a session ID.
func (s *Site) cards(at string, products []int) []cardView {
	revision, _ := s.state()
	v := s.view(at, "", "", nil)
	var out []cardView
	for _, i := range products {
		p := &s.products[i]
		if !p.at(revision) {
			continue
		}
		c := cardView{C: v.C, Href: "/p/" + p.slug, Name: p.name, Price: euros(p.skus[0].price(i, revision))}
		switch i % 3 {
		case 1:
			c.Href = v.Tracked(c.Href)
		case 2:
			c.Href = v.Visit(c.Href)
		}
		out = append(out, c)
	}
	return out
}

func (s *Site) home(w http.ResponseWriter, r *http.Request) {
	latest := make([]int, min(5, len(s.products)))
	for i := range latest {
		latest[i] = i
	}
	s.show(w, r, homePage, s.view("/", "Home", "/", s.cards("/", latest)), time.Time{})
}

func (s *Site) top(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("top")
	if !slices.Contains(tops, name) {
		s.fail(w, r, http.StatusNotFound, "no such category")
		return
	}
	var below []string
	for i := range s.leaves {
		if s.leaves[i].top == name {
			below = append(below, s.leaves[i].path())
		}
	}
	s.show(w, r, topPage, s.view("/c/"+name, name, "/c/"+name, below), time.Time{})
}

// listView is a page of products.
type listView struct {
	Total          int
	Filters, Pages []string
	Sorted, Next   string
	Cards          []cardView
}

func (s *Site) list(w http.ResponseWriter, r *http.Request) {
	i := slices.IndexFunc(s.leaves, func(l leaf) bool { return l.path() == r.URL.Path })
	if i < 0 {
		s.fail(w, r, http.StatusNotFound, "no such category")
		return
	}
	l := &s.leaves[i]
	last := max(1, pageCount(len(l.products), productsPerPage))
	n, ok := pageNumber(r, last)
	if !ok {
		s.fail(w, r, http.StatusNotFound, "no such page")
		return
	}
	of := listView{Total: len(l.products), Sorted: l.path() + "?sort=price"}
	for _, c := range colors {
		of.Filters = append(of.Filters, l.path()+"?color="+c)
	}
	of.Pages = append(of.Pages, l.path())
	for k := range last {
		if last > 1 { // the first page has a second form
			of.Pages = append(of.Pages, fmt.Sprintf("%s?page=%d", l.path(), k+1))
		}
	}
	if n < last {
		of.Next = numbered(l.path(), n+1)
	}
	products := l.products[min((n-1)*productsPerPage, len(l.products)):min(n*productsPerPage, len(l.products))]
	of.Cards = s.cards(r.URL.Path, products)
	s.show(w, r, listPage, s.view(r.URL.Path, l.name, numbered(l.path(), n), of), time.Time{})
}

// pageNumber returns the page that a request asks for, from 1. It returns false outside of the
// list.
func pageNumber(r *http.Request, last int) (int, bool) {
	text := r.URL.Query().Get("page")
	if text == "" {
		return 1, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1 && n <= last
}

// productView is the page of a product.
type productView struct {
	Category, Brand, Rating string
	Reviews                 int
	Several                 bool
	Images, Above           []string
	Offers                  []Item
	Related                 []cardView
	Thing, Trail            map[string]any
}

func (s *Site) product(w http.ResponseWriter, r *http.Request) {
	defer s.served()
	revision, design := s.state()
	i, ok := s.bySlug[r.PathValue("slug")]
	if !ok {
		s.fail(w, r, http.StatusNotFound, "no such product")
		return
	}
	p := &s.products[i]
	if !p.at(revision) {
		s.fail(w, r, p.gone, "the product is no longer for sale")
		return
	}
	items := s.items(i, revision)
	of := productView{
		Category: items[0].Category, Brand: p.brand, Rating: items[0].Rating, Reviews: len(p.reviews), Several: len(items) > 1,
		Above: []string{"/c/" + p.leaf.top, p.leaf.path()}, Offers: items, Related: s.cards(r.URL.Path, p.related),
		Thing: s.thing(items, design), Trail: s.trail(p),
	}
	for _, x := range items {
		of.Images = append(of.Images, s.absolute(x.Images)...)
	}
	s.show(w, r, productPage, s.view(r.URL.Path, p.name, "/p/"+p.slug, of), s.lastChange(i, revision, design))
}

// lastChange returns the time of the last change of a product's page, which shows the prices of
// related products too.
func (s *Site) lastChange(i, revision, design int) time.Time {
	shown := append([]int{i}, s.products[i].related...)
	out := began
	for n := 1; n <= revision; n++ {
		if slices.ContainsFunc(shown, func(k int) bool { return changes(k, n) || s.products[k].removed == n }) {
			out = began.AddDate(0, 0, n)
		}
	}
	return out.Add(time.Duration(design) * time.Hour)
}

// absolute returns the URLs of images.
func (s *Site) absolute(paths []string) []string {
	out := make([]string, len(paths))
	for i, path := range paths {
		out[i] = s.ImagesURL + path
	}
	return out
}

// reviewsView is a page of reviews.
type reviewsView struct {
	Product, Next string
	Reviews       []Review
}

func (s *Site) reviews(w http.ResponseWriter, r *http.Request) {
	revision, _ := s.state()
	i, ok := s.bySlug[r.PathValue("slug")]
	if !ok || len(s.products[i].reviews) == 0 {
		s.fail(w, r, http.StatusNotFound, "no reviews")
		return
	}
	p := &s.products[i]
	if !p.at(revision) {
		s.fail(w, r, p.gone, "the product is no longer for sale")
		return
	}
	last := pageCount(len(p.reviews), reviewsPerPage)
	n, ok := pageNumber(r, last)
	if !ok {
		s.fail(w, r, http.StatusNotFound, "no such page")
		return
	}
	of := reviewsView{Product: "/p/" + p.slug, Reviews: p.reviews[(n-1)*reviewsPerPage : min(n*reviewsPerPage, len(p.reviews))]}
	if n < last {
		of.Next = numbered(r.URL.Path, n+1)
	}
	s.show(w, r, reviewPage, s.view(r.URL.Path, "Reviews of "+strings.ToLower(p.name), numbered(r.URL.Path, n), of), time.Time{})
}
