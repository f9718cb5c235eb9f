// Package archivesite is a bundled archive of papers. The same seed gives the same papers.
//
//	/search?page=N       ten results, with links to their papers
//	/paper/ID            a paper: DOI, authors, date in words, PDF, citations
//	/paper/ID.pdf        its text
//
// The search finds half of the papers. The others are reached by citations alone, one citation
// further each. One PDF is broken, and one is a page of HTML that asks for a login.
package archivesite

import (
	"fmt"
	"html/template"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/sitekit"
)

const (
	found   = 30 // papers in the results
	chain   = 4  // papers that only citations lead to
	perPage = 10
	broken  = 5  // of the results: its PDF is broken
	login   = 11 // of the results: its PDF asks for a login
)

// Paper is a paper as it is.
type Paper struct {
	ID, DOI, Title, Published string // Published is 2006-01-02
	Authors                   []string
	Cites                     []string // IDs
	Text                      string   // of its PDF, empty if it has none
	Distance                  int      // citations from a result
}

// Site is the site.
type Site struct{ papers []Paper }

// New returns a site. Equal seeds give equal sites.
func New(seed uint64) *Site {
	s := &Site{}
	draw := rand.New(rand.NewPCG(seed, 2))
	nouns := []string{"nets", "boats", "tides", "herring", "harbors", "weather"}
	people := []string{"Ada Net", "Bo Líne", "Cy März", "Di O'Hara"}
	for i := range found + chain {
		p := Paper{ID: fmt.Sprintf("p%02d", i+1), DOI: fmt.Sprintf("10.5555/seine.%d", 1000+i), Distance: max(0, i-found+1)}
		p.Title = fmt.Sprintf("On %s and %s, part %d", nouns[draw.IntN(len(nouns))], nouns[draw.IntN(len(nouns))], i+1)
		p.Published = time.Date(1990+draw.IntN(35), time.Month(1+draw.IntN(12)), 1+draw.IntN(28), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		p.Authors = people[:1+draw.IntN(len(people))]
		p.Text = fmt.Sprintf("%s\ndoi:%s\nWe counted %d fish.", p.Title, p.DOI, draw.IntN(1000))
		if i > 0 && i < found {
			p.Cites = append(p.Cites, fmt.Sprintf("p%02d", 1+draw.IntN(i)))
		}
		s.papers = append(s.papers, p)
	}
	for i := found - 1; i < found+chain-1; i++ { // the last result cites the first of the chain
		s.papers[i].Cites = append(s.papers[i].Cites, s.papers[i+1].ID)
	}
	s.papers[broken].Text, s.papers[login].Text = "", ""
	return s
}

// Truth returns the papers that are at most some citations away from a result.
func (s *Site) Truth(distance int) []Paper {
	var out []Paper
	for _, p := range s.papers {
		if p.Distance <= distance {
			out = append(out, p)
		}
	}
	return out
}

var (
	resultsPage = sitekit.Parse(`<!doctype html><html lang=en><title>Results</title><h1>Results for seine</h1><ol>
{{range .}}<li><a class=result href="/paper/{{.ID}}">{{.Title}}</a></li>{{end}}</ol>`)
	paperPage = sitekit.Parse(`<!doctype html><html lang=en><head><title>{{.Paper.Title}}</title><meta name=citation_doi content="{{.Paper.DOI}}"></head>
<h1>{{.Paper.Title}}</h1><p class=authors>{{range .Paper.Authors}}<span>{{.}}</span> {{end}}</p>
<dl><dt>Published</dt><dd>{{.Date}}</dd><dt>DOI</dt><dd>{{.Paper.DOI}}</dd></dl>
<a class=pdf href="/paper/{{.Paper.ID}}.pdf">PDF</a>
<h2>References</h2><ul>{{range .Paper.Cites}}<li><a class=cites href="/paper/{{.}}">{{.}}</a></li>{{end}}</ul>`)
)

// ServeHTTP implements [http.Handler].
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/search":
		page, err := strconv.Atoi(r.URL.Query().Get("page"))
		if err != nil || page < 1 || (page-1)*perPage >= found {
			http.NotFound(w, r)
			return
		}
		answer(w, resultsPage, s.papers[(page-1)*perPage:min(page*perPage, found)])
	case strings.HasPrefix(r.URL.Path, "/paper/"):
		s.paper(w, r, strings.TrimPrefix(r.URL.Path, "/paper/"))
	default:
		http.NotFound(w, r)
	}
}

func (s *Site) paper(w http.ResponseWriter, r *http.Request, name string) {
	id, pdf := strings.CutSuffix(name, ".pdf")
	for i, p := range s.papers {
		switch {
		case p.ID != id:
			continue
		case !pdf:
			at, _ := time.Parse(time.DateOnly, p.Published)
			answer(w, paperPage, map[string]any{"Paper": p, "Date": at.Format("2 January 2006")})
		case i == login:
			answer(w, paperPage, map[string]any{"Paper": Paper{Title: "Log in to read"}, "Date": ""})
		case i == broken:
			w.Header().Set("Content-Type", "application/pdf")
			_, _ = w.Write([]byte("%PDF-1.4\nnothing follows"))
		default:
			w.Header().Set("Content-Type", "application/pdf")
			_, _ = w.Write(sitekit.PDF(map[string]string{"Title": p.Title}, p.Text))
		}
		return
	}
	http.NotFound(w, r)
}

func answer(w http.ResponseWriter, t *template.Template, data any) {
	body, err := sitekit.Execute(t, data)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(body)
}
