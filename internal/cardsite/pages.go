package cardsite

import (
	"fmt"
	"html/template"
	"net/http"

	"github.com/seinehq/seine/internal/sitekit"
)

type pageData struct {
	ID, Shown int64
	Truth     Truth
	Images    []string
	Visit     int64  // zero: not shown
	Linked    string // the linked host, or empty
}

// Label is the grade as the registry writes it: PSA and a number on some pages, a word and a number
// on others.
func (d pageData) Label() string {
	words := map[string]string{
		"1": "PR 1", "2": "GOOD 2", "3": "VG 3", "4": "VG-EX 4", "5": "EX 5",
		"6": "EX-MT 6", "7": "NM 7", "8": "NM-MT 8", "9": "MINT 9", "10": "GEM MT 10",
	}
	switch {
	case d.Truth.Grade == "unknown":
		return "Authentic"
	case d.ID%3 == 0:
		return words[d.Truth.Grade]
	}
	return "PSA " + d.Truth.Grade
}

// Title is the card's line, which decides whether the card is wanted.
func (d pageData) Title() string {
	switch d.Truth.Kind {
	case Japanese:
		return "1999 POKEMON JAPANESE BASIC " + d.Truth.Name
	case Other:
		return "1986 FLEER BASKETBALL " + d.Truth.Name
	case English, Absent:
	}
	return "1999 POKEMON GAME " + d.Truth.Name
}

// Decoys are texts that a reader of the page does not see.
const decoys = `
<script>var related = ["PSA 1", "japanese", "chinese", "asia"]; document.title = document.title;</script>
<style>.japanese::after { content: "PSA 2" }</style>
<template><main>PSA 3 japanese</main></template>
<div hidden>japanese asia chinese PSA 4</div>
<div style="display:none">not a pokemon page: chinese</div>
<noscript>PSA 5 chinese</noscript>
<!-- PSA 6 japanese -->`

const frame = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Certificate {{.ID}}</title></head><body>
<header><a href="/">Registry</a> <a href="/cert/{{.ID}}/psa?compare=10">Compare with PSA 10</a></header>` + decoys

var (
	certPage = sitekit.Parse(frame + `
<main><h1>{{.Title}}</h1><p class="text-subtitle1">#{{.Shown}}</p>
<dl><dt>Grade</dt><dd>{{.Label}}</dd><dt>Item</dt><dd>{{.Truth.Name}}</dd></dl>
{{range .Images}}<img itemprop="contentUrl" alt="" src="{{.}}">
{{end}}</main>{{with .Visit}}<p id="visit">{{.}}</p>{{end}}{{if .Linked}}<a class="linked" href="{{.Linked}}/cert/{{.ID}}/psa">{{.ID}}</a>{{end}}<footer>Pop report · PSA grading standards</footer></body></html>`)

	// A data: placeholder comes first. The script shows the card a little later and then changes
	// the page once more.
	scriptPage = sitekit.Parse(frame + `
<main id="card"><p>Loading</p>{{range .Images}}<img itemprop="contentUrl" alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" data-to="{{.}}">
{{end}}</main><script>
setTimeout(function () {
  var main = document.getElementById("card");
  main.firstElementChild.remove();
  main.insertAdjacentHTML("afterbegin", {{printf "<h1>%s</h1><p class=\"text-subtitle1\">#%d</p><dl><dt>Grade</dt><dd id=\"grade\"></dd></dl>" .Title .Shown}});
  setTimeout(function () {
    document.querySelectorAll("img[data-to]").forEach(function (i) { i.src = i.dataset.to; });
    setTimeout(function () { document.getElementById("grade").textContent = {{.Label}}; }, 150);
  }, 100);
}, 100);
</script></body></html>`)

	emptyPage   = sitekit.Parse(frame + `<main><p>Loading</p></main></body></html>`)
	brokenPage  = sitekit.Parse(frame + `<main><h1>Please come back later</h1></main></body></html>`)
	missingPage = sitekit.Parse(frame + `<main><h1>No such certificate</h1></main></body></html>`)
	indexPage   = sitekit.Parse(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Registry</title></head><body><main><h1>Card registry</h1><ul>
{{range .}}<li><a href="/cert/{{.ID}}/psa">{{.ID}}</a> <a href="/app/cert/{{.ID}}/psa">by script</a> {{.Kind}} {{.Grade}} {{.Trouble}}</li>
{{end}}</ul></main></body></html>`)
)

func (s *Site) page(w http.ResponseWriter, status int, t *template.Template, data any) {
	body, err := sitekit.Execute(t, data)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// index lists the first ids, for people.
func (s *Site) index(w http.ResponseWriter, _ *http.Request) {
	s.page(w, http.StatusOK, indexPage, s.plan[:min(len(s.plan), 500)])
}
