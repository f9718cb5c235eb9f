// Package html reads values from HTML and XML pages, with the code that carries out the rules of a
// job file. A selector, an expression or an attribute therefore gives the same value in both.
//
// A [ScraperFunc] is the shortest way: it gets the parsed page.
//
//	Scraper: html.ScraperFunc(func(ctx context.Context, task seine.Task, doc *html.Document) (seine.Result, error) {
//		name := doc.First("h1").Text()
//		…
//	})
//
// Values are trimmed. Text is the visible text: block elements stand on lines of their own, white
// space is folded, and hidden elements, scripts and styles are left out. The attributes src, href,
// srcset (its first), action, poster, cite and data are absolute URLs.
//
// # Errors
//
// A missing element or attribute gives an empty text. A mistake in a selector, and a page over a
// bound, are errors. The first one stays in [Document.Err], and each later search finds nothing. A
// ScraperFunc fails with that error, so a half-read page is never stored.
//
// # Bounds
//
// A document has at most two million nodes, a list at most 10,000 matches, a value at most 1 MiB,
// and all values of a page together 16 MiB. The searches of a page are bounded in steps.
package html

import (
	"context"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
)

// Document is a parsed page. It is a [Node], the root of its tree. Only one goroutine may use a
// document and its nodes at a time.
type Document struct {
	Node

	// Page is the page that was parsed.
	Page *seine.Page
}

// Node is an element of a document, or an attribute or a text that an expression selected. The zero
// value is no node: its texts are empty, and it contains nothing.
type Node struct {
	view *extract.View
	item extract.Item
}

// Parse parses a page. A page with a DOM is a tree already. It fails if the page is neither HTML
// nor XML, if its XML is not well-formed, or if it is over a bound. Such an error wraps
// [seine.ErrFinal]. Parse sets page.Base. Call Close when the document is no longer used.
func Parse(page *seine.Page) (*Document, error) { return ParseContext(context.Background(), page) }

// ParseContext is [Parse] that ends with ctx. Parsing waits while the trees of other pages fill a
// third of the process's memory limit. Searches end with ctx too.
func ParseContext(ctx context.Context, page *seine.Page) (*Document, error) {
	view, err := extract.Look(ctx, page)
	if err != nil {
		return nil, err
	}
	if base := view.Base(); base != page.URL {
		page.Base = base
	}
	return &Document{Node{view, view.Root()}, page}, nil
}

// Err returns the first error of a search in the document, or nil. Unless the context ended, it
// wraps [seine.ErrFinal].
func (d *Document) Err() error { return d.view.Err() }

// Close gives the memory of the document back to other pages. The document and its nodes must not
// be used afterwards. If Close is not called, the garbage collector does it.
func (d *Document) Close() { d.view.Close() }

// Meta returns the content of the first meta element with a value whose name, property or itemprop
// is name, in any case.
func (d *Document) Meta(name string) string { return d.view.Meta(name) }

// JSONLD returns the values at a path of the things of a type in the page's JSON-LD, as jsonld of a
// job file does. An empty type selects each thing of a block and of its @graph. An empty path
// gives the whole thing. A path is names with dots, such as offers.price, or a path of gjson.
//
// A value is a string, an int64, a float64, a bool, a []any, or a map[string]any. A number whose
// digits neither number type keeps is an [encoding/json.Number]. Blocks that are not JSON are left
// out.
func (d *Document) JSONLD(typ, path string) []any { return d.view.JSONLD(typ, path) }

// Microdata returns the values at a path of the items of a type in the page's microdata, as
// microdata of a job file does. Types, paths and values are as in [Document.JSONLD].
func (d *Document) Microdata(typ, path string) []any {
	return d.view.Structured("microdata", typ, path)
}

// OpenGraph returns the values at a path of the page's properties of OpenGraph: title, image.url,
// article.published_time.
func (d *Document) OpenGraph(path string) []any { return d.view.Structured("opengraph", "", path) }

// Article returns a value of the page's article, or an empty string: text, title, byline, excerpt,
// site, language, image, published or modified.
func (d *Document) Article(name string) string {
	for _, v := range d.view.Structured("article", "", name) {
		if text, ok := v.(string); ok {
			return text
		}
	}
	return ""
}

// Table returns the texts of the cells that belong to a header cell, in all tables and lists of
// terms of the page, as table of a job file does.
func (d *Document) Table(header string) []string { return d.view.Table(header) }

// Resolve makes a reference on the page absolute, by the page's base element or its URL. It fails
// if the reference is no URL of the schemes http and https. A base element that leads to no page,
// such as an ftp URL, makes relative references fail.
func (d *Document) Resolve(ref string) (string, error) { return d.view.Resolve(ref) }

// Found reports whether n is a node.
func (n Node) Found() bool { return n.view != nil }

// Text returns the visible text of an element, trimmed. Of an attribute or a text that an
// expression selected, it returns the value.
func (n Node) Text() string {
	if n.view == nil {
		return ""
	}
	return n.view.Text(n.item)
}

// Attr returns an attribute of an element, trimmed. It is empty if the element has none. References
// such as href are absolute; a reference that is no URL is empty.
func (n Node) Attr(name string) string {
	if n.view == nil {
		return ""
	}
	return n.view.Attr(n.item, name)
}

// First returns the first element inside n that a CSS selector matches, or no node. "." selects n.
// Selectors are of Level 4, with :contains(text), :matches(re) and the like.
func (n Node) First(selector string) Node {
	for _, m := range n.find((*extract.View).CSS, selector, 1) {
		return m
	}
	return Node{}
}

// All returns the elements inside n that a CSS selector matches, in document order.
func (n Node) All(selector string) []Node { return n.find((*extract.View).CSS, selector, -1) }

// XPath returns the results of an XPath 1.0 expression on n: elements, attributes and texts in
// document order, or one text if the expression gives a string, a number or a boolean.
func (n Node) XPath(expression string) []Node {
	return n.find((*extract.View).XPath, expression, -1)
}

func (n Node) find(
	search func(*extract.View, extract.Item, string, int) []extract.Item, what string, most int,
) []Node {
	if n.view == nil {
		return nil
	}
	items := search(n.view, n.item, what, most)
	if len(items) == 0 {
		return nil
	}
	out := make([]Node, len(items))
	for i, it := range items {
		out[i] = Node{n.view, it}
	}
	return out
}

// ScraperFunc is a [seine.Scraper] that gets the parsed page.
//
// A page whose status decides its verdict (see [seine.PageVerdict]), such as a 404 or a 503, is not
// parsed, and the function is not called. A nil function fails with [seine.ErrFinal]. If a search
// in the document failed, the task fails with the error of the search.
type ScraperFunc func(ctx context.Context, task seine.Task, doc *Document) (seine.Result, error)

// Scrape parses a page and calls f.
func (f ScraperFunc) Scrape(ctx context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
	if f == nil {
		return seine.Result{}, fmt.Errorf("%w: the html.ScraperFunc is nil", seine.ErrFinal)
	}
	if v, decided := seine.PageVerdict(page); decided {
		return seine.Result{Verdict: v}, nil
	}
	doc, err := ParseContext(ctx, page)
	if err != nil {
		return seine.Result{}, err
	}
	defer doc.Close()
	result, err := f(ctx, task, doc)
	if doc.Err() != nil {
		return seine.Result{}, doc.Err()
	}
	return result, err
}
