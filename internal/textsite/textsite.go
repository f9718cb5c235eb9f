// Package textsite is a bundled site of texts in several languages. The same seed gives the same
// site.
//
// The sitemap lists most of the pages, and the others are reached by links. Each page has
// navigation, advertisements and an article. A page answers with 304 to the ETag that it gave.
// [Site.Change] rewrites some pages, as their authors would between two visits.
package textsite

import (
	"fmt"
	"hash/fnv"
	"html/template"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"

	"github.com/seinehq/seine/internal/sitekit"
)

const pages = 20

// Page is a page as it is.
type Page struct {
	Path, Title, Lang, Date string // Date is 2006-01-02
	Words                   string // the date as the page writes it
	Paragraphs              []string
	Listed                  bool // in the sitemap
}

// Site is the site.
type Site struct {
	mu    sync.Mutex
	pages []Page
	asked map[string]int // answers with a body, by path
}

// New returns a site. Equal seeds give equal sites.
func New(seed uint64) *Site {
	s := &Site{asked: map[string]int{}}
	draw := rand.New(rand.NewPCG(seed, 4))
	languages := []struct{ lang, text, month string }{
		{"en", "A seine is a fishing net that hangs in the water, and floats hold its upper edge. ", "%d March 2026"},
		{"de", "Eine Wade ist ein Netz, das im Wasser hängt, und Schwimmer halten seine obere Kante. ", "%d. März 2026"},
		{"fr", "La senne est un filet qui pend dans l’eau, et des flotteurs tiennent son bord supérieur. ", "%d mars 2026"},
		{"es", "La red de cerco cuelga en el agua, y unos flotadores sostienen su borde superior. ", "%d de marzo de 2026"},
	}
	for i := range pages {
		l, day := languages[i%len(languages)], 1+draw.IntN(28)
		p := Page{Path: fmt.Sprintf("/%s/text-%d", l.lang, i), Title: fmt.Sprintf("Text %d", i), Lang: l.lang, Date: fmt.Sprintf("2026-03-%02d", day), Words: fmt.Sprintf(l.month, day), Listed: i%5 != 4}
		for n := range 3 {
			p.Paragraphs = append(p.Paragraphs, strings.Repeat(l.text, 3)+fmt.Sprintf("(%d.%d)", i, n))
		}
		s.pages = append(s.pages, p)
	}
	return s
}

// Truth returns the pages.
func (s *Site) Truth() []Page {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Page{}, s.pages...)
}

// Change rewrites every seventh page.
func (s *Site) Change() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 0; i < len(s.pages); i += 7 {
		s.pages[i].Paragraphs = append([]string{s.pages[i].Paragraphs[0] + " This is a correction."}, s.pages[i].Paragraphs[1:]...)
	}
}

// Answers returns how often a path was answered with a body.
func (s *Site) Answers(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

var page = sitekit.Parse(`<!doctype html><html lang={{.Page.Lang}}><head><title>{{.Page.Title}}</title></head><body>
<nav><a href="/">Home</a> <a href="/about">About</a></nav><aside class=ad>Buy cheap boats! <a href="/ad">Now</a></aside>
<article><h1>{{.Page.Title}}</h1><p class=date>{{.Page.Words}}</p>{{range .Page.Paragraphs}}<p>{{.}}</p>{{end}}</article>
<footer><a rel=next href="{{.Next}}">Next</a> All rights reserved</footer></body></html>`)

// ServeHTTP implements [http.Handler].
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	base := template.HTMLEscapeString("http://" + r.Host)
	all := s.Truth()
	switch r.URL.Path {
	case "/robots.txt":
		_, _ = fmt.Fprintf(w, "User-agent: *\nDisallow: /ad\nSitemap: http://%s/sitemap.xml\n", r.Host)
		return
	case "/sitemap.xml":
		w.Header().Set("Content-Type", "application/xml")
		_, _ = fmt.Fprint(w, `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
		for _, p := range all {
			if p.Listed {
				_, _ = fmt.Fprintf(w, "<url><loc>%s%s</loc><lastmod>%s</lastmod></url>", base, p.Path, p.Date)
			}
		}
		_, _ = fmt.Fprint(w, "</urlset>")
		return
	}
	for i, p := range all {
		if p.Path == r.URL.Path {
			s.answer(w, r, p, all[(i+1)%len(all)].Path)
			return
		}
	}
	http.NotFound(w, r)
}

func (s *Site) answer(w http.ResponseWriter, r *http.Request, p Page, next string) {
	body, err := sitekit.Execute(page, map[string]any{"Page": p, "Next": next})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sum := fnv.New64a()
	_, _ = sum.Write(body)
	tag := fmt.Sprintf("%q", fmt.Sprintf("%x", sum.Sum64()))
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	s.mu.Lock()
	s.asked[p.Path]++
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(body)
}
