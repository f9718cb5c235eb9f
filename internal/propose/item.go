package propose

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/html"
	"github.com/seinehq/seine/internal/dates"
)

// types are the types of schema.org of which a page has one main thing, the more special first.
var types = []string{
	"Product", "ProductGroup", "Recipe", "JobPosting", "Event", "Book", "Movie", "Course", "Vehicle", "RealEstateListing", "ScholarlyArticle", "Dataset",
	"NewsArticle", "BlogPosting", "Article", "SoftwareApplication", "VideoObject", "LocalBusiness", "Person", "Organization",
}

// short are names for paths of schema.org that are read often.
var short = map[string]string{
	"offers.price": "price", "offers.lowPrice": "price", "offers.priceCurrency": "currency", "offers.availability": "availability",
	"aggregateRating.ratingValue": "rating", "aggregateRating.reviewCount": "reviews", "aggregateRating.ratingCount": "ratings",
	"brand.name": "brand", "author.name": "author", "publisher.name": "publisher", "hiringOrganization.name": "company",
	"datePublished": "published", "dateModified": "modified",
}

// skipped are properties that say nothing about the thing.
var skipped = map[string]bool{"url": true, "mainEntityOfPage": true, "potentialAction": true, "review": true, "itemListElement": true, "sameAs": true, "logo": true, "isPartOf": true}

