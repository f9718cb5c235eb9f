package extract

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/sitekit"
)

// fieldsOf returns the fields of the only record of a page.
func fieldsOf(t *testing.T, rules Rules, p *seine.Page) (map[string]any, *Trace) {
	t.Helper()
	got, trace, err := compile(t, rules).Explain(t.Context(), seine.Task{Key: "k"}, p)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Records) != 1 {
		t.Fatalf("verdict %+v with %d records", got.Verdict, len(got.Records))
	}
	return got.Records[0].Fields, trace
}

func TestArticle(t *testing.T) {
	t.Parallel()
	paragraph := strings.Repeat("The seine is a fishing net that hangs in the water with its bottom edge held down by weights. ", 4)
	p := page(`<html lang=en><head><title>Seine fishing - The Daily Net</title><meta property="og:site_name" content="The Daily Net">
		<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2026-03-05T10:00:00Z"}</script></head><body>
		<nav><a href=/a>Home</a> <a href=/b>News</a> <a href=/c>Shop</a></nav>
		<article><h1>Seine fishing</h1><p class=byline>By Ada Net</p><p>` + paragraph + `</p><p>` + paragraph + `</p><p hidden>secret</p></article>
		<aside class=sidebar><a href=/x>Buy nets</a> <a href=/y>Cheap boats</a></aside><footer>All rights reserved</footer></body></html>`)
	var fields []Field
	for _, name := range []string{"text", "title", "site", "language", "published", "modified"} {
		fields = append(fields, Field{Name: name, Structured: "article", Path: name})
	}
	got, trace := fieldsOf(t, Rules{Fields: fields}, p)
	text, _ := got["text"].(string)
	if strings.Count(text, "fishing net") != 8 || strings.Contains(text, "Cheap boats") || strings.Contains(text, "Home") || strings.Contains(text, "rights") || strings.Contains(text, "secret") {
		t.Errorf("text %q", text)
	}
	delete(got, "text")
	if diff := cmp.Diff(map[string]any{"title": "Seine fishing - The Daily Net", "site": "The Daily Net", "language": "en", "published": "2026-03-05T10:00:00Z", "modified": nil}, got); diff != "" {
		t.Error(diff)
	}
	if why := trace.Fields[5].Why; why != "1 thing of article not at this path" {
		t.Errorf("the reason of modified is %q", why)
	}
}

func TestPDF(t *testing.T) {
	t.Parallel()
	rules := Rules{Fields: []Field{
		{Name: "title", Structured: "pdf", Path: "title"}, {Name: "text", Structured: "pdf", Path: "text"},
		{Name: "pages", Structured: "pdf", Path: "pages", All: true}, {Name: "count", Structured: "pdf", Path: "count"},
		{Name: "created", Structured: "pdf", Path: "created", Type: "date"}, {Name: "doi", First: []Field{{Structured: "pdf", Path: "text", Match: `doi:(\S+)`}}},
	}}
	body := sitekit.PDF(map[string]string{"Title": "Cards", "CreationDate": "D:20260305143000+01'00'"}, "One doi:10.1/abc", "Two")
	got, _ := fieldsOf(t, rules, &seine.Page{URL: "https://a.example/a.pdf", Status: 200, Type: "application/pdf", Body: body})
	want := map[string]any{
		"title": "Cards", "text": "One doi:10.1/abc\n\nTwo", "pages": []any{"One doi:10.1/abc", "Two"}, "count": int64(2),
		"created": "2026-03-05T14:30:00+01:00", "doi": "10.1/abc",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// A broken file has one reason, and no second attempt.
	s := compile(t, rules)
	_, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, &seine.Page{URL: "https://a.example/a.pdf", Status: 200, Type: "application/pdf", Body: []byte("%PDF-1.7\nbroken")})
	if err == nil || !strings.Contains(err.Error(), "field title: the PDF is broken: ") {
		t.Errorf("%v", err)
	}
	// A page in place of the file is named.
	res, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page("<h1>Log in</h1>"))
	if want := `no field found: title: the body is not a PDF: text/html, begins with "<h1>Log in</h1>"`; err != nil || res.Verdict.Reason != want || !res.Verdict.Final {
		t.Errorf("%+v, %v; want %s", res.Verdict, err, want)
	}
}

