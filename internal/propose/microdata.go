package propose

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seinehq/seine/html"
)

// beside selects the elements around things that are not the page's main thing.
const beside = `aside, nav, footer, ` + besideWords

const besideWords = `:not(html, body):is([class*="related" i], [class*="recommend" i], [class*="similar" i], [class*="upsell" i], [class*="cross-sell" i], [class*="crosssell" i], ` +
	`[class*="accessor" i], [class*="sponsor" i], [class*="recently" i], [class*="also-" i], [id*="related" i], [id*="recommend" i], [id*="similar" i])`

// within are the selectors of elements that are no main thing, which rules exclude.
const within = "aside *, nav *, footer *"

// parts are types of schema.org that describe a part of the page or of a thing.
var parts = map[string]bool{
	"BreadcrumbList": true, "ListItem": true, "ItemList": true, "Review": true, "AggregateRating": true, "Rating": true, "Offer": true, "AggregateOffer": true,
	"Brand": true, "ImageObject": true, "WebSite": true, "WebPage": true, "SearchAction": true, "SiteNavigationElement": true, "WPHeader": true, "WPFooter": true,
	"WPSideBar": true, "PostalAddress": true, "QuantitativeValue": true, "PropertyValue": true, "Comment": true, "CollectionPage": true, "ItemPage": true, "UserComments": true,
}

// microItem is an item of microdata.
type microItem struct {
	node   html.Node
	typ    string // short, or empty
	full   string // the attribute
	index  int    // among the page's items of the type, as a rule reads them; -1: not known
	nested bool
	aside  bool
	title  bool // its name is the title of the page
	main   bool
	thing  map[string]any
}

// maxItems bounds the items of microdata that are compared.
const maxItems = 300

// mainItem returns the item that a page is about, with the number of the items of its type that are
// not beside the page's content.
func mainItem(doc *html.Document) (best microItem, others int, ok bool) {
	var items []microItem
	tops, outside := map[string]int{}, map[string]int{}
	for i, n := range doc.All("[itemscope]") {
		if i >= maxItems {
			break
		}
		it := microItem{node: n, full: n.Attr("itemtype"), nested: len(n.XPath("@itemprop")) > 0}
		if list := strings.Fields(it.full); len(list) > 0 {
			it.typ = shortType(list[0])
		}
		if it.index = -1; !it.nested {
			it.index = tops[it.typ]
			tops[it.typ]++
		}
		known := slices.Contains(types, it.typ)
		if prop := n.Attr("itemprop"); parts[it.typ] || it.nested && !(known && strings.HasPrefix(prop, "mainEntity")) {
			continue
		}
		it.main = len(n.XPath("ancestor-or-self::main")) > 0
		items = append(items, it)
	}
	if len(items) == 0 {
		return best, 0, false
	}
	around := map[string]bool{}
	for _, n := range doc.All("[itemscope]:is(" + besideAny() + ")") {
		around[ordinal(n)] = true
	}
	for i := range items {
		it := &items[i]
		it.aside = around[ordinal(it.node)]
		if !it.aside {
			outside[it.typ]++
		}
		things := doc.Microdata(it.typ, "")
		if it.nested && tops[it.typ] == 0 && len(things) == 1 {
			it.index = 0
		}
		if it.index >= 0 && it.index < len(things) {
			it.thing, _ = things[it.index].(map[string]any)
		}
		it.title = isTitle(doc, nameIn(it.thing))
	}
	rank := func(it microItem) int {
		if at := slices.Index(types, it.typ); at >= 0 {
			return at
		}
		return len(types)
	}
	best = slices.MinFunc(items, func(a, b microItem) int { // the first of equal ones
		return cmp.Or(first01(a.aside, b.aside), first01(b.title, a.title), cmp.Compare(rank(a), rank(b)), first01(b.main, a.main))
	})
	return best, outside[best.typ], best.thing != nil
}