// Item proposes the fields of a page about one thing.
func Item(doc *html.Document) []Field {
	var f fields
	if !linkedData(doc, &f) {
		microdata(doc, &f) // it would repeat the same
	}
	if !f.names["name"] && !f.names["headline"] {
		f.add("title", first(doc, "h1", "title"))
	}
	for _, m := range []struct{ name, meta string }{
		{"description", "og:description"}, {"description", "description"}, {"image", "og:image"}, {"published", "article:published_time"},
		{"price", "product:price:amount"}, {"currency", "product:price:currency"}, {"author", "author"}, {"keywords", "keywords"},
	} {
		if doc.Meta(m.meta) != "" {
			f.add(m.name, rule(pair{"meta", text(m.meta)}))
		}
	}
	if !f.names["price"] {
		price(doc, &f)
	}
	labels(doc, &f)
	if doc.First("time[datetime]").Found() {
		f.add("published", rule(pair{"css", text("time[datetime]")}, pair{"attr", "datetime"}))
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
	return f.list
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

// linkedData proposes the values of the main thing in JSON-LD. It reports whether there is one.
func linkedData(doc *html.Document, f *fields) bool {
	for _, typ := range types {
		things := doc.JSONLD(typ, "")
		if len(things) == 0 {
			continue
		}
		if thing, ok := things[0].(map[string]any); ok {
			properties(f, typ, "", thing)
			return true
		}
	}
	return false
}

// maxDepth is the number of names in a path into a thing.
const maxDepth = 2

func properties(f *fields, typ, prefix string, thing map[string]any) {
	depth := strings.Count(prefix, ".")
	for _, name := range slices.Sorted(maps.Keys(thing)) {
		if skipped[name] || !simple.MatchString(name) {
			continue
		}
		path, value, all := prefix+name, thing[name], false
		if list, ok := value.([]any); ok && len(list) > 0 {
			value, all = list[0], len(list) > 1
		}
		if inner, ok := value.(map[string]any); ok {
			if name == "image" {
				if _, there := inner["url"]; there {
					f.add("image", linked(typ, path+".url", inner["url"], all))
				}
			} else if depth+1 < maxDepth {
				properties(f, typ, path+".", inner)
			}
			continue
		}
		if value == nil || value == "" {
			continue
		}
		as := short[path]
		if as == "" {
			as = name
		}
		if f.names[identifier(as)] {
			as = strings.ReplaceAll(path, ".", "_")
		}
		f.add(as, linked(typ, path, value, all))
	}
}

func linked(typ, path string, value any, all bool) string {
	pairs := []pair{{"jsonld", rule(pair{"type", typ}, pair{"path", text(path)})}}
	if all {
		pairs = append(pairs, pair{"all", "true"})
	} else if t := typeOf(path, value); t != "" {
		pairs = append(pairs, pair{"type", t})
	}
	return rule(pairs...)
}

var (
	decimal = regexp.MustCompile(`^-?\d+\.\d+$`)
	integer = regexp.MustCompile(`^-?(0|[1-9]\d{0,17})$`)
	amount  = regexp.MustCompile(`(?i)price|rating|amount|salary|weight|value$`)
	day     = regexp.MustCompile(`(?i)date|published|created|modified|time$`)
	number  = regexp.MustCompile(`(?i)count$|^position$|pages$`)
)

// typeOf returns the type of a field. A code of digits, such as a GTIN, stays a text.
func typeOf(path string, value any) string {
	shown := fmt.Sprint(value)
	path = path[strings.LastIndexByte(path, '.')+1:]
	_, isText := value.(string)
	switch {
	case isBool(value):
		return "bool"
	case isText && day.MatchString(path) && isDate(shown):
		return "date"
	case amount.MatchString(path) && (decimal.MatchString(shown) || integer.MatchString(shown)):
		return "decimal"
	case (number.MatchString(path) || !isText) && integer.MatchString(shown):
		return "int"
	case !isText && decimal.MatchString(shown):
		return "decimal"
	}
	return ""
}

// isDate reports whether a text has one meaning as a date.
func isDate(s string) bool {
	r, err := dates.New("", "")
	if err != nil {
		return false
	}
	_, err = r.Parse(s)
	return err == nil
}

func isBool(v any) bool {
	_, ok := v.(bool)
	return ok
}

// microdata proposes the properties of the page's microdata.
func microdata(doc *html.Document, f *fields) {
	seen := 0
	for _, n := range doc.All("[itemprop]:not([itemscope])") {
		if seen++; seen > 200 {
			return
		}
		name := n.Attr("itemprop")
		if skipped[name] || strings.ContainsAny(name, " \"'\\") {
			continue
		}
		pairs := []pair{{"css", text(`[itemprop="` + name + `"]`)}}
		value := n.Text()
		for _, attr := range []string{"content", "datetime", "src"} {
			if n.Attr(attr) != "" {
				value = n.Attr(attr)
				pairs = append(pairs, pair{"attr", attr})
				break
			}
		}
		if t := typeOf(name, value); t != "" {
			pairs = append(pairs, pair{"type", t})
		}
		f.add(name, rule(pairs...))
	}
}

// priced are the selectors of elements that show a price, and money is an amount with a currency.
const priced = `[class*="price" i], [class*="preis" i], [class*="prix" i], [class*="precio" i], [class*="prezzo" i], [class*="prijs" i], [id*="price" i]`

var money = regexp.MustCompile(`^\D{0,12}\d[\d.,'’\s]*\D{0,12}$`)

// price proposes the first price with a currency that the page shows. It is read in the language of
// the page.
func price(doc *html.Document, f *fields) {
	for i, n := range doc.All(priced) {
		shown := n.Text()
		if i == 50 {
			return
		}
		if selector := selectorOf(n); selector != "" && money.MatchString(shown) && strings.ContainsFunc(shown, isCurrency) {
			pairs := []pair{{"css", text(selector)}, {"type", "price"}}
			if lang := localeOf(doc); lang != "" {
				pairs = append(pairs, pair{"locale", text(lang)})
			}
			f.add("price", rule(pairs...))
			return
		}
	}
}

var language = regexp.MustCompile(`^[a-z]{2}(-[A-Za-z]{2})?$`)

// isCurrency reports a sign of a currency, or a letter of its code.
func isCurrency(r rune) bool { return unicode.Is(unicode.Sc, r) || unicode.IsUpper(r) }

// labels proposes the values beside the labels of tables and lists: <tr><th>Year<td>1999.
func labels(doc *html.Document, f *fields) {
	seen := 0
	for _, of := range []string{"tr:has(> th):has(> td) > th:first-child", "dl > dt"} {
		for _, n := range doc.All(of) {
			if seen++; seen > 200 {
				return
			}
			label := strings.Join(strings.Fields(n.Text()), " ")
			if label == "" || len(label) > 40 || strings.ContainsAny(label, `"'`) {
				continue
			}
			label = strings.TrimSuffix(label, ":")
			f.add(label, rule(pair{"table", text(label)}))
		}
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
