package html_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/html"
	"github.com/seinehq/seine/internal/extract"
)

// inputs are the pages on which the rules of job files are tested.
func inputs(t *testing.T) map[string]*seine.Page {
	t.Helper()
	pages := map[string]*seine.Page{}
	archives, err := filepath.Glob("../internal/extract/testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(err, archives)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if strings.HasPrefix(f.Name, "page ") {
				_, body, _ := strings.Cut(string(f.Data), "\n")
				pages[filepath.Base(path)+" "+f.Name] = page(body)
			}
		}
	}
	files, err := filepath.Glob("../internal/extract/testdata/links/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, path := range files {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Base(path)] = page(strings.ToValidUTF8(string(body), "?"))
	}
	pages["xml"] = page(`<?xml version="1.0"?><r xmlns:dc="urn:dc"><dc:t href="/a"> x  y </dc:t><dc:t/><!-- c --></r>`)
	pages["xml"].Type = "application/xml"
	pages["rendered"] = page(`<p>a<noscript>b</noscript><p hidden>c`)
	pages["rendered"].Via = seine.ViaChrome
	pages["linked"] = page(`<base href=/b/><script type="application/ld+json">{"@graph": [
		{"@type": "Product", "name": " Shoe ", "offers": [{"price": 1.50}, {"price": "12"}], "none": null, "n": 123456789012345678901234567890},
		{"@type": "https://schema.org/Person", "name": ""}]}</script><script type="application/ld+json">{broken</script>
		<meta name=a content=" 1 "><meta property=A content=""><meta itemprop=b content=2><a href=c>d</a>`)
	return pages
}

func page(body string) *seine.Page {
	return &seine.Page{URL: "https://shop.example/dir/page?q=1", Status: 200, Type: "text/html", Body: []byte(body)}
}

var (
	selectors   = []string{"a", "p", "h1", "title", "li, td", "[href]", "body > *", "*:first-child", "p:contains(a)", "img", "dc|t, t", "noscript", "pre", "."}
	attributes  = []string{"href", "src", "SRC", "srcset", "class", "id", "title", "data", "xlink:href"}
	expressions = []string{
		"//a", "//a/@href", "//@*", "//text()", "//comment()", "string(//p)", "count(//a)", "1 div 0", "0 div 0",
		"//p[1]/following::*", "//title", "boolean(//a)", "//img/@src | //img/@alt", "//*[local-name()='t']", "/",
	}
	things = [][2]string{{"", ""}, {"", "name"}, {"Product", "name"}, {"Product", "offers.price"}, {"Person", "name"}, {"Product", "offers.1.price"}, {"Product", "none"}, {"Product", "n"}, {"Product", "@type"}}
)

// A rule of a job file and Go code give the same values, on every page.
func TestCodeGivesTheValuesOfRules(t *testing.T) {
	t.Parallel()
	pages := inputs(t)
	compared := 0
	for name, p := range pages {
		t.Run(name, func(t *testing.T) {
			doc, err := html.Parse(p)
			if err != nil {
				if _, rules := values(t, p, extract.Field{CSS: "a"}); rules == nil || !strings.Contains(rules.Error(), err.Error()) {
					t.Errorf("code: %v; rules: %v", err, rules)
				}
				return
			}
			defer doc.Close()
			same := func(f extract.Field, code []any) {
				t.Helper()
				rules, err := values(t, p, f)
				if err != nil || doc.Err() != nil {
					t.Errorf("%+v: rules: %v, code: %v", f, err, doc.Err())
				}
				if code == nil {
					code = []any{}
				}
				compared += len(code)
				if diff := cmp.Diff(rules, code); diff != "" {
					t.Errorf("%+v (-rules +code):\n%s", f, diff)
				}
			}
			for _, s := range selectors {
				same(extract.Field{CSS: s}, texts(doc.All(s), html.Node.Text))
				for _, attr := range attributes {
					same(extract.Field{CSS: s, Attr: attr}, texts(doc.All(s), func(n html.Node) string { return n.Attr(attr) }))
				}
			}
			for _, x := range expressions {
				same(extract.Field{XPath: x}, texts(doc.XPath(x), html.Node.Text))
			}
			for _, thing := range things {
				path := thing[1]
				if path == "" {
					path = "@this"
				}
				same(extract.Field{JSONLD: path, JSONLDType: thing[0]}, doc.JSONLD(thing[0], thing[1]))
			}
			for _, name := range []string{"a", "b", "description", "og:title"} {
				var code []any
				if text := doc.Meta(name); text != "" {
					code = []any{text}
				}
				rules, err := values(t, p, extract.Field{Meta: name})
				if err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(rules[:min(len(rules), 1)], append([]any{}, code...)); diff != "" {
					t.Errorf("meta %s (-rules +code):\n%s", name, diff)
				}
			}
		})
	}
	if compared < 1000 {
		t.Errorf("only %d values were compared", compared)
	}
}

// values returns what a rule of a job file finds.
func values(t *testing.T, p *seine.Page, f extract.Field) ([]any, error) {
	t.Helper()
	f.Name, f.All = "f", true
	s, problems := extract.Compile(extract.Rules{Fields: []extract.Field{f}, EmptyOK: true})
	if problems != nil {
		t.Fatal(problems)
	}
	result, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, p)
	if err != nil {
		return nil, err
	}
	if len(result.Records) != 1 {
		return nil, fmt.Errorf("the verdict is %v, with %d records", result.Verdict.State, len(result.Records))
	}
	list, _ := result.Records[0].Fields["f"].([]any)
	return list, nil
}

func texts(nodes []html.Node, text func(html.Node) string) (out []any) {
	for _, n := range nodes {
		if v := text(n); v != "" {
			out = append(out, v)
		}
	}
	return out
}

