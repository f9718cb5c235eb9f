package shopsite

import (
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"time"
)

// perSitemap is the most products of one sitemap.
const perSitemap = 500

const sitemapSpace = "http://www.sitemaps.org/schemas/sitemap/0.9"

// location is an entry of a sitemap.
type location struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

type sitemapIndex struct {
	XMLName  xml.Name   `xml:"sitemapindex"`
	Space    string     `xml:"xmlns,attr"`
	Sitemaps []location `xml:"sitemap"`
}

type urlSet struct {
	XMLName xml.Name   `xml:"urlset"`
	Space   string     `xml:"xmlns,attr"`
	URLs    []location `xml:"url"`
}

func writeXML(w io.Writer, v any) {
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(v)
}

// sitemapIndex lists a plain sitemap of the categories and compressed ones of the products.
func (s *Site) sitemapIndex(w http.ResponseWriter, _ *http.Request) {
	out := sitemapIndex{Space: sitemapSpace, Sitemaps: []location{{Loc: s.PagesURL + "/sitemaps/categories.xml"}}}
	for n := range pageCount(len(s.products), perSitemap) {
		out.Sitemaps = append(out.Sitemaps, location{Loc: fmt.Sprintf("%s/sitemaps/products-%d.xml.gz", s.PagesURL, n+1)})
	}
	w.Header().Set("Content-Type", "application/xml")
	writeXML(w, out)
}

func (s *Site) sitemapCategories(w http.ResponseWriter, _ *http.Request) {
	out := urlSet{Space: sitemapSpace}
	for _, path := range s.Categories() {
		out.URLs = append(out.URLs, location{Loc: s.PagesURL + path})
	}
	w.Header().Set("Content-Type", "application/xml")
	writeXML(w, out)
}

func (s *Site) sitemapProducts(w http.ResponseWriter, r *http.Request) {
	n := 0
	if _, err := fmt.Sscanf(r.PathValue("file"), "products-%d.xml.gz", &n); err != nil || n < 1 || n > pageCount(len(s.products), perSitemap) {
		s.fail(w, r, http.StatusNotFound, "no such sitemap")
		return
	}
	revision, design := s.state()
	out := urlSet{Space: sitemapSpace}
	for i := (n - 1) * perSitemap; i < min(n*perSitemap, len(s.products)); i++ {
		if p := &s.products[i]; p.at(revision) {
			out.URLs = append(out.URLs, location{Loc: s.PagesURL + "/p/" + p.slug, LastMod: s.lastChange(i, revision, design).Format(time.RFC3339)})
		}
	}
	w.Header().Set("Content-Type", "application/gzip")
	z := gzip.NewWriter(w)
	writeXML(z, out)
	_ = z.Close()
}
