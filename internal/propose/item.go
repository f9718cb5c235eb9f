package propose

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/html"
)

// Item proposes the fields of a page about one thing. notes names values that are there and not
// proposed, and says how the main one of several things was found.
func Item(doc *html.Document) (list []Field, notes []string) {
	f := fields{lang: localeOf(doc)}
	if !linkedData(doc, &f) {
		microdata(doc, &f) // it would repeat the same
	}
	if !f.names["name"] && !f.names["headline"] {
		f.add("title", first(doc, "h1", "title"))
	}
	for _, m := range []struct{ name, meta string }{
		{"description", "og:description"}, {"description", "description"}, {"image", "og:image"}, {"published", "article:published_time"},
		{"price", "product:price:amount"}, {"currency", "product:price:currency"}, {"author", "author"}, {"keywords", "keywords"},
		{"title", "citation_title"}, {"published", "citation_publication_date"}, {"published", "citation_date"}, {"doi", "citation_doi"}, {"journal", "citation_journal_title"},
		{"abstract", "citation_abstract"}, {"citation_pdf", "citation_pdf_url"},
	} {
		if shown := doc.Meta(m.meta); shown != "" {
			f.value(m.name, m.name, []pair{{"meta", text(m.meta)}}, shown, false)
		}
	}
	if doc.Meta("citation_author") != "" {
		f.add("authors", rule(pair{"meta", "citation_author"}, pair{"all", "true"}))
	}
	if doc.First("script#__NEXT_DATA__").Found() {
		f.note("the page holds JSON in script#__NEXT_DATA__, which is not proposed")
	}
	if !f.names["price"] {
		price(doc, &f)
	}
	labels(doc, &f)
	if n := doc.First("time[datetime]:not(" + within + ")"); n.Found() {
		f.value("published", "published", []pair{{"css", text("time[datetime]:not(" + within + ")")}, {"attr", "datetime"}}, n.Attr("datetime"), false)
	}
	slices.SortStableFunc(f.list, func(a, b Field) int { return cmp.Compare(rank(a.Name), rank(b.Name)) })
	if len(f.list) < 3 {
		for _, css := range []string{"article", "main", "body"} {
			if doc.First(css).Text() != "" {
				f.add("text", rule(pair{"text", css}))
				break
			}
		}
	}
	if len(f.over) > 0 {
		f.note("left out, because a proposal has at most %d fields: %s", maxFields, strings.Join(f.over, ", "))
	}
	return f.list, f.notes
}

// IsItem reports whether a page states that it is about one thing, in JSON-LD or in microdata.
func IsItem(doc *html.Document) bool {
	for _, typ := range []string{"Product", "ProductGroup", "Article", "NewsArticle", "BlogPosting", "Recipe", "JobPosting", "Event", "Book", "Movie", "ScholarlyArticle"} {
		if all := doc.JSONLD(typ, ""); len(all) == 1 {
			return true
		}
	}
	if typ, all := mainLinked(doc); typ == "ProductGroup" && len(all) == 1 {
		return true
	}
	it, others, ok := mainItem(doc)
	return ok && !it.aside && (others == 1 || it.title) && slices.Contains(types, it.typ) && it.typ != "Organization" && it.typ != "Person"
}

// leading are the names that come first.
var leading = []string{"name", "title", "headline", "sku", "gtin", "isbn", "price", "currency", "availability", "author", "published"}

func rank(name string) int {
	if at := slices.Index(leading, name); at >= 0 {
		return at
	}
	return len(leading)
}

// first returns a rule for the first selector that matches.
func first(doc *html.Document, selectors ...string) string {
	for _, css := range selectors {
		if doc.First(css).Text() != "" {
			return rule(pair{"css", css})
		}
	}
	return rule(pair{"css", selectors[len(selectors)-1]})
}

// labels proposes the values beside the labels of tables and lists: <tr><th>Year<td>1999. A label
// in another script gets a name by its number, and a comment.
func labels(doc *html.Document, f *fields) {
	seen, unnamed := 0, 0
	var left []string
	for _, of := range []string{"tr:has(> th):has(> td) > th:first-child", "dl > dt, dl > div > dt"} {
		for _, n := range doc.All(of) {
			if seen++; seen > 200 {
				break
			}
			label := strings.TrimRight(strings.Join(strings.Fields(n.Text()), " "), ":： ")
			if label == "" {
				continue
			}
			if len([]rune(label)) > 40 {
				left = append(left, strconv.Quote(string([]rune(label)[:40])+"…"))
				continue
			}
			source := []pair{{"table", text(label)}}
			shown := ""
			if cells := doc.Table(label); len(cells) > 0 {
				shown = cells[0]
			}
			if identifier(label) != "" {
				f.guessed(label, source, shown)
				continue
			}
			unnamed++
			field := Field{Name: fmt.Sprintf("field_%d", unnamed), Rule: rule(source...), Comment: label}
			if types, _ := guess(shown, f.lang); types != nil {
				field.Rule, field.Plain = rule(append(source, types...)...), field.Rule
			}
			f.put(field)
		}
	}
	if len(left) > 0 {
		f.note("left out, because their labels are long: %s", strings.Join(left[:min(len(left), 5)], ", "))
	}
}

// PDF proposes the field of the first PDF file that the page links to.
func PDF(doc *html.Document) (Field, bool) {
	const css = `a[href$=".pdf" i]`
	if doc.First(css).Attr("href") == "" {
		return Field{}, false
	}
	return Field{Name: "pdf", Rule: rule(pair{"css", text(css)}, pair{"attr", "href"})}, true
}

// IsPDF reports whether the body of a page is a PDF.
func IsPDF(page *seine.Page) bool {
	return bytes.Contains(page.Body[:min(len(page.Body), 1024)], []byte("%PDF-"))
}

// Document proposes the fields of a PDF.
func Document() (out []Field) {
	for _, p := range []pair{{"title", "title"}, {"author", "author"}, {"created", "created"}, {"pages", "count"}, {"text", "text"}} {
		out = append(out, Field{Name: p.key, Rule: rule(pair{"pdf", p.value})})
	}
	return out
}