func TestNodesInsideNodes(t *testing.T) {
	t.Parallel()
	doc, err := html.Parse(page(`<table><tr><td>a<td>b<tr><td>c</table><p>d`))
	if err != nil {
		t.Fatal(err)
	}
	defer doc.Close()
	var rows []string
	for _, row := range doc.All("tr") {
		rows = append(rows, row.First("td").Text()+" "+row.XPath("td[last()]")[0].Text())
	}
	if diff := cmp.Diff([]string{"a b", "c c"}, rows); diff != "" {
		t.Error(diff)
	}
	if none := doc.First("h1").First("a"); none.Found() || none.Text() != "" || none.Attr("href") != "" || none.All("a") != nil {
		t.Errorf("no node is %+v", none)
	}
	if !doc.First("p").Found() || doc.First("p").First(".").Text() != "d" {
		t.Error("p is not found")
	}
}

// A failed search must not look like a page without a value.
func TestFailedSearchesAreErrors(t *testing.T) {
	t.Parallel()
	many := page(strings.Repeat("<a>", 1) + strings.Repeat("<b></b>", 10_001))
	for _, tt := range []struct {
		name string
		page *seine.Page
		find func(*html.Document)
		want string
	}{
		{"selector", page("<p>a"), func(d *html.Document) { d.First("p[") }, `selector "p[": `},
		{"expression", page("<p>a"), func(d *html.Document) { d.XPath("//p[") }, `expression "//p[": `},
		{"too many matches", many, func(d *html.Document) { d.All("b") }, "more than 10000 matches"},
		{"a value that is too long", page("<p>" + strings.Repeat("a", 1<<20+1)), func(d *html.Document) { _ = d.First("p").Text() }, "longer than 1048576 bytes"},
		{"values that are too long together", page("<p>" + strings.Repeat("a", 1<<20)), func(d *html.Document) {
			for range 17 {
				_ = d.First("p").Text()
			}
		}, "longer than 16777216 bytes together"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := html.ScraperFunc(func(_ context.Context, _ seine.Task, d *html.Document) (seine.Result, error) {
				b := d.First("p, b")
				tt.find(d)
				if text := b.Text(); text != "" {
					t.Errorf("the text after the error is %.20q", text)
				}
				if d.First("p").Text() != "" || d.All("p") != nil || d.JSONLD("", "") != nil {
					t.Error("a search after the error finds something")
				}
				return seine.Result{}, errors.New("no value")
			}).Scrape(t.Context(), seine.Task{}, tt.page)
			if !errors.Is(err, seine.ErrFinal) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v; want %q", err, tt.want)
			}
		})
	}
}

func TestPagesWithoutADocument(t *testing.T) {
	t.Parallel()
	pdf := page("%PDF-1.7")
	pdf.Type = "application/pdf"
	broken := page("<a><b></a>")
	broken.Type = "application/xml"
	for want, p := range map[string]*seine.Page{"the body is not HTML or XML: application/pdf": pdf, "not well-formed": broken} {
		if _, err := html.Parse(p); !errors.Is(err, seine.ErrFinal) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := html.ParseContext(ctx, page("<p>a")); !errors.Is(err, context.Canceled) || errors.Is(err, seine.ErrFinal) {
		t.Errorf("%v; want the context's", err)
	}
}

// The status decides about a missing page before its text does.
func TestScraperFuncHeedsTheStatus(t *testing.T) {
	t.Parallel()
	calls := 0
	f := html.ScraperFunc(func(context.Context, seine.Task, *html.Document) (seine.Result, error) {
		calls++
		return seine.Result{}, nil
	})
	for status, want := range map[int]seine.State{http.StatusNotFound: seine.Skipped, http.StatusBadGateway: seine.Error} {
		p := page("<p>a")
		p.Status = status
		if r, err := f.Scrape(t.Context(), seine.Task{}, p); err != nil || r.Verdict.State != want || calls != 0 {
			t.Errorf("%d: %+v, %v, %d calls", status, r, err, calls)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"":                              "https://shop.example/dir/a?b=1",
		"<base href=//cdn.example/x/y>": "https://cdn.example/x/a?b=1",
	} {
		doc, err := html.Parse(page(base + "<p>a"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := doc.Resolve("a?b=1"); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", base, got, err, want)
		}
		if got, err := doc.Resolve("mailto:a@b.example"); err == nil {
			t.Errorf("mail: %q", got)
		}
		doc.Close()
	}
}

// Pages hold values in the forms that the job file names.
func TestStructuredForms(t *testing.T) {
	t.Parallel()
	doc, err := html.Parse(page(`<meta property=og:title content=Boots><meta property=og:image content=/a.jpg>
		<div itemscope itemtype=https://schema.org/Product><b itemprop=name>Boots</b></div><table><tr><th>Size<td>40<td>41</table>` +
		"<article><h1>Boots</h1><p>" + strings.Repeat("These boots are made for walking. ", 30) + "</article>"))
	if err != nil {
		t.Fatal(err)
	}
	defer doc.Close()
	got := []any{doc.Microdata("Product", "name"), doc.OpenGraph("image.url"), doc.Table("size"), strings.HasPrefix(doc.Article("text"), "These boots"), doc.Article("byline"), doc.Err()}
	want := []any{[]any{"Boots"}, []any{"https://shop.example/a.jpg"}, []string{"40", "41"}, true, "", nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNilScraperFuncIsFinal(t *testing.T) {
	t.Parallel()
	if _, err := html.ScraperFunc(nil).Scrape(t.Context(), seine.Task{}, &seine.Page{Status: 200}); !errors.Is(err, seine.ErrFinal) {
		t.Errorf("%v; want a final error", err)
	}
}