func TestFeed(t *testing.T) {
	t.Parallel()
	rules := Rules{
		Fields: []Field{{Name: "feed", Structured: "feed", Path: "title"}},
		Each: []Each{{Source: Field{Structured: "feed", Path: "entries"}, Key: "{guid}", Fields: []Field{
			{Name: "guid", JSON: "id"}, {Name: "title", JSON: "title"}, {Name: "link", JSON: "link"}, {Name: "at", JSON: "published", Type: "date"},
			{Name: "authors", JSON: "authors", All: true}, {Name: "tags", JSON: "categories", All: true}, {Name: "file", JSON: "enclosures.0.url"},
		}}},
	}
	for name, body := range map[string]string{
		"rss": `<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Net &amp; Boat</title>
			<atom:link rel="self" href="https://a.example/feed"/><link>https://a.example/</link>
			<item><guid>g1</guid><title>One</title><link>/1</link><pubDate>Thu, 05 Mar 2026 14:30:00 GMT</pubDate><dc:creator>Ada</dc:creator><category>x</category><category>y</category><enclosure url="/1.mp3" type="audio/mpeg" length="9"/></item></channel></rss>`,
		"atom": `<feed xmlns="http://www.w3.org/2005/Atom"><title>Net &amp; Boat</title><link rel="alternate" href="/"/><entry><id>g1</id><title>One</title><link rel="enclosure" href="/1.mp3"/><link href="/1"/>
			<published>2026-03-05T14:30:00Z</published><author><name>Ada</name></author><category term="x"/><category term="y"/></entry></feed>`,
		"base": `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="//cards.example/x/y"><title>Net &amp; Boat</title><entry xml:base="../"><id>g1</id><title>One</title><link rel="enclosure" href="1.mp3"/><link href="" /><link href="x/../1" xml:base="/"/>
			<published>2026-03-05T14:30:00Z</published><author><name>Ada</name></author><category term="x"/><category term="y"/></entry></feed>`,
		"rdf": `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Net &amp; Boat</title></channel>
			<item><guid>g1</guid><title>One</title><link>/1</link><dc:date>2026-03-05T14:30:00Z</dc:date><dc:creator>Ada</dc:creator><dc:subject>x</dc:subject><dc:subject>y</dc:subject><enclosure url="/1.mp3"/></item></rdf:RDF>`,
		"json": `{"version":"https://jsonfeed.org/version/1.1","title":"Net & Boat","items":[{"id":"g1","title":"One","url":"https://cards.example/1","date_published":"2026-03-05T14:30:00Z","authors":[{"name":"Ada"}],"tags":["x","y"],
			"attachments":[{"url":"https://cards.example/1.mp3"}]}]}`,
	} {
		kind := "application/xml"
		if name == "json" {
			kind = "application/feed+json"
		}
		got, err := compile(t, rules).Scrape(t.Context(), seine.Task{Key: "k"}, &seine.Page{URL: "https://cards.example/feed", Status: 200, Type: kind, Body: []byte(body)})
		if err != nil || len(got.Records) != 1 {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		want := map[string]any{
			"feed": "Net & Boat", "guid": "g1", "title": "One", "link": "https://cards.example/1", "at": "2026-03-05T14:30:00Z",
			"authors": []any{"Ada"}, "tags": []any{"x", "y"}, "file": "https://cards.example/1.mp3",
		}
		if diff := cmp.Diff(want, got.Records[0].Fields); diff != "" || got.Records[0].Key != "g1" {
			t.Errorf("%s: key %s\n%s", name, got.Records[0].Key, diff)
		}
	}
	res, err := compile(t, Rules{Fields: rules.Fields}).Scrape(t.Context(), seine.Task{Key: "k"}, page("<h1>x</h1>"))
	if want := "no field found: feed: the page is no feed: its root is neither rss, feed nor rdf:RDF"; err != nil || res.Verdict.Reason != want {
		t.Errorf("%+v, %v", res.Verdict, err)
	}
}

// Prices compute in expressions, and a price on request decides a verdict.
func TestPricesInExpressions(t *testing.T) {
	t.Parallel()
	rules := Rules{Fields: []Field{{Name: "price", CSS: ".p", Type: "price"}}, Verdict: []VerdictRule{
		{State: seine.Skipped, When: `price.note == "on request"`, Why: "price on request"},
		{State: seine.Skipped, When: `price.amount >= 100.10`, Why: "too expensive"},
	}}
	for text, want := range map[string]string{"Price on request": "price on request", "€100.10": "too expensive", "€100.09": ""} {
		got, err := compile(t, rules).Scrape(t.Context(), seine.Task{Key: "k"}, page("<p class=p>"+text))
		if err != nil || got.Verdict.Reason != want {
			t.Errorf("%s: %+v, %v; want %q", text, got.Verdict, err, want)
		}
	}
}

func TestReasonsOfDatesAndPrices(t *testing.T) {
	t.Parallel()
	_, trace := fieldsOf(t, Rules{EmptyOK: true, Fields: []Field{
		{Name: "two", CSS: ".two", Type: "date"}, {Name: "ago", CSS: ".ago", Type: "date"}, {Name: "none", CSS: ".none", Type: "price"},
		{Name: "german", CSS: ".german", Type: "price"}, {Name: "decimal", CSS: ".decimal", Type: "decimal"},
	}}, page("<p class=two>03/04/2026<p class=ago>3 days ago<p class=none>ask Bob<p class=german>ab 1.299<p class=decimal>1.299,- €"))
	const doubtful = ` has another value in another language: add locale or decimal`
	for i, want := range []string{
		`"03/04/2026" may be two dates: give locale or format`, `"3 days ago" is no date`, `"ask Bob" is no price`, `"ab 1.299"` + doubtful, `"1.299,- €"` + doubtful,
	} {
		if got := trace.Fields[i].Why; got != want {
			t.Errorf("%s: %q; want %q", trace.Fields[i].Name, got, want)
		}
	}
}

// A microdata item that refers to itself, and a table with huge spans, end.
func TestStructuredBounds(t *testing.T) {
	t.Parallel()
	got, _ := fieldsOf(t, Rules{Fields: []Field{{Name: "name", Structured: "microdata", Path: "name"}}},
		page(`<div itemscope itemref=a id=b><p itemprop=name>x</p></div><div id=a itemprop=in itemscope itemref=a><p itemprop=name>y</p></div>`))
	if got["name"] != "x" {
		t.Errorf("%v", got)
	}
	s := compile(t, Rules{Fields: []Field{{Name: "x", Table: "a"}}})
	_, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page("<table><tr><th>a<th>b"+strings.Repeat("<tr><td colspan=1000 rowspan=1000>x", 2000)+"</table>"))
	if err == nil || !strings.Contains(err.Error(), "a table has more than 1000000 cells") {
		t.Errorf("%v", err)
	}
}