// first01 compares two booleans, false first.
func first01(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// besideAny selects elements that are, or lie in, an element beside the content.
func besideAny() string { return beside + ", aside *, nav *, footer *, " + besideWords + " *" }

// ordinal returns the position of an element in the document.
func ordinal(n html.Node) string {
	for _, x := range n.XPath("count(ancestor::*) + count(preceding::*)") {
		return x.Text()
	}
	return ""
}

// microdata proposes the properties of the page's main item of microdata.
func microdata(doc *html.Document, f *fields) {
	it, others, ok := mainItem(doc)
	if !ok {
		strayProperties(doc, f)
		return
	}
	name := nameIn(it.thing)
	if others > 1 {
		why := "the first one"
		switch {
		case it.title:
			why = "the one of the title"
		case it.main:
			why = "the first one of <main>"
		}
		f.note("microdata has %d items of the type %s: the fields read %s, %q", others, cmp.Or(it.typ, "(none)"), why, name)
	}
	if it.index == 0 {
		f.properties(func(path string) []pair {
			if it.typ == "" {
				return []pair{{"microdata", text(path)}}
			}
			return []pair{{"microdata", rule(pair{"type", text(it.typ)}, pair{"path", text(path)})}}
		}, "", it.thing)
		f.variants(it.typ, "microdata", it.thing)
		return
	}
	scope := it.scope(doc)
	if scope == "" {
		f.note("the microdata of %q is not proposed, because no selector tells it from the other items of the type %s", name, it.typ)
		return
	}
	for _, p := range pathsOf(it.thing) {
		it.property(doc, f, scope, p)
	}
}

// scope returns a selector whose first element is the item.
func (it microItem) scope(doc *html.Document) string {
	typ := `[itemtype$="/` + it.typ + `"]`
	if strings.Contains(it.full, " ") || it.typ == "" || !strings.HasSuffix(it.full, "/"+it.typ) || !word.MatchString(it.typ) {
		typ = "[itemscope]"
	}
	options := []string{"main " + typ, typ + ":not(" + within + ")", typ + ":not(" + besideAny() + ")"}
	if id := it.node.Attr("id"); word.MatchString(id) {
		options = append([]string{"#" + id}, options...)
	}
	if class := classOf(it.node); class != "" {
		options = append(options, typ+"."+class, typ+"."+class+":not("+within+")")
	}
	want := ordinal(it.node)
	for _, css := range options {
		if n := doc.First(css); n.Found() && ordinal(n) == want {
			return css
		}
	}
	return ""
}

// pathsOf returns the names of plain values, and the paths of values in a nested item.
func pathsOf(thing map[string]any) (out []string) {
	var f fields
	f.properties(func(path string) []pair {
		out = append(out, path)
		return nil
	}, "", thing)
	slices.Sort(out)
	return slices.Compact(out)
}

// property adds a property of the item by selectors, because rules for microdata read the first
// item of a type.
func (it microItem) property(doc *html.Document, f *fields, scope, path string) {
	css := scope
	var value any = it.thing
	for name := range strings.SplitSeq(path, ".") {
		css += ` [itemprop~="` + name + `"]`
		if list, ok := value.([]any); ok && len(list) > 0 {
			value = list[0]
		}
		object, _ := value.(map[string]any)
		value = object[name]
	}
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	if !strings.Contains(path, ".") {
		css += ":not(" + scope + " [itemscope] *)"
	}
	n := doc.First(css)
	shown, isText := value.(string)
	if !n.Found() || !isText || len(n.XPath("@itemscope")) > 0 {
		return
	}
	source := []pair{{"css", text(css)}}
	attr := ""
	for _, a := range []string{"content", "datetime", "value", "src", "href"} {
		if n.Attr(a) == shown {
			attr = a
			source = append(source, pair{"attr", a})
			break
		}
	}
	if attr == "" && n.Text() != shown {
		return
	}
	name := short[path]
	if name == "" {
		name = path[strings.LastIndexByte(path, '.')+1:]
	}
	if f.names[identifier(name)] {
		name = strings.ReplaceAll(path, ".", "_")
	}
	f.value(name, path, source, shown, false)
}

// strayProperties proposes properties that are in no item, if the page has each of them once.
func strayProperties(doc *html.Document, f *fields) {
	if doc.First("[itemscope]").Found() {
		return
	}
	seen := map[string][]html.Node{}
	var order []string
	for i, n := range doc.All("[itemprop]") {
		if i >= maxItems {
			break
		}
		name := n.Attr("itemprop")
		if seen[name] == nil {
			order = append(order, name)
		}
		seen[name] = append(seen[name], n)
	}
	for _, name := range order {
		if len(seen[name]) > 1 || skipped[name] || !simple.MatchString(name) {
			continue
		}
		n, source, value := seen[name][0], []pair{{"css", text(`[itemprop="` + name + `"]`)}}, seen[name][0].Text()
		for _, attr := range []string{"content", "datetime", "src"} {
			if n.Attr(attr) != "" {
				value = n.Attr(attr)
				source = append(source, pair{"attr", attr})
				break
			}
		}
		f.value(name, name, source, value, false)
	}
}