// FuzzStructured checks that values of built-in forms are exact: a date is ISO 8601, and a price
// without an amount or a currency has a note.
func FuzzStructured(f *testing.F) {
	s := compile(f, Rules{EmptyOK: true, Fields: []Field{
		{Name: "date", CSS: "p", Type: "date", All: true}, {Name: "price", CSS: "p", Type: "price", All: true},
		{Name: "offers", Structured: "microdata", Path: "@this", Type: "price", All: true}, {Name: "items", Structured: "microdata", Path: "@this", All: true},
		{Name: "og", Structured: "opengraph", Path: "@this"}, {Name: "cell", Table: "a", All: true}, {Name: "article", Structured: "article", Path: "@this"},
		{Name: "feed", Structured: "feed", Path: "@this"},
	}})
	for _, body := range []string{
		"<p>1.299,00 €<p>5. März 2026<p>auf Anfrage", "<div itemscope itemref=a><p itemprop=price>9<b id=a itemprop=priceCurrency>EUR", "<table><tr><th>a<td>1<tr><td rowspan=3>2",
		"<meta property=og:image content=/a><meta property=og:image:width content=3><meta property=og:image:width:x content=3>", "<rss><channel><item><link>/1<guid>2", "<dl><dt>a<dd>b",
		`{"version":"https://jsonfeed.org/version/1","items":[{"id":1}]}`,
	} {
		f.Add([]byte(body), "text/html")
		f.Add([]byte(body), "application/xml")
		f.Add([]byte(body), "application/json")
	}
	iso := regexp.MustCompile(`^\d{4}-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?)?)?$`)
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, &seine.Page{URL: "https://a.example/", Status: 200, Type: kind, Body: body})
		if err != nil {
			return
		}
		for _, r := range got.Records {
			if _, err := json.Marshal(r.Fields); err != nil || !storable(r.Fields) {
				t.Fatalf("fields %q, %v", r.Fields, err)
			}
			for _, d := range r.Fields["date"].([]any) {
				if !iso.MatchString(d.(string)) {
					t.Fatalf("date %q", d)
				}
			}
			for _, name := range []string{"price", "offers"} {
				for _, p := range r.Fields[name].([]any) {
					if p := p.(map[string]any); (p["amount"] == nil || p["currency"] == nil) && p["note"] == nil {
						t.Fatalf("price %v", p)
					}
				}
			}
		}
	})
}
